package leaks

import (
	"context"
	"slices"

	"github.com/leakscope/leakscope/index"
)

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
	few := hi-lo < fewRows || len(s.ranges) != 1 && s.len() < fewRows
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
	first, end := s.bounds()
	lo, _ = s.c.groupRows(first)
	_, hi = s.c.groupRows(end - 1)
	return lo, hi
}

// searchFor prepares the search, for many groups all at once.
func (s *selection) searchFor(ctx context.Context) error {
	if s.inRanges() >= eagerSearch {
		return s.searchAll(ctx)
	}
	s.search = newSearcher(s)
	return nil
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
