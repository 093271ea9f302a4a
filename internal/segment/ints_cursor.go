package segment

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/leakscope/leakscope/internal/codec"
)

// An IntsCursor reads a column of integers. It remembers the block it is at, so
// that values near each other are cheap. It is for one goroutine. The first
// error sticks: see Err; all values are 0 from then on.
type IntsCursor struct {
	// The block it is at. count is 0 before the first and after an error.
	first   uint64 // number of its first value
	count   uint64
	payload []byte // from the block's on to the end of the chunk, padding included
	width   uint64
	mask    uint64
	base    uint64
	scale   uint64
	slope   uint64

	col   *Ints
	chunk int // the number data is of, or -1
	data  []byte
	err   error
}

// Err returns the first problem: a value out of range or a damaged chunk, both
// wrapping [codec.ErrCorrupt], or what the source returned.
func (k *IntsCursor) Err() error { return k.err }

// Reset makes k as good as new: it holds on to no chunk, and knows no error.
func (k *IntsCursor) Reset() {
	if k.chunk >= 0 || k.err != nil {
		*k = IntsCursor{col: k.col, chunk: -1}
	}
}

// At returns value i, 0 <= i < Len, or 0 after an error.
func (k *IntsCursor) At(i uint64) uint64 {
	j := i - k.first
	if j >= k.count {
		if !k.seek(i) {
			return 0
		}
		j = i - k.first
	}
	bit := j * k.width
	word := binary.LittleEndian.Uint64(k.payload[bit>>3:])
	return k.base + (word>>(bit&7)&k.mask)*k.scale + j*k.slope>>lineShift
}

// seek makes the block of value i the current one.
func (k *IntsCursor) seek(i uint64) bool {
	if k.err != nil {
		return false
	}
	if i >= k.col.n {
		return k.corrupt("value %d of %d is asked for", i, k.col.n)
	}
	chunk := int(i >> chunkShift)
	first := uint64(chunk) << chunkShift
	count := min(k.col.n-first, chunkInts)
	start := uint64(headBytes(int(count+blockLen-1) >> blockShift))
	if chunk != k.chunk {
		data, err := k.col.src.Chunk(chunk)
		if err != nil {
			return k.fail(err)
		}
		if uint64(len(data)) < start+padLen || uint64(binary.LittleEndian.Uint16(data)) != count {
			return k.corrupt("chunk %d does not hold %d values", chunk, count)
		}
		k.chunk, k.data = chunk, data
	}
	block := (i - first) >> blockShift
	d := k.data[2+block*descLen:][:descLen]
	info := binary.LittleEndian.Uint32(d[12:])
	width, scale, at := info&0xff, info>>scaleBit&(1<<(atBit-scaleBit)-1), uint64(info>>atBit)
	inBlock := min(count-block<<blockShift, blockLen)
	size := (inBlock*uint64(width) + 7) >> 3
	if width > maxWidth && width != 64 || scale >= uint32(len(scales)) ||
		at < start || at > uint64(len(k.data)) || size+padLen > uint64(len(k.data))-at {
		return k.corrupt("chunk %d, block %d is badly described", chunk, block)
	}
	k.first = first + block<<blockShift
	k.count = inBlock
	k.payload = k.data[at:]
	k.width = uint64(width)
	k.mask = 1<<width - 1 // width 64: 0-1, all ones
	k.base = binary.LittleEndian.Uint64(d)
	k.slope = uint64(binary.LittleEndian.Uint32(d[8:]))
	k.scale = scales[scale]
	return true
}

func (k *IntsCursor) corrupt(format string, args ...any) bool {
	return k.fail(fmt.Errorf("%sinteger column: %w: %s", where(k.col.src), codec.ErrCorrupt, fmt.Sprintf(format, args...)))
}

func (k *IntsCursor) fail(err error) bool {
	if k.err == nil {
		k.err = err
	}
	k.first, k.count = math.MaxUint64, 0
	k.chunk, k.data, k.payload = -1, nil, nil
	return false
}

// Decode appends the values lo to hi-1 to dst. If lo <= hi <= Len it always
// appends hi-lo values, zeros from an error on; otherwise it fails and appends
// nothing.
func (k *IntsCursor) Decode(lo, hi uint64, dst []uint64) []uint64 {
	if !k.inRange(lo, hi) {
		return dst
	}
	dst, out := extend(dst, int(hi-lo))
	for lo < hi {
		if lo-k.first >= k.count && !k.seek(lo) {
			clear(out)
			break
		}
		from := lo - k.first
		n := min(k.count-from, hi-lo)
		unpack(k, from, out[:n])
		out, lo = out[n:], lo+n
	}
	return dst
}

// Decode32 is Decode for columns whose values fit 32 bits; one that does not is
// an error wrapping [codec.ErrCorrupt].
func (k *IntsCursor) Decode32(lo, hi uint64, dst []uint32) []uint32 {
	if !k.inRange(lo, hi) {
		return dst
	}
	dst, out := extend(dst, int(hi-lo))
	for lo < hi {
		if lo-k.first >= k.count && !k.seek(lo) {
			clear(out)
			break
		}
		from := lo - k.first
		n := min(k.count-from, hi-lo)
		if !k.unpack32(from, out[:n]) {
			k.corrupt("a value of %d to %d is more than 32 bits", lo, lo+n)
			clear(out)
			break
		}
		out, lo = out[n:], lo+n
	}
	return dst
}

func (k *IntsCursor) inRange(lo, hi uint64) bool {
	if lo <= hi && hi <= k.col.n {
		return true
	}
	return k.corrupt("values %d to %d of %d are asked for", lo, hi, k.col.n)
}

// extend returns dst with n more elements, and those.
func extend[T any](dst []T, n int) (all, added []T) {
	old := len(dst)
	all = slices.Grow(dst, n)[:old+n]
	return all, all[old:]
}

// Search returns the first index in [lo, hi) whose value is at least v, or hi;
// the values there must ascend. It returns hi after an error.
func (k *IntsCursor) Search(lo, hi, v uint64) uint64 {
	if !k.inRange(lo, hi) {
		return hi
	}
	end := hi
	// The block it is at often has the answer: sorted lookups go on from there.
	if a, b := max(lo, k.first), min(hi, k.first+k.count); a < b {
		if k.At(a) >= v {
			hi = a
		} else if lo = a + 1; k.At(b-1) < v {
			lo = b
		} else {
			hi = b - 1
		}
	}
	for lo < hi {
		mid := lo + (hi-lo)/2
		if k.At(mid) < v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if k.err != nil {
		return end
	}
	return lo
}
