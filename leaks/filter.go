package leaks

import (
	"context"
	"hash/fnv"
	"slices"

	"github.com/leakscope/leakscope/index"
)

// Whether a value occurs in the table, where it may be another tenant's, decides
// nothing about the work that a filter does; only whether it occurs in scope does.
// So one that does not is looked for like the others, as nowhere or as an empty
// range.
const nowhere = ^uint32(0)

// groupFilters adds the tests that a whole group passes or fails.
func (s *selection) groupFilters(ctx context.Context) {
	p, c := s.p, s.c
	if p.username != nil {
		var users []uint32
		for v := range until(ctx, p.username) {
			u, ok := c.findUser(v.name, v.local, v.mail)
			if !ok {
				u = nowhere
			}
			users = append(users, u)
		}
		slices.Sort(users)
		s.groupTests = append(s.groupTests, func(g uint32) bool { return contains(users, c.groupUser(g)) })
	}
	if p.hash != nil {
		var groups []uint32
		for h := range until(ctx, p.hash) {
			n := len(groups)
			if groups = c.findHash(h, groups); len(groups) == n {
				groups = append(groups, nowhere)
			}
		}
		slices.Sort(groups)
		s.groupTests = append(s.groupTests, func(g uint32) bool { return contains(groups, g) })
	}
	if p.emailDomain != nil {
		var users []span
		for v := range until(ctx, p.emailDomain) {
			m, ok := c.findMail(v)
			lo, hi := c.mailUsers(min(m, s.t.dictLen(dictMail)-1))
			if !ok {
				hi = lo
			}
			users = append(users, span{lo, hi})
		}
		slices.SortFunc(users, span.compare)
		s.groupTests = append(s.groupTests, func(g uint32) bool { return within(users, c.groupUser(g)) })
	}
	if p.rootDomain != nil {
		var groups []span
		for v := range until(ctx, p.rootDomain) {
			r, ok := c.findRoot(v)
			lo, hi := c.rootGroups(min(r, s.t.dictLen(dictRoot)-1))
			if !ok {
				hi = lo
			}
			groups = append(groups, span{lo, hi})
		}
		slices.SortFunc(groups, span.compare)
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
		ords, absent := s.ordinals(ctx, f.dict, f.values)
		for range absent {
			ords = append(ords, nowhere)
		}
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
var fewRows uint32 = 1 << 10

// bitmapFilters intersects the row sets of the low-cardinality filters, or adds
// tests of single rows in their place; false means that no row passes.
func (s *selection) bitmapFilters(ctx context.Context) (bool, error) {
	p, c := s.p, s.c
	lo, hi := s.rowBounds()
	few := hi-lo < fewRows || len(s.ranges) != 1 && s.len() < fewRows
	and := func(kind bitmapKind, values []uint32, absent []string, of func(r uint32) uint32) (bool, error) {
		if few {
			for range absent {
				values = append(values, nowhere)
			}
			s.rowTests = append(s.rowTests, func(r uint32) bool { return contains(values, of(r)) })
			return true, nil
		}
		union := index.NewSet()
		for v := range until(ctx, values) {
			set, err := s.t.bitmapRange(kind, v, lo, hi)
			if err != nil {
				return false, err
			}
			union.Or(set)
		}
		// One that nobody has takes as long as one that only others have.
		for v := range until(ctx, absent) {
			if err := s.t.readAnyBitmap(kind, v, lo, hi); err != nil {
				return false, err
			}
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
		if ok, err := and(bitmapType, v, nil, func(r uint32) uint32 { return uint32(c.typ(r)) }); !ok {
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
		ords, absent := s.ordinals(ctx, f.dict, f.values)
		if ok, err := and(f.kind, ords, absent, f.of); !ok {
			return false, err
		}
	}
	if p.stealer != nil {
		ords, absent := s.stealers()
		if ok, err := and(bitmapStealer, ords, absent, fact(machineStealer)); !ok {
			return false, err
		}
	}
	return true, nil
}

// stealers returns the ordinals of the stealer names that the plan means,
// whatever their case, and those that there are not.
func (s *selection) stealers() (ords []uint32, absent []string) {
	absent = slices.Clone(s.p.stealer)
	s.c.scan(dictStealer, 0, s.t.dictLen(dictStealer), func(ord uint32, name []byte) bool {
		if i, ok := slices.BinarySearch(s.p.stealer, index.Fold(string(name))); ok {
			ords = append(ords, ord)
			absent[i] = ""
		}
		return true
	})
	return ords, slices.DeleteFunc(absent, func(name string) bool { return name == "" })
}

// readAnyBitmap reads what is to be read of the rows of some value, any one
// that a name stands for.
func (t *table) readAnyBitmap(kind bitmapKind, name string, lo, hi uint32) error {
	d, ok := kind.dict()
	if !ok || t.dictLen(d) == 0 {
		return nil
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	_, err := t.bitmapRange(kind, h.Sum32()%t.dictLen(d), lo, hi)
	return err
}

// rowBounds returns a range of rows that holds all in scope.
func (s *selection) rowBounds() (lo, hi uint32) {
	first, end := s.bounds()
	lo, _ = s.c.groupRows(first)
	_, hi = s.c.groupRows(end - 1)
	return lo, hi
}

// ordinals returns the sorted ordinals of the values that a flat dictionary
// holds, and the values that it does not.
func (s *selection) ordinals(ctx context.Context, d dictID, values []string) (ords []uint32, absent []string) {
	for v := range until(ctx, values) {
		if ord, ok := s.c.find(d, v); ok {
			ords = append(ords, ord)
		} else {
			absent = append(absent, v)
		}
	}
	slices.Sort(ords)
	return ords, absent
}
