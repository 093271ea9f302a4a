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
	// checked says that the chunk in the file, of a mapped one, was read and
	// matched its checksum. Guarded by the lock for loading.
	checked bool
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
// they stay valid for as long as they are referenced, after
// [Reader.Map] until Close. Errors name the segment,
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
		return nil, fmt.Errorf("%v: %w: chunk %d of 0", s, codec.ErrCorrupt, i)
	}
	if uint(i) >= uint(len(s.slots)) {
		return nil, fmt.Errorf("%v: %w: chunk %d of %d", s, codec.ErrCorrupt, i, len(s.slots))
	}
	if s.r.isClosed() {
		return nil, fmt.Errorf("%v: %w", s, ErrClosed)
	}
	mu := &s.r.loading[i%len(s.r.loading)]
	mu.Lock()
	defer mu.Unlock()
	if e := s.slots[i].entry.Load(); e != nil {
		return e.data, nil // another goroutine was loading it
	}
	if s.infos[i].codec == codecRaw {
		if file := s.r.mapping.bytes(); file != nil {
			return s.loadMapped(i, file)
		}
	}
	data, err := s.read(i, nil)
	if err != nil {
		return nil, err
	}
	s.r.cache.add(s.r, &s.slots[i], data, nil)
	return data, nil
}

// loadMapped loads chunk i, which stands in the mapped file as it is. The lock for
// loading it is held.
func (s *Section) loadMapped(i int, file []byte) ([]byte, error) {
	c, slot := &s.infos[i], &s.slots[i]
	if !slot.checked {
		d, err := newDecompressor()
		if err != nil {
			return nil, fmt.Errorf("%v: %w", s, err)
		}
		defer d.release()
		d.buf = grow(d.buf, int(c.stored), 0)
		if err := s.fetch(i, d.buf); err != nil {
			return nil, err
		}
		slot.checked = true
	}
	end := c.off + int64(c.stored)
	data := file[c.off:end:end]
	s.r.cache.add(s.r, slot, data, c)
	return data, nil
}

// read reads and checks chunk i, into buf if that is large enough.
func (s *Section) read(i int, buf []byte) ([]byte, error) {
	c := &s.infos[i]
	if c.codec == codecRaw {
		buf = grow(buf, int(c.stored), 0)
		return buf, s.fetch(i, buf)
	}
	d, err := newDecompressor()
	if err != nil {
		return buf, fmt.Errorf("%v: %w", s, err)
	}
	defer d.release()
	d.buf = grow(d.buf, int(c.stored), 0)
	if err := s.fetch(i, d.buf); err != nil {
		return buf, err
	}
	buf, ok := d.decompress(buf, d.buf, int(c.raw))
	if !ok {
		return buf, s.fail(i, "does not decompress to what is listed")
	}
	return buf, nil
}

// fetch reads the stored bytes of chunk i into b and checks them.
func (s *Section) fetch(i int, b []byte) error {
	c := &s.infos[i]
	if err := readFull(s.r.r, b, c.off); err != nil {
		return fmt.Errorf("%v: chunk %d: %w", s, i, err)
	}
	if codec.Checksum(b) != c.sum {
		return s.fail(i, "does not match its checksum")
	}
	return nil
}

func (s *Section) fail(i int, what string) error {
	return fmt.Errorf("%v: %w: chunk %d at byte %d %s", s, codec.ErrCorrupt, i, s.infos[i].off, what)
}

// String names the section and its segment, for errors.
func (s *Section) String() string {
	if s == nil {
		return "missing segment section"
	}
	return fmt.Sprintf("segment %s: section %d", s.r.name, s.ref.id)
}
