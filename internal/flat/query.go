package flat

import (
	"context"
	"math"

	"github.com/leakscope/leakscope/index"
)

// A Query filters and orders the rows of a selection.
type Query struct {
	// From <= First < To.
	From, To uint64
	// Search is a substring, in any case, of one of Columns, which hold text;
	// empty: no filter.
	Search  string
	Columns []int
	// Sort is the column to sort by: text, numbers, or the key. Rows that are
	// equal there come in the table's order, also when Descending.
	Sort       int
	Descending bool
	// Offset and Limit cut the page out.
	Offset, Limit int
}

// A Page is the answer to a query.
type Page struct {
	Total int // rows that match
	Rows  []Row
}

// Query answers q over the rows of sel, which is of this view.
func (v *View) Query(ctx context.Context, sel *Selection, q *Query) (*Page, error) {
	var m *index.Matcher
	if q.Search != "" {
		m = index.NewMatcher(q.Search)
	}
	page := &Page{}
	want := math.MaxInt
	if q.Offset <= math.MaxInt-q.Limit {
		want = q.Offset + q.Limit
	}
	var lists []*list
	for i, t := range v.tables {
		s := &scan{q: q, matcher: m, t: t, c: t.cursor(), sel: &sel.tables[i]}
		s.rank.init(want, q.Descending)
		if err := s.run(ctx); err != nil {
			return nil, err
		}
		page.Total += s.total
		lists = append(lists, &list{t: t, c: s.c, q: q, sel: &sel.tables[i], rows: s.rank.sorted()})
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var err error
	page.Rows, err = mergeLists(ctx, lists, q)
	return page, err
}

// A scan goes through one table's part of a selection.
type scan struct {
	q       *Query
	matcher *index.Matcher
	t       *Table
	c       *cursor
	sel     *tableSelection
	rank    ranker
	total   int

	hidden  []uint32
	earlier []earlierRow

	key              uint32 // whose rows are keyStart <= row < keyEnd
	keyStart, keyEnd uint32

	search []searched
	rows   []uint32 // of the block, that are not filtered out so far
	values []uint64
	first  []uint64
}

// A searched column.
type searched struct {
	col   int
	known []uint8  // what is known of each string
	ords  []uint64 // of the block's rows
}

const (
	unknown uint8 = iota
	differs
	matches
)

func (s *scan) run(ctx context.Context) error {
	s.hidden, s.earlier = s.sel.hidden, s.sel.earlier
	s.prepare()
	for _, r := range s.sel.keys {
		lo, hi := s.c.start(r.from), s.c.start(r.to)
		if s.counted(lo, hi) {
			continue
		}
		for lo < hi {
			if err := ctx.Err(); err != nil {
				return err
			}
			end := min(hi, lo+blockRows)
			s.block(lo, end)
			lo = end
			if err := s.c.err(); err != nil {
				return err
			}
		}
	}
	return s.c.err()
}

// counted counts rows without looking at them, where nothing else is asked for.
func (s *scan) counted(lo, hi uint32) bool {
	if s.rank.k > 0 || s.matcher != nil || s.q.From > 0 || s.q.To < math.MaxUint64 {
		return false
	}
	n := int(hi) - int(lo)
	for len(s.hidden) > 0 && s.hidden[0] < hi {
		s.hidden = s.hidden[1:]
		n--
	}
	s.total += max(n, 0)
	return true
}

// block looks at the rows lo <= row < hi.
func (s *scan) block(lo, hi uint32) {
	s.rows = s.rows[:0]
	for row := lo; row < hi; {
		for len(s.hidden) > 0 && s.hidden[0] < row {
			s.hidden = s.hidden[1:]
		}
		next := hi // hidden, or the end
		if len(s.hidden) > 0 {
			next = min(hi, s.hidden[0])
		}
		for ; row < next; row++ {
			s.rows = append(s.rows, row)
		}
		row = next + 1
	}
	first := s.t.schema.First
	window := s.q.From > 0 || s.q.To < math.MaxUint64
	if window || s.q.Sort == first {
		s.first = s.c.cols[first].values.Decode(uint64(lo), uint64(hi), s.first[:0])
		if s.c.err() != nil {
			return
		}
		for ; len(s.earlier) > 0 && s.earlier[0].row < hi; s.earlier = s.earlier[1:] {
			if row := s.earlier[0].row; row >= lo {
				s.first[row-lo] = s.earlier[0].first
			}
		}
	}
	if window {
		kept := s.rows[:0]
		for _, row := range s.rows {
			if v := s.first[row-lo]; v >= s.q.From && v < s.q.To {
				kept = append(kept, row)
			}
		}
		s.rows = kept
	}
	if s.matcher != nil {
		s.searchBlock(lo, hi)
	}
	if s.c.err() != nil {
		return
	}
	s.total += len(s.rows)
	if s.rank.k == 0 || len(s.rows) == 0 {
		return
	}
	values := s.first
	switch s.q.Sort {
	case first:
	case 0: // the table's order
		for _, row := range s.rows {
			s.rank.add(uint64(s.keyOf(row)), row)
		}
		return
	default:
		s.values = s.c.cols[s.q.Sort].values.Decode(uint64(lo), uint64(hi), s.values[:0])
		if s.c.err() != nil {
			return
		}
		values = s.values
	}
	for _, row := range s.rows {
		if v := values[row-lo]; s.rank.wants(v) {
			s.rank.add(v, row)
		}
	}
}

// prepare gets ready to search: where much of a column's dictionary will be
// looked at, all of it is, which is faster by the string.
func (s *scan) prepare() {
	if s.matcher == nil {
		return
	}
	rows := uint64(0)
	for _, r := range s.sel.keys {
		rows += uint64(s.c.start(r.to)) - uint64(min(s.c.start(r.from), s.c.start(r.to)))
	}
	for _, col := range s.q.Columns {
		if col == 0 {
			s.search = append(s.search, searched{col: col, known: make([]uint8, s.t.keys.Len())})
			continue
		}
		n := s.t.cols[col].dict.Len()
		known := make([]uint8, n)
		text := s.t.cols[col].text
		if indexed := text != nil && len(index.Fold(s.q.Search)) >= 3; !indexed && rows < uint64(n)/8 {
			s.search = append(s.search, searched{col: col, known: known})
			continue
		}
		for j := range known {
			known[j] = differs
		}
		any := false
		s.c.cols[col].dict.SearchText(text, 0, n, s.matcher, func(ord uint32) bool {
			known[ord], any = matches, true
			return true
		})
		if any { // else no row matches by this column
			s.search = append(s.search, searched{col: col, known: known})
		}
	}
}

// keyOf returns the key of a row; neighbours are cheap.
func (s *scan) keyOf(row uint32) uint32 {
	if row < s.keyStart || row >= s.keyEnd {
		s.key = s.c.keyOf(row)
		s.keyStart, s.keyEnd = s.c.start(s.key), s.c.start(s.key+1)
	}
	return s.key
}

// searchBlock keeps the block's rows that match.
func (s *scan) searchBlock(lo, hi uint32) {
	for i := range s.search {
		if c := &s.search[i]; c.col > 0 {
			c.ords = s.c.cols[c.col].values.Decode(uint64(lo), uint64(hi), c.ords[:0])
		}
	}
	kept := s.rows[:0]
	if s.c.err() == nil {
		for _, row := range s.rows {
			if s.found(row, lo) {
				kept = append(kept, row)
			}
		}
	}
	s.rows = kept
}

// found reports whether a row of the block that begins with lo matches.
func (s *scan) found(row, lo uint32) bool {
	for i := range s.search {
		c := &s.search[i]
		var ord uint64
		if c.col == 0 {
			ord = uint64(s.keyOf(row))
		} else {
			ord = c.ords[row-lo]
		}
		if ord >= uint64(len(c.known)) {
			s.c.fail("a row has string %d of %d", ord, len(c.known))
			return false
		}
		if c.known[ord] == unknown {
			c.known[ord] = s.match(c.col, uint32(ord))
		}
		if c.known[ord] == matches {
			return true
		}
	}
	return false
}

func (s *scan) match(col int, ord uint32) uint8 {
	var text []byte
	if col == 0 {
		text = s.c.keys.At(ord)
		if show := s.t.schema.Show; show != nil {
			text = []byte(show(string(text)))
		}
	} else {
		text = s.c.cols[col].dict.At(ord)
	}
	if s.matcher.Match(text) {
		return matches
	}
	return differs
}
