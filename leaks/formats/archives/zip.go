package archives

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks/formats"
)

// The format is PKWARE's APPNOTE 6.3.10; section numbers below are its.

var (
	errNoZipEnd = errors.New("no central directory")
	errZipSplit = &formats.Damage{Trouble: formats.TroubleDamaged, Detail: "a split zip, of which not all parts (.z01, .z02 ...) lie beside it"}
	errZipEntry = errors.New("broken directory entry")
)

// A zipEnd is where the central directory is (4.3.16, 4.3.14).
type zipEnd struct {
	base    int64 // where the archive begins in the file
	offset  int64 // of the directory, from the file's begin
	size    int64
	records uint64
}

// namedZip reports whether a name says that the file is a zip.
func namedZip(name string) bool { return strings.EqualFold(path.Ext(name), ".zip") }

func hasZipEnd(r io.ReaderAt, size int64, begins []int64) bool {
	_, err := readZipEnd(r, size, begins)
	return err == nil || errors.Is(err, errZipSplit)
}

// readZipEnd finds the end of the central directory in the last 64 KiB. begins
// are where the parts of a split archive begin, nil for a whole one.
func readZipEnd(r io.ReaderAt, size int64, begins []int64) (end zipEnd, err error) {
	tail := make([]byte, min(size, 22+1<<16))
	start := size - int64(len(tail))
	if _, err := r.ReadAt(tail, start); err != nil && err != io.EOF {
		return end, err
	}
	for i := len(tail) - 22; i >= 0; i-- {
		i = bytes.LastIndex(tail[:i+4], []byte("PK\x05\x06"))
		if i < 0 {
			break
		}
		if int(binary.LittleEndian.Uint16(tail[i+20:]))+i+22 > len(tail) {
			continue // a comment longer than what follows: not the record
		}
		return parseZipEnd(r, tail[i:], start+int64(i), size, begins)
	}
	return end, errNoZipEnd
}

func parseZipEnd(r io.ReaderAt, rec []byte, at, size int64, begins []int64) (end zipEnd, err error) {
	le := binary.LittleEndian
	disk, dirDisk := uint32(le.Uint16(rec[4:])), uint32(le.Uint16(rec[6:]))
	end.records = uint64(le.Uint16(rec[10:]))
	length, offset := uint64(le.Uint32(rec[12:])), uint64(le.Uint32(rec[16:]))
	after := at // the directory ends here, at the latest
	if end.records == 0xffff || length == 0xffffffff || offset == 0xffffffff {
		var loc [20]byte
		if at >= 20 {
			if _, err := r.ReadAt(loc[:], at-20); err != nil {
				return end, err
			}
		}
		if string(loc[:4]) == "PK\x06\x07" {
			var rec64 [56]byte
			pos := int64(le.Uint64(loc[8:]))
			if n := le.Uint32(loc[4:]); begins != nil && n < uint32(len(begins)) && pos >= 0 && pos <= size {
				pos += begins[n]
			}
			if pos < 0 || pos > size-56 {
				return end, errNoZipEnd
			}
			if _, err := r.ReadAt(rec64[:], pos); err != nil {
				return end, err
			}
			if string(rec64[:4]) != "PK\x06\x06" {
				return end, errNoZipEnd
			}
			disk, dirDisk = le.Uint32(rec64[16:]), le.Uint32(rec64[20:])
			end.records, length, offset = le.Uint64(rec64[32:]), le.Uint64(rec64[40:]), le.Uint64(rec64[48:])
			after = pos
		}
	}
	if parts := uint32(max(1, len(begins))); disk != parts-1 || dirDisk >= parts {
		return end, errZipSplit
	}
	if begins != nil && offset <= uint64(after) {
		offset += uint64(begins[dirDisk])
	}
	if length > uint64(after) || offset > uint64(after) || length+offset > uint64(after) {
		return end, errNoZipEnd
	}
	end.size, end.offset = int64(length), int64(offset)
	if begins != nil {
		return end, nil
	}
	// Something may stand before the archive, a program for one.
	end.base = after - end.size - end.offset
	var sig [4]byte
	if end.base != 0 && end.records > 0 {
		if _, err := r.ReadAt(sig[:], end.offset); err == nil && string(sig[:]) == "PK\x01\x02" {
			end.base = 0
		}
	}
	end.offset += end.base
	return end, nil
}

