package leaks

import (
	"context"
	"slices"

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
	var users []span
	c.searchUsers(m, s.p.search, func(lo, hi uint32) bool {
		sr.user.addRange(lo, hi)
		users = append(users, span{lo, hi})
		return true
	})
	sr.facts = s.searchMachines(set(dictIP, 0, t.dictLen(dictIP)), set(dictComputer, 0, t.dictLen(dictComputer)), set(dictMUser, 0, t.dictLen(dictMUser)))
	if err := firstError(ctx.Err(), c.err()); err != nil {
		return err
	}
	s.search = sr
	return s.candidates(ctx, users)
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
// the search as a whole, or of which some row does. users are those of the search's set.
func (s *selection) candidates(ctx context.Context, users []span) error {
	c, sr := s.c, s.search
	f := &finder{s: s, ctx: ctx, words: make([]uint64, s.t.groups/64+1)}
	for _, root := range appendBits(nil, sr.root.yes) {
		lo, hi := c.rootGroups(root)
		for _, r := range clip(s.ranges, lo, hi) {
			for g := r.lo; g < r.hi; g++ {
				f.add(g)
			}
		}
	}
	groups := uint32(0)
	for _, u := range users {
		groups += c.userGroupCount(u.lo, u.hi)
	}
	if groups < s.inRanges()/fewUsers {
		for _, u := range users {
			f.buf = c.userGroupsOf(u.lo, u.hi, f.buf[:0])
			for _, g := range f.buf {
				if within(s.ranges, g) {
					f.add(g)
				}
			}
		}
	} else {
		f.groups(s.ranges, colGroupUser, sr.user)
	}
	f.groups(s.below(sr.domain, c.domainRoot), colGroupDomain, sr.domain)
	f.rows(s.below(sr.host, func(host uint32) uint32 { return c.domainRoot(c.hostDomain(host)) }), colHost, sr.host)
	f.rows(s.ranges, colMachine, sr.facts)
	if err := firstError(f.err, c.err()); err != nil {
		return err
	}
	s.groupSet = groupSet{list: s.list}.with(appendBits(nil, f.words))
	return nil
}

const (
	// fewUsers: where less than one in so many groups in scope belongs to a
	// user that matches, looking the groups of each up beats reading the users
	// of all groups.
	fewUsers = 8
	// fewNames is how many domains or hosts are looked up for the root domains
	// that they are below.
	fewNames = 1 << 12
)

// below returns the groups in scope that the members of a set, of which each is
// below a root domain, can occur in.
func (s *selection) below(set *ordMatch, root func(ord uint32) uint32) []span {
	if set.some > fewNames {
		return s.ranges
	}
	var out []span
	end := uint32(0)
	for _, ord := range appendBits(nil, set.yes) { // roots ascend with what is below them
		lo, hi := s.c.rootGroups(root(ord))
		if lo >= end {
			out = append(out, clip(s.ranges, lo, hi)...)
			end = hi
		}
	}
	return out
}

// clip returns the parts of sorted, disjoint spans that lie from lo to hi-1.
func clip(spans []span, lo, hi uint32) []span {
	i, _ := slices.BinarySearchFunc(spans, lo, func(s span, lo uint32) int {
		if s.hi <= lo {
			return -1
		}
		return 1
	})
	var out []span
	for ; i < len(spans) && spans[i].lo < hi; i++ {
		out = append(out, span{max(lo, spans[i].lo), min(hi, spans[i].hi)})
	}
	return out
}

// A finder collects the groups that match.
type finder struct {
	s     *selection
	ctx   context.Context // for as long as candidates runs
	words []uint64        // a bit for each group
	err   error

	polled           int
	buf, starts, ord []uint32
}

func (f *finder) add(g uint32) {
	if int(g/64) < len(f.words) {
		f.words[g/64] |= 1 << (g % 64)
	}
}

// blocks cuts spans of groups into pieces until there is an error.
func (f *finder) blocks(spans []span, set *ordMatch, each func(lo, hi uint32) (work uint32)) {
	if set.some == 0 {
		return
	}
	for _, r := range spans {
		for lo := r.lo; lo < r.hi && f.err == nil; lo += scanBlock {
			if f.polled += int(each(lo, min(lo+scanBlock, r.hi))); f.polled > pollRows {
				f.polled, f.err = 0, firstError(f.ctx.Err(), f.s.c.err())
			}
		}
	}
}

// groups adds those of the spans whose value of a column of groups is in a set.
func (f *finder) groups(spans []span, id columnID, set *ordMatch) {
	f.blocks(spans, set, func(lo, hi uint32) uint32 {
		f.ord = f.s.c.decode(id, lo, hi, f.ord[:0])
		for i, ord := range f.ord {
			if set.match(ord) {
				f.add(lo + uint32(i))
			}
		}
		return hi - lo
	})
}

// rows adds the groups of the spans of which a row's value is in a set.
func (f *finder) rows(spans []span, id columnID, set *ordMatch) {
	f.blocks(spans, set, func(lo, hi uint32) uint32 {
		f.starts = f.s.c.decode(colGroupRow, lo, hi+1, f.starts[:0])
		n := hi - lo
		if len(f.starts) != int(n)+1 || f.starts[0] > f.starts[n] {
			return n // only corrupt columns get here; their cursor says so
		}
		f.ord = f.s.c.decode(id, f.starts[0], f.starts[n], f.ord[:0])
		group := uint32(0)
		for i, ord := range f.ord {
			if !set.match(ord) {
				continue
			}
			for row := f.starts[0] + uint32(i); group+1 < n && f.starts[group+1] <= row; {
				group++
			}
			f.add(lo + group)
		}
		return f.starts[n] - f.starts[0]
	})
}
