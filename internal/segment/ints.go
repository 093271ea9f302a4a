package segment

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/leakscope/leakscope/internal/codec"
)

const (
	blockShift = 10
	blockLen   = 1 << blockShift // values of a block
	chunkShift = blockShift + 4
	chunkInts  = 1 << chunkShift // values of a chunk: 16 blocks

	descLen = 16 // bytes of a block descriptor
	padLen  = 8  // zeros behind the payload, so that any value can be loaded as a word

	// maxWidth is the widest packed value short of a whole word: one of this
	// width lies within eight bytes wherever it starts.
	maxWidth = 56

	lineShift = 10 // a block's slope is in 1/1024 a position
)

// scales are the common divisors a block is tried with: days, hours and
// minutes of times in seconds. A descriptor holds the index.
var scales = [...]uint64{1, 60, 3600, 86400}

// A desc describes a block: value i is base + scale*packed[i] + i*slope/1024.
type desc struct {
	base  uint64
	slope uint32
	scale uint8  // index into scales
	width uint8  // bits of a packed value: 0 to maxWidth, or 64
	at    uint32 // of the payload, from the chunk's start
}

// The last four bytes of a descriptor: width in 8 bits, scale in 4, at in 20.
const (
	scaleBit = 8
	atBit    = 12
)

// headBytes is the length of a chunk's head: how many values, then the
// descriptors of its blocks.
func headBytes(blocks int) int { return 2 + blocks*descLen }

// maxHead is the head of a full chunk.
const maxHead = 2 + chunkInts/blockLen*descLen

// An IntsWriter writes a column of unsigned integers. Errors of the sink stick
// and come back from Finish.
type IntsWriter struct {
	sink  codec.ChunkSink
	err   error
	n     uint64
	fill  int // values in block
	count int // values in the chunk's finished blocks
	*intsBuffer
}

// An intsBuffer is what a writer works in, from the pool until it is finished.
type intsBuffer struct {
	block [blockLen]uint64
	descs []desc
	buf   []byte // the chunk: room for its head, then the payload
}

var intsBuffers = sync.Pool{New: func() any { return new(intsBuffer) }}

// NewIntsWriter starts a column in sink, which it must have to itself. It keeps
// some 16 KiB and the chunk it is at, at most 129 KiB.
func NewIntsWriter(sink codec.ChunkSink) *IntsWriter {
	return &IntsWriter{sink: sink, intsBuffer: intsBuffers.Get().(*intsBuffer)}
}

// Append adds a value.
func (w *IntsWriter) Append(v uint64) {
	w.block[w.fill] = v
	w.fill++
	if w.fill == blockLen {
		w.flushBlock()
	}
}

// AppendAll adds values.
func (w *IntsWriter) AppendAll(vals []uint32) {
	for len(vals) > 0 {
		room := w.block[w.fill:]
		n := min(len(vals), len(room))
		room = room[:n]
		for i, v := range vals[:n] {
			room[i] = uint64(v)
		}
		vals = vals[n:]
		if w.fill += n; w.fill == blockLen {
			w.flushBlock()
		}
	}
}

// Len returns the number of values appended.
func (w *IntsWriter) Len() uint64 { return w.n + uint64(w.fill) }

// Finish writes what is left and returns the first error. The column is then
// complete; more must not be appended.
func (w *IntsWriter) Finish() error {
	if w.intsBuffer == nil {
		return w.err
	}
	if w.fill > 0 {
		w.flushBlock()
	}
	if len(w.descs) > 0 {
		w.flushChunk()
	}
	intsBuffers.Put(w.intsBuffer)
	w.intsBuffer = nil
	return w.err
}

