package flat

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"github.com/leakscope/leakscope/internal/segment"
)

// A Builder collects rows, in any order, and writes them as a table. It is for
// one goroutine.
type Builder struct {
	schema *Schema
	ids    []ID
	cols   []builderColumn
	memory int64
}

// A builderColumn holds the cells of the rows in the order they came.
type builderColumn struct {
	numbers []uint64
	bytes   []byte
	ords    []uint32 // of strings
	strings []string
	number  map[string]uint32
}

// NewBuilder returns an empty builder.
func NewBuilder(s *Schema) *Builder {
	return &Builder{schema: s, cols: make([]builderColumn, len(s.Columns))}
}

// Len returns how many rows were added.
func (b *Builder) Len() int { return len(b.ids) }

// Memory returns about how many bytes the rows take, and encoding them.
func (b *Builder) Memory() int64 { return b.memory }

// stringCost is what a distinct string costs beside its bytes: header, map
// entry, rank.
const stringCost = 72

// Add takes a row, whose texts it keeps.
func (b *Builder) Add(r *Row) error {
	if len(r.Cells) != len(b.schema.Columns) {
		return fmt.Errorf("row of %d cells for %d columns", len(r.Cells), len(b.schema.Columns))
	}
	for i := range b.cols {
		def, col, cell := &b.schema.Columns[i], &b.cols[i], &r.Cells[i]
		switch def.Kind {
		case Text:
			ord, ok := col.number[cell.Text]
			if !ok {
				if col.number == nil {
					col.number = make(map[string]uint32)
				}
				ord = uint32(len(col.strings))
				col.strings = append(col.strings, cell.Text)
				col.number[cell.Text] = ord
				b.memory += int64(len(cell.Text)) + stringCost
			}
			col.ords = append(col.ords, ord)
			b.memory += 8
		case Number:
			col.numbers = append(col.numbers, cell.Number)
			b.memory += 8
		case Bytes:
			if len(cell.Text) != def.Width {
				return fmt.Errorf("column %s: %d bytes, want %d", def.Name, len(cell.Text), def.Width)
			}
			col.bytes = append(col.bytes, cell.Text...)
			b.memory += int64(def.Width)
		}
	}
	b.ids = append(b.ids, r.ID)
	b.memory += 40
	return nil
}

// Encode writes the rows as a table to seg and finishes it.
func (b *Builder) Encode(ctx context.Context, seg *segment.Writer) (Summary, error) {
	keys := &b.cols[0]
	rank := ranks(keys.strings, nil)
	order := make([]sortRow, len(b.ids))
	for i := range order {
		order[i] = sortRow{
			key: rank.of[keys.ords[i]], row: uint32(i),
			hi: binary.BigEndian.Uint64(b.ids[i][:8]), lo: binary.BigEndian.Uint64(b.ids[i][8:]),
		}
	}
	slices.SortFunc(order, func(a, b sortRow) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo), cmp.Compare(a.row, b.row))
	})
	if err := ctx.Err(); err != nil {
		return Summary{}, err
	}
	first, last := b.cols[b.schema.First].numbers, b.cols[b.schema.Last].numbers
	out := &builtRows{b: b, rows: make([]uint32, 0, len(order)), first: make([]uint64, 0, len(order)), ranks: make([]ranking, len(b.cols))}
	for i := 0; i < len(order); {
		pick, least := order[i].row, first[order[i].row]
		j := i + 1
		for ; j < len(order) && order[j].sameRow(&order[i]); j++ {
			row := order[j].row
			least = min(least, first[row])
			if last[row] >= last[pick] {
				pick = row
			}
		}
		out.rows = append(out.rows, pick)
		out.first = append(out.first, least)
		i = j
	}
	for i := range b.cols {
		if b.schema.Columns[i].Kind != Text {
			continue
		}
		used := make([]bool, len(b.cols[i].strings))
		for _, row := range out.rows {
			used[b.cols[i].ords[row]] = true
		}
		out.ranks[i] = ranks(b.cols[i].strings, used)
	}
	return writeTable(ctx, seg, b.schema, out)
}

type sortRow struct {
	hi, lo   uint64
	key, row uint32
}

func (a *sortRow) sameRow(b *sortRow) bool { return a.key == b.key && a.hi == b.hi && a.lo == b.lo }

// A ranking is the sorted order of strings.
type ranking struct {
	sorted []uint32 // their places, ascending by string
	of     []uint32 // place -> rank
}

// ranks sorts those of strings that are used, all if that is nil.
func ranks(strings []string, used []bool) ranking {
	r := ranking{of: make([]uint32, len(strings))}
	for i := range strings {
		if used == nil || used[i] {
			r.sorted = append(r.sorted, uint32(i))
		}
	}
	slices.SortFunc(r.sorted, func(a, b uint32) int { return cmp.Compare(strings[a], strings[b]) })
	for rank, i := range r.sorted {
		r.of[i] = uint32(rank)
	}
	return r
}

// builtRows are the rows of a builder, sorted and each once.
type builtRows struct {
	b     *Builder
	rows  []uint32
	first []uint64 // of each of rows
	ranks []ranking
}

func (r *builtRows) len() int { return len(r.rows) }

func (r *builtRows) ids() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, row := range r.rows {
			if !yield(r.b.ids[row][:]) {
				return
			}
		}
	}
}

func (r *builtRows) strings(col int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var buf []byte
		for _, i := range r.ranks[col].sorted {
			buf = append(buf[:0], r.b.cols[col].strings[i]...)
			if !yield(buf) {
				return
			}
		}
	}
}

func (r *builtRows) numbers(col int) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		c := &r.b.cols[col]
		for i, row := range r.rows {
			var v uint64
			switch {
			case col == r.b.schema.First:
				v = r.first[i]
			case c.ords != nil:
				v = uint64(r.ranks[col].of[c.ords[row]])
			default:
				v = c.numbers[row]
			}
			if !yield(v) {
				return
			}
		}
	}
}

func (r *builtRows) bytes(col int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		w := r.b.schema.Columns[col].Width
		for _, row := range r.rows {
			if !yield(r.b.cols[col].bytes[int(row)*w:][:w]) {
				return
			}
		}
	}
}

func (r *builtRows) err() error { return nil }