// A zipFile is one entry of the directory (4.3.12).
type zipFile struct {
	name      string
	flags     uint16
	method    uint16
	crc       uint32
	packed    int64
	size      int64
	offset    int64 // of the local header in the file, or in its part
	part      uint32
	mod       time.Time
	dosTime   uint16
	link      bool
	aes       *zipAES
	noCRC     bool  // WinZip's AE-2 leaves it out
	dataAt    int64 // where the data begin; 0 until the local header is read
	encrypted bool
	streamed  bool // sizes are not known (recovery)
}

// zip walks the directory as it stands, without holding it.
func (w *walker) zip(s *source, depth int) error {
	z := &zipReader{w: w, s: s, depth: depth}
	end, err := readZipEnd(s.at, s.size, s.begins)
	if errors.Is(err, errNoZipEnd) {
		return z.recover()
	}
	if err != nil {
		return err
	}
	dir := bufio.NewReaderSize(io.NewSectionReader(s.at, end.offset, end.size), 64<<10)
	for n := uint64(0); ; n++ {
		f, err := readZipFile(dir)
		if err == io.EOF {
			if n < end.records && end.records != 0xffff {
				if err := z.finish(); err != nil {
					return err
				}
				return fmt.Errorf("%d of %d directory entries", n, end.records)
			}
			break
		}
		if err != nil {
			return cmp.Or(z.finish(), err)
		}
		f.offset += end.base
		if int(f.part) < len(s.begins) && f.offset <= s.size {
			f.offset += s.begins[f.part]
		}
		if err := z.file(f); err != nil {
			return err
		}
	}
	return z.finish()
}

// readZipFile reads one entry of the directory; io.EOF behind the last.
func readZipFile(r *bufio.Reader) (*zipFile, error) {
	var h [46]byte
	if n, err := io.ReadFull(r, h[:]); err != nil {
		if err == io.ErrUnexpectedEOF && n >= 4 && string(h[:2]) == "PK" && string(h[2:4]) != "\x01\x02" {
			return nil, io.EOF // a digital signature
		}
		return nil, err
	}
	if string(h[:4]) != "PK\x01\x02" {
		return nil, errZipEntry
	}
	le := binary.LittleEndian
	f := &zipFile{
		flags: le.Uint16(h[8:]), method: le.Uint16(h[10:]), crc: le.Uint32(h[16:]),
		packed: int64(le.Uint32(h[20:])), size: int64(le.Uint32(h[24:])), offset: int64(le.Uint32(h[42:])),
		dosTime: le.Uint16(h[12:]), part: uint32(le.Uint16(h[34:])),
		mod: dosTime(le.Uint16(h[14:]), le.Uint16(h[12:])),
	}
	if maker := h[5]; maker == 3 || maker == 19 {
		f.link = le.Uint32(h[38:])>>16&0xf000 == 0xa000
	}
	name, extra := int(le.Uint16(h[28:])), int(le.Uint16(h[30:]))
	buf := make([]byte, name+extra)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if _, err := r.Discard(int(le.Uint16(h[32:]))); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	f.name = string(buf[:name])
	f.encrypted = f.flags&1 != 0
	return f, f.extra(buf[name:], true)
}

