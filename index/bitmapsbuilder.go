package index

import (
	"errors"
	"slices"
	"sync"

	"github.com/leakscope/leakscope/internal/codec"
)

var (
	errValue    = errors.New("index: bitmap value out of range")
	errRowOrder = errors.New("index: rows of a bitmap builder must ascend")
)

const windowRows = 1 << 16 // the rows of one roaring container

// A BitmapsBuilder turns a column, read row by row, into bitmaps. It holds the
// rows of one window of 65,536 as they came; when the window is left, it sorts
// them by value and encodes each value's container. So it costs 8 bytes a value
// and a row of a window, besides what will be stored.
type BitmapsBuilder struct {
	err    error
	window uint32
	n      int    // rows of the window, as many of the first three of room in use
	column bool   // all came by AddAll: each row has one value, and none is left out
	first  uint16 // then, the window's first row

	*bitmapsRoom

	ends []uint32 // per value: where its rows end in sorted; zeros between windows
	runs []uint32 // per value: runs of its rows, of a column; zeros between windows
	seen []uint32 // values of the window, in order of appearance

	heads, tails []int32 // per value: first and last container; -1: none
	containers   []container
	bytes        [][]byte // encoded containers of each window
}

// A bitmapsRoom is where a builder works, from the pool until it has written.
type bitmapsRoom struct {
	values  []uint32 // of the window's rows
	lows    []uint16 // lower halves of the window's rows, unless they are a column
	sorted  []uint16 // lower halves by value
	scratch []byte   // the window's containers
}

var bitmapsRooms = sync.Pool{New: func() any { return new(bitmapsRoom) }}

// A container is what roaring stores of one value in one window.
type container struct {
	key      uint16 // the window
	less     uint16 // rows - 1
	run      bool
	slab     uint32 // in bytes
	off, end uint32
	next     int32 // of the same value; -1: none
}

// NewBitmapsBuilder returns a builder for values 0 <= value < values.
func NewBitmapsBuilder(values int) *BitmapsBuilder {
	b := &BitmapsBuilder{
		bitmapsRoom: bitmapsRooms.Get().(*bitmapsRoom),

		ends:  make([]uint32, values),
		runs:  make([]uint32, values),
		heads: make([]int32, values),
		tails: make([]int32, values),
	}
	for v := range b.heads {
		b.heads[v], b.tails[v] = -1, -1
	}
	return b
}

// Add says that row has value. Rows must ascend, over all values; a row may
// have several values, or none.
func (b *BitmapsBuilder) Add(value, row uint32) {
	if row>>16 != b.window {
		b.leave(row >> 16)
	}
	if b.column {
		b.list()
	}
	if b.n == len(b.values) {
		b.grow()
	}
	b.values[b.n], b.lows[b.n] = value, uint16(row)
	b.n++
}

// AddAll says that the rows from first on have these values, one each. It is
// several times as fast as Add.
func (b *BitmapsBuilder) AddAll(values []uint32, first uint32) {
	for len(values) > 0 {
		if first>>16 != b.window {
			b.leave(first >> 16)
		}
		if b.n == 0 {
			b.column, b.first = true, uint16(first)
		}
		n := min(len(values), windowRows-int(first&(windowRows-1)))
		if !b.column || int(b.first)+b.n != int(first&(windowRows-1)) {
			for i, v := range values[:n] {
				b.Add(v, first+uint32(i))
			}
		} else {
			for b.n+n > len(b.values) {
				b.grow()
			}
			b.n += copy(b.values[b.n:], values[:n])
		}
		values, first = values[n:], first+uint32(n)
	}
}

// list writes down the rows of a column, to which others are added.
func (b *BitmapsBuilder) list() {
	b.column = false
	for i := range b.n {
		b.lows[i] = b.first + uint16(i)
	}
}

// grow makes room for a window, or for more of one whose rows have several
// values. The room is kept: appending would cost a write barrier a row.
func (b *BitmapsBuilder) grow() {
	n := max(windowRows, 2*b.n)
	b.values = append(b.values, make([]uint32, n-b.n)...)
	b.lows = append(b.lows, make([]uint16, n-b.n)...)
	b.sorted = make([]uint16, n)
}

