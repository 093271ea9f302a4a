package normalize

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The vectors of the paper (appendix A) and of its authors' reference code
// (vectors.h): key 00 01 … 0f, messages 00, 00 01, …
func TestSipHashVectors(t *testing.T) {
	var key [32]byte
	for i := range 16 {
		key[i] = byte(i)
	}
	k := newSipKey(&key)
	var in []byte
	for i := range 64 {
		in = append(in, byte(i))
	}
	for n, want := range map[int]uint64{
		0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 7: 0xab0200f58b01d137, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5,
		63: 0x958a324ceb064572,
	} {
		if got := k.sum64(sipPad(bytes.Clone(in[:n]))); got != want {
			t.Errorf("%d bytes: %#x, want %#x", n, got, want)
		}
	}
	for n, want := range map[int]string{
		0: "a3817f04ba25a8e66df67214c7550293", 1: "da87c1d86b99af44347659119b22fc45",
		8: "3b62a9ba6258f5610f83e264f31497b4", 63: "5150d1772f50834a503e069a973fbd7c",
	} {
		if sum := k.sum128(sipPad(bytes.Clone(in[:n]))); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%d bytes: %x, want %s", n, sum, want)
		}
	}
}
