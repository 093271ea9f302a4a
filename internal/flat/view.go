package flat

import (
	"bytes"
	"cmp"
	"context"
	"slices"
)

// A Span is a range of keys, From <= key < To.
type Span struct{ From, To string }

// A View is tables of one schema read as one, oldest first. It is safe for
// concurrent use.
type View struct {
	schema *Schema
	tables []*Table
}

// NewView returns a view of tables, oldest first.
func NewView(s *Schema, tables []*Table) *View { return &View{s, tables} }

// A Selection is the rows of a view within some spans, each once. It does not
// change and is safe for concurrent use.
type Selection struct {
	tables []tableSelection
}

// A tableSelection is what a selection has of one table.
type tableSelection struct {
	keys []keyRange
	// hidden are rows within keys for which another table has a later one;
	// ascending.
	hidden []uint32
	// earlier are the rows that another table has seen first.
	earlier []earlierRow
}

type keyRange struct{ from, to uint32 }

type earlierRow struct {
	row   uint32
	first uint64
}

// Cost returns about how many bytes the selection takes.
func (s *Selection) Cost() int64 {
	n := int64(64)
	for i := range s.tables {
		t := &s.tables[i]
		n += int64(64 + 8*len(t.keys) + 4*len(t.hidden) + 16*len(t.earlier))
	}
	return n
}

// All selects every row.
func (v *View) All(ctx context.Context) (*Selection, error) {
	sel := &Selection{tables: make([]tableSelection, len(v.tables))}
	for i, t := range v.tables {
		if n := t.Keys(); n > 0 {
			sel.tables[i].keys = []keyRange{{0, n}}
		}
	}
	return sel, v.resolve(ctx, sel)
}

// Select selects the rows of keys within any of spans.
func (v *View) Select(ctx context.Context, spans []Span) (*Selection, error) {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	sel := &Selection{tables: make([]tableSelection, len(v.tables))}
	for i, t := range v.tables {
		c := t.cursor()
		var list []keyRange
		for j, sp := range spans {
			if j%blockRows == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			r := keyRange{c.find(sp.From), c.find(sp.To)}
			if n := len(list); n > 0 && r.from <= list[n-1].to {
				list[n-1].to = max(list[n-1].to, r.to)
			} else if r.from < r.to {
				list = append(list, r)
			}
		}
		if err := c.err(); err != nil {
			return nil, err
		}
		sel.tables[i].keys = list
	}
	return sel, v.resolve(ctx, sel)
}

// resolve fills in which rows of sel hide which.
func (v *View) resolve(ctx context.Context, sel *Selection) error {
	return v.shared(ctx, sel, func(group []member) {
		shown, first := combine(group)
		for i := range group {
			m, t := &group[i], &sel.tables[group[i].table]
			switch {
			case i != shown:
				t.hidden = append(t.hidden, m.row)
			case first < m.first:
				t.earlier = append(t.earlier, earlierRow{m.row, first})
			}
		}
	})
}

// A member is a row of one table that is the same as others'.
type member struct {
	table       int
	row         uint32
	first, last uint64
}

// combine says which of a group, oldest first, has the columns of the whole,
// and when that was first seen.
func combine(group []member) (shown int, first uint64) {
	first = group[0].first
	for i := 1; i < len(group); i++ {
		first = min(first, group[i].first)
		if group[i].last >= group[shown].last {
			shown = i
		}
	}
	return shown, first
}

// A stream is the place in one table's selected keys.
type stream struct {
	table int
	c     *cursor
	keys  []keyRange // what is left; the first one's from is the current key
	name  []byte     // of the current key
	row   uint32     // within a shared key
	end   uint32
	id    ID
}

// next moves to the next key; false at the end.
func (s *stream) next() bool {
	if s.keys[0].from++; s.keys[0].from >= s.keys[0].to {
		s.keys = s.keys[1:]
	}
	return s.load()
}

func (s *stream) load() bool {
	if len(s.keys) == 0 {
		return false
	}
	s.name = append(s.name[:0], s.c.keys.At(s.keys[0].from)...)
	return s.c.keys.Err() == nil
}

// shared calls fn for the rows that are in several tables, in the order of the
// rows, with the members oldest first. fn must not keep them.
func (v *View) shared(ctx context.Context, sel *Selection, fn func(group []member)) error {
	var live, done []*stream
	for i, t := range v.tables {
		if len(sel.tables[i].keys) == 0 {
			continue
		}
		s := &stream{table: i, c: t.cursor(), keys: slices.Clone(sel.tables[i].keys)}
		done = append(done, s)
		if s.load() {
			live = append(live, s)
		}
	}
	if len(done) == 1 {
		return nil // nothing is shared, and nothing needs to be looked at
	}
	var same []*stream
	for steps := 0; len(live) > 1; steps++ {
		if steps%blockRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		same = append(same[:0], live[0])
		for _, s := range live[1:] {
			switch c := bytes.Compare(s.name, same[0].name); {
			case c < 0:
				same = append(same[:0], s)
			case c == 0:
				same = append(same, s)
			}
		}
		if len(same) > 1 {
			if err := v.sharedKey(ctx, same, fn); err != nil {
				return err
			}
		}
		ended := false
		for _, s := range same {
			if !s.next() {
				ended = true
				s.keys = nil
			}
		}
		if ended {
			live = slices.DeleteFunc(live, func(s *stream) bool { return s.keys == nil || s.c.keys.Err() != nil })
		}
	}
	for _, s := range done {
		if err := s.c.err(); err != nil {
			return err
		}
	}
	return nil
}

// sharedKey calls fn for the rows of one key that are in several of streams,
// which are oldest first.
func (v *View) sharedKey(ctx context.Context, streams []*stream, fn func(group []member)) error {
	var live []*stream
	for _, s := range streams {
		if s.row, s.end = s.c.run(s.keys[0].from); s.row < s.end {
			s.id = s.c.id(s.row)
			live = append(live, s)
		}
	}
	var (
		group []member
		same  []*stream
	)
	for steps := 1; len(live) > 1; steps++ {
		if steps%blockRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		same = append(same[:0], live[0])
		for _, s := range live[1:] {
			switch c := bytes.Compare(s.id[:], same[0].id[:]); {
			case c < 0:
				same = append(same[:0], s)
			case c == 0:
				same = append(same, s)
			}
		}
		if len(same) > 1 {
			group = group[:0]
			for _, s := range same {
				group = append(group, member{s.table, s.row,
					s.c.number(v.schema.First, s.row), s.c.number(v.schema.Last, s.row)})
			}
			fn(group)
		}
		ended := false
		for _, s := range same {
			if s.row++; s.row == s.end {
				ended = true
			} else {
				s.id = s.c.id(s.row)
			}
		}
		if ended {
			live = slices.DeleteFunc(live, func(s *stream) bool { return s.row == s.end })
		}
	}
	for _, s := range streams {
		if err := s.c.err(); err != nil {
			return err
		}
	}
	return nil
}
