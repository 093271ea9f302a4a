package index

import (
	"fmt"
	"math/bits"

	"github.com/leakscope/leakscope/internal/codec"
)

// The trigram of the last three bytes of a string is hashed as it goes: with each
// byte the hash moves up by signStep bits, so that a byte is gone when three have
// followed it, and its upper bits, all but signDrop, depend on all three.
const (
	signStep = 11 // 3×11 > 31
	signDrop = 32 - 9

	textSignBits  = 1 << (32 - signDrop)
	textSignWords = textSignBits / 64
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

// signBits returns the bits that a block has which a needle of three bytes or more,
// folded, is in a string of.
func signBits(needle []byte) []int {
	var had [textSignBits]bool
	var out []int
	hash := signTerms[needle[0]]<<signStep + signTerms[needle[1]]
	for _, b := range needle[2:] {
		hash = hash<<signStep + signTerms[b]
		if n := hash >> signDrop; !had[n] {
			had[n] = true
			out = append(out, int(n))
		}
	}
	return out
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
	wanted := signBits(needle)
	for first < end {
		i := first / textSignBlocks
		begin := i * textSignBlocks
		chunk, err := t.src.Chunk(int(i))
		if err != nil {
			return err
		}
		words := int(min(t.blocks()-begin, textSignBlocks)+63) / 64
		if want := textSignBits * words * 8; len(chunk) != want {
			return fmt.Errorf("%w: chunk %d: %d bytes of signatures, %d expected", codec.ErrCorrupt, i, len(chunk), want)
		}
		var all [textSignBlocks / 64]uint64 // the blocks that have all bits so far
		within(&all, first-begin, min(end-begin, textSignBlocks))
		for _, n := range wanted {
			some := uint64(0)
			slice := chunk[n*words*8:][:words*8]
			for w := range all[:words] {
				all[w] &= le64(slice[w*8:])
				some |= all[w]
			}
			if some == 0 {
				break
			}
		}
		for w, set := range all[:words] {
			for ; set != 0; set &= set - 1 {
				if !fn(begin + uint32(w*64+bits.TrailingZeros64(set))) {
					return nil
				}
			}
		}
		first = begin + textSignBlocks
	}
	return nil
}

// within sets the bits from lo on and below hi.
func within(dst *[textSignBlocks / 64]uint64, lo, hi uint32) {
	for w := range dst {
		from, to := max(lo, uint32(w*64)), min(hi, uint32(w*64+64))
		if from < to {
			dst[w] = ^uint64(0) >> (64 - (to - from)) << (from % 64)
		}
	}
}
