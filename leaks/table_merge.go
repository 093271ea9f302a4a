package leaks

import (
	"cmp"
	"context"
	"os"
	"slices"

	"github.com/leakscope/leakscope/internal/segment"
)

// mergeOptions change what mergeTables keeps.
type mergeOptions struct {
	// dropBefore drops the rows seen before it, Unix seconds. Domains that lose
	// rows so keep their whole aggregate, for good.
	dropBefore uint32
	polite     *courtesy // nil: it gives way to nobody
	// firstSeq are the first ingest sequence numbers of the sources, ascending;
	// nil: the table has no origins.
	firstSeq []uint64
	// scratch makes the file of what does not fit into memory; nil: one in the
	// system's folder for such.
	scratch func() (scratchFile, error)
}

// mergeTables writes the rows of all sources, the oldest first, as one table
// that answers as they do together. Its memory is 4 bytes for each string and
// machine of each source and what a tableWriter needs after keepOrders: rows and
// columns pass through.
func mergeTables(ctx context.Context, seg *segment.Writer, sources []*table, opts mergeOptions) (tableSummary, error) {
	m := &merger{ctx: ctx, dropBefore: opts.dropBefore, polite: opts.polite, scratch: opts.scratch}
	if m.scratch == nil {
		m.scratch = tempFile
	}
	total := uint64(0)
	for _, t := range sources {
		m.in = append(m.in, &mergeSource{t: t, c: t.cursor(), index: len(m.in), base: m.ordinals})
		m.ordinals += t.ordinals
		total += uint64(t.rows)
	}
	if total > maxTableRows {
		return tableSummary{}, errTableFull
	}
	m.w = newTableWriter(seg, m.coding(), nil, true)
	defer func() { m.w.orders.close() }()
	for _, t := range sources {
		m.w.meta.ownRoots = m.w.meta.ownRoots || t.ownRoots || t.rootList != sources[0].rootList
		m.w.meta.rootList = t.rootList
	}
	m.parallel = onTwo(int(total))
	for _, step := range []func() error{m.mark, func() error { return m.mergeOrigins(opts.firstSeq) }, m.mergeDicts, m.mergeMachines, m.mergeRows} {
		if err := step(); err != nil {
			return tableSummary{}, err
		}
	}
	return m.w.finish()
}

