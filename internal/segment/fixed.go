package segment

import (
	"fmt"
	"math/bits"
	"sync"

	"github.com/leakscope/leakscope/internal/codec"
)

const (
	maxFixed   = 64        // bytes of the widest fixed value
	fixedChunk = 128 << 10 // most bytes of a chunk of fixed values
)

// fixedShift is the binary logarithm of how many values of width bytes a chunk
// has: the largest power of two that fits.
func fixedShift(width int) uint { return uint(bits.Len(uint(fixedChunk/width)) - 1) }

// A FixedWriter writes a column of values of one width in bytes. Errors stick
// and come back from Finish.
type FixedWriter struct {
	sink  codec.ChunkSink
	width int
	full  int // bytes of a full chunk
	n     uint64
	buf   []byte // from the pool until the column is finished
	err   error
}

var fixedBuffers = sync.Pool{New: func() any { b := make([]byte, 0, fixedChunk); return &b }}

// NewFixedWriter starts a column of values of width bytes, 1 to 64, in sink,
// which it must have to itself. It keeps at most 128 KiB.
func NewFixedWriter(sink codec.ChunkSink, width int) *FixedWriter {
	w := &FixedWriter{sink: sink, width: width}
	if width < 1 || width > maxFixed {
		w.err = fmt.Errorf("fixed column: width %d is not 1 to %d", width, maxFixed)
		return w
	}
	w.full = width << fixedShift(width)
	w.buf = (*fixedBuffers.Get().(*[]byte))[:0]
	return w
}

// Append adds a value, which must be of the column's width.
func (w *FixedWriter) Append(b []byte) {
	if w.err != nil {
		return
	}
	if len(b) != w.width {
		w.err = fmt.Errorf("fixed column: value of %d bytes, want %d", len(b), w.width)
		return
	}
	w.buf = append(w.buf, b...)
	w.n++
	if len(w.buf) == w.full {
		w.flush()
	}
}

// AppendAll adds values that stand one behind another in b.
func (w *FixedWriter) AppendAll(b []byte) {
	if w.err == nil && len(b)%w.width != 0 {
		w.err = fmt.Errorf("fixed column: %d bytes of values of %d", len(b), w.width)
	}
	for len(b) > 0 && w.err == nil {
		n := min(len(b), w.full-len(w.buf))
		w.buf = append(w.buf, b[:n]...)
		w.n += uint64(n / w.width)
		b = b[n:]
		if len(w.buf) == w.full {
			w.flush()
		}
	}
}

// Len returns the number of values appended.
func (w *FixedWriter) Len() uint64 { return w.n }

// Finish writes what is left and returns the first error.
func (w *FixedWriter) Finish() error {
	if w.err == nil && len(w.buf) > 0 {
		w.flush()
	}
	if b := w.buf; b != nil {
		fixedBuffers.Put(&b)
		w.buf = nil
	}
	return w.err
}

func (w *FixedWriter) flush() {
	w.err = w.sink.WriteChunk(w.buf)
	w.buf = w.buf[:0]
}

// Fixed is a column of values of one width. It is safe for concurrent use; its
// cursors are not.
type Fixed struct {
	src   codec.ChunkSource
	n     uint64
	width int
	shift uint
}

// OpenFixed opens the column of n values of width bytes in src. Number and
// width are checked against the number of chunks here and against the length of
// each chunk when it is used; errors wrap [codec.ErrCorrupt].
func OpenFixed(src codec.ChunkSource, width int, n uint64) (*Fixed, error) {
	if width < 1 || width > maxFixed {
		return nil, fmt.Errorf("fixed column: width %d is not 1 to %d", width, maxFixed)
	}
	shift := fixedShift(width)
	if err := checkChunks(src, n, shift); err != nil {
		return nil, fmt.Errorf("%sfixed column: %w", where(src), err)
	}
	return &Fixed{src: src, n: n, width: width, shift: shift}, nil
}

// Len returns the number of values.
func (c *Fixed) Len() uint64 { return c.n }

// Width returns the bytes of a value.
func (c *Fixed) Width() int { return c.width }

// Cursor returns a new cursor. It is cheap, and holds on to one chunk at most.
func (c *Fixed) Cursor() *FixedCursor { return &FixedCursor{col: c, width: uint64(c.width)} }

// A FixedCursor reads a column of fixed values. It is for one goroutine. The
// first error sticks: see Err; all values are zero bytes from then on.
type FixedCursor struct {
	first uint64 // number of the chunk's first value
	count uint64 // values in it; 0 before the first chunk and after an error
	data  []byte
	width uint64

	col  *Fixed
	err  error
	zero [maxFixed]byte
}

// Err returns the first problem: a value out of range or a damaged chunk, both
// wrapping [codec.ErrCorrupt], or what the source returned.
func (k *FixedCursor) Err() error { return k.err }

// Reset makes k as good as new: it holds on to no chunk, and knows no error.
func (k *FixedCursor) Reset() {
	k.first, k.count, k.data, k.err = 0, 0, nil, nil
}

// At returns value i, 0 <= i < Len, which must not be changed, or zeros after an
// error.
func (k *FixedCursor) At(i uint64) []byte {
	j := i - k.first
	if j >= k.count {
		if !k.seek(i) {
			return k.zeros()
		}
		j = i - k.first
	}
	at := j * k.width
	return k.data[at : at+k.width : at+k.width]
}

// From returns the values from i to the end of i's chunk, one behind the other:
// at least one, and none after an error. For scans.
func (k *FixedCursor) From(i uint64) []byte {
	if i-k.first >= k.count && !k.seek(i) {
		return nil
	}
	return k.data[(i-k.first)*k.width:]
}

// zeros is a value of zeros that no caller has written to, whatever was done to
// those given out before.
func (k *FixedCursor) zeros() []byte {
	k.zero = [maxFixed]byte{}
	return k.zero[:k.width:k.width]
}

// seek makes the chunk of value i the current one.
func (k *FixedCursor) seek(i uint64) bool {
	if k.err != nil {
		return false
	}
	if i >= k.col.n {
		return k.fail(fmt.Errorf("%sfixed column: %w: value %d of %d is asked for", where(k.col.src), codec.ErrCorrupt, i, k.col.n))
	}
	chunk := i >> k.col.shift
	first := chunk << k.col.shift
	count := min(k.col.n-first, 1<<k.col.shift)
	data, err := k.col.src.Chunk(int(chunk))
	if err != nil {
		return k.fail(err)
	}
	if uint64(len(data)) != count*k.width {
		return k.fail(fmt.Errorf("%sfixed column: %w: chunk %d does not hold %d values of %d bytes", where(k.col.src), codec.ErrCorrupt, chunk, count, k.width))
	}
	k.first, k.count, k.data = first, count, data
	return true
}

func (k *FixedCursor) fail(err error) bool {
	if k.err == nil {
		k.err = err
	}
	k.first, k.count, k.data = 0, 0, nil
	return false
}
