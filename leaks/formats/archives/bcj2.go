package archives

import (
	"bufio"
	"encoding/binary"
	"io"
)

// bcj2 undoes 7-Zip's filter for x86 that keeps the targets of calls and of
// jumps in streams of their own, and in a fourth, range coded, which of the
// opcodes have their target there (Bcj2.c of the LZMA SDK).
type bcj2 struct {
	main, call, jump, code *bufio.Reader
	rng, value             uint32
	odds                   [2 + 256]uint16 // by opcode, of E8 by the byte before
	prev                   byte
	pos                    uint32 // bytes given, with those in wait
	wait                   [4]byte
	waiting                int
	err                    error
}

func newBCJ2(streams []io.Reader) (io.Reader, error) {
	if len(streams) != 4 {
		return nil, errSevenZip
	}
	f := &bcj2{
		main: bufio.NewReaderSize(streams[0], 16<<10), call: bufio.NewReader(streams[1]),
		jump: bufio.NewReader(streams[2]), code: bufio.NewReader(streams[3]), rng: 1<<32 - 1,
	}
	for i := range f.odds {
		f.odds[i] = 1 << 10
	}
	var b [5]byte
	if _, err := io.ReadFull(f.code, b[:]); err != nil {
		return nil, cut(err)
	}
	f.value = binary.BigEndian.Uint32(b[1:])
	return f, nil
}

func (f *bcj2) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if f.waiting > 0 {
			k := copy(p[n:], f.wait[4-f.waiting:])
			f.waiting -= k
			n += k
			continue
		}
		if f.err != nil {
			return n, f.err
		}
		c, err := f.main.ReadByte()
		if err != nil {
			f.err = err
			continue
		}
		p[n] = c
		n++
		f.pos++
		if c&0xfe == 0xe8 || f.prev == 0x0f && c&0xf0 == 0x80 {
			f.err = f.target(c)
			if f.waiting > 0 {
				continue
			}
		}
		f.prev = c
	}
	return n, nil
}

// target puts the target of an opcode in wait, if it stands apart.
func (f *bcj2) target(c byte) error {
	odds, from := &f.odds[257], f.jump
	switch c {
	case 0xe8:
		odds, from = &f.odds[f.prev], f.call
	case 0xe9:
		odds = &f.odds[256]
	}
	bound := f.rng >> 11 * uint32(*odds)
	apart := f.value >= bound
	if apart {
		f.rng, f.value = f.rng-bound, f.value-bound
		*odds -= *odds >> 5
	} else {
		f.rng = bound
		*odds += (1<<11 - *odds) >> 5
	}
	var end error // that of the last opcode needs no more bytes
	if f.rng < 1<<24 {
		b, err := f.code.ReadByte()
		end = err
		f.rng, f.value = f.rng<<8, f.value<<8|uint32(b)
	}
	if !apart {
		if end == io.EOF {
			return nil
		}
		return end
	}
	var b [4]byte
	if _, err := io.ReadFull(from, b[:]); err != nil {
		return cut(err)
	}
	dest := binary.BigEndian.Uint32(b[:]) - (f.pos + 4)
	binary.LittleEndian.PutUint32(f.wait[:], dest)
	f.waiting, f.pos, f.prev = 4, f.pos+4, byte(dest>>24)
	return nil
}
