package index

import (
	"fmt"
	"iter"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/leakscope/leakscope/internal/codec"
)

const bitmapsVersion = 1

// Bitmaps are stored row sets, one a value. Opening them reads their directory
// only. They are safe for concurrent use.
type Bitmaps struct {
	src    codec.ChunkSource
	values []uint32 // ascending
	starts []uint32 // where a value's pieces begin; one more at the end
	pieces []piece
}

// A piece is the part of a row set within rows number<<pieceShift and the
// (1<<pieceShift) - 1 that follow.
type piece struct {
	number, rows, chunk, off, size uint32
}

// OpenBitmaps opens what a [BitmapsWriter] or [BitmapsBuilder] wrote. Damage
// is [codec.ErrCorrupt].
func OpenBitmaps(src codec.ChunkSource) (*Bitmaps, error) {
	n, chunks, r, err := readDirectory(src, bitmapsVersion, 2+5) // a value has at least one piece
	if err != nil {
		return nil, fmt.Errorf("bitmap directory: %w", err)
	}
	m := &Bitmaps{src: src, values: make([]uint32, 0, n), starts: make([]uint32, 1, n+1)}
	value, chunk := uint64(0), uint64(0)
	for i := range n {
		step := r.Uvarint()
		if i > 0 && step == 0 {
			r.Fail("values do not ascend")
		}
		value += step
		if step > 1<<32-1 || value > 1<<32-1 {
			r.Fail("value beyond 32 bits")
		}
		pieces := r.Count(5)
		if r.Err() == nil && pieces == 0 {
			r.Fail("value without rows")
		}
		m.readPieces(r, pieces, &chunk, uint64(chunks))
		if r.Err() != nil {
			break
		}
		m.values = append(m.values, uint32(value))
		m.starts = append(m.starts, uint32(len(m.pieces)))
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("bitmap directory: %w", err)
	}
	return m, nil
}

// readPieces reads the directory entries of one value's n pieces.
func (m *Bitmaps) readPieces(r *codec.Reader, n int, chunk *uint64, chunks uint64) {
	number := uint64(0)
	for i := range n {
		step, rows, ahead, off, size := r.Uvarint(), r.Uvarint(), r.Uvarint(), r.Uvarint(), r.Uvarint()
		if r.Err() != nil {
			return
		}
		number += step
		*chunk += ahead
		switch {
		case i > 0 && step == 0, step >= 1<<(32-pieceShift), number >= 1<<(32-pieceShift):
			r.Fail("pieces do not ascend")
		case rows == 0 || rows > 1<<pieceShift:
			r.Fail("impossible number of rows")
		case ahead >= chunks || *chunk >= chunks:
			r.Fail("piece beyond the last chunk")
		case off > maxBitmapChunk || size > maxBitmapChunk:
			r.Fail("piece beyond any chunk")
		default:
			m.pieces = append(m.pieces, piece{uint32(number), uint32(rows), uint32(*chunk), uint32(off), uint32(size)})
			continue
		}
		return
	}
}

// Values gives the values that have rows, ascending, and how many rows each.
func (m *Bitmaps) Values() iter.Seq2[uint32, uint64] {
	return func(yield func(uint32, uint64) bool) {
		for i, v := range m.values {
			if !yield(v, m.rows(i)) {
				return
			}
		}
	}
}

// Len returns the number of rows of value, without reading them.
func (m *Bitmaps) Len(value uint32) uint64 {
	if i, ok := slices.BinarySearch(m.values, value); ok {
		return m.rows(i)
	}
	return 0
}

func (m *Bitmaps) rows(i int) (n uint64) {
	for _, p := range m.pieces[m.starts[i]:m.starts[i+1]] {
		n += uint64(p.rows)
	}
	return n
}

// Get returns the rows of value, none when it is absent. The caller may change
// the set: it shares stored bytes until then, never after. Damage is
// [codec.ErrCorrupt].
func (m *Bitmaps) Get(value uint32) (*Set, error) { return m.GetRange(value, 0, 1<<32-1) }

// GetRange returns the rows lo <= row < hi of value; it reads no more than the
// pieces of 1,048,576 rows that the range touches.
func (m *Bitmaps) GetRange(value, lo, hi uint32) (*Set, error) {
	s := new(Set)
	i, ok := slices.BinarySearch(m.values, value)
	if !ok || lo >= hi {
		return s, nil
	}
	for _, p := range m.pieces[m.starts[i]:m.starts[i+1]] {
		if p.number < lo>>pieceShift || p.number > (hi-1)>>pieceShift {
			continue
		}
		b, err := m.load(p)
		if err != nil {
			return nil, err
		}
		s.b.Or(b) // shares: pieces have no container in common
	}
	if lo > 0 || hi < 1<<32-1 {
		s.AndRange(lo, hi)
	}
	return s, nil
}

// load reads one piece. The library is given bytes that nobody vouches for, so
// its own checks and ours follow before anything else is asked of the bitmap.
func (m *Bitmaps) load(p piece) (*roaring.Bitmap, error) {
	chunk, err := m.src.Chunk(int(p.chunk))
	if err != nil {
		return nil, fmt.Errorf("bitmaps: %w", err)
	}
	bad := func(what string) error {
		return fmt.Errorf("%w: bitmap chunk %d at byte %d: %s", codec.ErrCorrupt, p.chunk, p.off, what)
	}
	if uint64(p.off)+uint64(p.size) > uint64(len(chunk)) {
		return nil, bad("piece beyond the chunk")
	}
	raw := chunk[p.off : p.off+p.size : p.off+p.size]
	b := roaring.New()
	n, err := b.FromBuffer(raw)
	if err != nil {
		return nil, bad("not a bitmap")
	}
	if n != int64(len(raw)) {
		return nil, bad("bitmap is not as long as it should be")
	}
	if b.Validate() != nil {
		return nil, bad("bitmap contradicts itself")
	}
	if b.GetCardinality() != uint64(p.rows) || b.Minimum()>>pieceShift != p.number || b.Maximum()>>pieceShift != p.number {
		return nil, bad("bitmap is not the one of the directory")
	}
	return b, nil
}