// extra reads the extra fields: zip64 sizes (4.5.3), WinZip's AES, the time
// in seconds since 1970.
func (f *zipFile) extra(b []byte, directory bool) error {
	le := binary.LittleEndian
	for len(b) >= 4 {
		id, n := le.Uint16(b), int(le.Uint16(b[2:]))
		b = b[4:]
		if n > len(b) {
			return nil // padding of some archivers
		}
		v := b[:n]
		b = b[n:]
		switch id {
		case 0x0001:
			fields := []*int64{&f.size, &f.packed}
			if directory {
				fields = append(fields, &f.offset)
			}
			for _, p := range fields {
				if *p != 0xffffffff {
					continue
				}
				if len(v) < 8 {
					return errZipEntry
				}
				if *p = int64(le.Uint64(v)); *p < 0 {
					return errZipEntry
				}
				v = v[8:]
			}
			if directory && f.part == 0xffff && len(v) >= 4 {
				f.part = le.Uint32(v)
			}
		case 0x9901:
			if f.method != 99 || len(v) < 7 {
				continue
			}
			if v[4] < 1 || v[4] > 3 {
				return errZipEntry
			}
			f.aes = &zipAES{strength: v[4]}
			f.noCRC = le.Uint16(v) == 2
			f.method = le.Uint16(v[5:])
		case 0x5455:
			if len(v) >= 5 && v[0]&1 != 0 {
				f.mod = time.Unix(int64(int32(le.Uint32(v[1:]))), 0).UTC()
			}
		}
	}
	return nil
}

// dosTime is a local time of unknown zone, taken as UTC (4.4.6).
func dosTime(date, clock uint16) time.Time {
	if date == 0 {
		return time.Time{}
	}
	return time.Date(1980+int(date>>9), time.Month(date>>5&15), int(date&31),
		int(clock>>11), int(clock>>5&63), int(clock&31)*2, 0, time.UTC)
}

// A zipReader offers the files of one archive.
type zipReader struct {
	w     *walker
	s     *source
	depth int
	names names
	locks locks
}

// finish reports what is told once an archive.
func (z *zipReader) finish() error {
	if err := z.names.finish(z.w, z.s.place); err != nil {
		return err
	}
	return z.locks.finish(z.w, z.s.place)
}

// file offers one file.
func (z *zipReader) file(f *zipFile) error {
	p, err := z.names.place(z.w, z.s.place, f.name)
	if err != nil {
		return err
	}
	switch {
	case strings.HasSuffix(f.name, "/"), strings.HasSuffix(f.name, `\`), p.path == "":
		return z.w.b.entry()
	case f.link:
		if err := z.w.b.entry(); err != nil {
			return err
		}
		return z.w.report(p, p.damage(formats.TroubleSpecial, "a link, not followed"))
	}
	z.locks.files++
	m := member{place: p, size: f.size, mod: f.mod, again: true, unpacks: true, key: z.s.key}
	if f.streamed {
		m.size = -1
	}
	if err := z.locate(f); err != nil {
		if err := z.w.b.entry(); err != nil {
			return err
		}
		return z.w.report(p, err)
	}
	if f.encrypted {
		opener, password, err := z.unlock(f)
		if err != nil {
			return err
		}
		if opener == nil {
			z.locks.shut++
			return z.w.b.entry()
		}
		m.open, m.key = opener, z.w.key(z.s.key, password)
	} else {
		if f.method == 0 && f.packed == f.size {
			m.at = io.NewSectionReader(z.s.at, f.dataAt, f.size)
		}
		m.open = func() (io.ReadCloser, error) { return z.decode(f, z.raw(f)) }
	}
	return z.w.offer(m, z.depth)
}

// locate reads the local header (4.3.7) to learn where the data begin.
func (z *zipReader) locate(f *zipFile) error {
	if f.dataAt != 0 {
		return nil
	}
	var h [30]byte
	if f.offset < 0 || f.offset > z.s.size {
		return errZipEntry
	}
	if _, err := z.s.at.ReadAt(h[:], f.offset); err != nil {
		return err
	}
	if string(h[:4]) != "PK\x03\x04" {
		return errors.New("no local header where the directory says")
	}
	f.dataAt = f.offset + 30 + int64(binary.LittleEndian.Uint16(h[26:])) + int64(binary.LittleEndian.Uint16(h[28:]))
	return nil
}

// raw reads the data as they are stored.
func (z *zipReader) raw(f *zipFile) io.Reader {
	n := f.packed
	if f.streamed {
		n = z.s.size - f.dataAt
	}
	return io.NewSectionReader(z.s.at, f.dataAt, n)
}
