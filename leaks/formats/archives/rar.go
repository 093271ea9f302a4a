package archives

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nwaples/rardecode/v2"

	"github.com/leakscope/leakscope/leaks/formats"
)

// rar offers the files of a rar. Where headers or files are encrypted, every
// password means to open the archive anew: the library takes one.
func (w *walker) rar(s *source, depth int) error {
	password, tried, err := w.rarPassword(s)
	if err != nil {
		return err
	}
	a, err := w.openRar(s, password)
	if err != nil {
		if rarLocked(err) {
			return locked(w)
		}
		return rarError(err)
	}
	defer a.close()
	defer func() { w.b.drop(a.held) }()
	var names names
	var locks locks
	for {
		h, err := a.next()
		if err == nil {
			err = a.window(w.b, h)
		}
		if err == io.EOF {
			if err := names.finish(w, s.place); err != nil {
				return err
			}
			return locks.finish(w, s.place)
		}
		if err != nil {
			return cmp.Or(names.finish(w, s.place), locks.finish(w, s.place), rarEnd(w, err))
		}
		p, err := names.place(w, s.place, h.Name)
		if err != nil {
			return err
		}
		if h.IsDir || p.path == "" {
			if err := w.b.entry(); err != nil {
				return err
			}
			continue
		}
		if h.LinkType != 0 || h.Mode()&fs.ModeSymlink != 0 {
			if err := w.b.entry(); err != nil {
				return err
			}
			if err := w.report(p, p.damage(formats.TroubleSpecial, "a link, not followed")); err != nil {
				return err
			}
			continue
		}
		locks.files++
		if h.Encrypted && (password == "" || tried) {
			locks.shut++
			if err := w.b.entry(); err != nil {
				return err
			}
			continue
		}
		m := member{
			place: p, size: h.UnPackedSize, mod: h.ModificationTime.UTC(), unpacks: true,
			key:  s.key,
			open: func() (io.ReadCloser, error) { return io.NopCloser(rarReader{a}), nil },
		}
		if h.Encrypted || h.HeaderEncrypted {
			m.key = w.key(s.key, password)
		}
		if h.UnKnownSize {
			m.size = -1
		}
		if err := w.offer(m, depth); err != nil {
			return err
		}
		// What the consumer left is unpacked here, where it is counted and can
		// be interrupted: a solid archive has to, and would do it unseen.
		_, err = io.Copy(io.Discard, &meter{b: w.b, r: rarReader{a}, count: true, place: p})
		if err != nil && (w.b.over != nil || w.ctx.Err() != nil) {
			return err
		}
	}
}

// rarEnd is what ended an archive early.
func rarEnd(w *walker, err error) error {
	if rarLocked(err) {
		return locked(w)
	}
	return rarError(err)
}

func rarLocked(err error) bool {
	return errors.Is(err, rardecode.ErrArchiveEncrypted) || errors.Is(err, rardecode.ErrArchivedFileEncrypted) ||
		errors.Is(err, rardecode.ErrBadPassword)
}

// rarError gives the library's errors our kinds.
func rarError(err error) error {
	detail := strings.TrimPrefix(err.Error(), "rardecode: ")
	switch {
	case errors.Is(err, rardecode.ErrDictionaryTooLarge):
		return &formats.Damage{Trouble: formats.TroubleLimit, Detail: detail}
	case errors.Is(err, rardecode.ErrUnknownVersion), errors.Is(err, rardecode.ErrUnsupportedDecoder),
		errors.Is(err, rardecode.ErrUnknownDecoder), errors.Is(err, rardecode.ErrUnknownEncryptMethod):
		return &formats.Damage{Trouble: formats.TroubleUnsupported, Detail: detail}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrClosed), errors.Is(err, rardecode.ErrMultiVolume), errors.Is(err, rardecode.ErrBadVolumeNumber):
		return errors.New("a volume is missing")
	case errors.Is(err, rardecode.ErrUnexpectedArcEnd), errors.Is(err, rardecode.ErrDecoderOutOfData),
		errors.Is(err, rardecode.ErrShortFile):
		return io.ErrUnexpectedEOF
	case isDamage(err):
		return err
	}
	return errors.New(detail)
}

// A rarArchive is the library's reader, guarded.
type rarArchive struct {
	r     *rardecode.Reader
	close func()
	bad   bool // after an error the reader may panic
	keys  *slow
	most  int64 // largest dictionary granted
	held  int64 // of it
}

