package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCorrupt is the sentinel of stored bytes that are not what was written. It
// is the one every higher room re-exports.
var ErrCorrupt = errors.New("corrupt data")

// A Reader takes values off a byte slice. After the first error it returns
// zero values only.
type Reader struct {
	b   []byte
	off int
	err error
}

// NewReader reads from b, which it does not copy.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Err returns the first problem met, wrapping [ErrCorrupt], or nil.
func (r *Reader) Err() error { return r.err }

// Offset returns how many bytes were taken.
func (r *Reader) Offset() int { return r.off }

// Left returns how many bytes remain; 0 after an error.
func (r *Reader) Left() int {
	if r.err != nil {
		return 0
	}
	return len(r.b) - r.off
}

// Close returns Err, or an error when bytes are left over.
func (r *Reader) Close() error {
	if r.err == nil && r.off != len(r.b) {
		r.fail("%d bytes left over", len(r.b)-r.off)
	}
	return r.err
}

// Fail records a problem found by the caller, at the current offset. The
// message must not hold stored bytes.
func (r *Reader) Fail(what string) { r.fail("%s", what) }

func (r *Reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: at byte %d: %s", ErrCorrupt, r.off, fmt.Sprintf(format, args...))
	}
}

// Raw takes n bytes, aliasing the reader's slice.
func (r *Reader) Raw(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.b)-r.off {
		r.fail("need %d bytes, have %d", n, len(r.b)-r.off)
		return nil
	}
	b := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// Uint8 takes one byte.
func (r *Reader) Uint8() uint8 {
	if b := r.Raw(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 takes two bytes, little-endian.
func (r *Reader) Uint16() uint16 {
	if b := r.Raw(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// Uint32 takes four bytes, little-endian.
func (r *Reader) Uint32() uint32 {
	if b := r.Raw(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Uint64 takes eight bytes, little-endian.
func (r *Reader) Uint64() uint64 {
	if b := r.Raw(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Uvarint takes a value of 1 to 10 bytes.
func (r *Reader) Uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.b[r.off:])
	if n <= 0 {
		r.fail("malformed varint")
		return 0
	}
	r.off += n
	return v
}

// Count takes a uvarint that says how many elements follow, each of at least
// elemBytes (1 or more) bytes, and refuses a number that the bytes left could
// not hold: what is allocated for it is bounded by what is there.
func (r *Reader) Count(elemBytes int) int {
	v := r.Uvarint()
	if r.err != nil {
		return 0
	}
	if elemBytes < 1 {
		elemBytes = 1
	}
	if left := uint64(len(r.b)-r.off) / uint64(elemBytes); v > left {
		r.fail("count %d is more than the %d that can follow", v, left)
		return 0
	}
	return int(v)
}

// Block takes a uvarint length and that many bytes, aliasing the reader's
// slice.
func (r *Reader) Block() []byte {
	n := r.Count(1)
	if r.err != nil {
		return nil
	}
	return r.Raw(n)
}

// String takes a block as a string of its own.
func (r *Reader) String() string { return string(r.Block()) }
