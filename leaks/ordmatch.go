package leaks

import "math/bits"

// An ordMatch answers whether a dictionary entry passes a test and remembers
// it, so that each entry is tested at most once however many rows hold it.
type ordMatch struct {
	known, yes []uint64 // bitsets
	test       func(ord uint32) bool
}

func newOrdMatch(n uint32, test func(ord uint32) bool) *ordMatch {
	words := make([]uint64, 2*(n/64+1))
	return &ordMatch{known: words[:n/64+1], yes: words[n/64+1:], test: test}
}

func (m *ordMatch) match(ord uint32) bool {
	w, bit := ord/64, uint64(1)<<(ord%64)
	if int(w) >= len(m.yes) {
		return false // only corrupt columns get here; their cursor says so
	}
	if m.known[w]&bit == 0 {
		m.known[w] |= bit
		if m.test(ord) {
			m.yes[w] |= bit
		}
	}
	return m.yes[w]&bit != 0
}

// appendBits appends the numbers of the bits set, ascending.
func appendBits(dst []uint32, words []uint64) []uint32 {
	for i, w := range words {
		for ; w != 0; w &= w - 1 {
			dst = append(dst, uint32(i)*64+uint32(bits.TrailingZeros64(w)))
		}
	}
	return dst
}