// window counts the dictionary of a file. How large it is the library does not
// tell, but it is no larger than the file, unless that goes on where others
// ended.
func (a *rarArchive) window(b *budget, h *rardecode.FileHeader) error {
	n := a.most
	if !h.Solid && !h.UnKnownSize {
		n = min(n, max(h.UnPackedSize, 0))
	}
	if n <= a.held || h.IsDir {
		return nil
	}
	if err := b.hold(n-a.held, "a dictionary"); err != nil {
		return err
	}
	a.held = n
	return nil
}

func (a *rarArchive) next() (h *rardecode.FileHeader, err error) {
	start := time.Now()
	err = safely(func() (err error) {
		h, err = a.r.Next()
		return err
	})
	if h != nil && h.Encrypted {
		if slow := a.keys.took(time.Since(start)); err == nil {
			err = slow
		}
	}
	a.bad = err != nil
	return h, err
}

type rarReader struct{ a *rarArchive }

func (r rarReader) Read(p []byte) (int, error) {
	if r.a.bad {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := r.a.r.Read(p)
	if err != nil && err != io.EOF {
		err = rarError(err)
	}
	return n, err
}

// openRar opens the archive with a password, "" for none.
func (w *walker) openRar(s *source, password string) (*rarArchive, error) {
	most := max(0, min(maxDictionary, w.b.room()))
	opts := []rardecode.Option{rardecode.MaxDictionarySize(most)}
	if password != "" {
		opts = append(opts, rardecode.Password(password))
	}
	a := &rarArchive{close: func() {}, keys: &s.keys, most: most}
	err := safely(func() error {
		if s.disk != "" {
			rc, err := rardecode.OpenReader(s.disk, append(opts, rardecode.FileSystem(regularFiles{w.opts.OnRead}))...)
			if err != nil {
				return err
			}
			a.r, a.close = &rc.Reader, func() { rc.Close() }
			return nil
		}
		r, err := s.open()
		if err != nil {
			return err
		}
		a.r, err = rardecode.NewReader(r, opts...)
		return err
	})
	return a, err
}

// regularFiles opens volumes by name: regular files only, so that a pipe or
// device called like one does no harm.
type regularFiles struct{ onRead func(int) }

func (r regularFiles) Open(name string) (fs.File, error) {
	info, err := os.Stat(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("no regular file")}
	}
	f, err := openRegular(name, info)
	if err != nil || r.onRead == nil {
		return f, err
	}
	return toldFile{f, r.onRead}, nil
}

type toldFile struct {
	*os.File
	on func(int)
}

func (t toldFile) Read(p []byte) (int, error) {
	n, err := t.File.Read(p)
	t.on(n)
	return n, err
}

// rarPassword finds the password of an archive: "" if none is needed. tried
// says that all were, and none fitted the files.
func (w *walker) rarPassword(s *source) (password string, tried bool, err error) {
	if len(w.passwords) == 0 {
		return "", false, nil
	}
	if s.at == nil && !s.again {
		return w.passwords[0], false, nil // one attempt is all there is
	}
	if need, err := w.rarNeeds(s); err != nil || !need {
		return "", false, err
	}
	for _, password := range w.passwords {
		if err := w.b.check(); err != nil {
			return "", false, err
		}
		if w.rarFits(s, password) {
			w.fits(password)
			return password, false, nil
		}
	}
	return "", true, nil
}

// rarNeeds reports whether anything in the archive is encrypted. It looks at
// the first file only: archivers encrypt all or nothing, unless told to add
// files later.
func (w *walker) rarNeeds(s *source) (bool, error) {
	a, err := w.openRar(s, "")
	if err != nil {
		return rarLocked(err), nil
	}
	defer a.close()
	for {
		if err := w.b.check(); err != nil {
			return false, err
		}
		h, err := a.next()
		if err != nil {
			return rarLocked(err), nil
		}
		if h.Encrypted || h.HeaderEncrypted {
			return true, nil
		}
		if !h.IsDir && h.UnPackedSize != 0 {
			return false, nil
		}
	}
}

// rarFits decodes the begin of the first encrypted file.
func (w *walker) rarFits(s *source, password string) bool {
	a, err := w.openRar(s, password)
	if err != nil {
		return false
	}
	defer a.close()
	for {
		h, err := a.next()
		if err == io.EOF {
			return true // nothing but folders
		}
		if err != nil {
			return false
		}
		if h.IsDir || h.UnPackedSize == 0 || !h.Encrypted {
			if h.HeaderEncrypted {
				return true
			}
			continue
		}
		_, err = io.CopyN(io.Discard, &meter{b: w.b, r: rarReader{a}, place: s.place}, probeBytes)
		return err == nil || err == io.EOF
	}
}
