package archives

import (
	"archive/tar"
	"compress/bzip2"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/leakscope/leakscope/leaks/formats"
)

// compressed offers what a gzip, zstd, xz or bzip2 file holds.
func (w *walker) compressed(k kind, s *source, depth int) error {
	return w.offer(member{
		place:      place{path: unpackedName(s.place.path), archive: s.place.inside()},
		size:       -1,
		again:      s.again || s.at != nil,
		unpacks:    true,
		key:        s.key,
		compressed: &s.place,
		open: func() (io.ReadCloser, error) {
			r, err := s.open()
			if err != nil {
				return nil, err
			}
			return w.b.decompress(k, r)
		},
	}, depth)
}

func (b *budget) decompress(k kind, r io.Reader) (io.ReadCloser, error) {
	switch k {
	case kindGzip:
		return gzip.NewReader(r)
	case kindZstd:
		return b.unzstd(r)
	case kindXz:
		return b.unxz(r)
	}
	return io.NopCloser(bzip2.NewReader(r)), nil
}

// tar offers the files of a tar.
func (w *walker) tar(s *source, depth int) error {
	r, err := s.open()
	if err != nil {
		return err
	}
	seek, _ := r.(*io.SectionReader)
	if s.at == nil {
		seek = nil
	}
	var names names
	end := &ending{r: r}
	tr := tar.NewReader(end)
	if seek != nil {
		tr = tar.NewReader(seekEnding{end, seek})
	}
	for {
		var h *tar.Header
		err := safely(func() (err error) {
			h, err = tr.Next()
			return err
		})
		if err == io.EOF && end.met {
			err = io.ErrUnexpectedEOF // archive/tar does not insist on the end mark
		}
		if err == io.EOF {
			if err := names.finish(w, s.place); err != nil || s.at != nil {
				return err
			}
			// The sum of what it was compressed with stands behind it.
			_, err := io.Copy(io.Discard, r)
			return err
		}
		if h == nil || err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			if err := names.finish(w, s.place); err != nil {
				return err
			}
			return err
		}
		p, err := names.place(w, s.place, h.Name)
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		case tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
			if err := w.b.entry(); err != nil {
				return err
			}
			if err := w.report(p, p.damage(formats.TroubleSpecial, "a link or device, not followed")); err != nil {
				return err
			}
			continue
		default:
			if err := w.b.entry(); err != nil {
				return err
			}
			continue
		}
		if p.path == "" || strings.HasSuffix(h.Name, "/") {
			continue
		}
		m := member{
			place: p, size: h.Size, mod: h.ModTime.UTC(), key: s.key,
			open: func() (io.ReadCloser, error) { return io.NopCloser(tr), nil },
		}
		if sparse(h) {
			m.unpacks = true // holes cost nothing in the archive
		} else if seek != nil {
			if at, err := seek.Seek(0, io.SeekCurrent); err == nil && at <= s.size-h.Size {
				m.at, m.again = io.NewSectionReader(s.at, at, h.Size), true
				m.open = func() (io.ReadCloser, error) {
					return io.NopCloser(io.NewSectionReader(s.at, at, h.Size)), nil
				}
			}
		}
		if err := w.offer(m, depth); err != nil {
			return err
		}
	}
}

// ending notes that its reader ended.
type ending struct {
	r   io.Reader
	met bool
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.met = e.met || n == 0 && err == io.EOF
	return n, err
}

// seekEnding lets archive/tar skip what nobody reads.
type seekEnding struct {
	*ending
	io.Seeker
}

func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}
