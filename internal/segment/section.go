package segment

import (
	"fmt"
	"sync/atomic"

	"github.com/leakscope/leakscope/internal/codec"
)

// A slot is where a chunk is found once loaded. It is set and cleared under the
// cache's mutex and read without.
type slot struct {
	entry atomic.Pointer[entry]
}

// A Section gives the chunks of one section. It implements [codec.ChunkSource],
// is safe for concurrent use, and nil is a section without chunks.
type Section struct {
	r     *Reader
	ref   *sectionRef
	infos []chunkInfo
	slots []slot
}

// Chunks returns how many chunks the section has.
func (s *Section) Chunks() int {
	if s == nil {
		return 0
	}
	return len(s.slots)
}

// Chunk returns chunk i, checked. The bytes are shared and must not be changed;
// they stay valid for as long as they are referenced. Errors name the segment,
// the section, the chunk and its offset, and wrap [codec.ErrCorrupt] for damage
// and for an i out of range, [ErrClosed] after Close.
func (s *Section) Chunk(i int) ([]byte, error) {
	if s != nil && uint(i) < uint(len(s.slots)) {
		if e := s.slots[i].entry.Load(); e != nil {
			if e.idle.Load() { // a store each time would make cores fight for the line
				e.idle.Store(false)
			}
			return e.data, nil
		}
	}
	return s.load(i)
}

func (s *Section) load(i int) ([]byte, error) {
	if s == nil {
		return nil, fmt.Errorf("%w: segment section is missing", codec.ErrCorrupt)
	}
	if uint(i) >= uint(len(s.slots)) {
		return nil, fmt.Errorf("segment %s: section %d: %w: chunk %d of %d", s.r.name, s.ref.id, codec.ErrCorrupt, i, len(s.slots))
	}
	if s.r.isClosed() {
		return nil, fmt.Errorf("segment %s: section %d: %w", s.r.name, s.ref.id, ErrClosed)
	}
	mu := &s.r.loading[i%len(s.r.loading)]
	mu.Lock()
	defer mu.Unlock()
	if e := s.slots[i].entry.Load(); e != nil {
		return e.data, nil // another goroutine was loading it
	}
	_, data, err := s.read(i, nil, nil)
	if err != nil {
		return nil, err
	}
	s.r.cache.add(s.r, &s.slots[i], data)
	return data, nil
}

// overAlloc is room behind the content that lets the decompressor copy in whole
// words.
const overAlloc = 16

// read reads and checks chunk i. It uses the buffers given if they are large
// enough, and returns them: the stored bytes and the content, which may be one.
func (s *Section) read(i int, stored, raw []byte) ([]byte, []byte, error) {
	c := &s.infos[i]
	if c.codec == codecRaw {
		raw = grow(raw, int(c.stored), 0)
		err := s.fetch(i, raw)
		return stored, raw, err
	}
	stored = grow(stored, int(c.stored), 0)
	if err := s.fetch(i, stored); err != nil {
		return stored, raw, err
	}
	raw = grow(raw, int(c.raw), overAlloc)
	out, err := decompress(raw[:0:int(c.raw)+overAlloc], stored)
	if err != nil {
		return stored, raw, s.fail(i, "does not decompress")
	}
	if len(out) != int(c.raw) {
		return stored, raw, s.fail(i, "decompresses to another length")
	}
	return stored, out, nil
}

// grow returns b, or a new slice if b is too small, with length n and room for
// extra bytes behind.
func grow(b []byte, n, extra int) []byte {
	if cap(b) < n+extra {
		return make([]byte, n, n+extra)
	}
	return b[:n]
}

// fetch reads the stored bytes of chunk i into b and checks them.
func (s *Section) fetch(i int, b []byte) error {
	c := &s.infos[i]
	if err := readFull(s.r.r, b, c.off); err != nil {
		return fmt.Errorf("segment %s: section %d: chunk %d: %w", s.r.name, s.ref.id, i, err)
	}
	if codec.Checksum(b) != c.sum {
		return s.fail(i, "does not match its checksum")
	}
	return nil
}

func (s *Section) fail(i int, what string) error {
	return fmt.Errorf("segment %s: section %d: %w: chunk %d at byte %d %s", s.r.name, s.ref.id, codec.ErrCorrupt, i, s.infos[i].off, what)
}
