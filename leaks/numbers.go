package leaks

import (
	"math/bits"
	"slices"
)

// sortGroups sorts numbers below n, of groups or ordinals, and drops those that
// repeat. Many go through a bitset, as one pass over n/64 words beats sorting;
// fewer are sorted by their digits.
func sortGroups(list []uint32, n uint32) []uint32 {
	switch {
	case len(list) < 64:
		slices.Sort(list)
		return slices.Compact(list)
	case len(list) < int(n/sortDense):
		return slices.Compact(sortDigits(list, n))
	}
	words := make([]uint64, n/64+1)
	for _, g := range list {
		if g < n {
			words[g/64] |= 1 << (g % 64)
		}
	}
	return appendBits(list[:0], words)
}

// sortDense: a list of less than one in so many of the numbers that there are is
// sorted by digits. A word of the bitset takes some nanoseconds where it has a bit,
// a digit of a number two.
const sortDense = 128

// sortDigits sorts numbers below n. What it returns may be another slice.
func sortDigits(list []uint32, n uint32) []uint32 {
	spare := make([]uint32, len(list))
	var all [1 << 11]uint32
	digit := 11
	if len(list) < 1024 {
		digit = 8 // going through the counts would take longer than a further digit
	}
	counts := all[:1<<digit]
	mask := uint32(len(counts) - 1)
	for shift := 0; shift < bits.Len32(n); shift += digit {
		clear(counts)
		for _, v := range list {
			counts[v>>(shift&31)&mask]++
		}
		at := uint32(0)
		for i, n := range counts {
			counts[i] = at
			at += n
		}
		for _, v := range list {
			d := v >> (shift & 31) & mask
			spare[counts[d]] = v
			counts[d]++
		}
		list, spare = spare, list
	}
	return list
}

// A numberSet is a set of groups or ordinals: bits from the first to the last
// where these lie close together, else a list. A nil one is empty.
type numberSet struct {
	lo    uint32
	words []uint64 // bits from lo on
	list  []uint32 // ascending, in place of words
}

// newNumberSet returns the set of a list that ascends, of which so many numbers
// are asked: the more, the more room bits may take.
func newNumberSet(list []uint32, asked uint32) *numberSet {
	if len(list) == 0 {
		return new(numberSet)
	}
	lo, hi := list[0], list[len(list)-1]
	if (hi-lo)/64 > 4*uint32(len(list)) && (hi-lo)/256 > asked {
		return &numberSet{list: list}
	}
	s := numberBits(lo, hi+1)
	for _, n := range list {
		n -= lo
		s.words[n/64] |= 1 << (n % 64)
	}
	return s
}

// numberBits returns an empty set with bits for the numbers lo to hi-1.
func numberBits(lo, hi uint32) *numberSet {
	return &numberSet{lo: lo, words: make([]uint64, (hi-lo)/64+1)}
}

func (s *numberSet) empty() bool { return s == nil || len(s.list) == 0 && len(s.words) == 0 }

func (s *numberSet) has(n uint32) bool {
	switch {
	case s == nil:
		return false
	case s.words != nil:
		return hasBit(s.words, n-s.lo)
	}
	return contains(s.list, n)
}

// mark sets the marks of values that are in s to 1, and reports whether there are
// any.
func (s *numberSet) mark(values []uint32, marks []uint8) bool {
	marks = marks[:len(values)]
	some := uint8(0)
	if s.words == nil {
		for i, v := range values {
			if contains(s.list, v) {
				marks[i], some = 1, 1
			}
		}
		return some != 0
	}
	words, lo := s.words, s.lo
	for i, v := range values { // no branch on what could not be foretold
		v -= lo
		if w := v / 64; int(w) < len(words) {
			bit := uint8(words[w]>>(v%64)) & 1
			marks[i] |= bit
			some |= bit
		}
	}
	return some != 0
}

// and returns what is in both of two sets, of which the second is bits.
func (s *numberSet) and(o *numberSet) *numberSet {
	both := &numberSet{lo: o.lo, words: make([]uint64, len(o.words))}
	for _, n := range appendBits(slices.Clone(s.list), s.words) {
		if s.words != nil {
			n += s.lo
		}
		if o.has(n) {
			setBit(both.words, n-o.lo)
		}
	}
	return both
}
