package leaks

import (
	"context"

	"github.com/leakscope/leakscope/index"
)

// searchAll searches the dictionaries as a whole, as far as the groups in scope
// can refer to them, and narrows the scope to the groups that match.
func (s *selection) searchAll(ctx context.Context) error {
	m := index.NewMatcher(s.p.search)
	lo, hi := s.bounds()
	found := s.searchHosts(ctx, m, s.c.groupRoot(lo), s.c.groupRoot(hi-1)+1)
	if err := firstError(ctx.Err(), s.c.err()); err != nil {
		return err
	}
	users, machines := s.searchTable(m)
	if err := firstError(ctx.Err(), s.c.err()); err != nil {
		return err
	}
	return s.candidates(ctx, found, users, machines)
}

// hostsFound are the ordinals that a search found among the root domains in
// scope and what is below them; each ascends. Of a root domain that matches,
// and so with all its groups, no domains are listed, and of either no hosts.
type hostsFound struct{ roots, domains, hosts []uint32 }

// searchHosts searches the names of hosts from the root domain first to end-1.
func (s *selection) searchHosts(ctx context.Context, m *index.Matcher, first, end uint32) *hostsFound {
	c := s.c
	var f hostsFound
	f.roots = c.searchBut(dictRoot, first, end, m, nil)
	var done []span // of domains, then of hosts: all of them are found by what is above
	for _, root := range f.roots {
		lo, hi := c.domainRange(root, root+1)
		done = append(done, span{lo, hi})
	}
	lo, hi := c.domainRange(first, end)
	if ctx.Err() == nil {
		f.domains = c.searchBut(dictDomain, lo, hi, m, joinSpans(done))
	}
	for _, domain := range f.domains {
		done = append(done, span{domain, domain + 1})
	}
	done = joinSpans(done)
	for i := range done {
		done[i].lo, done[i].hi = c.spans(colHostStarts, done[i].lo, done[i].hi)
	}
	lo, hi = c.hostRange(first, end)
	if ctx.Err() == nil {
		f.hosts = c.searchBut(dictHost, lo, hi, m, done)
	}
	return &f
}

// searchTable searches what does not lie in the order of the root domains: it
// returns the users and the machines that match, ascending.
func (s *selection) searchTable(m *index.Matcher) (users []span, machines []uint32) {
	s.c.searchUsers(m, s.p.search, func(lo, hi uint32) bool {
		users = append(users, span{lo, hi})
		return true
	})
	return users, s.searchMachines(m)
}

// searchMachines returns the machines of which a fact matches.
func (s *selection) searchMachines(m *index.Matcher) []uint32 {
	var (
		machines []uint32
		buf      []uint32
	)
	for _, f := range [...]machineField{machineIP, machineComputer, machineMUser} {
		if !mayBeIn(f, s.p.search) {
			continue
		}
		n := s.t.dictLen(f.dict())
		found := s.c.searchBut(f.dict(), 0, n, m, nil)
		if len(found) == 0 {
			continue
		}
		in := newNumberSet(found, allAsked)
		for lo := uint32(0); lo < s.t.machines; lo += scanBlock {
			buf = s.c.decode(colMachineFirst+columnID(f), lo, min(lo+scanBlock, s.t.machines), buf[:0])
			for i, ord := range buf {
				if hasBit(in.words, ord-in.lo) {
					machines = append(machines, lo+uint32(i))
				}
			}
		}
	}
	return sortGroups(machines, s.t.machines)
}

// allAsked makes a set bits.
const allAsked = ^uint32(0)

// candidates replaces the groups in scope by those that match the search as a
// whole, or of which some row does.
func (s *selection) candidates(ctx context.Context, found *hostsFound, users []span, machines []uint32) error {
	c := s.c
	f := &finder{s: s, ctx: ctx, spans: s.ranges}
	f.some = make([]uint64, s.t.groups/64+1)
	f.whole = make([]uint64, s.t.groups/64+1)
	// Single groups are found among all that lie between them.
	single := len(s.list) > 0
	if single {
		lo, hi := s.bounds()
		f.spans = []span{{lo, hi}}
	}
	for _, root := range found.roots {
		lo, hi := c.rootGroups(root)
		for _, r := range clip(f.spans, lo, hi) {
			setBits(f.some, r.lo, r.hi)
			setBits(f.whole, r.lo, r.hi)
		}
	}
	hosts, facts := newNumberSet(found.hosts, allAsked), newNumberSet(machines, allAsked)
	f.users(users)
	f.groups(f.below(found.domains, c.domainEnd), colGroupDomain, newNumberSet(found.domains, allAsked))
	f.rows(f.below(found.hosts, c.hostEnd), colHost, hosts)
	f.rows(f.spans, colMachine, facts)
	if err := firstError(f.err, c.err()); err != nil {
		return err
	}
	groups := appendBits(nil, f.some)
	if single {
		groups = s.intersect(groups)
	}
	s.groupSet = groupSet{list: groups}
	s.search = &searcher{c: c, whole: &numberSet{words: f.whole}, host: hosts, facts: facts}
	return nil
}
