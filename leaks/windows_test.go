package leaks

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomResults have many equal figures, and no two the same hash.
func randomResults(rng *rand.Rand, n int) []result {
	list := make([]result, n)
	for i := range list {
		list[i] = result{hash: hash128{rng.Uint64N(4), uint64(i)}, sources: 1 + rng.Uint32N(5), last: rng.Uint32N(10), row: uint32(i)}
	}
	rng.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// plainOrder is the order of the contract, spelled out.
func plainOrder(by Sort) func(a, b result) int {
	return func(a, b result) int {
		sources, last := cmp.Compare(b.sources, a.sources), cmp.Compare(b.last, a.last)
		if by == ByLastSeen {
			sources, last = last, sources
		}
		return cmp.Or(sources, last, cmp.Compare(a.hash.hi, b.hash.hi), cmp.Compare(a.hash.lo, b.hash.lo))
	}
}

// A ranker keeps the first behind any result, in order, and counts all.
func TestRankerEqualsSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		by := []Sort{BySourceCount, ByLastSeen}[rng.IntN(2)]
		given := randomResults(rng, rng.IntN(900))
		sorted := slices.SortedFunc(slices.Values(given), plainOrder(by))
		var (
			after *result
			skip  = 0
		)
		if len(given) > 0 && rng.IntN(2) == 0 {
			i := rng.IntN(len(given))
			after = &given[i]
			skip = 1 + slices.Index(sorted, *after)
		}
		k, least, first := rng.IntN(3)*rng.IntN(300), uint32(rng.IntN(3)), rng.IntN(40)
		want := []result{}
		total, behind := 0, 0
		for i, r := range sorted {
			if r.sources < least {
				continue
			}
			total++
			if i < skip {
				behind++
				continue
			}
			if k == 0 || len(want) < k {
				want = append(want, r)
			}
		}
		rk := newRanker(by, least, k, after)
		for i := range given {
			if rk.offer(given[i].sources, given[i].last) {
				rk.add(&given[i])
			}
		}
		got, err := rk.sorted(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		want = want[min(first, len(want)):]
		if !slices.Equal(got, want) || rk.total != total || rk.behind != behind {
			t.Fatalf("%d of %d by %s, after %v: %d results, want %d; total %d, want %d; behind %d, want %d",
				k, len(given), by, after, len(got), len(want), rk.total, total, rk.behind, behind)
		}
	}
}

// Where results do not fit a window, pages and walks are put together from
// several, and are the same.
func TestSmallWindows(t *testing.T) {
	defer func(n int) { nearPage = n }(nearPage)
	nearPage = 0
	s, o, w := cursorStore(t, testDir(t), testOptions())
	s.results.rows = 23
	for range 12 {
		q := w.query(o)
		q.Page, q.Cursor, q.PageSize = 0, "", 1+w.rng.IntN(20)
		if w.rng.IntN(2) == 0 {
			q = DetailsQuery{Scope: everything, Column: RootDomain, SortBy: q.SortBy, PageSize: q.PageSize}
		}
		all := append([]Credential{}, o.credentials(&q)...)
		if got := mustJSON(t, pages(t, s, q, nil)); got != mustJSON(t, all) {
			t.Fatalf("by cursor: %s, want %s", got, mustJSON(t, all))
		}
		walk := q
		walk.PageSize = 0
		got := []Credential{}
		for c, err := range s.Walk(t.Context(), walk) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c)
		}
		if mustJSON(t, got) != mustJSON(t, all) {
			t.Fatalf("walk: %s, want %s", mustJSON(t, got), mustJSON(t, all))
		}
		for range 8 {
			q.Page = 1 + w.rng.IntN(len(all)/q.PageSize+3)
			s.results.clear()
			if w.rng.IntN(2) == 0 { // something is remembered, but not this
				other := q
				other.Page = 1 + w.rng.IntN(len(all)/q.PageSize+3)
				if _, err := s.Details(t.Context(), other); err != nil {
					t.Fatal(err)
				}
			}
			page, err := s.Details(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			lo := min((q.Page-1)*q.PageSize, len(all))
			want := all[lo:min(lo+q.PageSize, len(all))]
			if page.Total != len(all) || mustJSON(t, page.Data) != mustJSON(t, want) {
				t.Fatalf("page %d of %d rows: %d rows of %d, want %d of %d", q.Page, q.PageSize, len(page.Data), page.Total, len(want), len(all))
			}
		}
	}
}
