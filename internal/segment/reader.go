package segment

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/leakscope/leakscope/internal/codec"
)

// A Reader reads one segment. It is safe for concurrent use.
type Reader struct {
	r        io.ReaderAt
	mapping  *mapping // of the file, after Map
	size     int64
	name     string
	cache    *Cache
	dir      *directory
	sum      uint64
	sections map[uint16]*Section

	// loading is held while a chunk is loaded, so that goroutines in need of
	// the same one load it once. Chunks share the locks.
	loading [16]sync.Mutex
	closed  bool // guarded by cache.mu, or by loading[0] without a cache
}

// Open reads the directory of the segment of so many bytes in r and checks it:
// the magics, the footer's checksum, and that the chunks fill the file without
// gap or overlap. Chunks are read and checked when they are used. The name
// stands in errors. With a nil cache no chunk is kept.
//
// Errors wrap [codec.ErrCorrupt] for bytes that are not a segment,
// [ErrVersion] for a segment of another format version, and otherwise what r
// returned. Open does not take over r; close it after the Reader.
func Open(r io.ReaderAt, size int64, name string, cache *Cache) (*Reader, error) {
	s := &Reader{r: r, size: size, name: name, cache: cache}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("segment %s: %w", name, err)
	}
	return s, nil
}

func (r *Reader) open() error {
	footer, at, err := r.footer()
	if err != nil {
		return err
	}
	r.sum = codec.Checksum(footer)
	if r.dir, err = decodeFooter(footer, at); err != nil {
		return fmt.Errorf("footer at byte %d: %w", at, err)
	}
	r.sections = make(map[uint16]*Section, len(r.dir.sections))
	slots := make([]slot, len(r.dir.chunks))
	for i := range r.dir.sections {
		s := &r.dir.sections[i]
		r.sections[s.id] = &Section{
			r:     r,
			ref:   s,
			infos: r.dir.chunks[s.first : s.first+s.chunks],
			slots: slots[s.first : s.first+s.chunks],
		}
	}
	return nil
}

// footer reads the footer, checked against its checksum, and says where it is.
func (r *Reader) footer() ([]byte, int64, error) {
	if r.size < headLen+tailLen {
		return nil, 0, fmt.Errorf("%w: %d bytes are too few", codec.ErrCorrupt, r.size)
	}
	var head [headLen]byte
	var tail [tailLen]byte
	if err := readFull(r.r, head[:], 0); err != nil {
		return nil, 0, fmt.Errorf("header: %w", err)
	}
	if err := readFull(r.r, tail[:], r.size-tailLen); err != nil {
		return nil, 0, fmt.Errorf("trailer: %w", err)
	}
	if err := checkMagic(string(head[:]), string(tail[tailLen-len(tailMagic):])); err != nil {
		return nil, 0, err
	}
	at := binary.LittleEndian.Uint64(tail[0:])
	n := binary.LittleEndian.Uint64(tail[8:])
	sum := binary.LittleEndian.Uint64(tail[16:])
	end := uint64(r.size - tailLen)
	if at < headLen || at > end || n != end-at || n > MaxFooter {
		return nil, 0, fmt.Errorf("%w: trailer does not describe a footer before it", codec.ErrCorrupt)
	}
	b := make([]byte, n)
	if err := readFull(r.r, b, int64(at)); err != nil {
		return nil, 0, fmt.Errorf("footer: %w", err)
	}
	if codec.Checksum(b) != sum {
		return nil, 0, fmt.Errorf("%w: footer at byte %d does not match its checksum", codec.ErrCorrupt, at)
	}
	return b, int64(at), nil
}

// checkMagic tells damage from a version to come.
func checkMagic(head, tail string) error {
	if head == headMagic && tail == tailMagic {
		return nil
	}
	const n = headLen - 1
	if head[:n] == headMagic[:n] && tail[:n] == tailMagic[:n] && head[n] == tail[n] {
		return fmt.Errorf("%w: version %d, known is %d", ErrVersion, head[n], Version)
	}
	return fmt.Errorf("%w: not a segment", codec.ErrCorrupt)
}

// readFull reads len(b) bytes at off. Bytes that are not there are corruption.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %d of %d bytes at byte %d are there", codec.ErrCorrupt, n, len(b), off)
	}
	return fmt.Errorf("read %d bytes at byte %d: %w", len(b), off, err)
}

// Meta returns what Finish was given; it must not be changed.
func (r *Reader) Meta() []byte { return r.dir.meta }

// FooterSum returns the checksum of the footer, see [Summary].
func (r *Reader) FooterSum() uint64 { return r.sum }

// Section returns section id. A section that was not written is nil, which
// works and has no chunks.
func (r *Reader) Section(id uint16) *Section { return r.sections[id] }

// A SectionInfo says how large a section is.
type SectionInfo struct {
	ID     uint16
	Chunks int
	Stored int64 // bytes in the file
	Raw    int64 // bytes when loaded
}

// Sections lists the sections by ascending id.
func (r *Reader) Sections() iter.Seq[SectionInfo] {
	return func(yield func(SectionInfo) bool) {
		for _, s := range r.dir.sections {
			info := SectionInfo{ID: s.id, Chunks: s.chunks}
			for _, c := range r.dir.chunks[s.first : s.first+s.chunks] {
				info.Stored += int64(c.stored)
				info.Raw += int64(c.raw)
			}
			if !yield(info) {
				return
			}
		}
	}
}

// Verify reads the whole file again, past the cache, and checks every chunk. It
// returns the first problem, an error wrapping [codec.ErrCorrupt] for damage, or
// that of ctx, which is polled at every chunk.
func (r *Reader) Verify(ctx context.Context) error {
	footer, _, err := r.footer()
	if err == nil && codec.Checksum(footer) != r.sum {
		err = fmt.Errorf("%w: footer is not the one opened", codec.ErrCorrupt)
	}
	if err != nil {
		return fmt.Errorf("segment %s: %w", r.name, err)
	}
	var buf []byte
	for i := range r.dir.sections {
		s := r.sections[r.dir.sections[i].id]
		for j := range s.infos {
			if err := ctx.Err(); err != nil {
				return err
			}
			if buf, err = s.read(j, buf); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close gives the reader's chunks back to the cache. Chunks in use stay valid, unless
// Map was called; further ones fail with [ErrClosed].
func (r *Reader) Close() error {
	c := r.cache
	if c == nil {
		r.loading[0].Lock()
		r.closed = true
		r.loading[0].Unlock()
		return r.mapping.close()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r.closed = true
	for _, s := range r.sections {
		for i := range s.slots {
			if e := s.slots[i].entry.Load(); e != nil {
				c.remove(e)
			}
		}
	}
	return r.mapping.close()
}

func (r *Reader) isClosed() bool {
	mu := &r.loading[0]
	if r.cache != nil {
		mu = &r.cache.mu
	}
	mu.Lock()
	defer mu.Unlock()
	return r.closed
}
