package leaks

import "context"

// plain reports whether a plan selects all rows of the domains that its scope
// covers in one column, and only those.
func (p *plan) plain(t *table) bool {
	return p.byDomain && len(p.users) == 0 && !p.byKeyword && (p.column == RootDomain || p.column == EmailDomain) &&
		p.unfiltered() && p.seenFrom <= t.minSeen && p.seenTo >= t.maxSeen
}

// unfiltered reports whether there is no filter but the bounds of seen.
func (p *plan) unfiltered() bool {
	for _, values := range [...][]string{
		p.host, p.domain, p.localPart, p.protocol, p.emailDomain, p.rootDomain,
		p.machineID, p.computer, p.hwid, p.muser, p.ip, p.country, p.software, p.stealer,
	} {
		if values != nil {
			return false
		}
	}
	return p.username == nil && p.hash == nil && p.types == nil &&
		p.seenDays == nil && p.uploadDays == nil && p.logDays == nil && p.search == "" && p.machine == ""
}

// topResults finds what firstResults does from lists of tops, where the domains
// in scope have them and they are long enough; ok says so. Of domains without
// lists it goes through all credentials, which are few.
func topResults(ctx context.Context, sn *snapshot, d *detailsPlan, first int) (rows []result, total int, ok bool, err error) {
	ti, ok := sn.onlyTable(d.plan)
	if !ok || d.minSources > 1 {
		return nil, 0, false, nil
	}
	t := sn.segments[ti].table
	if t.topRoots+t.topMails == 0 || !d.plain(t) {
		return nil, 0, false, nil
	}
	c := t.borrow()
	defer c.giveBack()
	cv, err := c.cover(ctx, d.plan, d.column == EmailDomain)
	// With splitHash, a credential may stand below several root domains.
	if err != nil || len(cv.domains) > 0 || t.splitHash && (d.column == EmailDomain || len(cv.whole) > 1) {
		return nil, 0, false, err
	}
	tp := &topsOf{c: c, col: d.column, rank: newRanker(d.sort, 0, first+d.size, nil), table: uint16(ti)}
	if len(cv.whole) == 1 {
		tp.skip = min(first, int(t.topPlaces))
	}
	for domain := range until(ctx, cv.whole) {
		if !tp.add(domain) {
			return nil, 0, false, c.err()
		}
	}
	if err := firstError(ctx.Err(), c.err()); err != nil || !tp.listed {
		return nil, 0, false, err
	}
	rows, err = tp.rank.sorted(ctx, first-tp.skip)
	return rows, tp.total, true, err
}

// onlyTable returns the one table that may hold rows of a plan.
func (sn *snapshot) onlyTable(p *plan) (n int, ok bool) {
	n = -1
	for i, h := range sn.segments {
		switch t := h.table; {
		case t.rows == 0 || p.seenFrom > t.maxSeen || p.seenTo < t.minSeen:
		case n >= 0:
			return 0, false
		default:
			n = i
		}
	}
	return n, n >= 0
}

// topsOf ranks the first credentials of some domains of one table.
type topsOf struct {
	c      *tableCursor
	col    Column
	rank   *ranker
	table  uint16
	skip   int // places of the only domain that need no look
	total  int
	listed bool // some domain has a list
	buf    []uint32
}

// add ranks those of a domain; false means that its list is too short, or that
// there is an error.
func (tp *topsOf) add(domain uint32) bool {
	c := tp.c
	groups := c.domainGroups(tp.col, domain)
	tp.total += int(groups)
	tp.buf = tp.buf[:0]
	switch l, ok := c.topList(tp.col, domain); {
	case ok:
		tp.listed = true
		if tp.rank.k > int(c.t.topPlaces) {
			return false
		}
		tp.buf = c.topGroups(l, tp.rank.byLast, uint32(tp.skip), uint32(tp.rank.k), tp.buf)
	case groups > maxTopPlaces:
		return false
	case tp.col == EmailDomain:
		lo, hi := c.mailUsers(domain)
		tp.buf = c.userGroupsOf(lo, hi, tp.buf)
		tp.skip = 0
	default:
		for g, hi := c.rootGroups(domain); g < hi; g++ {
			tp.buf = append(tp.buf, g)
		}
		tp.skip = 0
	}
	for _, g := range tp.buf {
		sources, last := c.groupSources(g), c.groupLast(g)
		if tp.rank.offer(sources, last) {
			tp.rank.add(&result{hash: c.groupHash(g), last: last, sources: sources, table: tp.table, group: g, row: noRow})
		}
	}
	return c.err() == nil
}
