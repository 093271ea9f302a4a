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
	var pieces []encodedPiece
	var encoded []byte
	first, last := s.b.Minimum()>>pieceShift, s.b.Maximum()>>pieceShift
	for p := first; p <= last; p++ {
		part := roaring.New()
		part.AddRange(uint64(p)<<pieceShift, uint64(p+1)<<pieceShift)
		part.And(&s.b)
		if part.IsEmpty() {
			continue
		}
		part.RunOptimize()
		n, err := part.WriteTo((*byteAppender)(&encoded))
		if err != nil {
			w.err = err
			return
		}
		pieces = append(pieces, encodedPiece{p, part.GetCardinality(), int(n)})
	}
	w.add(value, pieces, encoded)
}

// An encodedPiece is a piece on its way to a chunk.
type encodedPiece struct {
	number uint32
	rows   uint64
	size   int
}

// add writes the pieces of value, one behind another in encoded.
func (w *BitmapsWriter) add(value uint32, pieces []encodedPiece, encoded []byte) {
	if w.values > 0 && value <= w.last && w.err == nil {
		w.err = errOrder
	}
	if w.err != nil {
		return
	}
	w.dir.Uvarint(uint64(value - w.last))
	w.dir.Uvarint(uint64(len(pieces)))
	before := uint32(0)
	for _, p := range pieces {
		if len(w.chunk) > 0 && len(w.chunk)+p.size > bitmapChunkBytes {
			w.cut()
		}
		w.dir.Uvarint(uint64(p.number - before))
		w.dir.Uvarint(p.rows)
		w.dir.Uvarint(uint64(w.chunks - w.at))
		w.dir.Uvarint(uint64(len(w.chunk)))
		w.dir.Uvarint(uint64(p.size))
		w.chunk = append(w.chunk, encoded[:p.size]...)
		encoded = encoded[p.size:]
		before, w.at = p.number, w.chunks
	}
	w.last = value
	w.values++
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
	w.err = writeDirectory(w.sink, bitmapsVersion, uint64(w.values), w.chunks, w.dir.Bytes())
	return w.err
}

// byteAppender is an io.Writer that appends.
type byteAppender []byte

func (a *byteAppender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}
