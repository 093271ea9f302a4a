package leaks

import "github.com/leakscope/leakscope/index"

// eagerSearch is how many groups must be in scope for the dictionaries to be
// searched as a whole, once, rather than each string when a row first holds
// it. Tests lower it.
var eagerSearch uint32 = 4096

// eagerList is how many times more of them there must be that are no ranges.
const eagerList = 8

// manySingle reports whether single groups are too many to look at one by one.
func (s *selection) manySingle() bool { return uint64(len(s.list)) >= eagerList*uint64(eagerSearch) }

// A searcher decides whether a row matches the search text of a plan. The
// fields of a credential (root domain, domain, username, e-mail domain) are
// looked at first: where one matches, every row of the group does.
type searcher struct {
	s                               *selection
	root, domain, user, host, facts *ordMatch

	// whole, where the dictionaries were searched at once, has a bit for each
	// group of the ranges in scope of which every row matches, be it by what
	// they share. Those of host and facts may be missing that occur in such
	// groups only.
	whole []uint64

	// in is the root domain whose groups were asked for last, and whether it
	// matches: groups come in order of their roots.
	in        span
	rootMatch bool
}

// newSearcher prepares to look at each string when it is needed.
func newSearcher(s *selection) *searcher {
	m := index.NewMatcher(s.p.search)
	c, t := s.c, s.t
	in := func(d dictID) *ordMatch {
		return newOrdMatch(t.dictLen(d), func(ord uint32) bool { return m.Match(c.bytes(d, ord)) })
	}
	sr := &searcher{s: s, root: in(dictRoot), domain: in(dictDomain), host: in(dictHost)}
	mail := in(dictMail)
	var name []byte
	sr.user = newOrdMatch(t.dictLen(dictUser), func(user uint32) bool {
		name = c.appendUsername(name[:0], user)
		return m.Match(name) || mail.match(c.userMail(user))
	})
	sr.facts = newOrdMatch(t.machines, func(machine uint32) bool {
		return m.Match(c.bytes(dictIP, c.machineField(machine, machineIP))) ||
			m.Match(c.bytes(dictComputer, c.machineField(machine, machineComputer))) ||
			m.Match(c.bytes(dictMUser, c.machineField(machine, machineMUser)))
	})
	return sr
}

// group reports whether all rows of a group match by what they share.
func (sr *searcher) group(g uint32) bool {
	if hasBit(sr.whole, g) {
		return true
	}
	c := sr.s.c
	if g < sr.in.lo || g >= sr.in.hi {
		root := c.groupRoot(g)
		sr.in.lo, sr.in.hi = c.rootGroups(root)
		sr.rootMatch = sr.root.match(root)
	}
	return sr.rootMatch || sr.domain.match(c.groupDomain(g)) || sr.user.match(c.groupUser(g))
}

// row reports whether a row matches by what is its own.
func (sr *searcher) row(r uint32) bool {
	c := sr.s.c
	return sr.host.match(c.host(r)) || sr.facts.match(c.machine(r))
}
