package normalize

import "math/bits"

// plainPrefix returns the length of the run of bytes that domain names consist
// of at the start of s, if that is a canonical domain name, else 0; and whether
// it has several labels. Where the last label begins with a digit it leaves the
// judgement to others, with 0: so what it finds is no address.
//
// Every URL and every address comes here. It looks at eight bytes at a time,
// because where a name or a label ends cannot be foretold byte by byte.
func plainPrefix(s string) (n int, dotted bool) {
	last, before := -1, uint64(topBit) // the last dot; whether one stood just before
	for {
		bad, dots := labelBytes(eightBytes(s, n))
		if bad != 0 {
			dots &= bad&-bad - 1
		}
		if dots&(dots<<8|before) != 0 {
			return 0, false // an empty label
		}
		if dots != 0 {
			last = n + (63-bits.LeadingZeros64(dots))>>3
		}
		if bad != 0 {
			n += bits.TrailingZeros64(bad) >> 3
			break
		}
		before = dots >> 56
		n += 8
	}
	if last == n-1 || labelByte[s[last+1]] == digit || n > maxLabel && !labelsFit(s[:n]) {
		return 0, false
	}
	return n, last >= 0
}

// labelsFit reports whether neither a name nor a label of it is too long.
func labelsFit(name string) bool {
	start := 0
	for i := range len(name) {
		if name[i] == '.' {
			start = i + 1
		} else if i-start == maxLabel {
			return false
		}
	}
	return len(name) <= maxDomain
}

const (
	eachByte = 0x0101010101010101
	topBit   = 0x80
	topBits  = topBit * eachByte
)

// labelBytes tells by the highest bit of each byte of w which are neither lower
// case letters, digits, '-', '_' nor '.', and which of the others are dots.
func labelBytes(w uint64) (bad, dots uint64) {
	x := w &^ topBits
	// Of a byte from c on the highest bit of x + (topBit-c) is set.
	letters := (x + (topBit-'a')*eachByte) &^ (x + (topBit-'z'-1)*eachByte)
	digits := (x + (topBit-'0')*eachByte) &^ (x + (topBit-'9'-1)*eachByte)
	beyondDot := x + (topBit-'.'-1)*eachByte
	marks := (x+(topBit-'-')*eachByte)&^beyondDot | (x+(topBit-'_')*eachByte)&^(x+(topBit-'_'-1)*eachByte)
	dots = (x + (topBit-'.')*eachByte) &^ beyondDot
	return (^(letters | digits | marks) | w) & topBits, dots &^ w & topBits
}

// eightBytes returns the eight bytes of s from i on, which is not above its
// length, the first one lowest, and zeros behind its end.
func eightBytes(s string, i int) uint64 {
	if i+8 <= len(s) {
		return loadEight(s[i : i+8])
	}
	if len(s) >= 8 {
		return loadEight(s[len(s)-8:]) >> (8 * uint(i+8-len(s)) & 127)
	}
	w := uint64(0)
	for j := len(s) - 1; j >= i; j-- {
		w = w<<8 | uint64(s[j])
	}
	return w
}

// loadEight is one load to the compiler.
func loadEight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
