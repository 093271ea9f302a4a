package leaks

import (
	"context"
	"slices"
	"sort"
	"unsafe"
)

// nearPage is the deepest row that is found by keeping the best rows while
// scanning; for deeper pages a whole window is sorted and remembered. Tests
// lower it.
var nearPage = 2_000

// A window is a run of a query's sorted results, and how many there are in all.
// Nobody may change it.
type window struct {
	first, total int
	rows         []result
}

const resultBytes = int64(unsafe.Sizeof(result{}))

// end is the number of the result behind the window.
func (w *window) end() int { return w.first + len(w.rows) }

// complete reports whether the results end with the window.
func (w *window) complete() bool { return w.end() >= w.total }

// covers reports whether the window holds n results from number first on, or as
// many as there are.
func (w *window) covers(first, n int) bool {
	return first >= w.total || first >= w.first && (first+n <= w.end() || w.complete())
}

// slice returns n results from number first on, or as many as there are, of a
// window that covers them.
func (w *window) slice(first, n int) []result {
	if first >= w.total {
		return nil
	}
	rows := w.rows[first-w.first:]
	return rows[:min(n, len(rows))]
}

// behind returns the number of the first result that stands behind r, and
// whether the window can tell.
func (w *window) behind(o order, r *result) (int, bool) {
	i := sort.Search(len(w.rows), func(i int) bool { return o.less(r, &w.rows[i]) })
	return w.first + i, (i > 0 || w.first == 0) && (i < len(w.rows) || w.complete())
}

// before returns the last result of the window that stands before number first,
// nil when there is none.
func (w *window) before(first int) *result {
	if n := min(first, w.end()) - w.first; n > 0 {
		return &w.rows[n-1]
	}
	return nil
}

// gatherWindow finds the window behind a result, or the first one.
func (s *Store) gatherWindow(ctx context.Context, sn *snapshot, d *detailsPlan, after *result) (*window, error) {
	rank := newRanker(d.sort, d.minSources, s.results.rows, after)
	if err := gather(ctx, sn, d.plan, rank); err != nil {
		return nil, err
	}
	rows, err := rank.sorted(ctx, 0)
	if err != nil {
		return nil, err
	}
	if cap(rows)-len(rows) > len(rows)/8 {
		rows = append(make([]result, 0, len(rows)), rows...)
	}
	return &window{rank.behind, rank.total, slices.Clip(rows)}, nil
}

// windowAt returns a window that covers n results from number first on. Where
// none is remembered it gathers one after the other, from the nearest.
func (s *Store) windowAt(ctx context.Context, sn *snapshot, d *detailsPlan, first, n int) (*window, error) {
	key := resultKey{sn, d.digest(s.hasher.Clone())}
	w := s.results.find(key, func(w *window) bool { return w.covers(first, n) })
	if w != nil {
		return w, nil
	}
	var after *result
	for _, near := range s.results.all(key) {
		if r := near.before(first); r != nil && (after == nil || orderOf(d.sort).less(after, r)) {
			after = r
		}
	}
	for {
		w, err := s.gatherWindow(ctx, sn, d, after)
		if err != nil {
			return nil, err
		}
		if w.covers(first, n) {
			s.results.put(key, w)
			return w, nil
		}
		after = w.before(first)
	}
}

// windowBehind returns a window with the n results behind r, and the number of
// the first of them.
func (s *Store) windowBehind(ctx context.Context, sn *snapshot, d *detailsPlan, key resultKey, r *result, n int) (*window, int, error) {
	o, first := orderOf(d.sort), 0
	w := s.results.find(key, func(w *window) (ok bool) {
		first, ok = w.behind(o, r)
		return ok && w.covers(first, n)
	})
	if w != nil {
		return w, first, nil
	}
	w, err := s.gatherWindow(ctx, sn, d, r)
	if err != nil {
		return nil, 0, err
	}
	s.results.put(key, w)
	return w, w.first, nil
}
