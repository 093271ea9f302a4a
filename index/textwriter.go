package index

import (
	"encoding/binary"
	"sync"

	"github.com/leakscope/leakscope/internal/codec"
)

// A TextWriter writes a text index of the strings of a dictionary. It takes
// them as they come and holds one part of the index, some 6 MiB at most
// whatever their number. Its errors are sticky: Finish gives the first.
type TextWriter struct {
	textInput

	tables *textTables  // of the open part
	heads  codec.Writer // of the open chunk
	body   []byte       // its lists

	parts, chunks int
	dir           codec.Writer
}

// textTables are what the open part of an index is made in.
type textTables struct {
	// The distinct keys of each block, one block behind another, in no order.
	keys   []uint16
	starts []uint32             // by block, where its keys begin
	had    [1 << 16 / 64]uint64 // a bit by key: the open block has it

	lists  []uint16             // flush: by key its blocks
	counts [textKeys + 1]uint32 // flush: by key, where its next block goes
}

// textPool keeps tables for the next writer: clearing and growing them anew
// would cost more than a small dictionary itself.
var textPool = sync.Pool{New: func() any { return new(textTables) }}

// NewTextWriter returns a writer of a text index to sink. Where there are
// fewer than least strings, and not long ones, nothing is written: going
// through them takes no longer than the index would.
//
// It tells blocks of 1<<shift strings apart, from 4 to 10: the smaller they are,
// the fewer strings that do not match are looked at, and the longer the index.
// Another shift is taken for the nearest of these.
func NewTextWriter(sink codec.ChunkSink, least uint32, shift int) *TextWriter {
	return &TextWriter{textInput: newTextInput(sink, least, shift)}
}

// Add appends s, the string of the next ordinal, whose first shared bytes are
// those of the string before.
func (w *TextWriter) Add(s []byte, shared int) {
	if w.begins() {
		w.beginBlock()
	}
	shared = w.next(shared)
	if w.after = isASCII(s[shared:]); w.after {
		s = s[max(shared-2, 0):]
	} else {
		w.fold = appendFold(w.fold[:0], s)
		s = w.fold
	}
	if len(s) < 3 || w.err != nil {
		return
	}
	t := w.tables
	have := len(t.keys)
	if cap(t.keys)-have < len(s) {
		t.keys = append(make([]uint16, 0, 2*cap(t.keys)+len(s)), t.keys...)
	}
	keys := t.keys[have : have+len(s)]
	had := &t.had
	n := uint(0)
	a, b := trigramClasses[s[0]], trigramClasses[s[1]]
	for _, third := range s[2:] {
		c := trigramClasses[third]
		key := uint16(a>>32 + b>>16 + c)
		a, b = b, c
		keys[n] = key
		word, bit := had[key>>6], uint64(1)<<(key&63)
		had[key>>6] = word | bit
		if word&bit == 0 { // no branch: it could not be foretold
			n++
		}
	}
	t.keys = t.keys[:have+int(n)]
}

// beginBlock begins the next block, in a new part where the open one is full.
func (w *TextWriter) beginBlock() {
	if w.tables == nil {
		w.tables = textPool.Get().(*textTables)
	}
	if t := w.tables; len(t.keys) >= textPartKeys || len(t.starts) == textPartBlocks {
		w.flush()
	}
	w.tables.starts = append(w.tables.starts, uint32(len(w.tables.keys)))
	clear(w.tables.had[:])
	w.after = false
}

// flush writes the open part: it sorts the keys, keeping the order of blocks,
// and writes a list each.
func (w *TextWriter) flush() {
	t := w.tables
	if blocks := len(t.starts); w.err == nil && blocks > 0 {
		t.invert()
		w.writeLists(uint32(blocks))
	}
	t.reset()
}

// reset makes the tables ready for the next part.
func (t *textTables) reset() {
	t.keys, t.starts = t.keys[:0], t.starts[:0]
}

// invert fills lists; counts then says where each key's end.
func (t *textTables) invert() {
	counts := &t.counts
	clear(counts[:])
	for _, key := range t.keys {
		counts[key+1]++
	}
	for key := range textKeys {
		counts[key+1] += counts[key]
	}
	if cap(t.lists) < len(t.keys) {
		t.lists = make([]uint16, cap(t.keys))
	}
	lists := t.lists[:len(t.keys)]
	for b, from := range t.starts {
		to := uint32(len(t.keys))
		if b+1 < len(t.starts) {
			to = t.starts[b+1]
		}
		for _, key := range t.keys[from:to] {
			at := counts[key]
			counts[key] = at + 1
			lists[at] = uint16(b)
		}
	}
}

// writeLists writes the chunks of a part and its entry of the directory.
func (w *TextWriter) writeLists(blocks uint32) {
	var firsts []uint16
	before := uint16(0)
	from := uint32(0)
	for key := range uint16(textKeys) {
		to := w.tables.counts[key]
		if to == from {
			continue
		}
		list := w.tables.lists[from:to]
		from = to
		if w.heads.Len() == 0 {
			firsts, before = append(firsts, key), 0
		}
		w.heads.Uvarint(uint64(key - before))
		before = key
		size := len(w.body)
		if !everywhere(len(list), blocks) {
			w.body = appendList(w.body, list, blocks)
		}
		w.heads.Uvarint(uint64(len(w.body) - size))
		if w.heads.Len()+len(w.body) >= textChunkBytes {
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
	if w.heads.Len() == 0 || w.err != nil {
		return
	}
	w.fold = binary.AppendUvarint(w.fold[:0], uint64(w.heads.Len()))
	w.fold = append(append(w.fold, w.heads.Bytes()...), w.body...)
	w.err = w.sink.WriteChunk(w.fold)
	w.heads.Reset()
	w.body = w.body[:0]
	w.chunks++
}

// Finish writes what is left and the directory. It returns the first error of
// the writer or its sink.
func (w *TextWriter) Finish() error {
	if t := w.tables; t != nil {
		if w.parts > 0 || w.n >= w.least {
			w.flush()
		}
		t.reset()
		textPool.Put(t)
		w.tables = nil
	}
	if w.err != nil || w.parts == 0 {
		return w.err
	}
	var body codec.Writer
	w.head(&body)
	body.Raw(w.dir.Bytes())
	w.err = writeDirectory(w.sink, textVersion, uint64(w.parts), w.chunks, body.Bytes())
	return w.err
}
