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
// and keeps the first k of the query's order, or all; with after, the first of
// those that stand behind it.
type ranker struct {
	order
	minSources uint32
	k          int // 0 keeps all
	most       int // what gather may raise k to, where there is much to go through
	after      *result

	total  int
	behind int // of total, those that do not stand behind after
	kept   []result
	// floor and ceil bound the sort keys of those that may be among the first
	// k: of what is outside a look at its figures is enough. floor is 0 until
	// k are kept.
	floor, ceil uint64
}

func newRanker(by Sort, minSources uint32, k int, after *result) *ranker {
	rk := &ranker{order: orderOf(by), minSources: minSources, k: k, after: after, ceil: 1<<64 - 1}
	if after != nil {
		rk.ceil = rk.of(after)
	}
	return rk
}

// offer counts a credential and reports whether it may be among the first k;
// then it must be added.
func (rk *ranker) offer(sources, last uint32) bool {
	if sources < rk.minSources {
		return false
	}
	rk.total++
	key := rk.key(sources, last)
	if key > rk.ceil {
		rk.behind++
		return false
	}
	return key >= rk.floor
}

// leads returns the least and the greatest leading figure that may be among the
// first k.
func (rk *ranker) leads() (least, most uint32) {
	return uint32(rk.floor >> 32), uint32(rk.ceil >> 32)
}

// add takes a credential that was offered.
func (rk *ranker) add(r *result) {
	if rk.after != nil && !rk.less(rk.after, r) {
		rk.behind++
		return
	}
	rk.kept = append(rk.kept, *r)
	// Some more than k are kept before the worst are dropped at one go: that
	// takes a few comparisons for each, where a heap takes the logarithm of k.
	if rk.k > 0 && len(rk.kept) >= rk.k+max(rk.k/2, rankerSlack) {
		rk.cut()
	}
}

const rankerSlack = 128

// cut drops what is not among the first k.
func (rk *ranker) cut() {
	// No context ends this: the list is short, or as long as the work that
	// filled it.
	_ = rk.split(context.Background(), rk.kept, rk.k)
	rk.kept = rk.kept[:rk.k]
	worst := rk.of(&rk.kept[0])
	for i := range rk.kept {
		worst = min(worst, rk.of(&rk.kept[i]))
	}
	rk.floor = worst
}

// best returns the first k, or all there are, best first. The ranker is used up.
func (rk *ranker) best() []result {
	if len(rk.kept) > rk.k {
		rk.cut()
	}
	// As in cut, no context ends this.
	_ = rk.sort(context.Background(), rk.kept)
	return rk.kept
}

// sorted returns what was kept, best first, without the first skip. The ranker
// is used up.
func (rk *ranker) sorted(ctx context.Context, skip int) ([]result, error) {
	list := rk.kept
	if rk.k > 0 && len(list) > rk.k {
		if err := rk.split(ctx, list, rk.k); err != nil {
			return nil, err
		}
		list = list[:rk.k]
	}
	if skip >= len(list) {
		return nil, ctx.Err()
	}
	if err := rk.split(ctx, list, skip); err != nil {
		return nil, err
	}
	list = list[skip:]
	return list, rk.sort(ctx, list)
}
