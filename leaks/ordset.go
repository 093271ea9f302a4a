package leaks

import "math/bits"

// An ordSet is a set of ordinals of a dictionary, as a list or, where that
// takes less, as bits.
type ordSet struct {
	list  []uint32 // ascending
	words []uint64
}

// newOrdSetOf returns the set of a list that ascends, below n.
func newOrdSetOf(list []uint32, n uint32) *ordSet {
	if len(list) <= int(n/32) {
		return &ordSet{list: list}
	}
	s := &ordSet{words: make([]uint64, n/64+1)}
	for _, ord := range list {
		s.words[ord/64] |= 1 << (ord % 64)
	}
	return s
}

// size returns about how many bytes s takes.
func (s *ordSet) size() int {
	if s == nil {
		return 0
	}
	return 4*cap(s.list) + 8*len(s.words)
}

// addTo sets the bits of s in words.
func (s *ordSet) addTo(words []uint64) {
	for _, ord := range s.list {
		words[ord/64] |= 1 << (ord % 64)
	}
	for i, w := range s.words {
		words[i] |= w
	}
}

// setBit sets a bit; one beyond the words, which only corrupt columns lead to, is
// none.
func setBit(words []uint64, i uint32) {
	if w := i / 64; int(w) < len(words) {
		words[w] |= 1 << (i % 64)
	}
}

func hasBit(words []uint64, i uint32) bool {
	w := i / 64
	return int(w) < len(words) && words[w]&(1<<(i%64)) != 0
}

// setBits sets the bits from lo to hi-1.
func setBits(words []uint64, lo, hi uint32) {
	for hi = min(hi, uint32(64*len(words))); lo < hi; {
		n := min(64-lo%64, hi-lo)
		words[lo/64] |= (1<<n - 1) << (lo % 64)
		lo += n
	}
}

// clearBits clears the bits from lo to hi-1.
func clearBits(words []uint64, lo, hi uint32) {
	for lo < hi {
		n := min(64-lo%64, hi-lo)
		words[lo/64] &^= (1<<n - 1) << (lo % 64)
		lo += n
	}
}

func countBits(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}

// nextBit returns the first bit set at or above from, or ^0.
func nextBit(words []uint64, from uint32) uint32 {
	for i := int(from / 64); i < len(words); i++ {
		w := words[i]
		if i == int(from/64) {
			w &= ^uint64(0) << (from % 64)
		}
		if w != 0 {
			return uint32(i*64 + bits.TrailingZeros64(w))
		}
	}
	return ^uint32(0)
}
