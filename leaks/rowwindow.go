package leaks

import "github.com/leakscope/leakscope/index"

// windowRows is how many rows a rowWindow unpacks at a time: one roaring
// container.
const windowRows = 1 << 16

// A rowWindow tells whether a row is in a set. It unpacks the neighbourhood of
// the row asked for last into plain bits, which for rows in about ascending
// order is many times faster than looking each up in the set.
type rowWindow struct {
	set    *index.Set
	words  []uint64 // of rows base to base+windowRows
	base   uint32
	loaded bool
	buf    []uint32
}

func (w *rowWindow) contains(r uint32) bool {
	if base := r &^ (windowRows - 1); !w.loaded || base != w.base {
		w.load(base)
	}
	r &= windowRows - 1
	return w.words[r/64]&(1<<(r%64)) != 0
}

func (w *rowWindow) load(base uint32) {
	if w.words == nil {
		w.words = make([]uint64, windowRows/64)
	}
	clear(w.words)
	w.buf = w.set.Append(w.buf[:0], base, base+windowRows)
	for _, r := range w.buf {
		r -= base
		w.words[r/64] |= 1 << (r % 64)
	}
	w.base, w.loaded = base, true
}