// tempFile makes a file of the system's folder for such that nobody else finds.
func tempFile() (scratchFile, error) {
	f, err := os.CreateTemp("", "leakscope-merge-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // a system that can't leaves it to whoever cleans that folder
	return f, nil
}

// A merger is one merge under way.
type merger struct {
	ctx        context.Context // of the one call this merger lives for
	w          *tableWriter
	in         []*mergeSource
	dropBefore uint32
	parallel   bool
	polite     *courtesy
	scratch    func() (scratchFile, error)
	ordinals   uint64 // above those of all sources
	polled     uint32

	userMail []uint32 // by new user: its new mail domain
	rootRows []uint32 // by new root: rows
	mailRows []uint32 // by new mail domain: rows

	parts []groupPart // of the group being merged
	refs  []rowRef
}

// unused marks what no row that stays refers to.
const unused = ^uint32(0)

// A mergeSource is one table being merged.
type mergeSource struct {
	t     *table
	c     *tableCursor
	index int
	base  uint64 // added to its ordinals

	// partial says that rows are dropped; remap and machines then are plain, and begin as
	// marks: unused, or 0.
	partial  bool
	remap    [numDicts]*ordMap // old ordinal to new
	machines *ordMap
	lostRoot []bool // roots and mail domains that lose rows
	lostMail []bool
	origins  []uint32 // old number of an origin to new

	groups         groupWindow
	rows           mergeWindow
	group, rootEnd uint32 // next group, and the end of its root
	root           uint32
	hash           hash128
	rootOut        uint32
}

// poll looks at the context now and then.
func (m *merger) poll() error {
	if m.polled++; m.polled%pollRows != 0 {
		return nil
	}
	m.polite.yield()
	return m.ctx.Err()
}

// coding takes over what most source rows are coded as.
func (m *merger) coding() (out [2]timeCoding) {
	for i := range out {
		var rows [2]uint64
		for _, s := range m.in {
			rows[s.t.coding[i]] += uint64(s.t.rows)
		}
		if rows[timeDelta] > rows[timePlain] {
			out[i] = timeDelta
		}
	}
	return out
}

// mark finds out what the rows that stay refer to.
func (m *merger) mark() error {
	for _, s := range m.in {
		s.partial = s.t.rows > 0 && s.t.minSeen < m.dropBefore
		for d := range s.remap {
			s.remap[d] = new(ordMap)
		}
		s.machines = new(ordMap)
		if !s.partial {
			continue
		}
		for d := range s.remap {
			s.remap[d].plain = filled(s.t.tableMeta.dicts[d], unused)
		}
		s.machines.plain = filled(s.t.machines, unused)
		s.origins = filled(max(1, s.t.origins), unused)
		s.lostRoot = make([]bool, s.remap[dictRoot].len())
		s.lostMail = make([]bool, s.remap[dictMail].len())
		if err := m.markSource(s); err != nil {
			return err
		}
	}
	return nil
}

func filled(n, v uint32) []uint32 {
	s := make([]uint32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func (m *merger) markSource(s *mergeSource) error {
	c := s.c
	for g := range s.t.groups {
		lo, hi := c.groupRows(g)
		kept := false
		root, user := c.groupRoot(g), c.groupUser(g)
		mail := c.userMail(user)
		for row := lo; row < hi; row++ {
			if err := m.poll(); err != nil {
				return err
			}
			if c.seen(row) < m.dropBefore {
				s.lostRoot[root], s.lostMail[mail] = true, true
				continue
			}
			kept = true
			s.remap[dictHost].plain[c.host(row)] = 0
			s.remap[dictSource].plain[c.source(row)] = 0
			s.remap[dictSoftware].plain[c.software(row)] = 0
			s.remap[dictProtocol].plain[c.protocol(row)] = 0
			s.machines.plain[c.machine(row)] = 0
		}
		if kept {
			s.remap[dictRoot].plain[root] = 0
			s.remap[dictDomain].plain[c.groupDomain(g)] = 0
			s.remap[dictMail].plain[mail] = 0
			s.remap[dictUser].plain[user] = 0
			s.remap[dictMask].plain[c.groupMask(g)] = 0
			s.origins[c.groupOrigin(g)] = 0
		}
		if g%pollRows == 0 && c.err() != nil {
			return c.err()
		}
	}
	for i, mark := range s.machines.plain {
		if mark == unused {
			continue
		}
		for f := range machineFields {
			s.remap[f.dict()].plain[c.machineField(uint32(i), f)] = 0
		}
	}
	return c.err()
}

// mergeRows merges groups and rows, then aggregates; if some hash stands below
// two roots, it goes through the rows once more for their ordinals.
func (m *merger) mergeRows() error {
	w := m.w
	w.keepOrders(m.userMail, m.scratch)
	w.beginRows()
	if w.meta.origins > 0 {
		w.groupOrigin = w.column(sectionGroupOrigin)
	}
	m.rootRows = make([]uint32, w.meta.dicts[dictRoot])
	m.mailRows = make([]uint32, w.meta.dicts[dictMail])
	if err := m.eachGroup(m.emitGroup); err != nil {
		return err
	}
	m.release()
	var split bool
	err := together(m.parallel, m.mergeAggregates, func() (err error) {
		split, err = w.endRows()
		return err
	})
	if err != nil || !split {
		return err
	}
	w.meta.ordinals = m.ordinals
	ordinals := w.column(sectionRowOrdinal)
	err = m.eachGroup(func() error {
		m.eachRow(func(s *mergeSource, row uint32) { ordinals.Append(s.base + s.c.ordinal(row)) })
		return nil
	})
	if err != nil {
		return err
	}
	return w.finishColumns()
}

// release lets go of what only rows needed, before they are put into orders: of
// millions of rows that is as much as the orders take. Ordinals stay what they
// are in the sources from here on.
func (m *merger) release() {
	for _, s := range m.in {
		for d := range s.remap {
			if d := dictID(d); d != dictRoot && d != dictMail {
				s.remap[d] = nil
			}
		}
		s.machines, s.groups, s.rows = nil, groupWindow{}, mergeWindow{}
		s.c = s.t.cursor()
	}
}

// emitGroup writes the group of m.parts.
func (m *merger) emitGroup() error {
	p := m.parts[0]
	s, c := p.s, p.s.c
	in, i := &s.groups, s.groups.at(s, p.g)
	g := outGroup{
		hash: s.hash, root: s.rootOut,
		domain: in.domain[i], user: in.user[i], mask: in.mask[i], pw: in.pw[i],
	}
	if m.w.groupOrigin != nil {
		// The sources ascend in sequence numbers, so the first has the least.
		g.origin = s.origins[c.groupOrigin(p.g)]
	}
	if g.pw&1 != 0 {
		g.digest, _ = c.digest(p.g)
	}
	if max(g.domain, g.user, g.mask, g.origin) == unused {
		return s.dangling()
	}
	m.w.group(&g)
	rows := uint32(0)
	var failed error
	m.eachRow(func(s *mergeSource, row uint32) {
		r, ok := s.row(row)
		if !ok {
			failed = s.dangling()
			return
		}
		m.w.row(&r)
		rows++
	})
	if failed != nil {
		return failed
	}
	m.rootRows[g.root] += rows
	m.mailRows[m.userMail[g.user]] += rows
	return m.poll()
}

// dangling: a row that stays refers to what no such row did when they were
// marked. So a read has failed, or gave something else than before.
func (s *mergeSource) dangling() error {
	s.c.corrupt("row of something unused")
	return s.c.err()
}

// A groupPart is what one source has of a group: group g, rows lo to hi-1.
type groupPart struct {
	s         *mergeSource
	g, lo, hi uint32
}

// A rowRef is a row of a source.
type rowRef struct {
	seen, row uint32
	s         *mergeSource
}

// eachRow calls fn for the rows of m.parts in the order of the new table: by
// seen, then source, then row.
func (m *merger) eachRow(fn func(s *mergeSource, row uint32)) {
	if len(m.parts) == 1 {
		p := m.parts[0]
		for row := p.lo; row < p.hi; row++ {
			fn(p.s, row)
		}
		return
	}
	m.refs = m.refs[:0]
	for _, p := range m.parts {
		for row := p.lo; row < p.hi; row++ {
			m.refs = append(m.refs, rowRef{p.s.c.seen(row), row, p.s})
		}
	}
	bySeen := func(a, b rowRef) int { return cmp.Compare(a.seen, b.seen) }
	if !slices.IsSortedFunc(m.refs, bySeen) {
		slices.SortStableFunc(m.refs, bySeen)
	}
	for _, r := range m.refs {
		fn(r.s, r.row)
	}
}

// eachGroup calls fn for each group of the new table, in order, with m.parts
// set to what the sources have of it.
func (m *merger) eachGroup(fn func() error) error {
	heap := make(groupHeap, 0, len(m.in))
	for _, s := range m.in {
		s.group, s.rootEnd, s.root = 0, 0, unused
		if s.nextGroup(m.dropBefore) {
			heap = append(heap, s.node())
		}
		if err := s.c.err(); err != nil {
			return err
		}
	}
	heap.init()
	groups := 0
	for len(heap) > 0 {
		m.parts = m.parts[:0]
		first := heap[0]
		m.parts = append(m.parts, m.in[first.source].part(m.dropBefore))
		if len(heap) > 1 {
			// All sources that have this group are at the top, one after another,
			// but a source moves on only when the group is written.
			m.tied(heap, 1, first.root, first.hash)
			m.tied(heap, 2, first.root, first.hash)
			if len(m.parts) > 1 {
				slices.SortFunc(m.parts, func(a, b groupPart) int { return cmp.Compare(a.s.index, b.s.index) })
			}
		}
		if err := fn(); err != nil {
			return err
		}
		for range m.parts {
			s := m.in[heap[0].source]
			s.group++
			if s.nextGroup(m.dropBefore) {
				heap.sink(0, s.node())
			} else {
				last := heap[len(heap)-1]
				if heap = heap[:len(heap)-1]; len(heap) > 0 {
					heap.sink(0, last)
				}
			}
		}
		if groups++; groups%pollRows == 0 {
			for _, s := range m.in {
				if err := s.c.err(); err != nil {
					return err
				}
			}
		}
	}
	for _, s := range m.in {
		if err := s.c.err(); err != nil {
			return err
		}
	}
	return nil
}

// tied adds the parts of the sources from i down the heap that are at the group.
func (m *merger) tied(heap groupHeap, i int, root uint32, hash hash128) {
	if i >= len(heap) || heap[i].root != root || heap[i].hash != hash {
		return
	}
	m.parts = append(m.parts, m.in[heap[i].source].part(m.dropBefore))
	m.tied(heap, 2*i+1, root, hash)
	m.tied(heap, 2*i+2, root, hash)
}

// nextGroup moves on to the first group from s.group that keeps rows, and
// reports whether there is one.
func (s *mergeSource) nextGroup(dropBefore uint32) bool {
	c := s.c
	for ; s.group < s.t.groups; s.group++ {
		if s.partial {
			hi := s.groups.row[s.groups.at(s, s.group)+1]
			if hi == 0 || c.seen(hi-1) < dropBefore {
				continue // its newest row is dropped
			}
		}
		for s.group >= s.rootEnd {
			s.root++
			if s.root >= s.remap[dictRoot].len() {
				c.corrupt("group of no root")
				return false
			}
			_, s.rootEnd = c.rootGroups(s.root)
			s.rootOut = s.remap[dictRoot].at(s.root)
		}
		if s.rootOut == unused {
			return s.dangling() == nil
		}
		s.hash = s.groups.hash[s.groups.at(s, s.group)]
		return true
	}
	return false
}

// part returns the rows of the group s is at, without those dropped.
func (s *mergeSource) part(dropBefore uint32) groupPart {
	i := s.groups.at(s, s.group)
	lo, hi := s.groups.row[i], s.groups.row[i+1]
	if s.partial {
		for lo < hi && s.c.seen(lo) < dropBefore {
			lo++
		}
	}
	return groupPart{s, s.group, lo, hi}
}

// A groupHeap has the source with the least next group at the top.
type groupHeap []groupNode

// A groupNode is the next group of a source.
type groupNode struct {
	hash         hash128
	root, source uint32
}

func (s *mergeSource) node() groupNode { return groupNode{s.hash, s.rootOut, uint32(s.index)} }

func (n *groupNode) less(o *groupNode) bool {
	if n.root != o.root {
		return n.root < o.root
	}
	if n.hash != o.hash {
		return n.hash.less(o.hash)
	}
	return n.source < o.source
}

func (h groupHeap) init() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.sink(i, h[i])
	}
}

// sink fills the hole at top with n, as [dictHeap.sink] does.
func (h groupHeap) sink(top int, n groupNode) {
	i := top
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].less(&h[child]) {
			child++
		}
		h[i] = h[child]
		i = child
	}
	for i > top {
		up := (i - 1) / 2
		if !n.less(&h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = n
}
