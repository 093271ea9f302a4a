package archives

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/leakscope/leakscope/leaks/formats"
)

// A szArchive is a 7z that can be read at random.
type szArchive struct {
	b    *budget
	r    io.ReaderAt
	size int64
	held int64  // for the directory
	key  string // that opened the directory, as in Entry.Key
	keys map[szKey][]byte
	slow slow
}

// sevenZip offers the files of a 7z.
func (w *walker) sevenZip(s *source, depth int) error {
	a := &szArchive{b: w.b, r: s.at, size: s.size, key: s.key}
	streams, files, err := w.szDirectory(a)
	defer func() { w.b.drop(a.held) }()
	if err != nil || files == nil {
		return err
	}
	x := &szWalk{w: w, a: a, s: s, depth: depth, streams: streams, folder: -1}
	defer x.stop()
	for {
		f, ok := files.next()
		if !ok {
			break
		}
		if err := x.file(f); err != nil {
			return err
		}
	}
	x.stop()
	if err := cmp.Or(x.names.finish(w, s.place), x.locks.finish(w, s.place)); err != nil {
		return err
	}
	if files.at < files.n {
		return errSevenZip
	}
	return nil
}

// hold counts memory that the directory takes.
func (a *szArchive) hold(n int64) error {
	if n > maxDirectory {
		return &formats.Damage{Trouble: formats.TroubleLimit, Detail: fmt.Sprintf("a directory of %d MiB", n>>20)}
	}
	if err := a.b.hold(n, "a directory"); err != nil {
		return err
	}
	a.held += n
	return nil
}

// szDirectory reads the directory, which may be packed and encrypted like a
// file.
func (w *walker) szDirectory(a *szArchive) (*szStreams, *szFileList, error) {
	b, err := a.start()
	if err != nil || len(b) == 0 {
		return nil, nil, err
	}
	for range 4 {
		r := &szBuffer{b: b, room: min(maxDirectory-a.held, w.b.room())}
		room := r.room
		switch r.byte() {
		case szHeader:
			s, l, err := r.header()
			if err == nil {
				err = a.hold(room - r.room)
			}
			return s, l, err
		case szEncoded:
			s := r.streams()
			if r.bad || len(s.folders) != 1 {
				return nil, nil, r.err()
			}
			a.b.drop(a.held) // that of what is unpacked stands in its place
			a.held = 0
			if b, err = w.szUnpackHeader(a, s); err != nil {
				return nil, nil, err
			}
		default:
			return nil, nil, errSevenZip
		}
	}
	return nil, nil, errSevenZip
}

// header reads the Header structure.
func (r *szBuffer) header() (*szStreams, *szFileList, error) {
	s, l := &szStreams{}, &szFileList{}
	for !r.bad {
		switch r.byte() {
		case szEnd:
			if r.bad {
				return nil, nil, errSevenZip
			}
			return s, l, nil
		case szArchiveProps:
			for !r.bad && r.byte() != szEnd {
				r.take(r.number())
			}
		case szAddStreams:
			r.streams()
		case szMainStreams:
			s = r.streams()
		case szFiles:
			l = r.files()
		default:
			r.fail()
		}
	}
	return nil, nil, r.err()
}

// szUnpackHeader unpacks the directory, with the password that fits.
func (w *walker) szUnpackHeader(a *szArchive, s *szStreams) ([]byte, error) {
	f := &s.folders[0]
	if f.size() == 0 {
		return nil, errSevenZip
	}
	if err := a.hold(int64(min(f.size(), 1<<62))); err != nil {
		return nil, err
	}
	read := func(password string) ([]byte, error) {
		var b []byte
		err := safely(func() error {
			rc, err := a.open(s, f, password)
			if err != nil {
				return err
			}
			defer rc.Close()
			if b, err = readSize(&meter{b: w.b, r: rc, count: true}, int(f.size())); err != nil {
				return cut(err)
			}
			if f.hasCRC && crc32.ChecksumIEEE(b) != f.crc {
				err = errChecksum
			}
			return err
		})
		return b, err
	}
	if !f.encrypted() {
		return read("")
	}
	for _, password := range w.passwords {
		b, err := read(password)
		if err == nil {
			a.key = w.key(a.key, password)
			w.fits(password)
			return b, nil
		}
		if err := w.b.check(); err != nil {
			return nil, err
		}
	}
	return nil, locked(w)
}

// readSize reads size bytes, but makes room for as many only once a MiB of
// them is there.
func readSize(r io.Reader, size int) ([]byte, error) {
	b := make([]byte, min(size, 1<<20))
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if len(b) == size {
		return b, nil
	}
	all := make([]byte, size)
	_, err := io.ReadFull(r, all[copy(all, b):])
	return all, err
}

// A szWalk goes through the files of one archive. The files of a folder are
// unpacked one behind the other; those before the first that is wanted, only
// then.
type szWalk struct {
	w       *walker
	a       *szArchive
	s       *source
	depth   int
	streams *szStreams
	names   names
	locks   locks

	stream   int    // the next of streams.sizes
	folder   int    // that it belongs to
	left     uint64 // streams left in the folder
	password string // of the folder
	shut     bool   // it is encrypted, and stays so
	at       uint64 // where in the folder the next file begins

	rc  io.ReadCloser // the open folder
	pos uint64        // how far it is read
	err error         // why it cannot be read
}

