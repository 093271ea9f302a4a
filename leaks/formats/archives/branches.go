package archives

import (
	"encoding/binary"
	"errors"
	"io"
)

// Filters for programs turn the absolute addresses of calls and jumps back
// into relative ones (Bra.c, Bra86.c of the LZMA SDK; xz 5.3.2). Archivers put
// them before what they take for programs, some users before everything.

// A branches filter works on whole instructions: convert changes b in place
// and returns how many bytes of it are done. pc is the address of b[0].
type branches struct {
	r       io.Reader
	convert func(b []byte, pc uint32) int
	buf     [8 << 10]byte
	have    int // bytes in buf
	done    int // of them converted
	at      int // of them given
	pc      uint32
	err     error
}

func (f *branches) Read(p []byte) (int, error) {
	for f.at == f.done {
		if f.err != nil && f.have == f.done {
			return 0, f.err
		}
		if f.err != nil { // what no instruction fits into stays
			f.done = f.have
			break
		}
		f.have = copy(f.buf[:], f.buf[f.done:f.have])
		f.at, f.done = 0, 0
		n, err := io.ReadFull(f.r, f.buf[f.have:])
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		f.err = err
		f.have += n
		f.done = f.convert(f.buf[:f.have], f.pc)
		f.pc += uint32(f.done)
	}
	n := copy(p, f.buf[f.at:f.done])
	f.at += n
	return n, nil
}

// words converts instructions of four bytes.
func words(order binary.ByteOrder, one func(v, pc uint32) uint32) func([]byte, uint32) int {
	return func(b []byte, pc uint32) int {
		n := len(b) &^ 3
		for i := 0; i < n; i += 4 {
			order.PutUint32(b[i:], one(order.Uint32(b[i:]), pc+uint32(i)))
		}
		return n
	}
}

func powerPC(v, pc uint32) uint32 {
	if v&0xfc000003 == 0x48000001 {
		return 0x48000001 | (v-pc)&0x03fffffc
	}
	return v
}

func arm(v, pc uint32) uint32 {
	if v>>24 == 0xeb {
		return 0xeb000000 | ((v<<2-(pc+8))>>2)&0xffffff
	}
	return v
}

func arm64(v, pc uint32) uint32 {
	switch {
	case v>>26 == 0x25: // BL
		return 0x94000000 | (v-pc>>2)&0x03ffffff
	case v&0x9f000000 == 0x90000000: // ADRP, where it is near
		src := v>>29&3 | v>>3&0x1ffffc
		if (src+0x020000)&0x1c0000 != 0 {
			return v
		}
		dest := src - pc>>12
		v &= 0x9000001f
		v |= dest & 3 << 29
		v |= dest & 0x03fffc << 3
		return v | (-(dest & 0x020000))&0xe00000
	}
	return v
}

func sparc(v, pc uint32) uint32 {
	if v>>22 != 0x100 && v>>22 != 0x1ff {
		return v
	}
	dest := (v<<2 - pc) >> 2
	return -(dest>>22&1)<<22&0x3fffffff | dest&0x3fffff | 0x40000000
}

func armThumb(b []byte, pc uint32) int {
	i := 0
	for ; i+4 <= len(b); i += 2 {
		if b[i+1]&0xf8 != 0xf0 || b[i+3]&0xf8 != 0xf8 {
			continue
		}
		src := (uint32(b[i+1]&7)<<19 | uint32(b[i])<<11 | uint32(b[i+3]&7)<<8 | uint32(b[i+2])) << 1
		dest := (src - (pc + uint32(i) + 4)) >> 1
		b[i+1], b[i] = 0xf0|byte(dest>>19&7), byte(dest>>11)
		b[i+3], b[i+2] = 0xf8|byte(dest>>8&7), byte(dest)
		i += 2
	}
	return i
}

// ia64Slots says which of a bundle's three slots may be branches, by its
// template.
var ia64Slots = [32]byte{
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	4, 4, 6, 6, 0, 0, 7, 7, 4, 4, 0, 0, 4, 4, 0, 0,
}

