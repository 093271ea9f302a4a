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

// A placesOut writes the lists of a table. It is given the groups of each root, and
// then those of each mail domain, and keeps those of one domain that may be in its
// lists.
type placesOut struct {
	w        *tableWriter
	userMail []uint32 // the mail domain of each user; they ascend

	domain      uint32 // the one at hand
	few         []orderedGroup
	n           uint32              // groups of it; up to topPlaces of them are few
	ranks       [2]*ranker          // with more
	roots       *segment.IntsWriter // these three once there is a list
	mails, list *segment.IntsWriter
	columns     []*segment.IntsWriter
}

// beginRoot turns to a root. Groups come root by root.
func (o *placesOut) beginRoot(root uint32) {
	o.endRoot()
	o.domain = root
}

func (o *placesOut) rootGroup(g *orderedGroup) { o.add(g) }

// endRoot writes the lists of the root at hand.
func (o *placesOut) endRoot() {
	if o.end(&o.roots, sectionTopRoot) {
		o.w.meta.topRoots++
	}
}

// mailGroup takes a group of some user. Groups come user by user.
func (o *placesOut) mailGroup(g *orderedGroup) {
	if mail := o.userMail[g.user]; mail != o.domain || o.n == 0 {
		o.endMail()
		o.domain = mail
	}
	o.add(g)
}

// endMail writes the lists of the mail domain at hand.
func (o *placesOut) endMail() {
	if o.end(&o.mails, sectionTopMail) {
		o.w.meta.topMails++
	}
}

func (o *placesOut) add(g *orderedGroup) {
	if o.n++; o.n <= topPlaces {
		o.few = append(o.few, *g)
		return
	}
	if len(o.few) > 0 {
		for i, by := range [...]Sort{BySourceCount, ByLastSeen} {
			o.ranks[i] = newRanker(by, 0, int(topPlaces), nil)
		}
		for i := range o.few {
			o.rank(&o.few[i])
		}
		o.few = o.few[:0]
	}
	o.rank(g)
}

func (o *placesOut) rank(g *orderedGroup) {
	for _, rank := range o.ranks {
		if rank.offer(g.sources, g.last) {
			// Groups of one root ascend by hash, those of all with equal high
			// halves are split.
			rank.add(&result{hash: hash128{g.hash, uint64(g.number)}, sources: g.sources, last: g.last, group: g.number})
		}
	}
}

// end ends the domain at hand and reports whether it has lists.
func (o *placesOut) end(owners **segment.IntsWriter, section uint16) bool {
	n := o.n
	o.n, o.few = 0, o.few[:0]
	if n <= topPlaces {
		return false
	}
	if *owners == nil {
		*owners = o.open(section)
	}
	if o.list == nil {
		o.list = o.open(sectionTopGroup)
		o.w.meta.topPlaces = topPlaces
	}
	(*owners).Append(uint64(o.domain))
	for _, rank := range o.ranks {
		for _, r := range rank.best() {
			o.list.Append(uint64(r.group))
		}
	}
	return true
}

// open opens a column. It outlives those that end with the rows.
func (o *placesOut) open(section uint16) *segment.IntsWriter {
	c := segment.NewIntsWriter(o.w.seg.Section(section, segment.Plain))
	o.columns = append(o.columns, c)
	return c
}

func (o *placesOut) finish() error {
	for _, c := range o.columns {
		if err := c.Finish(); err != nil {
			return err
		}
	}
	return nil
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
