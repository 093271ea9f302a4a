package leaks

import (
	"context"
	"iter"
	"slices"

	"github.com/leakscope/leakscope/index"
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

// groupFilters adds the tests that a whole group passes or fails.
func (s *selection) groupFilters(ctx context.Context) {
	p, c := s.p, s.c
	if p.username != nil {
		var users []uint32
		for v := range until(ctx, p.username) {
			if u, ok := c.findUser(v.name, v.local, v.mail); ok {
				users = append(users, u)
			}
		}
		slices.Sort(users)
		s.groupTests = append(s.groupTests, func(g uint32) bool { return contains(users, c.groupUser(g)) })
	}
	if p.hash != nil {
		var groups []uint32
		for h := range until(ctx, p.hash) {
			groups = c.findHash(h, groups)
		}
		slices.Sort(groups)
		s.groupTests = append(s.groupTests, func(g uint32) bool { return contains(groups, g) })
	}
	if p.emailDomain != nil {
		var users []span // ascending, as the values and the names are
		for v := range until(ctx, p.emailDomain) {
			if m, ok := c.findMail(v); ok {
				lo, hi := c.mailUsers(m)
				users = append(users, span{lo, hi})
			}
		}
		s.groupTests = append(s.groupTests, func(g uint32) bool { return within(users, c.groupUser(g)) })
	}
	if p.rootDomain != nil {
		var groups []span // likewise
		for v := range until(ctx, p.rootDomain) {
			if r, ok := c.findRoot(v); ok {
				lo, hi := c.rootGroups(r)
				groups = append(groups, span{lo, hi})
			}
		}
		s.groupTests = append(s.groupTests, func(g uint32) bool { return within(groups, g) })
	}
	if p.domain != nil {
		m := newOrdMatch(s.t.dictLen(dictDomain), func(ord uint32) bool {
			_, ok := slices.BinarySearch(p.domain, c.str(dictDomain, ord))
			return ok
		})
		s.groupTests = append(s.groupTests, func(g uint32) bool { return m.match(c.groupDomain(g)) })
	}
	if p.localPart != nil {
		m := newOrdMatch(s.t.dictLen(dictUser), func(user uint32) bool {
			_, ok := slices.BinarySearch(p.localPart, c.localPart(user))
			return ok
		})
		s.groupTests = append(s.groupTests, func(g uint32) bool { return m.match(c.groupUser(g)) })
	}
}

// rowFilters adds the tests of single rows.
func (s *selection) rowFilters(ctx context.Context) {
	p, c, t := s.p, s.c, s.t
	if p.seenFrom > t.minSeen || p.seenTo < t.maxSeen {
		from, to := p.seenFrom, p.seenTo
		s.rowTests = append(s.rowTests, func(r uint32) bool { v := c.seen(r); return from <= v && v <= to })
	}
	if p.seenDays != nil {
		s.rowTests = append(s.rowTests, func(r uint32) bool { return contains(p.seenDays, c.seen(r)/secondsPerDay) })
	}
	if p.uploadDays != nil {
		s.rowTests = append(s.rowTests, func(r uint32) bool { v := c.upload(r); return v != 0 && contains(p.uploadDays, v/secondsPerDay) })
	}
	if p.logDays != nil {
		s.rowTests = append(s.rowTests, func(r uint32) bool { v := c.log(r); return v != 0 && contains(p.logDays, v/secondsPerDay) })
	}
	for _, f := range []struct {
		values []string
		dict   dictID
		field  machineField
	}{
		{p.machineID, dictMachineID, machineMachineID},
		{p.hwid, dictHWID, machineHWID},
		{p.computer, dictComputer, machineComputer},
		{p.muser, dictMUser, machineMUser},
		{p.ip, dictIP, machineIP},
	} {
		if f.values == nil {
			continue
		}
		ords := s.ordinals(ctx, f.dict, f.values)
		machines := newOrdMatch(t.machines, func(m uint32) bool { return contains(ords, c.machineField(m, f.field)) })
		s.rowTests = append(s.rowTests, func(r uint32) bool { return machines.match(c.machine(r)) })
	}
	if p.host != nil {
		m := newOrdMatch(t.dictLen(dictHost), func(ord uint32) bool {
			_, ok := slices.BinarySearch(p.host, c.str(dictHost, ord))
			return ok
		})
		s.rowTests = append(s.rowTests, func(r uint32) bool { return m.match(c.host(r)) })
	}
}

// fewRows is the number of rows or groups in scope below which the filters of
// low cardinality look at each row instead of reading bitmaps, which cover the
// rows of other domains, too. Tests lower it.
var fewRows uint32 = 1 << 14

// bitmapFilters intersects the row sets of the low-cardinality filters, or adds
// tests of single rows in their place; false means that no row passes.
func (s *selection) bitmapFilters(ctx context.Context) (bool, error) {
	p, c := s.p, s.c
	lo, hi := s.rowBounds()
	few := hi-lo < fewRows || len(s.list) > 0 && uint32(len(s.list)) < fewRows
	and := func(kind bitmapKind, values []uint32, of func(r uint32) uint32) (bool, error) {
		if few || len(values) == 0 {
			s.rowTests = append(s.rowTests, func(r uint32) bool { return contains(values, of(r)) })
			return len(values) > 0, nil
		}
		union := index.NewSet()
		for v := range until(ctx, values) {
			set, err := s.t.bitmapRange(kind, v, lo, hi)
			if err != nil {
				return false, err
			}
			union.Or(set)
		}
		if s.rows == nil {
			s.rows = &rowWindow{set: union}
		} else {
			s.rows.set.And(union)
		}
		return s.rows.set.Len() > 0, nil
	}
	fact := func(f machineField) func(r uint32) uint32 {
		return func(r uint32) uint32 { return c.machineField(c.machine(r), f) }
	}
	if p.types != nil {
		var v []uint32
		for _, t := range p.types {
			v = append(v, uint32(t))
		}
		slices.Sort(v)
		if ok, err := and(bitmapType, v, func(r uint32) uint32 { return uint32(c.typ(r)) }); !ok {
			return false, err
		}
	}
	for _, f := range []struct {
		values []string
		dict   dictID
		kind   bitmapKind
		of     func(r uint32) uint32
	}{
		{p.country, dictCountry, bitmapCountry, fact(machineCountry)},
		{p.software, dictSoftware, bitmapSoftware, c.software},
		{p.protocol, dictProtocol, bitmapProtocol, c.protocol},
	} {
		if f.values == nil {
			continue
		}
		if ok, err := and(f.kind, s.ordinals(ctx, f.dict, f.values), f.of); !ok {
			return false, err
		}
	}
	if p.stealer != nil {
		if ok, err := and(bitmapStealer, s.stealers(), fact(machineStealer)); !ok {
			return false, err
		}
	}
	return true, nil
}

// stealers returns the ordinals of the stealer names that the plan means,
// whatever their case.
func (s *selection) stealers() []uint32 {
	var ords []uint32
	s.c.scan(dictStealer, 0, s.t.dictLen(dictStealer), func(ord uint32, name []byte) bool {
		if _, ok := slices.BinarySearch(s.p.stealer, index.Fold(string(name))); ok {
			ords = append(ords, ord)
		}
		return true
	})
	return ords
}

// rowBounds returns a range of rows that holds all in scope.
func (s *selection) rowBounds() (lo, hi uint32) {
	first, last := uint32(0), s.t.groups-1
	if n := len(s.ranges); n > 0 {
		first, last = s.ranges[0].lo, s.ranges[n-1].hi-1
	} else if n := len(s.list); n > 0 {
		first, last = s.list[0], s.list[n-1]
	}
	lo, _ = s.c.groupRows(first)
	_, hi = s.c.groupRows(last)
	return lo, hi
}

// searchFor prepares the search, for many groups all at once.
func (s *selection) searchFor(ctx context.Context) error {
	inScope := uint32(0)
	for _, r := range s.ranges {
		inScope += r.hi - r.lo
	}
	if inScope >= eagerSearch {
		return s.searchAll(ctx)
	}
	s.search = newSearcher(s)
	return nil
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

// ordinals returns the sorted ordinals of the values that a flat dictionary
// holds.
func (s *selection) ordinals(ctx context.Context, d dictID, values []string) []uint32 {
	var out []uint32
	for v := range until(ctx, values) {
		if ord, ok := s.c.find(d, v); ok {
			out = append(out, ord)
		}
	}
	slices.Sort(out)
	return out
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
