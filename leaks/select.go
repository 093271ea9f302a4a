package leaks

import (
	"cmp"
	"context"
	"iter"
	"slices"
)

// A selection is a plan bound to one table: which groups are in scope, and
// which of their rows the filters let through. One goroutine each.
type selection struct {
	t *table
	c *tableCursor
	p *plan

	groupSet // those in scope
	// root is the root domain that all of them are below, where the scope says
	// so by itself.
	root string

	groupTests []func(g uint32) bool
	rowTests   []func(r uint32) bool
	// rows, when not nil, holds every row that the bitmap filters let
	// through, and perhaps rows out of scope.
	rows *rowWindow
	// simple says that beside rows the bounds of seen alone decide about a row.
	simple bool
	// words, of a query by keyword, has a bit for each group of which all rows
	// match one.
	words []uint64
	// search decides per group, and where it can't, per row.
	search *searcher
	// every says that all rows of the groups in scope are selected; whole, if
	// not nil, has the groups of which they are. Other groups may be selected as
	// a whole, too.
	every bool
	whole *numberSet
}

// A span is a half-open range of groups, rows or ordinals.
type span struct{ lo, hi uint32 }

// compare orders spans that are disjoint; empty ones may touch others.
func (s span) compare(t span) int { return cmp.Or(cmp.Compare(s.lo, t.lo), cmp.Compare(s.hi, t.hi)) }

// newSelection binds p to t; nil means that no row of t is selected. Its
// user may give it back.
func newSelection(ctx context.Context, p *plan, t *table) (*selection, error) {
	if p.empty() || t.rows == 0 || p.seenFrom > t.maxSeen || p.seenTo < t.minSeen {
		return nil, nil
	}
	s := &selection{t: t, c: t.borrow(), p: p}
	possible, err := s.bind(ctx)
	if err = firstError(err, s.c.err()); err != nil || !possible {
		s.giveBack()
		return nil, err
	}
	return s, nil
}

// giveBack ends the use of a selection.
func (s *selection) giveBack() { s.c.giveBack() }

// bind finds what p selects; false means that no row is.
func (s *selection) bind(ctx context.Context) (possible bool, err error) {
	if err := s.scope(ctx); err != nil || s.empty() {
		return false, err
	}
	s.groupFilters(ctx)
	s.rowFilters(ctx)
	bySeen := len(s.rowTests) == 1 && (s.p.seenFrom > s.t.minSeen || s.p.seenTo < s.t.maxSeen)
	possible, err = s.bitmapFilters(ctx)
	if s.p.machine != "" && possible && err == nil {
		possible, err = s.machineFilter(ctx)
	}
	if err := firstError(err, ctx.Err()); err != nil || !possible {
		return false, err
	}
	if s.rows != nil {
		s.narrow()
	}
	if s.p.search != "" {
		if err := s.searchFor(ctx); err != nil || s.empty() {
			return false, err
		}
	}
	s.simple = s.search == nil && (len(s.rowTests) == 0 || len(s.rowTests) == 1 && bySeen)
	s.every = len(s.groupTests) == 0 && len(s.rowTests) == 0 && s.rows == nil && s.search == nil
	s.decideWhole()
	return true, nil
}

// decideWhole fills in whole, where the search and the keywords are all that
// rows are asked.
func (s *selection) decideWhole() {
	tests := len(s.rowTests)
	if s.words != nil {
		tests--
	}
	switch {
	case tests > 0 || s.rows != nil:
	case s.search == nil && s.words != nil:
		s.whole = &numberSet{words: s.words}
	case s.search != nil && s.words == nil:
		s.whole = s.search.whole
	case s.search != nil:
		s.whole = s.search.whole.and(&numberSet{words: s.words})
	}
}

// wholly reports whether every row of a group in scope, which passed the tests
// of whole groups, is known to be selected.
func (s *selection) wholly(g uint32) bool { return s.every || s.whole.has(g) }

// narrow replaces the groups in scope by those that hold a row of s.rows, when
// these are few.
func (s *selection) narrow() {
	if s.rows.set.Len() > uint64(s.len())/4 {
		return
	}
	lo, hi := s.rowBounds()
	var groups []uint32
	end := uint32(0)
	for _, r := range s.rows.set.Append(nil, lo, hi) {
		if r < end {
			continue
		}
		g := s.c.groupOfRow(r)
		_, end = s.c.groupRows(g)
		groups = append(groups, g)
	}
	s.groupSet = groupSet{list: s.intersect(groups)}
}

func contains(sorted []uint32, v uint32) bool {
	if len(sorted) <= 8 {
		return slices.Contains(sorted, v)
	}
	_, ok := slices.BinarySearch(sorted, v)
	return ok
}

// within reports whether one of the spans, which are sorted and disjoint, holds
// v.
func within(spans []span, v uint32) bool {
	i, _ := slices.BinarySearchFunc(spans, v, func(s span, v uint32) int {
		if s.hi <= v {
			return -1
		}
		return 1 // the first that ends above v
	})
	return i < len(spans) && spans[i].lo <= v
}

// until yields values until ctx ends. Who asks must look at ctx afterwards.
func until[T any](ctx context.Context, values []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i, v := range values {
			if i%pollLookups == pollLookups-1 && ctx.Err() != nil || !yield(v) {
				return
			}
		}
	}
}

// dictLen returns the number of members of a dictionary.
func (t *table) dictLen(d dictID) uint32 { return t.dicts[d].Len() }

// group reports whether a group passes the tests of whole groups.
func (s *selection) group(g uint32) bool {
	for _, test := range s.groupTests {
		if !test(g) {
			return false
		}
	}
	return true
}

// row reports whether a row of a group that passed is selected; searched says
// that the group matched the search text as a whole.
func (s *selection) row(r uint32, searched bool) bool {
	if s.rows != nil && !s.rows.contains(r) {
		return false
	}
	for _, test := range s.rowTests {
		if !test(r) {
			return false
		}
	}
	return searched || s.search == nil || s.search.row(r)
}
