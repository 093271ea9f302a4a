package index

import "github.com/leakscope/leakscope/internal/codec"

// textInput is what the writers of both forms of a text index know of the strings
// they take.
type textInput struct {
	sink  codec.ChunkSink
	err   error
	least uint32
	shift uint   // a block has 1<<shift strings
	n     uint32 // strings added
	after bool   // the string before is ASCII and in the same block
	fold  []byte // scratch
}

func newTextInput(sink codec.ChunkSink, least uint32, shift int) textInput {
	return textInput{sink: sink, least: least, shift: uint(min(max(shift, textLeastShift), textMostShift))}
}

// begins reports whether the next string begins a block.
func (t *textInput) begins() bool { return t.n&(1<<t.shift-1) == 0 }

// next counts the next string, of which so many bytes are those of the string
// before, and returns of how many the trigrams are in the block already.
func (t *textInput) next(shared int) int {
	t.n++
	if !t.after {
		return 0
	}
	return shared
}

// head begins the directory with what [readTextHead] reads.
func (t *textInput) head(w *codec.Writer) {
	w.Uvarint(uint64(t.n))
	w.Uint8(uint8(t.shift))
}