func (w *IntsWriter) flushBlock() {
	vals := w.block[:w.fill]
	d := w.plan(vals)
	if len(w.buf) == 0 {
		w.buf = append(w.buf, make([]byte, maxHead)...)
	}
	d.at = uint32(len(w.buf))
	base := d.base
	if d.scale > 0 || d.slope > 0 {
		w.reduce(vals, &d)
		base = 0
	}
	w.buf = pack(w.buf, vals, base, uint(d.width))
	w.descs = append(w.descs, d)
	w.count += w.fill
	w.n += uint64(w.fill)
	w.fill = 0
	if len(w.descs) == chunkInts/blockLen {
		w.flushChunk()
	}
}

// reduce makes vals what is packed of them.
func (w *IntsWriter) reduce(vals []uint64, d *desc) {
	var acc uint64
	for i, v := range vals {
		vals[i] = v - d.base - acc>>lineShift
		acc += uint64(d.slope)
	}
	switch d.scale { // constant divisors, so that none is a division
	case 1:
		for i := range vals {
			vals[i] /= 60
		}
	case 2:
		for i := range vals {
			vals[i] /= 3600
		}
	case 3:
		for i := range vals {
			vals[i] /= 86400
		}
	}
}

// plan chooses how vals are stored: less their minimum, divided by the largest
// scale that divides all of them, or, when they ascend and that is smaller,
// less a line through them.
func (w *IntsWriter) plan(vals []uint64) desc {
	lo, hi, ascend := bounds(vals)
	d := desc{base: lo}
	for s := len(scales) - 1; s > 0; s-- {
		if hi-lo >= scales[s] && divisible(vals, lo, scales[s]) {
			d.scale = uint8(s)
			break
		}
	}
	d.width = width((hi - lo) / scales[d.scale])
	if !ascend || d.width == 0 || len(vals) < 2 {
		return d
	}
	if l, ok := line(vals); ok && l.width < d.width {
		return l
	}
	return d
}

// bounds returns the least and the greatest of vals and whether they ascend.
func bounds(vals []uint64) (lo, hi uint64, ascend bool) {
	prev := vals[0]
	i := 1
	for ; i < len(vals) && vals[i] >= prev; i++ {
		prev = vals[i]
	}
	lo, hi = vals[0], prev
	if i == len(vals) {
		return lo, hi, true
	}
	lo2, hi2 := lo, hi // two chains, that neither waits for the other
	for ; i+1 < len(vals); i += 2 {
		lo, hi = min(lo, vals[i]), max(hi, vals[i])
		lo2, hi2 = min(lo2, vals[i+1]), max(hi2, vals[i+1])
	}
	last := vals[len(vals)-1]
	return min(lo, lo2, last), max(hi, hi2, last), false
}

// line fits a line through the first and the last of the ascending vals.
func line(vals []uint64) (desc, bool) {
	first := vals[0]
	rise := vals[len(vals)-1] - first
	run := uint64(len(vals) - 1)
	if rise > run<<21 { // keeps all below free of overflow, and the slope in 32 bits
		return desc{}, false
	}
	slope := rise << lineShift / run
	var lo, hi int64
	var acc uint64
	for _, v := range vals {
		r := int64(v-first) - int64(acc>>lineShift)
		lo, hi = min(lo, r), max(hi, r)
		acc += slope
	}
	// The base wraps when the line starts below zero; so does the sum.
	return desc{base: first + uint64(lo), slope: uint32(slope), width: width(uint64(hi - lo))}, true
}

func divisible(vals []uint64, base, by uint64) bool {
	// A column of small numbers fails at the first few; days pass all.
	for _, v := range vals {
		if (v-base)%by != 0 {
			return false
		}
	}
	return true
}

// width is the bits stored for values up to v.
func width(v uint64) uint8 {
	if n := bits.Len64(v); n <= maxWidth {
		return uint8(n)
	}
	return 64
}

