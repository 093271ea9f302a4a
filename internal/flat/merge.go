package flat

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/leakscope/leakscope/internal/segment"
)

// A Drop says which rows of a table a merge leaves out: those last seen before
// an instant, but for some.
type Drop struct {
	Before uint64
	Keep   []uint32 // rows, ascending
}

// Expired says, for each table, what to leave out so that the view loses all
// rows that were last seen before an instant, and nothing else of any row: a
// row that some table has seen since stays in all of them, with when it was
// first seen. A table that loses nothing has the zero Drop.
func (v *View) Expired(ctx context.Context, before uint64) ([]Drop, error) {
	drops := make([]Drop, len(v.tables))
	all := &Selection{tables: make([]tableSelection, len(v.tables))}
	for i, t := range v.tables {
		if n := t.Keys(); n > 0 {
			all.tables[i].keys = []keyRange{{0, n}}
		}
	}
	err := v.shared(ctx, all, func(group []member) {
		last := uint64(0)
		for _, m := range group {
			last = max(last, m.last)
		}
		for _, m := range group {
			if last >= before && m.last < before {
				drops[m.table].Keep = append(drops[m.table].Keep, m.row)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for i, t := range v.tables {
		c, old := t.cursor(), 0
		for row := range t.rows {
			if row%blockRows == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if c.number(t.schema.Last, row) < before {
				old++
			}
		}
		if err := c.err(); err != nil {
			return nil, err
		}
		if old > len(drops[i].Keep) {
			drops[i].Before = before
		} else {
			drops[i] = Drop{}
		}
	}
	return drops, nil
}

// Merge writes one table of all rows of tables, oldest first, to seg and
// finishes it. drops, nil or one for each table, says what to leave out.
func Merge(ctx context.Context, seg *segment.Writer, s *Schema, tables []*Table, drops []Drop) (Summary, error) {
	if len(tables) > MaxTables {
		return Summary{}, fmt.Errorf("merge of %d tables; %d are allowed", len(tables), MaxTables)
	}
	m := &merger{ctx: ctx, s: s, tables: tables, used: make([][][]bool, len(tables))}
	v := NewView(s, tables)
	sel, err := v.All(ctx)
	if err != nil {
		return Summary{}, err
	}
	for i := range tables {
		m.sources = append(m.sources, &mergeSource{c: tables[i].cursor(), sel: &sel.tables[i]})
		if drops != nil {
			m.sources[i].drop = drops[i]
		}
	}
	if err := m.order(); err != nil {
		return Summary{}, err
	}
	if err := m.mapStrings(); err != nil {
		return Summary{}, err
	}
	return writeTable(ctx, seg, s, m)
}

// A merger is the rows of a merge: first their order, then column by column.
type merger struct {
	ctx     context.Context
	s       *Schema
	tables  []*Table
	sources []*mergeSource

	// A row each: the table, the row there, and, where other tables have seen
	// it first, when.
	table   []uint8
	row     []uint32
	earlier []earlierRow // row is that of the merged table

	used  [][][]bool    // table, column: the strings of rows that are left
	ords  [][][]uint32  // table, column: a string's ordinal in the merged one
	texts [][]textPlace // column: the merged strings, ascending
	bad   error
}

type textPlace struct {
	table uint8
	ord   uint32
}

// A mergeSource is the place in one table.
type mergeSource struct {
	c    *cursor
	sel  *tableSelection
	drop Drop

	row     uint32
	hidden  []uint32
	earlier []earlierRow
	keep    []uint32

	key    uint32 // of row
	keyEnd uint32
	name   []byte
	id     ID
}

// next moves to the first row from s.row on that is left; false at the end.
func (s *mergeSource) next() bool {
	for ; s.row < s.c.t.rows; s.row++ {
		if len(s.hidden) > 0 && s.hidden[0] == s.row {
			s.hidden = s.hidden[1:]
			// What is hidden is dropped, kept or not.
			if len(s.keep) > 0 && s.keep[0] == s.row {
				s.keep = s.keep[1:]
			}
			continue
		}
		if len(s.keep) > 0 && s.keep[0] == s.row {
			s.keep = s.keep[1:]
		} else if s.drop.Before > 0 && s.c.number(s.c.t.schema.Last, s.row) < s.drop.Before {
			continue
		}
		if s.row >= s.keyEnd {
			s.key = s.c.keyOf(s.row)
			s.keyEnd = s.c.start(s.key + 1)
			s.name = append(s.name[:0], s.c.keys.At(s.key)...)
		}
		s.id = s.c.id(s.row)
		return s.c.bad == nil
	}
	return false
}

// order finds the merged order of the rows.
func (m *merger) order() error {
	var live []int
	for i, s := range m.sources {
		s.hidden, s.earlier, s.keep = s.sel.hidden, s.sel.earlier, s.drop.Keep
		m.used[i] = make([][]bool, len(m.s.Columns))
		for col, def := range m.s.Columns {
			switch {
			case col == 0:
				m.used[i][col] = make([]bool, m.tables[i].Keys())
			case def.Kind == Text:
				m.used[i][col] = make([]bool, m.tables[i].cols[col].dict.Len())
			}
		}
		if s.next() {
			live = append(live, i)
		}
	}
	for len(live) > 0 {
		if len(m.row)%blockRows == 0 {
			if err := m.ctx.Err(); err != nil {
				return err
			}
			if err := m.err(); err != nil {
				return err
			}
		}
		at, best := 0, m.sources[live[0]]
		for i := 1; i < len(live); i++ {
			s := m.sources[live[i]]
			c := bytes.Compare(s.name, best.name)
			if c == 0 {
				c = bytes.Compare(s.id[:], best.id[:])
			}
			if c < 0 {
				at, best = i, s
			}
		}
		m.take(live[at])
		best.row++
		if !best.next() {
			live = slices.Delete(live, at, at+1)
		}
	}
	return m.err()
}

// take appends the current row of a table.
func (m *merger) take(table int) {
	s := m.sources[table]
	for len(s.earlier) > 0 && s.earlier[0].row < s.row {
		s.earlier = s.earlier[1:]
	}
	if len(s.earlier) > 0 && s.earlier[0].row == s.row {
		m.earlier = append(m.earlier, earlierRow{uint32(len(m.row)), s.earlier[0].first})
	}
	m.table = append(m.table, uint8(table))
	m.row = append(m.row, s.row)
	for col, used := range m.used[table] {
		ord := s.key
		if used == nil {
			continue
		}
		if col > 0 {
			ord = s.c.ord(col, s.row)
		}
		if int(ord) < len(used) {
			used[ord] = true
		}
	}
}

// mapStrings merges the dictionaries, each string that is left once.
func (m *merger) mapStrings() error {
	m.texts = make([][]textPlace, len(m.s.Columns))
	m.ords = make([][][]uint32, len(m.tables))
	for i := range m.ords {
		m.ords[i] = make([][]uint32, len(m.s.Columns))
	}
	for col, def := range m.s.Columns {
		if def.Kind == Text {
			if err := m.mapColumn(col); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *merger) mapColumn(col int) error {
	type place struct {
		table int
		ord   uint32
		text  []byte
	}
	var live []*place
	advance := func(p *place) bool {
		used := m.used[p.table][col]
		for ; int(p.ord) < len(used); p.ord++ {
			if used[p.ord] {
				p.text = append(p.text[:0], m.string(p.table, col, p.ord)...)
				return true
			}
		}
		return false
	}
	for i := range m.tables {
		m.ords[i][col] = make([]uint32, len(m.used[i][col]))
		if p := (&place{table: i}); advance(p) {
			live = append(live, p)
		}
	}
	var before []byte
	for len(live) > 0 {
		n := len(m.texts[col])
		if n%blockRows == 0 {
			if err := m.ctx.Err(); err != nil {
				return err
			}
			if err := m.err(); err != nil {
				return err
			}
		}
		at := 0
		for i := 1; i < len(live); i++ {
			if bytes.Compare(live[i].text, live[at].text) < 0 {
				at = i
			}
		}
		p := live[at]
		if n == 0 || !bytes.Equal(p.text, before) {
			m.texts[col] = append(m.texts[col], textPlace{uint8(p.table), p.ord})
			before = append(before[:0], p.text...)
			n++
		}
		m.ords[p.table][col][p.ord] = uint32(n - 1)
		p.ord++
		if !advance(p) {
			live = slices.Delete(live, at, at+1)
		}
	}
	return m.err()
}

func (m *merger) string(table, col int, ord uint32) []byte {
	if col == 0 {
		return m.sources[table].c.keys.At(ord)
	}
	return m.sources[table].c.cols[col].dict.At(ord)
}

func (m *merger) len() int { return len(m.row) }

func (m *merger) err() error {
	if m.bad != nil {
		return m.bad
	}
	for _, s := range m.sources {
		if err := s.c.err(); err != nil {
			m.bad = err
			return err
		}
	}
	return nil
}

// each calls fn for the rows in order, until something is wrong.
func (m *merger) each(fn func(i int, table int, row uint32) bool) {
	for i, row := range m.row {
		if i%blockRows == 0 {
			if err := m.ctx.Err(); err != nil {
				m.bad = err
			}
			if m.err() != nil {
				return
			}
		}
		if !fn(i, int(m.table[i]), row) {
			return
		}
	}
}

func (m *merger) ids() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		m.each(func(_ int, table int, row uint32) bool { return yield(m.sources[table].c.ids.At(uint64(row))) })
	}
}

func (m *merger) strings(col int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, p := range m.texts[col] {
			if !yield(m.string(int(p.table), col, p.ord)) {
				return
			}
		}
	}
}

func (m *merger) numbers(col int) iter.Seq[uint64] {
	if col == 0 {
		return m.keyNumbers
	}
	return func(yield func(uint64) bool) {
		earlier := m.earlier
		m.each(func(i int, table int, row uint32) bool {
			c := m.sources[table].c
			if col == m.s.First && len(earlier) > 0 && int(earlier[0].row) == i {
				first := earlier[0].first
				earlier = earlier[1:]
				return yield(first)
			}
			if m.s.Columns[col].Kind != Text {
				return yield(c.number(col, row))
			}
			return yield(uint64(m.ords[table][col][c.ord(col, row)])) // of a table with rows no column is without strings
		})
	}
}

// keyNumbers are the ordinals of the rows' keys.
func (m *merger) keyNumbers(yield func(uint64) bool) {
	type run struct{ key, end uint32 }
	runs := make([]run, len(m.tables))
	m.each(func(_ int, table int, row uint32) bool {
		c, r := m.sources[table].c, &runs[table]
		if row >= r.end {
			r.key = c.keyOf(row)
			r.end = c.start(r.key + 1)
		}
		if int(r.key) >= len(m.ords[table][0]) {
			c.fail("a row has no key")
			return false
		}
		return yield(uint64(m.ords[table][0][r.key]))
	})
}

func (m *merger) bytes(col int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		m.each(func(_ int, table int, row uint32) bool {
			return yield(m.sources[table].c.cols[col].bytes.At(uint64(row)))
		})
	}
}
