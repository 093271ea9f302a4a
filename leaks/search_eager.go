package leaks

import (
	"context"

	"github.com/leakscope/leakscope/index"
)

// searchAll searches the dictionaries as a whole, as far as the groups in scope
// can refer to them, and narrows the scope to the groups that may match.
func (s *selection) searchAll(ctx context.Context) error {
	m := index.NewMatcher(s.p.search)
	c, t := s.c, s.t
	lo, hi := s.bounds()
	first, last := c.groupRoot(lo), c.groupRoot(hi-1)+1
	set := func(d dictID, lo, hi uint32) *ordMatch {
		out := newOrdSet(t.dictLen(d))
		c.search(d, lo, hi, m, func(ord uint32) bool {
			out.add(ord)
			return true
		})
		return out
	}
	sr := &searcher{s: s, user: newOrdSet(t.dictLen(dictUser)), root: set(dictRoot, first, last)}
	domainLo, domainHi := c.domainRange(first, last)
	sr.domain = set(dictDomain, domainLo, domainHi)
	if err := ctx.Err(); err != nil {
		return err
	}
	hostLo, hostHi := c.hostRange(first, last)
	sr.host = set(dictHost, hostLo, hostHi)
	if err := ctx.Err(); err != nil {
		return err
	}
	c.searchUsers(m, s.p.search, func(lo, hi uint32) bool {
		sr.user.addRange(lo, hi)
		return true
	})
	sr.facts = s.searchMachines(set(dictIP, 0, t.dictLen(dictIP)), set(dictComputer, 0, t.dictLen(dictComputer)), set(dictMUser, 0, t.dictLen(dictMUser)))
	if err := firstError(ctx.Err(), c.err()); err != nil {
		return err
	}
	s.search = sr
	return s.candidates(ctx)
}

// searchMachines returns the machines of which a fact is in its set.
func (s *selection) searchMachines(ip, computer, user *ordMatch) *ordMatch {
	out := newOrdSet(s.t.machines)
	var buf []uint32
	for _, f := range []struct {
		field machineField
		in    *ordMatch
	}{{machineIP, ip}, {machineComputer, computer}, {machineMUser, user}} {
		if f.in.some == 0 {
			continue
		}
		for lo := uint32(0); lo < s.t.machines; lo += scanBlock {
			buf = s.c.decode(colMachineFirst+columnID(f.field), lo, min(lo+scanBlock, s.t.machines), buf[:0])
			for i, ord := range buf {
				if f.in.match(ord) {
					out.add(lo + uint32(i))
				}
			}
		}
	}
	return out
}

// candidates replaces the ranges in scope by those of their groups that match
// the search as a whole, or of which some row does.
func (s *selection) candidates(ctx context.Context) error {
	var (
		list   []uint32
		hits   []bool
		groups block
		polled int
	)
	for _, r := range s.ranges {
		for lo := r.lo; lo < r.hi; lo += scanBlock {
			hi := min(lo+scanBlock, r.hi)
			hits = append(hits[:0], make([]bool, hi-lo)...)
			polled += s.searchBlock(&groups, lo, hi, hits)
			for i, hit := range hits {
				if hit {
					list = append(list, lo+uint32(i))
				}
			}
			if polled > pollRows {
				polled = 0
				if err := ctx.Err(); err != nil {
					return err
				}
			}
		}
	}
	s.groupSet = groupSet{list: s.list}.with(list)
	return s.c.err()
}

// A block holds columns of a run of groups while they are looked at.
type block struct {
	column, rows []uint32
}

// searchBlock sets hits of the groups lo to hi-1 that may match and returns
// how many rows it looked at.
func (s *selection) searchBlock(b *block, lo, hi uint32, hits []bool) int {
	c, sr := s.c, s.search
	if sr.root.some > 0 {
		for g := lo; g < hi; {
			root := c.groupRoot(g)
			_, end := c.rootGroups(root)
			if end = min(end, hi); end <= g {
				return 0 // only corrupt columns get here; their cursor says so
			}
			for ; g < end; g++ {
				hits[g-lo] = sr.root.match(root)
			}
		}
	}
	test := func(id columnID, set *ordMatch) {
		if set.some == 0 {
			return
		}
		b.column = c.decode(id, lo, hi, b.column[:0])
		for i, ord := range b.column {
			if set.match(ord) {
				hits[i] = true
			}
		}
	}
	test(colGroupDomain, sr.domain)
	test(colGroupUser, sr.user)
	if sr.host.some == 0 && sr.facts.some == 0 {
		return int(hi - lo)
	}
	b.rows = c.decode(colGroupRow, lo, hi+1, b.rows[:0])
	if len(b.rows) != int(hi-lo)+1 || b.rows[0] > b.rows[hi-lo] {
		return 0
	}
	testRows := func(id columnID, set *ordMatch) {
		if set.some == 0 {
			return
		}
		b.column = c.decode(id, b.rows[0], b.rows[hi-lo], b.column[:0])
		group := 0
		for i, ord := range b.column {
			if !set.match(ord) {
				continue
			}
			for row := b.rows[0] + uint32(i); group+1 < len(b.rows)-1 && b.rows[group+1] <= row; {
				group++
			}
			hits[group] = true
		}
	}
	testRows(colHost, sr.host)
	testRows(colMachine, sr.facts)
	return int(b.rows[hi-lo] - b.rows[0])
}
