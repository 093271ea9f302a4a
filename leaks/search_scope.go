package leaks

import (
	"context"
	"fmt"
	"slices"

	"github.com/leakscope/leakscope/index"
)

// A scopeSearch looks for a text in what the groups of a small scope refer to.
type scopeSearch struct {
	s   *selection
	ctx context.Context // for as long as searchScope runs
	c   *tableCursor
	m   *index.Matcher
	own bool // nothing but the scope's own strings may be looked at

	pieces []piece  // the groups in scope, ascending
	roots  []uint32 // of ranges whose root does not match

	users, domains, hosts, machines *numberSet // that match
	groups, rows                    uint32     // of pieces whose root does not match

	some, whole []uint32 // groups that match, and those of which all rows do

	buf, starts   []uint32
	signs         []uint64
	wholly, marks []uint8 // of a block: 1 for groups that match as a whole, for rows
}

// A piece is a run of groups below one root, or below several that do not match.
type piece struct {
	span
	match  bool // the root matches
	single bool // it may be less than all groups of the root
}

// searchScope narrows the scope to the groups that match the search text; own
// says to look at nothing but what they refer to.
func (s *selection) searchScope(ctx context.Context, own bool) error {
	q := &scopeSearch{s: s, ctx: ctx, c: s.c, m: index.NewMatcher(s.p.search), own: own}
	for _, step := range []func(){q.searchRoots, q.searchHosts, q.searchUsers, q.searchMachines, q.collect} {
		step()
		if err := q.err(); err != nil {
			return err
		}
	}
	s.groupSet = groupSet{list: q.some}
	s.search = &searcher{c: s.c, whole: newNumberSet(q.whole, uint32(len(q.some))), host: q.hosts, facts: q.machines}
	return nil
}

func (q *scopeSearch) err() error { return firstError(q.ctx.Err(), q.c.err()) }

// searchRoots cuts the scope into pieces and matches their roots.
func (q *scopeSearch) searchRoots() {
	for _, r := range q.s.ranges {
		q.cut(r, false)
	}
	for list := q.s.list; len(list) > 0; {
		n := 1
		for n < len(list) && list[n] == list[n-1]+1 {
			n++
		}
		q.cut(span{list[0], list[n-1] + 1}, true)
		list = list[n:]
	}
	slices.SortFunc(q.pieces, func(a, b piece) int { return a.compare(b.span) })
	for _, p := range q.pieces {
		if !p.match {
			lo, _ := q.c.groupRows(p.lo)
			_, hi := q.c.groupRows(p.hi - 1)
			q.groups, q.rows = q.groups+p.hi-p.lo, q.rows+hi-lo
		}
	}
}

// cut appends the pieces of a run of groups.
func (q *scopeSearch) cut(r span, single bool) {
	for looked := false; r.lo < r.hi; {
		root := q.c.groupRoot(r.lo)
		lo, hi := q.c.rootGroups(root)
		if r.lo < lo || r.lo >= hi {
			return // only corrupt columns get here; their cursor says so
		}
		p := piece{span{r.lo, min(r.hi, hi)}, q.m.Match(q.c.bytes(dictRoot, root)), single}
		r.lo = p.hi
		if !p.match && !single {
			q.roots = append(q.roots, root)
		}
		if n := len(q.pieces); looked && q.pieces[n-1].match == p.match {
			q.pieces[n-1].hi = p.hi
		} else {
			q.pieces = append(q.pieces, p)
		}
		looked = true
	}
}

// blocks calls fn for the groups of pieces whose root does not match, some at a
// time, until there is an error.
func (q *scopeSearch) blocks(fn func(p *piece, lo, hi uint32)) {
	polled := uint32(0)
	for i := range q.pieces {
		p := &q.pieces[i]
		for lo := p.lo; lo < p.hi && !p.match; {
			hi := min(lo+scanBlock, p.hi)
			fn(p, lo, hi)
			if polled += hi - lo; polled >= pollRows {
				if polled = 0; q.err() != nil {
					return
				}
			}
			lo = hi
		}
	}
}

