package archives

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/leakscope/leakscope/leaks/formats"
)

var errNegative = errors.New("negative offset")

// A member is a file that a container holds, or one on disk.
type member struct {
	place place
	size  int64 // -1 when unknown
	mod   time.Time
	open  func() (io.ReadCloser, error)
	again bool        // open works more than once
	at    io.ReaderAt // the content, when it lies readable at random; then size is known
	disk  string      // the file's name on disk, when it is one
	key   string      // what opened it, as in Entry.Key
	// begins are where the parts of a split zip begin.
	begins []int64
	// unpacks says that reading it unpacks something, to be counted.
	unpacks bool
	// compressed is set for what a gzip, zstd, xz or bzip2 file holds: a tar
	// in it is no archive of its own.
	compressed *place
}

// A handle reads a member on behalf of a consumer, who may be slow to say
// whether it wants to.
type handle struct {
	w    *walker
	m    *member
	rc   io.ReadCloser
	r    *meter
	head []byte // read ahead, and not given yet
	err  error  // that opening ended with
	used bool
	dead bool
}

var (
	errGone  = errors.New("the entry before the current one")
	errAgain = errors.New("can be read only once")
)

// start opens the member if it is not open.
func (h *handle) start() error {
	if h.r != nil || h.err != nil {
		return h.err
	}
	h.err = h.w.b.check()
	if h.err == nil {
		h.err = safely(func() (err error) {
			h.rc, err = h.m.open()
			return err
		})
	}
	if h.err != nil {
		h.err = h.m.place.damaged(h.err)
		return h.err
	}
	h.r = &meter{b: h.w.b, r: h.rc, count: h.m.unpacks, place: h.m.place}
	return nil
}

// peek returns the first bytes.
func (h *handle) peek() []byte {
	if h.start() != nil {
		return nil
	}
	head := make([]byte, sniffBytes)
	n, _ := io.ReadFull(h.r, head) // the meter keeps the error for later
	h.head = head[:n]
	return h.head
}

// Open is the Open of an Entry.
func (h *handle) Open() (io.ReadCloser, error) {
	if h.dead {
		return nil, errGone
	}
	if h.used {
		if !h.m.again {
			return nil, h.m.place.damage(formats.TroubleUnsupported, errAgain.Error())
		}
		h.stop()
	}
	h.used = true
	if err := h.start(); err != nil {
		return nil, err
	}
	return h, nil
}

// Read gives what was read ahead, then the rest.
func (h *handle) Read(p []byte) (int, error) {
	switch {
	case h.dead || h.r == nil:
		return 0, errGone
	case len(h.head) > 0:
		n := copy(p, h.head)
		h.head = h.head[n:]
		return n, nil
	}
	return h.r.Read(p)
}

// Close does nothing: the walk closes what it opened.
func (h *handle) Close() error { return nil }

// stop closes the decoder.
func (h *handle) stop() {
	if h.rc != nil {
		_ = safely(h.rc.Close) // it only read
	}
	h.rc, h.r, h.head, h.err = nil, nil, nil, nil
}

// release ends the life of the entry.
func (h *handle) release() {
	h.stop()
	h.dead = true
}

// offer yields a member, or what it holds if it is an archive. depth is how
// many archives it lies in.
func (w *walker) offer(m member, depth int) error {
	if err := w.b.entry(); err != nil {
		return err
	}
	h := &handle{w: w, m: &m}
	defer h.release()
	e := formats.Entry{Path: m.place.path, Archive: m.place.archive, Size: m.size, ModTime: m.mod, Key: m.key, Open: h.Open}
	if w.skip(m.place.path) || isDocument(m.place.path) || depth > 0 && m.compressed == nil && saysPlain(m.place.path) {
		return w.emit(e)
	}
	k := sniff(h.peek())
	if k == plain && m.at != nil && namedZip(m.place.path) && hasZipEnd(m.at, m.size, m.begins) {
		k = kindZip // with something before it
	}
	if k == plain {
		return w.emit(e)
	}
	if _, err := h.Open(); err != nil {
		return w.report(m.place, err)
	}
	return w.nested(k, h, depth)
}

// nested walks a member that is an archive.
func (w *walker) nested(k kind, h *handle, depth int) error {
	m := h.m
	p := m.place
	if k == kindTar && m.compressed != nil {
		p = *m.compressed // a.tar.gz is one archive
		depth--
	}
	if depth >= w.b.limits.Depth {
		return w.report(p, p.over("Depth", "too many archives inside each other"))
	}
	s := &source{place: p, first: h, again: m.again, at: m.at, size: m.size, disk: m.disk, begins: m.begins, key: m.key}
	defer s.release(w.b)
	if s.at == nil && (k == kindZip || k == kind7z || k == kindRar && len(w.passwords) > 1 && !s.again) {
		whole, err := s.hold(w.b)
		if err == nil && !whole && k != kindRar {
			err = p.over("Nested", "compressed inside another archive, and too large to be held in memory")
		}
		if err != nil {
			return w.report(p, err)
		}
	}
	var err error
	switch k {
	case kindZip:
		err = w.zip(s, depth+1)
	case kind7z:
		err = w.sevenZip(s, depth+1)
	case kindRar:
		err = w.rar(s, depth+1)
	case kindTar:
		err = w.tar(s, depth+1)
	default:
		err = w.compressed(k, s, depth+1)
	}
	if err != nil {
		return w.report(p, err)
	}
	return nil
}

// A source is an archive to be read.
type source struct {
	place  place
	first  *handle
	taken  bool        // whether first has been given out
	again  bool        // first can be opened anew
	at     io.ReaderAt // when it can be read at random, size bytes
	size   int64
	disk   string
	begins []int64 // of the parts of a split zip
	key    string  // that opened the archive itself
	held   int64
	keys   slow
	front  io.Reader // what was held of a stream too long to hold
}

// open reads the archive from its begin; only the first time, unless it can be
// read again.
func (s *source) open() (io.Reader, error) {
	switch {
	case s.at != nil:
		return io.NewSectionReader(s.at, 0, s.size), nil
	case !s.taken:
		s.taken = true
		if s.front != nil {
			return io.MultiReader(s.front, s.first), nil
		}
		return s.first, nil
	case s.again:
		return s.first.Open()
	}
	return nil, errAgain
}

// hold takes the archive into memory, as far as the limit lets; whole says
// whether that was far enough.
func (s *source) hold(b *budget) (whole bool, err error) {
	room := min(b.limits.Nested-b.nested, b.room())
	if s.size > room {
		return false, nil
	}
	// In parts: a buffer that grows would for a moment take three times as much.
	var parts joined
	for err == nil && parts.size <= room {
		part := make([]byte, min(heldPart, room+1-parts.size))
		var n int
		n, err = io.ReadFull(s.first, part)
		parts.add(bytes.NewReader(part[:n]), int64(n))
	}
	s.held = parts.size
	b.nested += s.held
	b.held += s.held
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF && parts.size == 0 {
		return false, err
	}
	if err == nil {
		s.front = io.NewSectionReader(&parts, 0, parts.size)
		return false, nil
	}
	// What broke off may be readable as far as it goes.
	s.at, s.size = &parts, parts.size
	return true, nil
}

// heldPart is the length of the parts in which a nested archive is held.
const heldPart = 1 << 20

// release gives the memory back.
func (s *source) release(b *budget) {
	b.nested -= s.held
	b.drop(s.held)
}