// pack appends vals less base, width bits each, lowest bits first, padded to a
// byte. Afterwards vals holds something else.
func pack(dst []byte, vals []uint64, base uint64, width uint) []byte {
	switch width {
	case 0:
		return dst
	case 64:
		for _, v := range vals {
			dst = binary.LittleEndian.AppendUint64(dst, v-base)
		}
		return dst
	}
	size := (len(vals)*int(width) + 7) / 8
	at := len(dst)
	dst = slices.Grow(dst, size+16)
	out := dst[at : at+size+16]
	for width <= 32 {
		vals, width, base = join(vals, width, base), 2*width, 0
	}
	n := 0
	if width == 64 {
		for _, v := range vals {
			binary.LittleEndian.PutUint64(out[n:], v)
			n += 8
		}
		return dst[:at+size]
	}
	var word uint64
	var have uint
	for _, v := range vals {
		v -= base
		word |= v << (have & 63)
		have += width
		if have >= 64 {
			binary.LittleEndian.PutUint64(out[n:], word)
			n += 8
			have -= 64
			word = v >> ((width - have) & 63) // 0 when have is 0: v has width bits
		}
	}
	binary.LittleEndian.PutUint64(out[n:], word)
	return dst[:at+size]
}

// join makes one value of every two less base, in place: fewer to pack.
func join(vals []uint64, width uint, base uint64) []uint64 {
	n := len(vals) / 2
	for i := range n {
		vals[i] = vals[2*i] - base | (vals[2*i+1]-base)<<(width&63)
	}
	if len(vals)%2 != 0 {
		vals[n] = vals[len(vals)-1] - base
		n++
	}
	return vals[:n]
}

// flushChunk writes the head right before the payload, which may leave some of
// the room for it unused, and hands the chunk to the sink.
func (w *IntsWriter) flushChunk() {
	unused := uint32(maxHead - headBytes(len(w.descs)))
	head := append(w.buf[unused:unused], byte(w.count), byte(w.count>>8))
	for _, d := range w.descs {
		head = binary.LittleEndian.AppendUint64(head, d.base)
		head = binary.LittleEndian.AppendUint32(head, d.slope)
		head = binary.LittleEndian.AppendUint32(head,
			uint32(d.width)|uint32(d.scale)<<scaleBit|(d.at-unused)<<atBit)
	}
	w.buf = append(w.buf, make([]byte, padLen)...)
	if w.err == nil {
		w.err = w.sink.WriteChunk(w.buf[unused:])
	}
	w.buf, w.descs, w.count = w.buf[:0], w.descs[:0], 0
}

// Ints is a column of unsigned integers. It is safe for concurrent use; its
// cursors are not.
type Ints struct {
	src codec.ChunkSource
	n   uint64
}

// OpenInts opens the column of n values in src. Their number is checked against
// that of the chunks here and against each chunk when it is used; errors wrap
// [codec.ErrCorrupt].
func OpenInts(src codec.ChunkSource, n uint64) (*Ints, error) {
	if err := checkChunks(src, n, chunkShift); err != nil {
		return nil, fmt.Errorf("%sinteger column: %w", where(src), err)
	}
	return &Ints{src: src, n: n}, nil
}

// where names src if it has a name, for errors.
func where(src codec.ChunkSource) string {
	if s, ok := src.(fmt.Stringer); ok {
		return s.String() + ": "
	}
	return ""
}

// checkChunks checks that src has the chunks of n values of 1<<shift a chunk.
func checkChunks(src codec.ChunkSource, n uint64, shift uint) error {
	have, need := uint64(src.Chunks()), n>>shift
	if n&(1<<shift-1) != 0 {
		need++
	}
	if have != need {
		return fmt.Errorf("%w: %d chunks for %d values, want %d", codec.ErrCorrupt, have, n, need)
	}
	return nil
}

// Len returns the number of values.
func (c *Ints) Len() uint64 { return c.n }

// Cursor returns a new cursor. It is cheap, and holds on to one chunk at most.
func (c *Ints) Cursor() *IntsCursor { return &IntsCursor{col: c, chunk: -1} }