// leave encodes the window and begins another.
func (b *BitmapsBuilder) leave(window uint32) {
	b.encode()
	b.n, b.column = 0, false
	if window < b.window && b.err == nil {
		b.err = errRowOrder
	}
	b.window = window
}

// encode sorts the window's rows by value and encodes them.
func (b *BitmapsBuilder) encode() {
	if b.n == 0 || b.err != nil {
		return
	}
	values, lows, sorted := b.values[:b.n], b.lows[:b.n], b.sorted[:b.n]
	ends, runs := b.ends, b.runs
	before := ^uint32(0)
	for _, v := range values {
		if uint64(v) >= uint64(len(ends)) || uint64(v) >= uint64(len(runs)) {
			b.err = errValue
			return
		}
		n := ends[v]
		ends[v] = n + 1
		if v != before {
			runs[v]++
			if n == 0 {
				b.seen = append(b.seen, v)
			}
		}
		before = v
	}
	sum := uint32(0)
	for _, v := range b.seen {
		sum, ends[v] = sum+ends[v], sum
	}
	if b.column {
		for i, v := range values {
			at := ends[v]
			ends[v] = at + 1
			sorted[at] = b.first + uint16(i)
		}
	} else {
		for i, v := range values {
			sorted[ends[v]] = lows[i]
			ends[v]++
		}
	}
	slab := b.scratch[:0]
	start := uint32(0)
	for _, v := range b.seen {
		rows := sorted[start:b.ends[v]]
		start, b.ends[v] = b.ends[v], 0
		runs := int(b.runs[v])
		b.runs[v] = 0
		if !b.column {
			if rows, runs = distinct(rows); rows == nil {
				b.err = errRowOrder
				return
			}
		}
		c := container{
			key: uint16(b.window), less: uint16(len(rows) - 1),
			slab: uint32(len(b.bytes)), off: uint32(len(slab)), next: -1,
		}
		slab, c.run = appendContainer(slab, rows, runs)
		c.end = uint32(len(slab))
		b.link(v, c)
	}
	b.seen = b.seen[:0]
	b.bytes, b.scratch = append(b.bytes, slices.Clone(slab)), slab
}

// link appends c to the containers of v.
func (b *BitmapsBuilder) link(v uint32, c container) {
	at := int32(len(b.containers))
	b.containers = append(b.containers, c)
	if b.heads[v] < 0 {
		b.heads[v] = at
	} else {
		b.containers[b.tails[v]].next = at
	}
	b.tails[v] = at
}

// distinct takes repetitions out of ascending rows, in place, and counts the
// runs of consecutive ones. Rows that do not ascend give nil.
func distinct(rows []uint16) ([]uint16, int) {
	n, runs, before := 1, 1, rows[0]
	for _, row := range rows[1:] {
		if row != before+1 {
			if row < before {
				return nil, 0
			}
			if row == before {
				continue
			}
			runs++
		}
		rows[n] = row
		n++
		before = row
	}
	return rows[:n], runs
}

// WriteTo writes the bitmaps of everything added. It may be called once. The
// error is the sink's, or that of a value out of range or of rows that did not
// ascend.
func (b *BitmapsBuilder) WriteTo(sink codec.ChunkSink) error {
	b.leave(b.window)
	if b.err != nil {
		return b.err
	}
	w := NewBitmapsWriter(sink)
	var piece []container
	var pieces []encodedPiece
	var encoded []byte
	for v := range b.heads {
		pieces, encoded = pieces[:0], encoded[:0]
		for at := b.heads[v]; at >= 0; {
			piece = piece[:0]
			number := b.containers[at].key >> (pieceShift - 16)
			rows := uint64(0)
			for ; at >= 0 && b.containers[at].key>>(pieceShift-16) == number; at = b.containers[at].next {
				piece = append(piece, b.containers[at])
				rows += uint64(b.containers[at].less) + 1
			}
			start := len(encoded)
			encoded = b.appendBitmap(encoded, piece)
			pieces = append(pieces, encodedPiece{uint32(number), rows, len(encoded) - start})
		}
		if len(pieces) > 0 {
			w.add(uint32(v), pieces, encoded)
		}
	}
	bitmapsRooms.Put(b.bitmapsRoom)
	b.bitmapsRoom = nil
	return w.Finish()
}
