package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/leakscope/leakscope/internal/codec"
)

// ErrTooLong is given for a string of more than [MaxString] bytes.
var ErrTooLong = errors.New("index: string longer than 64 KiB")

// errTooMany: ordinals and values are 32 bits wide.
var errTooMany = errors.New("index: more than 4,294,967,294 strings")

// A DictWriter writes a dictionary: strings get the ordinals 0, 1, 2… in the
// order they are added. Its errors are sticky: Finish gives the first.
type DictWriter struct {
	sink codec.ChunkSink
	err  error
	n    uint32    // strings added
	prev []byte    // the string before
	lcp  int       // how much of it the last one has
	kept [2][]byte // copies of the last strings, in turn

	// The open chunk.
	first   uint32 // ordinal of its first string
	groups  []byte // uint16 each: where a group's suffixes begin
	shared  []byte // a byte each string
	lens    []byte // a byte each string
	suffix  []byte
	scratch []byte

	chunks int
	dir    codec.Writer // one entry each chunk
}

// NewDictWriter returns a writer of a dictionary to sink.
func NewDictWriter(sink codec.ChunkSink) *DictWriter { return &DictWriter{sink: sink} }

// Add appends s and returns its ordinal. Strings must ascend strictly (as
// bytes) within each range that [DictCursor.Find] will be asked for; nothing is
// asked of strings on either side of a range's border. A string longer than
// [MaxString] is ErrTooLong. After an error the ordinal means nothing.
func (w *DictWriter) Add(s []byte) uint32 {
	kept := &w.kept[w.n&1]
	*kept = append((*kept)[:0], s...)
	return w.AddKept(*kept)
}

// AddKept is Add for a string that stays as it is until the next one has been
// added: it is not copied to be compared with that.
func (w *DictWriter) AddKept(s []byte) uint32 {
	w.lcp = 0
	if w.err != nil {
		return 0
	}
	if len(s) > MaxString {
		w.err = ErrTooLong
		return 0
	}
	if w.n == math.MaxUint32-1 {
		w.err = errTooMany
		return 0
	}
	shared := commonPrefix(w.prev, s)
	w.lcp = shared
	i := len(w.lens)
	if i&groupMask == 0 {
		if i == 0 {
			w.first = w.n
			w.separator(s, shared)
		}
		shared = 0
		// Below 64 KiB always: a chunk is cut when its suffixes reach half that.
		w.groups = binary.LittleEndian.AppendUint16(w.groups, uint16(len(w.suffix)))
	}
	w.shared = append(w.shared, w.length(shared))
	w.lens = append(w.lens, w.length(len(s)-shared))
	w.suffix = append(w.suffix, s[shared:]...)
	w.prev = s
	w.n++
	if len(w.lens) == chunkStrings || len(w.suffix) >= chunkSuffixes {
		w.cut()
	}
	return w.n - 1
}

// Shared returns how many bytes the string added last has in common with the one
// before; 0 after an error.
func (w *DictWriter) Shared() int { return w.lcp }

// Len returns how many strings were added.
func (w *DictWriter) Len() uint32 { return w.n }

// length returns the length byte of n, writing n to the suffix area when it
// does not fit.
func (w *DictWriter) length(n int) byte {
	if n < lengthEscape {
		return byte(n)
	}
	w.suffix = binary.AppendUvarint(w.suffix, uint64(n))
	return lengthEscape
}

// separator keeps the shortest string that is above the one before s and not
// above s. At a border (s not above the one before) s itself serves: no search
// crosses it.
func (w *DictWriter) separator(s []byte, lcp int) {
	sep := s
	if bytes.Compare(w.prev, s) < 0 {
		sep = s[:lcp+1]
	}
	w.dir.Block(sep[:min(len(sep), separatorBytes)])
}

// cut writes the open chunk.
func (w *DictWriter) cut() {
	n := len(w.lens)
	if n == 0 || w.err != nil {
		return
	}
	b := w.scratch[:0]
	b = binary.LittleEndian.AppendUint32(b, w.first)
	b = binary.LittleEndian.AppendUint16(b, uint16(n))
	b = append(b, w.groups...)
	b = append(b, w.shared...)
	b = append(b, w.lens...)
	b = append(b, w.suffix...)
	w.scratch = b
	w.err = w.sink.WriteChunk(b)
	w.chunks++
	w.dir.Uvarint(uint64(n))
	w.groups, w.shared, w.lens, w.suffix = w.groups[:0], w.shared[:0], w.lens[:0], w.suffix[:0]
}

// Finish writes what is left and the directory. It returns the first error of
// the writer or its sink.
func (w *DictWriter) Finish() error {
	w.cut()
	if w.err != nil {
		return w.err
	}
	var body codec.Writer
	body.Uvarint(uint64(w.n))
	body.Raw(w.dir.Bytes())
	w.err = writeDirectory(w.sink, dictVersion, uint64(w.chunks), w.chunks, body.Bytes())
	return w.err
}

// commonPrefix returns how many leading bytes a and b share.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:])
		if x != 0 {
			return i + firstByte(x)
		}
	}
	if n >= 8 && i < n { // the last eight, of which some are known to be the same
		i = n - 8
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + firstByte(x)
		}
		return n
	}
	for ; i < n && a[i] == b[i]; i++ {
	}
	return i
}
