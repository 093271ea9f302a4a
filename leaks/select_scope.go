package leaks

import (
	"context"
	"slices"
)

// scope finds the groups that the scope covers by the column of the plan.
func (s *selection) scope(ctx context.Context) error {
	p := s.p
	if p.byKeyword {
		return s.scopeKeywords(ctx)
	}
	if p.all {
		s.ranges = []span{{0, s.t.groups}}
		return nil
	}
	if p.byDomain && p.column != EmailDomain {
		if err := s.scopeRoots(ctx); err != nil {
			return err
		}
	}
	var list []uint32
	if p.byDomain && p.column != RootDomain {
		cv, err := s.c.cover(ctx, p, true)
		if err != nil {
			return err
		}
		for mail := range until(ctx, cv.whole) {
			lo, hi := s.c.mailUsers(mail)
			list = s.c.userGroupsOf(lo, hi, list)
		}
	}
	for id := range until(ctx, p.users) {
		if u, ok := s.c.findUser(id.name, id.local, id.mail); ok {
			list = s.c.userGroupsOf(u, u+1, list)
		}
	}
	if list = sortGroups(list, s.t.groups); s.empty() {
		s.list = list
	} else {
		s.groupSet = s.with(list)
	}
	return ctx.Err()
}

// scopeRoots finds the groups whose domain the scope covers. A root that is an
// entry or below one is taken whole; of a root above an entry, the groups of
// the domains that the entry covers.
func (s *selection) scopeRoots(ctx context.Context) error {
	c := s.c
	cv, err := c.cover(ctx, s.p, false)
	if err != nil {
		return err
	}
	one := span{^uint32(0), 0} // the roots met
	for root := range until(ctx, cv.whole) {
		one = span{min(one.lo, root), max(one.hi, root)}
		if lo, hi := c.rootGroups(root); lo < hi {
			s.ranges = append(s.ranges, span{lo, hi})
		}
	}
	for domains := cv.domains; len(domains) > 0; {
		root := c.domainRoot(domains[0])
		one = span{min(one.lo, root), max(one.hi, root)}
		first, end := c.domainRange(root, root+1)
		n, _ := slices.BinarySearch(domains, end)
		if err := firstError(c.err(), ctx.Err()); err != nil || n == 0 {
			return err
		}
		s.groupsOf(domains[:n], first, end, root)
		domains = domains[n:]
	}
	if one.lo == one.hi && s.p.column == RootDomain {
		s.root = c.rootName(one.lo)
	}
	return firstError(c.err(), ctx.Err())
}

// groupsOf adds the groups of some domains of one root, whose domains are
// first <= domain < end, to the list.
func (s *selection) groupsOf(domains []uint32, first, end, root uint32) {
	in := make([]uint64, (end-first)/64+1)
	for _, d := range domains {
		in[(d-first)/64] |= 1 << ((d - first) % 64)
	}
	var column []uint32
	for lo, hi := s.c.rootGroups(root); lo < hi; {
		to := min(hi, lo+scanBlock)
		column = s.c.decode(colGroupDomain, lo, to, column[:0])
		for i, d := range column {
			if d -= first; d < end-first && in[d/64]&(1<<(d%64)) != 0 {
				s.list = append(s.list, lo+uint32(i))
			}
		}
		lo = to
	}
}
