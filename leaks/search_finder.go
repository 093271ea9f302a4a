package leaks

import (
	"context"
	"slices"
)

// A finder collects the groups that match a search.
type finder struct {
	s     *selection
	ctx   context.Context // for as long as candidates runs
	spans []span          // of groups: where to look
	// some and whole have a bit for each group: of which a row matches, of which
	// all are known to.
	some, whole []uint64
	err         error

	polled           int
	buf, starts, ord []uint32
}

const (
	// fewUsers: where less than one in so many groups in scope belongs to a
	// user that matches, looking the groups of each up beats reading the users
	// of all groups.
	fewUsers = 8
	// fewNames is up to how many domains or hosts are looked up for the root
	// domains that they are below.
	fewNames = 1 << 12
)

// below returns the groups among which the members of a list are, which
// ascends; end returns the root domain of a member, and where that of the next
// one's begin.
func (f *finder) below(list []uint32, end func(ord uint32) (root, end uint32)) []span {
	if len(list) > fewNames {
		return f.spans
	}
	var out []span
	next := uint32(0)
	for _, ord := range list {
		if ord < next {
			continue
		}
		var root uint32
		root, next = end(ord)
		lo, hi := f.s.c.rootGroups(root)
		out = append(out, clip(f.spans, lo, hi)...)
	}
	return out
}

// domainEnd returns the root of a domain, and where its domains end.
func (c *tableCursor) domainEnd(domain uint32) (root, end uint32) {
	root = c.domainRoot(domain)
	_, end = c.domainRange(root, root+1)
	return root, end
}

// hostEnd returns the root of a host, and where its hosts end.
func (c *tableCursor) hostEnd(host uint32) (root, end uint32) {
	root = c.domainRoot(c.hostDomain(host))
	_, end = c.hostRange(root, root+1)
	return root, end
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

// add adds a group of which all rows match.
func (f *finder) add(g uint32) {
	setBit(f.some, g)
	setBit(f.whole, g)
}

// blocks cuts spans of groups into pieces until there is an error.
func (f *finder) blocks(spans []span, set *numberSet, each func(lo, hi uint32) (work uint32)) {
	if set.empty() {
		return
	}
	for _, r := range spans {
		for lo := r.lo; lo < r.hi && f.err == nil; lo += scanBlock {
			f.poll(each(lo, min(lo+scanBlock, r.hi)))
		}
	}
}

// poll looks for an error now and then; n is the work since the last call.
func (f *finder) poll(n uint32) {
	if f.polled += int(n); f.polled > pollRows {
		f.polled, f.err = 0, firstError(f.ctx.Err(), f.s.c.err())
	}
}

// users adds the groups of users.
func (f *finder) users(users []span) {
	c := f.s.c
	groups, scope := uint32(0), uint32(0)
	for _, u := range users {
		groups += c.userGroupCount(u.lo, u.hi)
	}
	for _, r := range f.spans {
		scope += r.hi - r.lo
	}
	if groups >= scope/fewUsers {
		f.groups(f.spans, colGroupUser, spansSet(users))
		return
	}
	for _, u := range users {
		f.buf = c.userGroupsOf(u.lo, u.hi, f.buf[:0])
		for _, g := range f.buf {
			if within(f.spans, g) {
				f.add(g)
			}
		}
		if f.poll(uint32(len(f.buf)) + 1); f.err != nil {
			return
		}
	}
}

// spansSet returns the set of what is in spans, which ascend.
func spansSet(spans []span) *numberSet {
	if len(spans) == 0 {
		return new(numberSet)
	}
	s := numberBits(spans[0].lo, spans[len(spans)-1].hi)
	for _, r := range spans {
		setBits(s.words, r.lo-s.lo, r.hi-s.lo)
	}
	return s
}

// groups adds those of the spans whose value of a column of groups is in a set,
// which is bits.
func (f *finder) groups(spans []span, id columnID, set *numberSet) {
	f.blocks(spans, set, func(lo, hi uint32) uint32 {
		f.ord = f.s.c.decode(id, lo, hi, f.ord[:0])
		for i, ord := range f.ord {
			if hasBit(set.words, ord-set.lo) {
				f.add(lo + uint32(i))
			}
		}
		return hi - lo
	})
}

// rows adds the groups of the spans of which a row's value is in a set, which is
// bits.
func (f *finder) rows(spans []span, id columnID, set *numberSet) {
	f.blocks(spans, set, func(lo, hi uint32) uint32 {
		f.starts = f.s.c.decode(colGroupRow, lo, hi+1, f.starts[:0])
		n := hi - lo
		if len(f.starts) != int(n)+1 || f.starts[0] > f.starts[n] {
			return n // only corrupt columns get here; their cursor says so
		}
		f.ord = f.s.c.decode(id, f.starts[0], f.starts[n], f.ord[:0])
		group, matching := uint32(0), uint32(0)
		for i, ord := range f.ord {
			if !hasBit(set.words, ord-set.lo) {
				continue
			}
			row := f.starts[0] + uint32(i)
			for ; group+1 < n && f.starts[group+1] <= row; group++ {
				matching = 0
			}
			setBit(f.some, lo+group)
			if matching++; matching == f.starts[group+1]-f.starts[group] {
				setBit(f.whole, lo+group)
			}
		}
		return f.starts[n] - f.starts[0]
	})
}
