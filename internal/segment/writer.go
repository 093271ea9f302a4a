package segment

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/leakscope/leakscope/internal/codec"
)

// A Summary is what a catalogue keeps of a finished segment.
type Summary struct {
	Size      int64  // bytes of the whole file
	FooterSum uint64 // checksum of the footer, which holds those of all chunks
}

// A Writer writes one segment, front to back. Its sections may be written by
// different goroutines at a time; the order of their chunks in the file is then
// that of arrival, which no reader notices.
//
// Errors stick: after the first every call returns it and nothing more is
// written.
type Writer struct {
	mu       sync.Mutex // guards all below
	w        io.Writer
	off      int64
	err      error
	sections []*SectionWriter
	ids      map[uint16]bool
	chunks   []chunkRef
	finished bool
}

// NewWriter starts a segment on w. Chunks are handed to w one by one, so w
// should buffer when chunks are small.
func NewWriter(w io.Writer) *Writer {
	sw := &Writer{w: w, ids: make(map[uint16]bool)}
	sw.write([]byte(headMagic))
	return sw
}

// A Packing is how the chunks of a section are stored, where that saves at least
// an eighth of one.
type Packing uint8

// The packings.
const (
	Plain Packing = iota // as they are
	Small                // zstd: for what stays
)

// Section starts section id, which may be used once a segment.
func (w *Writer) Section(id uint16, packing Packing) *SectionWriter {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ids[id] {
		w.fail(fmt.Errorf("segment section %d is written twice", id))
	}
	w.ids[id] = true
	s := &SectionWriter{w: w, id: id, index: len(w.sections), packing: packing}
	w.sections = append(w.sections, s)
	return s
}

// Finish writes the footer with meta, which belongs to the caller, and returns
// what identifies the segment. It does not flush or sync the underlying writer.
// Nothing may be written afterwards.
func (w *Writer) Finish(meta []byte) (Summary, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finished {
		w.fail(errors.New("segment is finished twice"))
	}
	if w.err != nil {
		return Summary{}, w.err
	}
	w.finished = true
	// Sections are opened in any order and listed by id: rank them.
	order := slices.Clone(w.sections)
	slices.SortFunc(order, func(a, b *SectionWriter) int { return cmp.Compare(a.id, b.id) })
	refs := make([]sectionRef, len(order))
	rank := make([]int, len(order))
	for i, s := range order {
		refs[i] = sectionRef{id: s.id, chunks: s.chunks}
		rank[s.index] = i
	}
	for i := range w.chunks {
		w.chunks[i].section = rank[w.chunks[i].section]
	}
	footer, err := encodeFooter(meta, refs, w.chunks)
	if err != nil {
		w.fail(err)
		return Summary{}, w.err
	}
	at, sum := w.off, codec.Checksum(footer)
	w.write(footer)
	w.write(trailer(at, len(footer), sum))
	if w.err != nil {
		return Summary{}, w.err
	}
	return Summary{Size: w.off, FooterSum: sum}, nil
}

// trailer draws the last bytes of a segment.
func trailer(footerAt int64, footerLen int, sum uint64) []byte {
	b := make([]byte, 0, tailLen)
	b = binary.LittleEndian.AppendUint64(b, uint64(footerAt))
	b = binary.LittleEndian.AppendUint64(b, uint64(footerLen))
	b = binary.LittleEndian.AppendUint64(b, sum)
	return append(b, tailMagic...)
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *Writer) write(b []byte) {
	if w.err != nil || len(b) == 0 {
		return
	}
	n, err := w.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.fail(fmt.Errorf("write segment: %w", err))
		return
	}
	w.off += int64(n)
}

// A SectionWriter writes the chunks of one section. It implements
// [codec.ChunkSink] and is for one goroutine at a time.
type SectionWriter struct {
	w       *Writer
	id      uint16
	index   int // in w.sections
	chunks  int // guarded by w.mu
	packing Packing
}

// WriteChunk writes b, at most [MaxChunk] bytes, as the next chunk of the
// section. It does not keep b.
func (s *SectionWriter) WriteChunk(b []byte) error {
	if len(b) > MaxChunk {
		return s.abort(fmt.Errorf("segment section %d: chunk of %d bytes is more than the %d a chunk may have", s.id, len(b), MaxChunk))
	}
	stored := b
	info := chunkInfo{raw: uint32(len(b)), codec: codecRaw}
	if s.packing != Plain && len(b) >= minCompress {
		c, err := newCompressor()
		if err != nil {
			return s.abort(fmt.Errorf("segment section %d: compress: %w", s.id, err))
		}
		defer c.release()
		if frame := c.compress(b); len(frame) <= len(b)-len(b)/8 {
			stored, info.codec = frame, codecZstd
		}
	}
	info.stored = uint32(len(stored))
	info.sum = codec.Checksum(stored)

	w := s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finished {
		w.fail(fmt.Errorf("segment section %d is written to after the end", s.id))
	}
	if w.err != nil {
		return w.err
	}
	w.write(stored)
	if w.err == nil {
		w.chunks = append(w.chunks, chunkRef{section: s.index, chunkInfo: info})
		s.chunks++
	}
	return w.err
}

func (s *SectionWriter) abort(err error) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.fail(err)
	return s.w.err
}
