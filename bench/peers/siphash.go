package peers

import (
	"encoding/binary"
	"math/bits"
)

// sipHash is SipHash-2-4 of b, which it may append to; with wide the variant of
// 128 bits, lo before hi.
func sipHash(key [2]uint64, b []byte, wide bool) (lo, hi uint64) {
	v0, v1 := key[0]^0x736f6d6570736575, key[1]^0x646f72616e646f6d
	v2, v3 := key[0]^0x6c7967656e657261, key[1]^0x7465646279746573
	end := uint64(0xff)
	if wide {
		v1, end = v1^0xee, 0xee
	}
	rounds := func(n int) {
		for range n {
			v0, v2 = v0+v1, v2+v3
			v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
			v0, v2 = bits.RotateLeft64(v0, 32)+v3, v2+v1
			v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
			v2 = bits.RotateLeft64(v2, 32)
		}
	}
	n := byte(len(b))
	for len(b)%8 != 7 {
		b = append(b, 0)
	}
	for b = append(b, n); len(b) > 0; b = b[8:] {
		m := binary.LittleEndian.Uint64(b)
		v3 ^= m
		rounds(2)
		v0 ^= m
	}
	v2 ^= end
	rounds(4)
	lo = v0 ^ v1 ^ v2 ^ v3
	v1 ^= 0xdd
	rounds(4)
	return lo, v0 ^ v1 ^ v2 ^ v3
}
