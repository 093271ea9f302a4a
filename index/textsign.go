package index

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"github.com/leakscope/leakscope/internal/codec"
)

// The trigram of the last three bytes of a string is hashed as it goes: with each
// byte the hash moves up by signStep bits, so that a byte is gone when three have
// followed it, and its upper bits, all but signDrop, depend on all three.
const (
	signStep = 11 // 3×11 > 31
	signDrop = 32 - 9

	textSignBits  = 1 << (32 - signDrop)
	textSignBytes = textSignBits / 8
	textSignChunk = textSignBlocks * textSignBytes
)

// signTerms holds what a byte adds to a hash. An upper-case letter of ASCII adds
// what the lower-case one does: ASCII strings need no folding.
var signTerms = func() (t [256]uint32) {
	for b := range t {
		t[b] = uint32(splitMix64(uint64(lowerASCII(byte(b)))) >> 32)
	}
	return t
}()

// splitMix64 returns the first number of the generator SplitMix64 with a seed
// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
func splitMix64(seed uint64) uint64 {
	x := seed + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// A signTest is what one word of a block's signature must have.
type signTest struct {
	at   int // byte of the signature
	bits uint64
}

// signTests returns the tests that a block passes which a needle of three bytes
// or more, folded, is in a string of; those with most bits come first.
func signTests(needle []byte) []signTest {
	var had [textSignBits]byte
	hash := signTerms[needle[0]]<<signStep + signTerms[needle[1]]
	for _, b := range needle[2:] {
		hash = hash<<signStep + signTerms[b]
		had[hash>>signDrop] = 1
	}
	sign := appendSignature(nil, &had)
	var tests []signTest
	for at := 0; at < len(sign); at += 8 {
		if w := le64(sign[at:]); w != 0 {
			tests = append(tests, signTest{at, w})
		}
	}
	slices.SortStableFunc(tests, func(a, b signTest) int {
		return cmp.Compare(bits.OnesCount64(b.bits), bits.OnesCount64(a.bits))
	})
	return tests
}

// openTextSigns reads the directory of signatures.
func openTextSigns(src codec.ChunkSource, n uint32) (*Text, error) {
	entries, chunks, r, err := readDirectory(src, textSignVersion, 1)
	if err != nil {
		return nil, err
	}
	shift := readTextHead(r, n)
	t := &Text{src: src, n: n, shift: shift, signed: true}
	if r.Err() == nil && (entries != 0 || chunks != int((t.blocks()+textSignBlocks-1)/textSignBlocks)) {
		r.Fail("chunks of another number of blocks")
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return t, nil
}

// signedBlocks calls fn for the blocks from first on and below end whose
// signature has the needle's trigrams, until it returns false.
func (t *Text) signedBlocks(first, end uint32, needle []byte, fn func(block uint32) bool) error {
	tests := signTests(needle)
	for first < end {
		i := first / textSignBlocks
		begin := i * textSignBlocks
		chunk, err := t.src.Chunk(int(i))
		if err != nil {
			return err
		}
		if want := min(t.blocks()-begin, textSignBlocks) * textSignBytes; len(chunk) != int(want) {
			return fmt.Errorf("%w: chunk %d: %d bytes of signatures, %d expected", codec.ErrCorrupt, i, len(chunk), want)
		}
		upTo := min(end, begin+textSignBlocks)
		chunk = chunk[(first-begin)*textSignBytes:]
	blocks:
		for ; first < upTo; first++ {
			sign := chunk[:textSignBytes]
			chunk = chunk[textSignBytes:]
			for _, test := range tests {
				if ^le64(sign[test.at:])&test.bits != 0 {
					continue blocks
				}
			}
			if !fn(first) {
				return nil
			}
		}
	}
	return nil
}