// rowsOf returns a column's values of the rows of the groups lo to hi-1; where
// those of each group begin is in starts.
func (q *scopeSearch) rowsOf(id columnID, lo, hi uint32, dst []uint32) []uint32 {
	q.starts = q.c.decode(colGroupRow, lo, hi+1, q.starts[:0])
	n := hi - lo
	if len(q.starts) != int(n)+1 || q.starts[0] > q.starts[n] {
		return dst // only corrupt columns get here; their cursor says so
	}
	return q.c.decode(id, q.starts[0], q.starts[n], dst)
}

// searchHosts finds the domains and hosts that match.
func (q *scopeSearch) searchHosts() {
	c, t := q.c, q.s.t
	var domains, hosts []uint32
	for i, root := range q.roots {
		lo, hi := c.domainRange(root, root+1)
		found := q.within(dictDomain, lo, hi, nil)
		domains = append(domains, found...)
		var below []span
		for _, d := range found {
			from, to := c.hostsOfDomain(d)
			below = append(below, span{from, to})
		}
		lo, hi = c.spans(colHostStarts, lo, hi)
		hosts = append(hosts, q.within(dictHost, lo, hi, below)...)
		if i%pollLookups == pollLookups-1 && q.err() != nil {
			return
		}
	}
	// Of single groups those that they refer to.
	var singleDomains, singleHosts []uint32
	q.blocks(func(p *piece, lo, hi uint32) {
		if p.single {
			singleDomains = c.decode(colGroupDomain, lo, hi, singleDomains)
			singleHosts = q.rowsOf(colHost, lo, hi, singleHosts)
		}
	})
	domains = append(domains, q.among(dictDomain, sortGroups(singleDomains, t.dictLen(dictDomain)))...)
	hosts = append(hosts, q.among(dictHost, sortGroups(singleHosts, t.dictLen(dictHost)))...)
	q.domains = newNumberSet(sortGroups(domains, t.dictLen(dictDomain)), q.rows)
	q.hosts = newNumberSet(sortGroups(hosts, t.dictLen(dictHost)), q.rows)
}

// within returns the strings lo <= ord < hi of a dictionary that match and that
// are in none of some spans.
func (q *scopeSearch) within(d dictID, lo, hi uint32, but []span) []uint32 {
	if !q.own {
		return q.c.searchBut(d, lo, hi, q.m, but)
	}
	var found []uint32
	q.c.dict(d).Search(lo, hi, q.m, func(ord uint32) bool {
		found = append(found, ord)
		return true
	})
	return outside(found, but)
}

const (
	// lookUpCost is how many strings of a dictionary are gone through in the
	// time that one is looked up.
	lookUpCost = 8
	// textCost is for how many strings of a dictionary its text index is read in
	// the time that one is looked up.
	textCost = 1024
)

// among returns those of a dictionary's strings, which ascend, that match.
func (q *scopeSearch) among(d dictID, ords []uint32) []uint32 {
	if len(ords) == 0 {
		return nil
	}
	lo, hi := ords[0], ords[len(ords)-1]+1
	if !q.own && uint32(len(ords)) > (hi-lo)/textCost {
		if found, ok := q.amongText(d, ords); ok {
			return found
		}
	}
	return q.lookUp(d, ords, nil)
}

// lookUp appends those of the strings that match to found.
func (q *scopeSearch) lookUp(d dictID, ords, found []uint32) []uint32 {
	if len(ords) == 0 {
		return found
	}
	dict, lo, hi := q.c.dict(d), ords[0], ords[len(ords)-1]+1
	if uint32(len(ords)) <= (hi-lo)/lookUpCost {
		for i, ord := range ords {
			if q.m.Match(dict.At(ord)) {
				found = append(found, ord)
			}
			if i%pollRows == pollRows-1 && q.err() != nil {
				break
			}
		}
		return found
	}
	dict.Search(lo, hi, q.m, func(ord uint32) bool {
		for ords[0] < ord {
			ords = ords[1:] // the last one is not below ord
		}
		if ords[0] == ord {
			found = append(found, ord)
		}
		return true
	})
	return found
}