func ia64(b []byte, pc uint32) int {
	n := len(b) &^ 15
	for i := 0; i < n; i += 16 {
		mask := ia64Slots[b[i]&0x1f]
		for slot := range 3 {
			if mask>>slot&1 == 0 {
				continue
			}
			bit := 5 + slot*41
			at, shift := i+bit/8, bit%8
			var v uint64
			for j := range 6 {
				v |= uint64(b[at+j]) << (8 * j)
			}
			norm := v >> shift
			if norm>>37&0xf != 5 || norm>>9&7 != 0 {
				continue
			}
			src := uint32(norm>>13&0xfffff) | uint32(norm>>36&1)<<20
			dest := (src<<4 - (pc + uint32(i))) >> 4
			norm &^= uint64(0x8fffff) << 13
			norm |= uint64(dest&0xfffff)<<13 | uint64(dest&0x100000)<<(36-20)
			v = v&(1<<shift-1) | norm<<shift
			for j := range 6 {
				b[at+j] = byte(v >> (8 * j))
			}
		}
	}
	return n
}

// x86 keeps, between calls, which of the bytes before look like opcodes.
type x86 struct {
	mask uint32
	last uint32 // address of the last of them
}

// x86Doubt says of the opcodes seen in the last three bytes whether what
// follows is still taken for an address, and at which of its bytes they end.
var x86Doubt = [8]struct {
	address bool
	byte    uint32
}{{true, 0}, {true, 1}, {true, 2}, {false, 2}, {true, 3}, {false, 3}, {false, 3}, {false, 3}}

// convert undoes the filter for x86: behind E8 or E9 stands an address, unless
// a byte shortly before looks like one of these, too.
func (x *x86) convert(b []byte, pc uint32) int {
	if pc == 0 {
		x.last = pc - 5
	}
	if pc-x.last > 5 {
		x.last = pc - 5
	}
	i := 0
	for ; i+5 <= len(b); i++ {
		if b[i]&0xfe != 0xe8 {
			continue
		}
		here := pc + uint32(i)
		if d := here - x.last; d > 5 {
			x.mask = 0
		} else {
			for range d {
				x.mask = x.mask & 0x77 << 1
			}
		}
		x.last = here
		top := b[i+4] == 0 || b[i+4] == 0xff
		if !top || x.mask>>1 >= 0x10 || !x86Doubt[x.mask>>1&7].address {
			if x.mask |= 1; top {
				x.mask |= 0x10
			}
			continue
		}
		v := binary.LittleEndian.Uint32(b[i+1:])
		for {
			v -= here + 5
			if x.mask == 0 {
				break
			}
			at := 24 - 8*x86Doubt[x.mask>>1].byte
			if c := byte(v >> at); c != 0 && c != 0xff {
				break
			}
			v ^= 1<<(at+8) - 1
		}
		binary.LittleEndian.PutUint32(b[i+1:], v&0x1ffffff|-(v&0x1000000))
		x.mask = 0
		i += 4
	}
	return i
}

// branchFilter returns the filter with an id that xz and 7z share, and how its
// instructions are aligned; nil for one that is not known.
func branchFilter(id uint64) (convert func([]byte, uint32) int, align uint32) {
	switch id {
	case 4:
		return new(x86).convert, 1
	case 5:
		return words(binary.BigEndian, powerPC), 4
	case 6:
		return ia64, 16
	case 7:
		return words(binary.LittleEndian, arm), 4
	case 8:
		return armThumb, 2
	case 9:
		return words(binary.BigEndian, sparc), 4
	case 10:
		return words(binary.LittleEndian, arm64), 4
	}
	return nil, 0
}

// newBranches makes the filter; props, if there are any, say at which address
// the program begins.
func newBranches(id uint64, props []byte, r io.Reader) (io.Reader, error) {
	convert, align := branchFilter(id)
	if convert == nil {
		return nil, unsupported("filter %x for programs", id)
	}
	f := &branches{r: r, convert: convert}
	switch len(props) {
	case 0:
	case 4:
		if f.pc = binary.LittleEndian.Uint32(props); f.pc%align != 0 {
			return nil, errFilter
		}
	default:
		return nil, errFilter
	}
	return f, nil
}

var errFilter = errors.New("broken properties of a filter")

// xzFilter makes a filter of an xz block (5.3).
func xzFilter(id uint64, props []byte, r io.Reader) (io.Reader, error) {
	if id == 3 {
		return newDelta(props, r)
	}
	return newBranches(id, props, r)
}

func newDelta(props []byte, r io.Reader) (io.Reader, error) {
	if len(props) != 1 {
		return nil, errFilter
	}
	return &delta{r: r, past: make([]byte, int(props[0])+1)}, nil
}

// delta adds to each byte the one so many before it.
type delta struct {
	r    io.Reader
	past []byte
	at   int
}

func (d *delta) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	for i := range p[:n] {
		d.past[d.at] += p[i]
		p[i] = d.past[d.at]
		d.at = (d.at + 1) % len(d.past)
	}
	return n, err
}
