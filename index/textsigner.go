package index

import (
	"encoding/binary"
	"slices"

	"github.com/leakscope/leakscope/internal/codec"
)

// A TextSigner writes a text index of the strings of a dictionary as a
// [TextWriter] does, but as signatures of blocks: in a third of its time, and up to
// twice as long. A search looks at more blocks for what is in few strings, at fewer
// for what is in many. Its errors are sticky: Finish gives the first.
type TextSigner struct {
	textInput

	// The open block by number of trigram, a byte each: to set one, nothing has to be
	// read, so that no trigram waits for the one before.
	had    [textSignBits]byte
	signs  []uint64 // of blocks that are not written, textSignWords each
	chunk  []byte   // scratch
	chunks int
}

// NewTextSigner returns a writer of a text index to sink. Where there are fewer
// than least strings, nothing is written: going through them takes no longer than
// the index would. The signer holds 64 bytes a block of least strings, or of a
// chunk, which is 32 KiB.
//
// It tells blocks of 1<<shift strings apart, from 4 to 10; another shift is taken
// for the nearest of these. A signature is of one size: the more strings it is of,
// the more often blocks are candidates without need.
func NewTextSigner(sink codec.ChunkSink, least uint32, shift int) *TextSigner {
	return &TextSigner{textInput: newTextInput(sink, least, shift)}
}

// Add appends s, the string of the next ordinal, whose first shared bytes are
// those of the string before.
func (w *TextSigner) Add(s []byte, shared int) {
	if w.begins() {
		w.endBlock()
	}
	shared = w.next(shared)
	s = s[max(shared-2, 0):]
	if w.after = w.sign(s) < 0x80; !w.after {
		// What is set so far is of no use: s needs folding. It costs little, either.
		w.fold = appendFold(w.fold[:0], s)
		w.sign(w.fold)
	}
}

// sign sets the trigrams of s, and returns a byte that has all bits of those of s.
func (w *TextSigner) sign(s []byte) (or byte) {
	if len(s) < 3 {
		for _, b := range s {
			or |= b
		}
		return or
	}
	or = s[0] | s[1]
	hash := signTerms[s[0]]<<signStep + signTerms[s[1]]
	for _, b := range s[2:] {
		hash = hash<<signStep + signTerms[b]
		w.had[hash>>signDrop] = 1
		or |= b
	}
	return or
}

// endBlock appends the signature of the open block, and begins the next one.
func (w *TextSigner) endBlock() {
	if w.n == 0 {
		return
	}
	w.signs = appendSignature(w.signs, &w.had)
	clear(w.had[:])
	w.after = false
	if w.n >= w.least && len(w.signs) >= textSignBlocks*textSignWords {
		w.write(textSignBlocks)
	}
}

// appendSignature appends the bits of a block, whose bytes are 0 or 1, to dst:
// bit n as bit signRow(n mod 64) of word n/64.
func appendSignature(dst []uint64, had *[textSignBits]byte) []uint64 {
	for from := 0; from < textSignBits; from += 64 {
		h := (*[64]byte)(had[from:])
		dst = append(dst, le64(h[0:])|le64(h[8:])<<1|le64(h[16:])<<2|le64(h[24:])<<3|
			le64(h[32:])<<4|le64(h[40:])<<5|le64(h[48:])<<6|le64(h[56:])<<7)
	}
	return dst
}

// signRow returns where bit n of 64 stands, and of what stands at n which it is.
func signRow(n int) int { return n%8*8 + n/8 }

// write writes the signatures in chunks, as long as those of at least so many
// blocks are left.
func (w *TextSigner) write(least int) {
	left := w.signs
	for ; w.err == nil && len(left) >= least*textSignWords; w.chunks++ {
		n := min(len(left), textSignBlocks*textSignWords)
		w.chunk = appendSlices(w.chunk[:0], left[:n])
		w.err = w.sink.WriteChunk(w.chunk)
		left = left[n:]
	}
	w.signs = w.signs[:copy(w.signs, left)]
}

// appendSlices appends the chunk of some signatures to dst.
func appendSlices(dst []byte, signs []uint64) []byte {
	blocks := len(signs) / textSignWords
	words := (blocks + 63) / 64 // of a bit
	from := len(dst)
	dst = slices.Grow(dst, textSignBits*words*8)[:from+textSignBits*words*8]
	to := dst[from:]
	var m [64]uint64
	for i := range words {
		for column := range textSignWords {
			clear(m[:])
			for b := range min(blocks-i*64, 64) {
				m[b] = signs[(i*64+b)*textSignWords+column]
			}
			transpose(&m)
			for row, w := range &m {
				binary.LittleEndian.PutUint64(to[((column*64+signRow(row))*words+i)*8:], w)
			}
		}
	}
	return dst
}

// transpose makes bit i of word j bit j of word i (Warren, Hacker's Delight, 7-3):
// it swaps the quarters of the square that are off the diagonal, then those of each
// quarter.
func transpose(m *[64]uint64) {
	mask := uint64(1<<32 - 1)
	for j := 32; j > 0; j >>= 1 {
		for k := 0; k < 64; k = (k + j + 1) &^ j {
			a, b := &m[k&63], &m[(k+j)&63]
			t := (*a>>(j&63) ^ *b) & mask
			*a ^= t << (j & 63)
			*b ^= t
		}
		mask ^= mask << (j >> 1)
	}
}

// Finish writes what is left and the directory. It returns the first error of
// the writer or its sink.
func (w *TextSigner) Finish() error {
	if w.n == 0 || w.n < w.least {
		return w.err
	}
	w.endBlock()
	w.write(1)
	if w.err != nil {
		return w.err
	}
	var body codec.Writer
	w.head(&body)
	w.err = writeDirectory(w.sink, textSignVersion, 0, w.chunks, body.Bytes())
	return w.err
}
