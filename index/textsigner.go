package index

import (
	"encoding/binary"

	"github.com/leakscope/leakscope/internal/codec"
)

// A TextSigner writes a text index of the strings of a dictionary, as a
// [TextWriter] does, in a quarter of its time: as signatures of blocks. The index
// is half as long again, and each search reads all of the blocks it is about.
// Its errors are sticky: Finish gives the first.
type TextSigner struct {
	sink  codec.ChunkSink
	err   error
	least uint32
	shift uint   // a block has 1<<shift strings
	n     uint32 // strings added
	after bool   // the string before is ASCII and in the same block
	fold  []byte // scratch

	// The open block by number of trigram, a byte each: to set one, nothing has to be
	// read, so that no trigram waits for the one before.
	had    [textSignBits]byte
	signs  []byte // of blocks that are not written
	chunks int
}

// NewTextSigner returns a writer of a text index to sink. Where there are fewer
// than least strings, nothing is written: going through them takes no longer than
// the index would. The signer holds 64 bytes a block of so many strings, or of a
// chunk.
//
// It tells blocks of 1<<shift strings apart, from 4 to 10; another shift is taken
// for the nearest of these. A signature is of one size: the more strings it is of,
// the more often blocks are candidates without need.
func NewTextSigner(sink codec.ChunkSink, least uint32, shift int) *TextSigner {
	return &TextSigner{sink: sink, least: least, shift: uint(min(max(shift, textLeastShift), textMostShift))}
}

// Add appends s, the string of the next ordinal, whose first shared bytes are
// those of the string before.
func (w *TextSigner) Add(s []byte, shared int) {
	if w.n&(1<<w.shift-1) == 0 {
		w.endBlock()
	}
	w.n++
	// The trigrams of what s shares with the string before are in the block.
	if !w.after {
		shared = 0
	}
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
	if w.n >= w.least && len(w.signs) >= textSignChunk {
		w.write(textSignChunk)
	}
}

// appendSignature appends the bits of a block, whose bytes are 0 or 1, to dst.
func appendSignature(dst []byte, had *[textSignBits]byte) []byte {
	for from := 0; from < textSignBits; from += 64 {
		h := (*[64]byte)(had[from:])
		dst = binary.LittleEndian.AppendUint64(dst, le64(h[0:])|le64(h[8:])<<1|le64(h[16:])<<2|le64(h[24:])<<3|
			le64(h[32:])<<4|le64(h[40:])<<5|le64(h[48:])<<6|le64(h[56:])<<7)
	}
	return dst
}

// write writes what there is in chunks, as long as at least so many bytes are left.
func (w *TextSigner) write(least int) {
	left := w.signs
	for ; w.err == nil && len(left) >= least; w.chunks++ {
		n := min(len(left), textSignChunk)
		w.err = w.sink.WriteChunk(left[:n])
		left = left[n:]
	}
	w.signs = w.signs[:copy(w.signs, left)]
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
	body.Uvarint(uint64(w.n))
	body.Uint8(uint8(w.shift))
	w.err = writeDirectory(w.sink, textSignVersion, 0, w.chunks, body.Bytes())
	return w.err
}
