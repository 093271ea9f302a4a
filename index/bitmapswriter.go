package index

import (
	"errors"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/leakscope/leakscope/internal/codec"
)

// errOrder: the values of a directory ascend.
var errOrder = errors.New("index: bitmap values must ascend")

// A BitmapsWriter writes one row set each of some values. Its errors are
// sticky: Finish gives the first.
type BitmapsWriter struct {
	sink   codec.ChunkSink
	err    error
	chunk  []byte // the open chunk
	chunks int
	values int
	last   uint32 // the value before
	at     int    // chunk of the piece before
	dir    codec.Writer
}

// NewBitmapsWriter returns a writer of bitmaps to sink.
func NewBitmapsWriter(sink codec.ChunkSink) *BitmapsWriter { return &BitmapsWriter{sink: sink} }

// Add writes the rows of value. Values must ascend strictly; an empty set is
// left out, for that is what an absent value reads as.
func (w *BitmapsWriter) Add(value uint32, s *Set) {
	if w.err != nil || s.Empty() {
		return
	}
	if w.values > 0 && value <= w.last {
		w.err = errOrder
		return
	}
	first, last := s.b.Minimum()>>pieceShift, s.b.Maximum()>>pieceShift
	var parts []*roaring.Bitmap
	var numbers []uint32
	for p := first; p <= last; p++ {
		part := roaring.New()
		part.AddRange(uint64(p)<<pieceShift, uint64(p+1)<<pieceShift)
		part.And(&s.b)
		if !part.IsEmpty() {
			part.RunOptimize()
			parts, numbers = append(parts, part), append(numbers, p)
		}
	}
	w.dir.Uvarint(uint64(value - w.last))
	w.dir.Uvarint(uint64(len(parts)))
	before := uint32(0)
	for i, part := range parts {
		off, size := w.put(part)
		w.dir.Uvarint(uint64(numbers[i] - before))
		w.dir.Uvarint(part.GetCardinality())
		w.dir.Uvarint(uint64(w.chunks - w.at))
		w.dir.Uvarint(uint64(off))
		w.dir.Uvarint(uint64(size))
		before, w.at = numbers[i], w.chunks
	}
	w.last = value
	w.values++
}

// put appends a piece to the open chunk, or to a new one, and returns its
// place there. The chunk's number is w.chunks.
func (w *BitmapsWriter) put(b *roaring.Bitmap) (off, size int) {
	size = int(b.GetSerializedSizeInBytes())
	if len(w.chunk) > 0 && len(w.chunk)+size > bitmapChunkBytes {
		w.cut()
	}
	off = len(w.chunk)
	if _, err := b.WriteTo((*byteAppender)(&w.chunk)); err != nil && w.err == nil {
		w.err = err
	}
	return off, len(w.chunk) - off
}

func (w *BitmapsWriter) cut() {
	if len(w.chunk) == 0 || w.err != nil {
		return
	}
	w.err = w.sink.WriteChunk(w.chunk)
	w.chunk = w.chunk[:0]
	w.chunks++
}

// Finish writes what is left and the directory. It returns the first error of
// the writer or its sink.
func (w *BitmapsWriter) Finish() error {
	w.cut()
	if w.err != nil {
		return w.err
	}
	var head codec.Writer
	head.Uint8(bitmapsVersion)
	head.Uvarint(uint64(w.chunks))
	head.Uvarint(uint64(w.values))
	head.Raw(w.dir.Bytes())
	w.err = w.sink.WriteChunk(head.Bytes())
	return w.err
}

// byteAppender is an io.Writer that appends.
type byteAppender []byte

func (a *byteAppender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}
