package leaks

// A merge takes groups and rows of each source in their order, so it reads them
// some at a time, a column at once, and brings them into the new ordinals on
// the way.

// A groupWindow is some groups of a source, their ordinals those of the new
// table: unused where no row that stays refers to something.
type groupWindow struct {
	first, n           uint32
	hash               []hash128
	row                []uint32 // n+1: where the rows of each begin, and the end
	domain, user, mask []uint32
	pw                 []uint32
}

// at returns the place of group g, which is below the source's groups.
func (w *groupWindow) at(s *mergeSource, g uint32) uint32 {
	if g-w.first >= w.n {
		w.load(s, g)
	}
	return g - w.first
}

func (w *groupWindow) load(s *mergeSource, g uint32) {
	c := s.c
	end := min(g+batchGroups, s.t.groups)
	w.first, w.n = g, end-g
	w.hash = c.groupHashes(g, end, w.hash[:0])
	w.row = c.decode(colGroupRow, g, end+1, w.row[:0])
	for i := range w.n {
		if w.row[i] > w.row[i+1] {
			c.corrupt("rows of a group descend")
			clear(w.row)
			break
		}
	}
	w.domain = s.remapped(dictDomain, colGroupDomain, g, end, w.domain)
	w.user = s.remapped(dictUser, colGroupUser, g, end, w.user)
	w.mask = s.remapped(dictMask, colGroupMask, g, end, w.mask)
	w.pw = c.decode(colGroupPassword, g, end, w.pw[:0])
}

// remapped decodes a column of ordinals into dst and makes them new ones.
func (s *mergeSource) remapped(d dictID, id columnID, lo, hi uint32, dst []uint32) []uint32 {
	dst = s.c.decode(id, lo, hi, dst[:0])
	s.remap[d].remap(dst)
	return dst
}

// A mergeWindow is some rows of a source, in the new table's ordinals.
type mergeWindow struct {
	first, n           uint32
	seen, upload, log  []uint32
	typ, source, host  []uint32
	machine            []uint32
	software, protocol []uint32
	times              []uint64
}

// at returns the place of a row, which is below the source's rows.
func (w *mergeWindow) at(s *mergeSource, row uint32) uint32 {
	if row-w.first >= w.n {
		w.load(s, row)
	}
	return row - w.first
}

func (w *mergeWindow) load(s *mergeSource, row uint32) {
	c := s.c
	end := min(row+batchRows, s.t.rows)
	w.first, w.n = row, end-row
	w.seen = c.decode(colSeen, row, end, w.seen[:0])
	w.upload = w.decodeTimes(c, colUpload, c.t.coding[0], w.upload)
	w.log = w.decodeTimes(c, colLog, c.t.coding[1], w.log)
	w.typ = c.decode(colType, row, end, w.typ[:0])
	w.source = s.remapped(dictSource, colSource, row, end, w.source)
	w.host = s.remapped(dictHost, colHost, row, end, w.host)
	w.machine = c.decode(colMachine, row, end, w.machine[:0])
	s.machines.remap(w.machine)
	w.software = s.remapped(dictSoftware, colSoftware, row, end, w.software)
	w.protocol = s.remapped(dictProtocol, colProtocol, row, end, w.protocol)
}

// decodeTimes decodes the times of a column, whose seen are there already.
func (w *mergeWindow) decodeTimes(c *tableCursor, id columnID, coding timeCoding, dst []uint32) []uint32 {
	w.times = c.column(id).Decode(uint64(w.first), uint64(w.first+w.n), w.times[:0])
	dst = dst[:0]
	for i, v := range w.times {
		dst = append(dst, coding.decode(w.seen[i], v))
	}
	return dst
}

// row returns a row in the new table's ordinals, and whether it refers to
// nothing unused.
func (s *mergeSource) row(row uint32) (outRow, bool) {
	w := &s.rows
	i := w.at(s, row)
	r := outRow{
		seen: w.seen[i], upload: w.upload[i], log: w.log[i], typ: Type(w.typ[i]),
		source: w.source[i], host: w.host[i], machine: w.machine[i],
		software: w.software[i], protocol: w.protocol[i],
	}
	return r, max(r.source, r.host, r.machine, r.software, r.protocol) != unused
}
