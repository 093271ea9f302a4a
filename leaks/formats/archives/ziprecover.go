package archives

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// recover reads an archive without a directory from its local headers, one
// behind the other, as far as they go. That is what an interrupted download
// leaves.
func (z *zipReader) recover() error {
	at := int64(0)
	found := false
	for {
		if err := z.w.b.check(); err != nil {
			return err
		}
		next, err := z.nextLocal(at)
		if err != nil {
			if err != io.EOF {
				return err
			}
			break
		}
		f, err := readLocal(z.s.at, next)
		if err != nil {
			at = next + 4
			continue
		}
		found = true
		if f.streamed {
			// Where the data end only their decoder knows.
			if f.encrypted || f.method != 8 {
				z.locks.files++
				if f.encrypted {
					z.locks.shut++
				}
				at = f.dataAt
				continue
			}
			if at, err = z.inflatedEnd(f); err != nil {
				return err
			}
		} else {
			at = f.dataAt + f.packed
		}
		if err := z.file(f); err != nil {
			return err
		}
	}
	if err := z.finish(); err != nil {
		return err
	}
	if !found {
		return errors.New("no zip entry found")
	}
	return errors.New("no directory: cut short; read from what stands before the files")
}

// nextLocal finds the next local header from at on.
func (z *zipReader) nextLocal(at int64) (int64, error) {
	const step = 1 << 20
	buf := make([]byte, 0, 64<<10)
	for at < z.s.size {
		if err := z.w.b.check(); err != nil {
			return 0, err
		}
		size := cap(buf)
		n, err := z.s.at.ReadAt(buf[:size], at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		b := buf[:n]
		for i := 0; i+4 <= n; i++ {
			if b[i] == 'P' && b[i+1] == 'K' && b[i+2] == 3 && b[i+3] == 4 {
				return at + int64(i), nil
			}
		}
		if n < size {
			break
		}
		at += int64(n - 3)
		if size < step { // the next one is usually near
			buf = make([]byte, 0, step)
		}
	}
	return 0, io.EOF
}

// readLocal reads a local header.
func readLocal(r io.ReaderAt, at int64) (*zipFile, error) {
	var h [30]byte
	if _, err := r.ReadAt(h[:], at); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	f := &zipFile{
		flags: le.Uint16(h[6:]), method: le.Uint16(h[8:]), crc: le.Uint32(h[14:]),
		packed: int64(le.Uint32(h[18:])), size: int64(le.Uint32(h[22:])), offset: at,
		dosTime: le.Uint16(h[10:]), mod: dosTime(le.Uint16(h[12:]), le.Uint16(h[10:])),
	}
	f.encrypted = f.flags&1 != 0
	f.streamed = f.flags&8 != 0 && f.packed == 0
	name, extra := int(le.Uint16(h[26:])), int(le.Uint16(h[28:]))
	buf := make([]byte, name+extra)
	if _, err := r.ReadAt(buf, at+30); err != nil {
		return nil, err
	}
	f.name = string(buf[:name])
	f.dataAt = at + 30 + int64(name+extra)
	return f, f.extra(buf[name:], false)
}

// inflatedEnd is where deflated data of unknown length end, or break.
func (z *zipReader) inflatedEnd(f *zipFile) (int64, error) {
	c := &counted{r: bufio.NewReader(z.raw(f))}
	rc := inflater(c)
	defer rc.Close()
	m := &meter{b: z.w.b, r: rc, count: true, place: z.s.place}
	if _, err := io.Copy(io.Discard, m); err != nil && (z.w.b.over != nil || z.w.ctx.Err() != nil) {
		return 0, err
	}
	return f.dataAt + c.n, nil
}

// A counted reader knows how much was read, byte for byte.
type counted struct {
	r *bufio.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}
