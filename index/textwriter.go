package index

import (
	"encoding/binary"

	"github.com/leakscope/leakscope/internal/codec"
)

// A TextWriter writes a text index of the strings of a dictionary. It takes
// them as they come and holds one part of the index, some 6 MiB at most
// whatever their number. Its errors are sticky: Finish gives the first.
type TextWriter struct {
	sink  codec.ChunkSink
	err   error
	least uint32
	n     uint32 // strings added
	prev  []byte // the string before as it was indexed; empty at the start of a block
	fold  []byte

	// The open part: the distinct keys of each of its blocks, one block behind
	// another, in no order.
	keys   []uint16
	starts []uint32 // by block, where its keys begin
	last   []uint16 // by key, the block that had it last, plus 1

	counts []uint32 // flush: by key, where its next block goes
	lists  []uint16 // flush: by key its blocks
	heads  codec.Writer
	body   []byte
	inBody int // lists in body

	parts, chunks int
	dir           codec.Writer
}

// NewTextWriter returns a writer of a text index to sink. Where there are
// fewer than least strings, and not long ones, nothing is written: going
// through them takes no longer than the index would.
func NewTextWriter(sink codec.ChunkSink, least uint32) *TextWriter {
	return &TextWriter{sink: sink, least: least}
}

// Add appends s, the string of the next ordinal.
func (w *TextWriter) Add(s []byte) {
	if w.n&textBlockMask == 0 {
		w.beginBlock()
	}
	w.n++
	if !isASCII(s) {
		w.fold = appendFold(w.fold[:0], s)
		s = w.fold
	}
	// The trigrams of what s shares with the string before are in the block.
	shared := commonPrefix(w.prev, s)
	w.prev = append(w.prev[:shared], s[shared:]...)
	s = s[max(shared-2, 0):]
	if len(s) < 3 || w.err != nil {
		return
	}
	have := len(w.keys)
	if cap(w.keys)-have < len(s) {
		w.keys = append(make([]uint16, 0, 2*cap(w.keys)+len(s)), w.keys...)
	}
	keys := w.keys[have : have+len(s)]
	block, last := uint16(len(w.starts)), w.last[:textKeys]
	n := 0
	for a, b := s[0], s[1]; ; {
		s = s[1:]
		if len(s) < 2 {
			break
		}
		c := s[1]
		key := classes1[a] + classes2[b] + classes[c]
		keys[n] = key
		if last[key] != block { // no branch: it could not be foretold
			n++
		}
		last[key] = block
		a, b = b, c
	}
	w.keys = w.keys[:have+n]
}

// beginBlock begins the next block, in a new part where the open one is full.
func (w *TextWriter) beginBlock() {
	if len(w.keys) >= textPartKeys || len(w.starts) == textPartBlocks {
		w.flush()
	}
	if w.last == nil {
		w.last = make([]uint16, textKeys)
	}
	w.starts = append(w.starts, uint32(len(w.keys)))
	w.prev = w.prev[:0]
}

// flush writes the open part: it sorts the keys, keeping the order of blocks,
// and writes a list each.
func (w *TextWriter) flush() {
	blocks := len(w.starts)
	if w.err != nil || blocks == 0 {
		return
	}
	if w.counts == nil {
		w.counts = make([]uint32, textKeys+1)
	}
	counts := w.counts
	clear(counts)
	for _, key := range w.keys {
		counts[key+1]++
	}
	for key := range textKeys {
		counts[key+1] += counts[key]
	}
	if cap(w.lists) < len(w.keys) {
		w.lists = make([]uint16, len(w.keys))
	}
	lists := w.lists[:len(w.keys)]
	w.starts = append(w.starts, uint32(len(w.keys)))
	for b := range blocks {
		for _, key := range w.keys[w.starts[b]:w.starts[b+1]] {
			at := counts[key]
			lists[at] = uint16(b)
			counts[key] = at + 1
		}
	}
	w.writeLists(lists, uint32(blocks))
	w.keys, w.starts = w.keys[:0], w.starts[:0]
	clear(w.last)
}

// writeLists writes the chunks of a part and its entry of the directory.
func (w *TextWriter) writeLists(lists []uint16, blocks uint32) {
	var firsts []uint16
	before := uint16(0)
	from := uint32(0)
	for key := range uint16(textKeys) {
		to := w.counts[key]
		if to == from {
			continue
		}
		list := lists[from:to]
		from = to
		if w.inBody == 0 {
			firsts, before = append(firsts, key), 0
		}
		w.heads.Uvarint(uint64(key - before))
		before = key
		size := len(w.body)
		if !everywhere(len(list), blocks) {
			w.body = appendList(w.body, list, blocks)
		}
		w.heads.Uvarint(uint64(len(w.body) - size))
		if w.inBody++; w.heads.Len()+len(w.body) >= textChunkBytes {
			w.cut()
		}
	}
	w.cut()
	w.dir.Uvarint(uint64(blocks))
	w.dir.Uvarint(uint64(len(firsts)))
	before = 0
	for _, key := range firsts {
		w.dir.Uvarint(uint64(key - before))
		before = key
	}
	w.parts++
}

// everywhere says that a key is in so many blocks that its list would hardly
// tell any apart.
func everywhere(n int, blocks uint32) bool { return n*4 > int(blocks)*3 }

// cut writes the open chunk.
func (w *TextWriter) cut() {
	if w.inBody == 0 || w.err != nil {
		return
	}
	chunk := binary.AppendUvarint(nil, uint64(w.heads.Len()))
	chunk = append(append(chunk, w.heads.Bytes()...), w.body...)
	w.err = w.sink.WriteChunk(chunk)
	w.heads.Reset()
	w.body, w.inBody = w.body[:0], 0
	w.chunks++
}

// Finish writes what is left and the directory. It returns the first error of
// the writer or its sink.
func (w *TextWriter) Finish() error {
	if w.err != nil || w.parts == 0 && w.n < max(w.least, 1) {
		return w.err
	}
	w.flush()
	if w.err != nil {
		return w.err
	}
	var body codec.Writer
	body.Uvarint(uint64(w.n))
	body.Raw(w.dir.Bytes())
	w.err = writeDirectory(w.sink, textVersion, uint64(w.parts), w.chunks, body.Bytes())
	return w.err
}