func (x *szWalk) stop() {
	if x.rc != nil {
		_ = safely(x.rc.Close)
		x.rc = nil
	}
}

// file offers one file.
func (x *szWalk) file(f szFile) error {
	p, err := x.names.place(x.w, x.s.place, f.name)
	if err != nil {
		return err
	}
	i := -1
	if f.data {
		if i, err = x.next(); err != nil {
			return err
		}
	}
	switch {
	case f.anti, f.dir && !f.data, p.path == "":
		return x.w.b.entry()
	case f.link:
		if err := x.w.b.entry(); err != nil {
			return err
		}
		return x.w.report(p, p.damage(formats.TroubleSpecial, "a link, not followed"))
	}
	x.locks.files++
	m := member{place: p, size: 0, mod: f.mtime, key: x.a.key, open: func() (io.ReadCloser, error) { return io.NopCloser(eof{}), nil }}
	if i >= 0 {
		if x.shut {
			x.locks.shut++
			return x.w.b.entry()
		}
		if x.streams.folders[x.folder].encrypted() {
			m.key = x.w.key(x.s.key, x.password)
		}
		at, size := x.at-x.streams.sizes[i], x.streams.sizes[i]
		m.size = int64(size)
		m.open = func() (io.ReadCloser, error) {
			if err := x.seek(at); err != nil {
				return nil, err
			}
			c := &checked{rc: io.NopCloser(szPart{x, at + size}), left: int64(size), sum: x.streams.crcs[i], none: !x.streams.hasCRC.at(i), hash: crc32.NewIEEE()}
			return c, nil
		}
		m.unpacks = true
	}
	return x.w.offer(m, x.depth)
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// next steps to the next stream, into the next folder where one ends.
func (x *szWalk) next() (int, error) {
	for x.left == 0 {
		x.stop()
		x.folder++
		if x.folder >= len(x.streams.folders) {
			return 0, errSevenZip
		}
		f := &x.streams.folders[x.folder]
		x.left, x.at, x.pos, x.err, x.shut = f.files, 0, 0, nil, false
		if f.encrypted() && f.files > 0 {
			if err := x.unlock(f); err != nil {
				return 0, err
			}
		}
	}
	i := x.stream
	if i >= len(x.streams.sizes) {
		return 0, errSevenZip
	}
	x.stream++
	x.left--
	x.at += x.streams.sizes[i]
	if x.at > 1<<62 {
		return 0, errSevenZip
	}
	return i, nil
}

// unlock finds the password of a folder by unpacking the begin of its first
// file.
func (x *szWalk) unlock(f *szFolderInfo) error {
	x.shut = true
	if x.locks.hopeless() {
		return nil
	}
	first := x.stream
	for _, password := range x.w.passwords {
		if err := x.w.b.check(); err != nil {
			return err
		}
		err := probe(func() (io.ReadCloser, error) {
			rc, err := x.a.open(x.streams, f, password)
			if err != nil || first >= len(x.streams.sizes) {
				return rc, err
			}
			return &checked{rc: rc, left: int64(min(x.streams.sizes[first], 1<<62)), sum: x.streams.crcs[first],
				none: !x.streams.hasCRC.at(first), hash: crc32.NewIEEE(), inside: true}, nil
		})
		if ctxErr := x.w.ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		if err == nil || isDamage(err) {
			x.password, x.shut = password, false
			x.locks.opened++
			x.w.fits(password)
			return nil
		}
	}
	x.locks.failed++
	return nil
}

// seek unpacks the folder up to at.
func (x *szWalk) seek(at uint64) error {
	if x.err != nil {
		return x.err
	}
	if x.rc != nil && x.pos > at {
		return errAgain
	}
	if x.rc == nil {
		x.pos = 0
		if x.rc, x.err = x.a.open(x.streams, &x.streams.folders[x.folder], x.password); x.err != nil {
			return x.err
		}
	}
	n, err := io.CopyN(io.Discard, &meter{b: x.w.b, r: x.rc, count: true, place: x.s.place}, int64(at-x.pos))
	x.pos += uint64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && x.w.b.over == nil {
		x.err = err
	}
	return err
}

// A szPart is one file in the stream of its folder.
type szPart struct {
	x   *szWalk
	end uint64
}

func (p szPart) Read(b []byte) (int, error) {
	x := p.x
	if x.rc == nil || x.pos >= p.end {
		return 0, io.EOF
	}
	if room := p.end - x.pos; uint64(len(b)) > room {
		b = b[:room]
	}
	n, err := x.rc.Read(b)
	x.pos += uint64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		x.err = err
	}
	if err == io.EOF && x.pos < p.end {
		x.err, err = io.ErrUnexpectedEOF, io.ErrUnexpectedEOF
	}
	return n, err
}
