package index

import (
	"encoding/binary"
	"math/bits"
)

// A stored list holds block numbers, which ascend. What lies between two of
// them is written as a Rice code: near the entropy, and decoded at some two
// nanoseconds a number.
//
//	4 bits   k
//	each number, as g: how many numbers there are between it and the one before
//	  g>>k zero bits, a one bit, the k low bits of g
//	zero bits up to the end of the byte
//
// Bits begin with the lowest of the first byte.

const riceBits = 4 // of the parameter k

// riceParameter returns the k that makes the list of n out of blocks numbers
// short: for the mean gap.
func riceParameter(n, blocks uint32) uint {
	return uint(max(bits.Len32((blocks-n)/n), 1) - 1)
}

// appendList appends the list of numbers below blocks to dst; there is one at
// least.
func appendList(dst []byte, list []uint16, blocks uint32) []byte {
	k := riceParameter(uint32(len(list)), blocks)
	acc, n := uint64(k), uint(riceBits) // bits not written yet: fewer than 32
	next, low := uint32(0), uint32(1)<<k-1
	for _, b := range list {
		gap := uint32(b) - next
		next = uint32(b) + 1
		zeros := uint(gap >> (k & 31))
		for ; zeros > 15; zeros -= 16 {
			if n += 16; n >= 32 {
				dst = binary.LittleEndian.AppendUint32(dst, uint32(acc))
				acc >>= 32
				n -= 32
			}
		}
		acc |= uint64(1|(gap&low)<<1) << ((zeros + n) & 63)
		if n += zeros + 1 + k; n >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(acc))
			acc >>= 32
			n -= 32
		}
	}
	for ; n > 0; n -= min(n, 8) {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// decodeList appends the numbers of a stored list to dst. It reports whether
// they are below blocks and the list ends as one does.
func decodeList(dst []uint32, b []byte, blocks uint32) ([]uint32, bool) {
	if len(b) == 0 {
		return dst, false
	}
	k := uint(b[0] & (1<<riceBits - 1))
	low, most := uint32(1)<<k-1, uint(blocks>>k)
	at, end := uint(riceBits), uint(len(b))*8
	for next := uint32(0); ; next++ {
		from := at
		word := bitsAt(b, at)
		zeros := uint(bits.TrailingZeros64(word))
		for zeros >= wordBits {
			if at += wordBits; at >= end {
				return dst, end-from < 8
			}
			word = bitsAt(b, at)
			zeros = uint(bits.TrailingZeros64(word))
		}
		at += zeros + 1
		if zeros+1+k > wordBits {
			word = bitsAt(b, at)
		} else {
			word >>= zeros + 1
		}
		if zeros = at - 1 - from; zeros > most {
			return dst, false
		}
		next += uint32(zeros)<<k | uint32(word)&low
		if at += k; at > end || next >= blocks {
			return dst, false
		}
		dst = append(dst, next)
	}
}

// wordBits is how many bits bitsAt vouches for.
const wordBits = 57

// bitsAt returns the wordBits bits of b from bit at on, zeros behind its end; what
// is above them is either right or zero.
func bitsAt(b []byte, at uint) uint64 {
	i := at >> 3
	if i+8 <= uint(len(b)) {
		return le64(b[i:]) >> (at & 7)
	}
	var w uint64
	if i < uint(len(b)) {
		for j, c := range b[i:] {
			w |= uint64(c) << (8 * j)
		}
	}
	return w >> (at & 7)
}

// intersect keeps of list, which ascends, what is also in other.
func intersect(list, other []uint32) []uint32 {
	n, j := 0, 0
	for _, b := range list {
		for j < len(other) && other[j] < b {
			j++
		}
		if j == len(other) {
			break
		}
		if other[j] == b {
			list[n] = b
			n++
		}
	}
	return list[:n]
}
