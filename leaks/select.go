package leaks

import (
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

	// The groups in scope: ranges, ascending and disjoint, or a sorted list.
	ranges []span
	list   []uint32

	groupTests []func(g uint32) bool
	rowTests   []func(r uint32) bool
	// rows, when not nil, holds every row that the bitmap filters let
	// through, and perhaps rows out of scope.
	rows *rowWindow
	// search decides per group, and where it can't, per row.
	search *searcher
	// every says that all rows of the groups in scope are selected.
	every bool
}

// A span is a half-open range of groups, rows or ordinals.
type span struct{ lo, hi uint32 }

// newSelection binds p to t; nil means that no row of t is selected.
func newSelection(ctx context.Context, p *plan, t *table) (*selection, error) {
	if p.empty() || t.rows == 0 || p.seenFrom > t.maxSeen || p.seenTo < t.minSeen {
		return nil, nil
	}
	s := &selection{t: t, c: t.cursor(), p: p}
	if err := s.scope(ctx); err != nil {
		return nil, err
	}
	if len(s.ranges) == 0 && len(s.list) == 0 {
		return nil, s.c.err()
	}
	s.groupFilters(ctx)
	s.rowFilters(ctx)
	possible, err := s.bitmapFilters(ctx)
	if err := firstError(err, ctx.Err()); err != nil {
		return nil, err
	}
	if !possible {
		return nil, s.c.err()
	}
	if s.rows != nil {
		s.narrow()
	}
	if p.search != "" {
		if err := s.searchFor(ctx); err != nil {
			return nil, err
		}
		if len(s.ranges) == 0 && len(s.list) == 0 {
			return nil, s.c.err()
		}
	}
	s.every = len(s.groupTests) == 0 && len(s.rowTests) == 0 && s.rows == nil && s.search == nil
	return s, s.c.err()
}

// scope finds the groups that the identifiers name.
func (s *selection) scope(ctx context.Context) error {
	if s.p.all {
		s.ranges = []span{{0, s.t.groups}}
		return nil
	}
	switch s.p.column {
	case RootDomain:
		for id := range until(ctx, s.p.identifiers) {
			if ord, ok := s.c.findRoot(id); ok {
				if lo, hi := s.c.rootGroups(ord); lo < hi {
					s.ranges = append(s.ranges, span{lo, hi})
				}
			}
		}
		slices.SortFunc(s.ranges, func(a, b span) int { return int(a.lo) - int(b.lo) })
	case EmailDomain:
		for id := range until(ctx, s.p.identifiers) {
			if ord, ok := s.c.findMail(id); ok {
				lo, hi := s.c.mailUsers(ord)
				s.list = s.c.userGroupsOf(lo, hi, s.list)
			}
		}
		s.list = sortGroups(s.list, s.t.groups)
	case Username:
		for id := range until(ctx, s.p.identifierUsers) {
			if u, ok := s.c.findUser(id.name, id.local, id.mail); ok {
				s.list = s.c.userGroupsOf(u, u+1, s.list)
			}
		}
		s.list = sortGroups(s.list, s.t.groups)
	}
	return ctx.Err()
}

// sortGroups sorts distinct group numbers below n. Long lists go through a
// bitset: one pass over n/64 words beats sorting.
func sortGroups(list []uint32, n uint32) []uint32 {
	if len(list) < 256 || len(list) < int(n/512) {
		slices.Sort(list)
		return list
	}
	words := make([]uint64, n/64+1)
	for _, g := range list {
		if g < n {
			words[g/64] |= 1 << (g % 64)
		}
	}
	return appendBits(list[:0], words)
}

// narrow replaces the groups in scope by those that hold a row of s.rows, when
// these are few.
func (s *selection) narrow() {
	inScope := uint32(len(s.list))
	for _, r := range s.ranges {
		inScope += r.hi - r.lo
	}
	if s.rows.set.Len() > uint64(inScope)/4 {
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
	s.ranges, s.list = nil, s.intersect(groups)
}

// intersect returns those of sorted groups that are in scope, in place.
func (s *selection) intersect(groups []uint32) []uint32 {
	kept := groups[:0]
	ranges, list := s.ranges, s.list
	for _, g := range groups {
		for len(ranges) > 0 && ranges[0].hi <= g {
			ranges = ranges[1:]
		}
		for len(list) > 0 && list[0] < g {
			list = list[1:]
		}
		if len(ranges) > 0 && ranges[0].lo <= g || len(list) > 0 && list[0] == g {
			kept = append(kept, g)
		}
	}
	return kept
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

// each calls fn for every group in scope, ascending.
func (s *selection) each(fn func(group uint32) error) error {
	for _, r := range s.ranges {
		for g := r.lo; g < r.hi; g++ {
			if err := fn(g); err != nil {
				return err
			}
		}
	}
	for _, g := range s.list {
		if err := fn(g); err != nil {
			return err
		}
	}
	return s.c.err()
}

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
