package leaks

import "context"

// A result is what a query keeps of one credential: enough to sort it, and
// where its representative occurrence stands.
type result struct {
	hash        hash128
	first, last uint32
	sources     uint32
	types       uint8 // bit 1<<Type
	table       uint16
	group       uint32
	// row is the representative one. Until it is needed, a credential of one
	// group of which every row is selected has only noRow: result.complete
	// fills in row, first and types.
	row uint32
}

const noRow = 1<<32 - 1

// A ranker takes the credentials that a query finds in any order, counts them,
// and keeps the first k of the query's order, or all.
type ranker struct {
	minSources uint32
	k          int // 0 keeps all
	sort       Sort
	compare    func(a, b *result) int

	total int
	kept  []result // with k, a heap whose root is the worst of those kept
	// floor is the sort key of that root once k are kept: what is below it
	// needs no further look. Until then it is 0.
	floor uint64
}

func newRanker(by Sort, minSources uint32, k int) *ranker {
	return &ranker{minSources: minSources, k: k, sort: by, compare: compareResults(by)}
}

// sortKey packs both figures of an order so that greater is better.
func sortKey(by Sort, sources, last uint32) uint64 {
	if by == ByLastSeen {
		return uint64(last)<<32 | uint64(sources)
	}
	return uint64(sources)<<32 | uint64(last)
}

// offer counts a credential and reports whether it may be among the first k;
// then it must be added.
func (rk *ranker) offer(sources, last uint32) bool {
	if sources < rk.minSources {
		return false
	}
	rk.total++
	return sortKey(rk.sort, sources, last) >= rk.floor
}

// add takes a credential that was offered.
func (rk *ranker) add(r *result) {
	switch {
	case rk.k == 0:
		rk.kept = append(rk.kept, *r)
		return
	case len(rk.kept) < rk.k:
		rk.kept = append(rk.kept, *r)
		for i := len(rk.kept) - 1; i > 0; {
			parent := (i - 1) / 2
			if rk.compare(&rk.kept[i], &rk.kept[parent]) <= 0 {
				break
			}
			rk.kept[i], rk.kept[parent] = rk.kept[parent], rk.kept[i]
			i = parent
		}
	case rk.compare(r, &rk.kept[0]) >= 0:
		return
	default:
		rk.kept[0] = *r
		rk.sink()
	}
	if len(rk.kept) == rk.k {
		rk.floor = sortKey(rk.sort, rk.kept[0].sources, rk.kept[0].last)
	}
}

// sink restores the heap below a new root.
func (rk *ranker) sink() {
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(rk.kept); child++ {
			if rk.compare(&rk.kept[child], &rk.kept[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		rk.kept[i], rk.kept[worst] = rk.kept[worst], rk.kept[i]
		i = worst
	}
}

// sorted returns what was kept, best first. The ranker is used up.
func (rk *ranker) sorted(ctx context.Context) ([]result, error) {
	if err := sortResults(ctx, rk.kept, rk.compare); err != nil {
		return nil, err
	}
	return rk.kept, nil
}
