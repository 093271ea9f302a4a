package normalize

import (
	"encoding/binary"
	"math/bits"
)

// A sipKey is a key of SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast
// short-input PRF", 2012), a keyed function made for inputs as short as a
// credential. Whoever lacks the key can neither compute nor check a value, nor
// tell values from random ones.
type sipKey struct{ k0, k1 uint64 }

// newSipKey takes the first 16 bytes of b as a key, as the paper reads them.
func newSipKey(b *[32]byte) sipKey {
	return sipKey{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}
}

// A sipState is the four words that SipHash works on.
type sipState struct{ v0, v1, v2, v3 uint64 }

// state is how a key begins. Wide tells the 128-bit variant from the other.
func (k sipKey) state(wide uint64) sipState {
	return sipState{k.k0 ^ 0x736f6d6570736575, k.k1 ^ 0x646f72616e646f6d ^ wide, k.k0 ^ 0x6c7967656e657261, k.k1 ^ 0x7465646279746573}
}

// sipPad fills the last word of an input up, as the paper says: with zeros and
// the length's lowest byte.
func sipPad(b []byte) []byte {
	n := len(b)
	var last [8]byte
	last[7] = byte(n)
	return append(b, last[n&7:]...)
}

// sipPadded is sipPad of the first n bytes of room, which has eight more.
func sipPadded(room []byte, n int) []byte {
	end := n&^7 + 8
	binary.LittleEndian.PutUint64(room[n:], 0)
	room[end-1] = byte(n)
	return room[:end]
}

// absorb takes in an input that was padded. Rounds are written out here and in
// finish: as a function they are too large for the compiler to put in place.
func (s sipState) absorb(padded []byte) sipState {
	v0, v1, v2, v3 := s.v0, s.v1, s.v2, s.v3
	for ; len(padded) >= 8; padded = padded[8:] {
		m := binary.LittleEndian.Uint64(padded)
		v3 ^= m
		v0, v2 = v0+v1, v2+v3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		v0, v2 = bits.RotateLeft64(v0, 32)+v3, v2+v1
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		v2 = bits.RotateLeft64(v2, 32)

		v0, v2 = v0+v1, v2+v3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		v0, v2 = bits.RotateLeft64(v0, 32)+v3, v2+v1
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		v2 = bits.RotateLeft64(v2, 32)
		v0 ^= m
	}
	return sipState{v0, v1, v2, v3}
}

// finish mixes what was absorbed, and again for the second half of a wide sum.
func (s *sipState) finish() uint64 {
	v0, v1, v2, v3 := s.v0, s.v1, s.v2, s.v3
	for range 4 {
		v0, v2 = v0+v1, v2+v3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		v0, v2 = bits.RotateLeft64(v0, 32)+v3, v2+v1
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		v2 = bits.RotateLeft64(v2, 32)
	}
	*s = sipState{v0, v1, v2, v3}
	return v0 ^ v1 ^ v2 ^ v3
}

// sum64 is SipHash-2-4 of a padded input.
func (k sipKey) sum64(padded []byte) uint64 {
	s := k.state(0).absorb(padded)
	s.v2 ^= 0xff
	return s.finish()
}

// sum128 is SipHash-2-4-128 of a padded input.
func (k sipKey) sum128(padded []byte) (sum [16]byte) {
	s := k.state(0xee).absorb(padded)
	s.v2 ^= 0xee
	binary.LittleEndian.PutUint64(sum[:], s.finish())
	s.v1 ^= 0xdd
	binary.LittleEndian.PutUint64(sum[8:], s.finish())
	return sum
}

// sumBoth returns the 128-bit sum of a padded input under wide and, under
// narrow, the 64-bit sum of the part of it that begins at from and has n bytes:
// both at once, since each waits for itself most of the time.
func sumBoth(wide, narrow sipKey, padded []byte, from, n int) (sum [16]byte, part uint64) {
	s, t := wide.state(0xee), narrow.state(0)
	v0, v1, v2, v3 := s.v0, s.v1, s.v2, s.v3
	w0, w1, w2, w3 := t.v0, t.v1, t.v2, t.v3
	left := n
	for p := padded[from : from+n&^7+8]; len(p) >= 8; p = p[8:] {
		o := binary.LittleEndian.Uint64(p)
		if left < 8 { // the last word: what belongs to it, and the length
			o = o&(1<<(8*uint(left)&63)-1) | uint64(n)<<56
		}
		left -= 8
		m := binary.LittleEndian.Uint64(padded)
		padded = padded[8:]
		v3, w3 = v3^m, w3^o
		v0, v2, w0, w2 = v0+v1, v2+v3, w0+w1, w2+w3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		w1, w3 = bits.RotateLeft64(w1, 13)^w0, bits.RotateLeft64(w3, 16)^w2
		v0, v2 = bits.RotateLeft64(v0, 32)+v3, v2+v1
		w0, w2 = bits.RotateLeft64(w0, 32)+w3, w2+w1
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		w1, w3 = bits.RotateLeft64(w1, 17)^w2, bits.RotateLeft64(w3, 21)^w0
		v2, w2 = bits.RotateLeft64(v2, 32), bits.RotateLeft64(w2, 32)

		v0, v2, w0, w2 = v0+v1, v2+v3, w0+w1, w2+w3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		w1, w3 = bits.RotateLeft64(w1, 13)^w0, bits.RotateLeft64(w3, 16)^w2
		v0, v2 = bits.RotateLeft64(v0, 32)+v3, v2+v1
		w0, w2 = bits.RotateLeft64(w0, 32)+w3, w2+w1
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		w1, w3 = bits.RotateLeft64(w1, 17)^w2, bits.RotateLeft64(w3, 21)^w0
		v2, w2 = bits.RotateLeft64(v2, 32), bits.RotateLeft64(w2, 32)
		v0, w0 = v0^m, w0^o
	}
	s = sipState{v0, v1, v2, v3}.absorb(padded)
	v0, v1, v2, v3 = s.v0, s.v1, s.v2^0xee, s.v3
	w2 ^= 0xff
	for range 4 {
		v0, v2, w0, w2 = v0+v1, v2+v3, w0+w1, w2+w3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		w1, w3 = bits.RotateLeft64(w1, 13)^w0, bits.RotateLeft64(w3, 16)^w2
		v0, v2 = bits.RotateLeft64(v0, 32)+v3, v2+v1
		w0, w2 = bits.RotateLeft64(w0, 32)+w3, w2+w1
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		w1, w3 = bits.RotateLeft64(w1, 17)^w2, bits.RotateLeft64(w3, 21)^w0
		v2, w2 = bits.RotateLeft64(v2, 32), bits.RotateLeft64(w2, 32)
	}
	binary.LittleEndian.PutUint64(sum[:], v0^v1^v2^v3)
	s = sipState{v0, v1 ^ 0xdd, v2, v3}
	binary.LittleEndian.PutUint64(sum[8:], s.finish())
	return sum, w0 ^ w1 ^ w2 ^ w3
}
