package archives

import (
	"archive/tar"
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/leakscope/leakscope/leaks/formats"
)

// compressed offers what a gzip, zstd, xz or bzip2 file holds.
func (w *walker) compressed(k kind, s *source, depth int) error {
	return w.offer(member{
		place:      place{path: unpackedName(s.place.path), archive: s.place.inside()},
		size:       -1,
		again:      s.again || s.at != nil,
		unpacks:    true,
		compressed: &s.place,
		open: func() (io.ReadCloser, error) {
			r, err := s.open()
			if err != nil {
				return nil, err
			}
			return decompress(k, r)
		},
	}, depth)
}

func decompress(k kind, r io.Reader) (io.ReadCloser, error) {
	switch k {
	case kindGzip:
		return gzip.NewReader(r)
	case kindZstd:
		return unzstd(r)
	case kindXz:
		return unxz(r)
	}
	return io.NopCloser(bzip2.NewReader(r)), nil
}

// unzstd decodes in the caller's goroutine: many archives are read at a time
// by many callers, and the decoder's own would keep blocks ahead.
func unzstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxDictionary))
	if err != nil {
		return nil, err
	}
	return &zstdReader{d}, nil
}

type zstdReader struct{ d *zstd.Decoder }

func (z *zstdReader) Read(p []byte) (int, error) {
	n, err := z.d.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = tooGreedy(2 * maxDictionary)
	}
	return n, err
}

func (z *zstdReader) Close() error {
	z.d.Close()
	return nil
}

// unxz asks the first block how large its dictionary is before the decoder
// makes one.
func unxz(r io.Reader) (io.ReadCloser, error) {
	br := bufio.NewReader(r)
	head, err := br.Peek(12 + 8)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if dict := xzDictionary(head, br); dict > maxDictionary {
		return nil, tooGreedy(dict)
	}
	x, err := xz.ReaderConfig{DictCap: 1 << 16}.NewReader(br)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(x), nil
}

// xzDictionary is the dictionary size of the first block; 0 when it cannot be
// told, which the decoder will find out (xz file format 1.2.0, 3.1 and 5.3.1).
func xzDictionary(head []byte, br *bufio.Reader) uint64 {
	if len(head) < 13 || head[12] == 0 {
		return 0
	}
	size := (int(head[12]) + 1) * 4
	block, _ := br.Peek(12 + size)
	if len(block) < 12+size {
		return 0
	}
	b := block[12:]
	at := 2
	for _, has := range []byte{0x40, 0x80} { // packed and unpacked size
		if b[1]&has != 0 {
			_, n := binary.Uvarint(b[at:])
			if n <= 0 {
				return 0
			}
			at += n
		}
	}
	for range b[1]&3 + 1 {
		id, n := binary.Uvarint(b[at:])
		if n <= 0 {
			return 0
		}
		at += n
		length, n := binary.Uvarint(b[at:])
		if n <= 0 || length > uint64(len(b)-at-n) {
			return 0
		}
		at += n
		if id == 0x21 && length == 1 {
			return lzma2Dictionary(b[at])
		}
		at += int(length)
	}
	return 0
}

// lzma2Dictionary is the size that a property byte of LZMA2 means.
func lzma2Dictionary(p byte) uint64 {
	if p >= 40 {
		return 1<<32 - 1
	}
	return uint64(2|p&1) << (p/2 + 11)
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
			place: p, size: h.Size, mod: h.ModTime.UTC(),
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