// amongText is among by the dictionary's text index, if that helps.
func (q *scopeSearch) amongText(d dictID, ords []uint32) (found []uint32, ok bool) {
	lo, hi := ords[0], ords[len(ords)-1]+1
	ok, err := q.c.t.texts[d].Candidates(lo, hi, q.m, func(from, to uint32) bool {
		n, _ := slices.BinarySearch(ords, from)
		ords = ords[n:]
		n, _ = slices.BinarySearch(ords, to)
		found = q.lookUp(d, ords[:n], found)
		ords = ords[n:]
		return len(ords) > 0 && q.c.dict(d).Err() == nil
	})
	if err != nil {
		q.c.fail(fmt.Errorf("text of %s: %w", d, err))
	}
	return found, ok
}

// collect finds the groups that match.
func (q *scopeSearch) collect() {
	polled := uint32(0)
	for _, p := range q.pieces {
		for lo := p.lo; lo < p.hi; {
			hi := min(lo+scanBlock, p.hi)
			if p.match {
				for g := lo; g < hi; g++ {
					q.some, q.whole = append(q.some, g), append(q.whole, g)
				}
			} else {
				q.collectBlock(lo, hi)
			}
			if polled += hi - lo; polled >= pollRows {
				if polled = 0; q.err() != nil {
					return
				}
			}
			lo = hi
		}
	}
}

// collectBlock finds those of the groups lo to hi-1, whose root does not match.
func (q *scopeSearch) collectBlock(lo, hi uint32) {
	q.wholly = resize(q.wholly, int(hi-lo))
	clear(q.wholly)
	some := false
	for _, by := range [...]struct {
		id  columnID
		set *numberSet
	}{{colGroupUser, q.users}, {colGroupDomain, q.domains}} {
		if !by.set.empty() {
			q.buf = q.c.decode(by.id, lo, hi, q.buf[:0])
			some = by.set.mark(q.buf, q.wholly) || some
		}
	}
	rows := q.markRows(lo, hi)
	if !some && !rows {
		return
	}
	for i, whole := range q.wholly {
		g := lo + uint32(i)
		if whole == 0 {
			if !rows {
				continue
			}
			from, to := q.starts[i]-q.starts[0], q.starts[i+1]-q.starts[0]
			if from > to || int(to) > len(q.marks) {
				q.c.corrupt(sectionName(sectionGroupRow) + ": values descend")
				return
			}
			matching := 0
			for _, mark := range q.marks[from:to] {
				matching += int(mark)
			}
			if matching == 0 {
				continue
			}
			if matching == int(to-from) {
				whole = 1
			}
		}
		q.some = append(q.some, g)
		if whole != 0 {
			q.whole = append(q.whole, g)
		}
	}
}

// markRows marks the rows of some groups that match by what is their own, and
// reports whether there are any.
func (q *scopeSearch) markRows(lo, hi uint32) bool {
	some, first := false, true
	for _, by := range [...]struct {
		id  columnID
		set *numberSet
	}{{colHost, q.hosts}, {colMachine, q.machines}} {
		if by.set.empty() {
			continue
		}
		q.buf = q.rowsOf(by.id, lo, hi, q.buf[:0])
		if first {
			q.marks = resize(q.marks, len(q.buf))
			clear(q.marks)
			first = false
		}
		if len(q.buf) != len(q.marks) {
			return false // only corrupt columns get here; their cursor says so
		}
		some = by.set.mark(q.buf, q.marks) || some
	}
	return some && q.c.err() == nil
}
