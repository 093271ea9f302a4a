package index

import (
	"fmt"
	"math/bits"

	"github.com/leakscope/leakscope/internal/codec"
)

const dictVersion = 1

// A Dict is a stored dictionary. Opening it reads its directory only; chunks
// are fetched when a cursor needs them. It is safe for concurrent use; its
// cursors are not.
type Dict struct {
	src    codec.ChunkSource
	firsts []uint32 // first ordinal of each chunk, and the number of strings
	seps   [][]byte // separator of each chunk
	marks  []uint32 // the chunks of every 1<<markShift-th ordinal, see mark
}

// OpenDict opens a dictionary of n strings. Anything else than n strings, or
// chunks that do not fit the directory, is [codec.ErrCorrupt]; for n = 0 a
// source without chunks will do.
func OpenDict(src codec.ChunkSource, n uint32) (*Dict, error) {
	if n == 0 && src.Chunks() == 0 {
		return &Dict{src: src, firsts: []uint32{0}}, nil
	}
	d, err := openDict(src, n)
	if err != nil {
		return nil, fmt.Errorf("dictionary directory: %w", err)
	}
	return d, nil
}

func openDict(src codec.ChunkSource, n uint32) (*Dict, error) {
	entries, chunks, r, err := readDirectory(src, dictVersion, 2)
	if err != nil {
		return nil, err
	}
	if entries != uint64(chunks) {
		r.Fail(fmt.Sprintf("%d entries for %d chunks", entries, chunks))
	}
	if have := r.Uvarint(); have != uint64(n) {
		r.Fail(fmt.Sprintf("%d strings, %d expected", have, n))
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	d := &Dict{src: src, firsts: make([]uint32, 1, chunks+1), seps: make([][]byte, 0, chunks)}
	total := uint64(0)
	for range chunks {
		sep, count := r.Block(), r.Uvarint()
		if r.Err() == nil && (len(sep) > separatorBytes || count == 0 || count > chunkStrings) {
			r.Fail("chunk beyond the limits")
		}
		if r.Err() != nil {
			break
		}
		total += count
		d.firsts = append(d.firsts, uint32(min(total, uint64(n))))
		d.seps = append(d.seps, sep)
	}
	if total != uint64(n) {
		r.Fail("chunks do not add up")
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	d.mark()
	return d, nil
}

// Len returns the number of strings.
func (d *Dict) Len() uint32 { return d.firsts[len(d.firsts)-1] }

// Cursor returns a reader of d for one goroutine.
func (d *Dict) Cursor() *DictCursor { return &DictCursor{d: d} }

// chunkOf returns the chunk that holds ord, which is below Len.
func (d *Dict) chunkOf(ord uint32) int {
	// Mostly one or two chunks are left; long strings make many.
	lo, hi := d.marks[ord>>markShift], d.marks[ord>>markShift+1]
	for lo < hi {
		mid := (lo + hi + 1) >> 1
		if d.firsts[mid] <= ord {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return int(lo)
}

// mark fills marks: the chunk that holds each ordinal with markShift zero
// bits, and the last chunk behind them.
func (d *Dict) mark() {
	d.marks = make([]uint32, 0, d.Len()>>markShift+2)
	for i := range d.seps {
		for uint64(len(d.marks))<<markShift < uint64(d.firsts[i+1]) {
			d.marks = append(d.marks, uint32(i))
		}
	}
	d.marks = append(d.marks, uint32(max(len(d.seps), 1)-1))
}

// firstByte returns the index of the lowest byte of x that is not zero.
func firstByte(x uint64) int { return bits.TrailingZeros64(x) >> 3 }
