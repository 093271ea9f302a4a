package leaks

import "github.com/leakscope/leakscope/internal/segment"

// A merged table has, for each domain of many credentials, a list of those that
// come first in each order: the first pages of such a domain, which are asked for
// most, then take as long as they are, not as long as the domain is. Domains of
// fewer credentials than a list holds are gone through in a few microseconds, and
// so is a fresh table, which is soon merged.

// topPlaces is how many places a list has: ten default pages. A domain of more
// credentials gets lists. On the corpus of bench they take 0.4 bytes a record.
// Tests lower it.
var topPlaces uint32 = 512

// maxTopPlaces is the longest list a reader believes in.
const maxTopPlaces = 1 << 16

// A topsOut writes the lists of a table. Its memory is 8 bytes a group and 4 a
// root.
type topsOut struct {
	// userMail is the mail domain of each user; they ascend.
	userMail []uint32

	figures []uint64 // by group: sources<<32 | time of the last row
	roots   []uint32 // by root its first group, and the end
	byUser  []uint32 // the groups by user
	ends    []uint32 // by user where its groups end in byUser
}

// keepTops makes w write lists; beginRows follows.
func (w *tableWriter) keepTops(userMail []uint32) { w.tops = &topsOut{userMail: userMail} }

// writeTops writes the lists, when all groups are known. What split says is as of
// endRows: a credential may then stand in two groups of a mail domain, whose
// figures are not its own, so there are lists of root domains only.
func (w *tableWriter) writeTops(split bool) error {
	o, m := w.tops, &w.meta
	if o == nil || m.groups <= topPlaces {
		return nil
	}
	groups := w.column(sectionTopGroup)
	add := func(owner *segment.IntsWriter, domain uint32, first, end uint32, group func(i uint32) uint32) {
		owner.Append(uint64(domain))
		for _, by := range [...]Sort{BySourceCount, ByLastSeen} {
			rank := newRanker(by, 0, int(topPlaces), nil)
			for i := first; i < end; i++ {
				g := group(i)
				if f := o.figures[g]; rank.offer(uint32(f>>32), uint32(f)) {
					// Groups of one root ascend by hash, those of all with equal high
					// halves are split.
					rank.add(&result{hash: hash128{w.hashes[g], uint64(g)}, sources: uint32(f >> 32), last: uint32(f), group: g})
				}
			}
			for _, r := range rank.best() {
				groups.Append(uint64(r.group))
			}
		}
	}
	roots := w.column(sectionTopRoot)
	for r := range m.dicts[dictRoot] {
		if lo, hi := o.roots[r], o.roots[r+1]; hi-lo > topPlaces {
			add(roots, r, lo, hi, func(i uint32) uint32 { return i })
			m.topRoots++
		}
	}
	mails := w.column(sectionTopMail)
	for u, lo := 0, uint32(0); u < len(o.userMail) && !split; {
		mail := o.userMail[u]
		for u < len(o.userMail) && o.userMail[u] == mail {
			u++
		}
		hi := o.ends[u-1]
		if hi-lo > topPlaces {
			add(mails, mail, lo, hi, func(i uint32) uint32 { return o.byUser[i] })
			m.topMails++
		}
		lo = hi
	}
	m.topPlaces = topPlaces
	return w.finishColumns()
}

// A topList is the two lists of one domain of a table.
type topList struct {
	col    Column // RootDomain or EmailDomain
	domain uint32 // its ordinal
	first  uint64 // where they begin
}

// topList returns the lists of a domain of column RootDomain or EmailDomain;
// false means that it has none.
func (c *tableCursor) topList(col Column, domain uint32) (topList, bool) {
	id, at, n := colTopRoot, uint64(0), uint64(c.t.topRoots)
	if col == EmailDomain {
		id, at, n = colTopMail, n, uint64(c.t.topMails)
	}
	if n == 0 {
		return topList{}, false
	}
	k := c.column(id)
	i := k.Search(0, n, uint64(domain))
	if i == n || k.At(i) != uint64(domain) {
		return topList{}, false
	}
	return topList{col, domain, (at + i) * 2 * uint64(c.t.topPlaces)}, true
}

// topGroups appends the groups at the places lo <= place < hi of a list, best
// first; hi is at most topPlaces of the table, and the domain has more groups. A
// hash stands in one group of a mail domain only.
func (c *tableCursor) topGroups(l topList, byLast bool, lo, hi uint32, dst []uint32) []uint32 {
	first := l.first
	if byLast {
		first += uint64(c.t.topPlaces)
	}
	from := len(dst)
	dst = c.column(colTopGroup).Decode32(first+uint64(lo), first+uint64(hi), dst)
	for _, g := range dst[from:] {
		// What lies outside the domain may be out of scope.
		if g >= c.t.groups || !c.inDomain(l.col, l.domain, g) {
			c.corrupt(sectionName(sectionTopGroup) + ": group of another domain")
			return dst[:from]
		}
	}
	return dst
}

// inDomain reports whether a group belongs to a domain.
func (c *tableCursor) inDomain(col Column, domain, g uint32) bool {
	if col == EmailDomain {
		lo, hi := c.mailUsers(domain)
		u := c.groupUser(g)
		return lo <= u && u < hi
	}
	lo, hi := c.rootGroups(domain)
	return lo <= g && g < hi
}

// domainGroups returns how many groups a domain has.
func (c *tableCursor) domainGroups(col Column, domain uint32) uint32 {
	if col == EmailDomain {
		return c.userGroupCount(c.mailUsers(domain))
	}
	lo, hi := c.rootGroups(domain)
	return hi - lo
}
