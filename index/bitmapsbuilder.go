package index

import (
	"errors"

	"github.com/leakscope/leakscope/internal/codec"
)

// errValue: a builder is told how many values there are.
var errValue = errors.New("index: bitmap value out of range")

const windowRows = 1 << 16 // the rows of one roaring container

// A BitmapsBuilder turns a column, read row by row, into bitmaps. It holds the
// rows of one window of 65,536 as they came, and sorts them by value when the
// window is left: besides 640 KiB it holds what roaring does.
type BitmapsBuilder struct {
	err    error
	window uint32
	n      int
	values []uint32 // of the window's rows
	rows   []uint32
	sorted []uint32 // rows by value
	ends   []uint32 // per value; zeros between flushes
	seen   []uint32 // values of the window, in order of appearance
	sets   []*Set   // per value; nil: no rows
}

// NewBitmapsBuilder returns a builder for values 0 <= value < values.
func NewBitmapsBuilder(values int) *BitmapsBuilder {
	return &BitmapsBuilder{
		values: make([]uint32, windowRows),
		rows:   make([]uint32, windowRows),
		ends:   make([]uint32, values),
		sets:   make([]*Set, values),
	}
}

// Add says that row has value. Rows should ascend, whatever their values; a
// row may have several values or none.
func (b *BitmapsBuilder) Add(value, row uint32) {
	if row>>16 != b.window || b.n == windowRows {
		b.flush()
		b.window = row >> 16
	}
	b.values[b.n&(windowRows-1)], b.rows[b.n&(windowRows-1)] = value, row
	b.n++
}

// flush moves the window's rows to the sets.
func (b *BitmapsBuilder) flush() {
	values, rows := b.values[:b.n], b.rows[:b.n]
	b.n = 0
	if len(rows) == 0 || b.err != nil {
		return
	}
	for _, v := range values {
		if uint64(v) >= uint64(len(b.ends)) {
			b.err = errValue
			return
		}
		if b.ends[v] == 0 {
			b.seen = append(b.seen, v)
		}
		b.ends[v]++
	}
	sum := uint32(0)
	for _, v := range b.seen {
		sum, b.ends[v] = sum+b.ends[v], sum
	}
	if b.sorted == nil {
		b.sorted = make([]uint32, windowRows)
	}
	for i, v := range values {
		b.sorted[b.ends[v]] = rows[i]
		b.ends[v]++
	}
	start := uint32(0)
	for _, v := range b.seen {
		end := b.ends[v]
		b.ends[v] = 0
		if b.sets[v] == nil {
			b.sets[v] = new(Set)
		}
		b.sets[v].b.AddMany(b.sorted[start:end])
		start = end
	}
	b.seen = b.seen[:0]
}

// WriteTo writes the bitmaps of everything added. It may be called once. The
// error is the sink's, or that of a value out of range.
func (b *BitmapsBuilder) WriteTo(sink codec.ChunkSink) error {
	b.flush()
	if b.err != nil {
		return b.err
	}
	w := NewBitmapsWriter(sink)
	for v, s := range b.sets {
		if s != nil {
			w.Add(uint32(v), s)
		}
	}
	return w.Finish()
}
