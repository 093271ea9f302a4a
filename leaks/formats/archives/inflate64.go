package archives

import (
	"bufio"
	"errors"
	"io"
	"math/bits"
)

// Deflate64 is what Explorer of Windows packs files of more than 2 GiB with:
// Deflate (RFC 1951) with a window of 64 KiB, two more distance codes, and
// length code 285 for 3 bytes and 16 more bits (APPNOTE 4.4.5 names it; the
// rest is as 7-Zip reads it).

const window64 = 64 << 10

var errInflate64 = errors.New("broken Deflate64 data")

// An inflate64 reader decodes into a ring of the last 64 KiB.
type inflate64 struct {
	r     io.ByteReader
	bits  uint64
	n     uint // bits in bits
	last  bool // the block under way is the last
	store int  // bytes left of a stored block
	in    bool // within a compressed block

	lengths, distances huffman64

	copyLen, copyDist int // a copy that is not finished

	ring  [window64]byte
	total int64 // bytes decoded
	given int64 // bytes handed out
	err   error
}

func newInflate64(r io.Reader) io.ReadCloser {
	return io.NopCloser(&inflate64{r: bufio.NewReader(r)})
}

func (f *inflate64) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for f.given == f.total {
		if f.err != nil {
			return 0, f.err
		}
		f.err = f.decode()
	}
	from, to := f.given%window64, f.total%window64
	if to <= from {
		to = window64
	}
	n := copy(p, f.ring[from:to])
	f.given += int64(n)
	return n, nil
}

func (f *inflate64) put(c byte) {
	f.ring[f.total%window64] = c
	f.total++
}

// full reports whether half a ring waits to be handed out; the other half
// stays for copies, as what was handed out is still there.
func (f *inflate64) full() bool { return f.total-f.given >= window64/2 }

// decode fills the ring. io.EOF is the end of the data.
func (f *inflate64) decode() error {
	for !f.full() {
		var err error
		switch {
		case f.copyLen > 0:
			f.copy()
		case f.store > 0:
			var c uint64
			if c, err = f.take(8); err == nil {
				f.put(byte(c))
				f.store--
			}
		case f.in:
			err = f.symbol()
		case f.last:
			return io.EOF
		default:
			err = f.block()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *inflate64) copy() {
	for f.copyLen > 0 && !f.full() {
		f.put(f.ring[(f.total-int64(f.copyDist))%window64])
		f.copyLen--
	}
}

// need makes n bits be there, n at most 32.
func (f *inflate64) need(n uint) error {
	for f.n < n {
		c, err := f.r.ReadByte()
		if err != nil {
			return cut(err)
		}
		f.bits |= uint64(c) << f.n
		f.n += 8
	}
	return nil
}

func (f *inflate64) take(n uint) (uint64, error) {
	if err := f.need(n); err != nil {
		return 0, err
	}
	v := f.bits & (1<<n - 1)
	f.bits >>= n
	f.n -= n
	return v, nil
}

// block reads a block's header.
func (f *inflate64) block() error {
	h, err := f.take(3)
	if err != nil {
		return err
	}
	f.last = h&1 != 0
	switch h >> 1 {
	case 0:
		if _, err := f.take(f.n % 8); err != nil {
			return err
		}
		v, err := f.take(32)
		if err != nil {
			return err
		}
		if uint16(v) != ^uint16(v>>16) {
			return errInflate64
		}
		f.store = int(uint16(v))
		return nil
	case 1:
		f.in = true
		var lengths [288]byte
		for i := range lengths {
			switch {
			case i < 144, i >= 280:
				lengths[i] = 8
			case i < 256:
				lengths[i] = 9
			default:
				lengths[i] = 7
			}
		}
		var distances [32]byte
		for i := range distances {
			distances[i] = 5
		}
		return errors.Join(f.lengths.init(lengths[:]), f.distances.init(distances[:]))
	case 2:
		f.in = true
		return f.tables()
	}
	return errInflate64
}

// tables reads the codes of a block (RFC 1951, 3.2.7).
func (f *inflate64) tables() error {
	h, err := f.take(14)
	if err != nil {
		return err
	}
	nlen, ndist, ncode := int(h&31)+257, int(h>>5&31)+1, int(h>>10)+4
	if nlen > 286 {
		return errInflate64
	}
	var codes [19]byte
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:ncode] {
		v, err := f.take(3)
		if err != nil {
			return err
		}
		codes[i] = byte(v)
	}
	var h64 huffman64
	if err := h64.init(codes[:]); err != nil {
		return err
	}
	var all [286 + 32]byte
	for i := 0; i < nlen+ndist; {
		s, err := f.decodeSymbol(&h64)
		if err != nil {
			return err
		}
		if s < 16 {
			all[i] = byte(s)
			i++
			continue
		}
		value, width, least := byte(0), uint(7), 11
		switch s {
		case 16:
			if i == 0 {
				return errInflate64
			}
			value, width, least = all[i-1], 2, 3
		case 17:
			width, least = 3, 3
		}
		more, err := f.take(width)
		if err != nil {
			return err
		}
		n := least + int(more)
		if i+n > nlen+ndist {
			return errInflate64
		}
		for range n {
			all[i] = value
			i++
		}
	}
	return errors.Join(f.lengths.init(all[:nlen]), f.distances.init(all[nlen:nlen+ndist]))
}

// symbol decodes a byte, a copy, or the end of the block.
func (f *inflate64) symbol() error {
	s, err := f.decodeSymbol(&f.lengths)
	switch {
	case err != nil:
		return err
	case s < 256:
		f.put(byte(s))
		return nil
	case s == 256:
		f.in = false
		return nil
	}
	s -= 257
	length, extra := 3, uint(16) // 285
	switch {
	case s < 8:
		length, extra = s+3, 0
	case s < 28:
		extra = uint(s/4 - 1)
		length = 3 + (4+s%4)<<extra
	case s > 28:
		return errInflate64
	}
	more, err := f.take(extra)
	if err != nil {
		return err
	}
	d, err := f.decodeSymbol(&f.distances)
	if err != nil {
		return err
	}
	dist, extra := d+1, uint(0)
	if d >= 4 {
		extra = uint(d/2 - 1)
		dist = 1 + (2+d%2)<<extra
	}
	far, err := f.take(extra)
	if err != nil {
		return err
	}
	f.copyLen, f.copyDist = length+int(more), dist+int(far)
	if int64(f.copyDist) > f.total {
		return errInflate64
	}
	return nil
}

// A huffman64 decodes canonical codes of up to 15 bits: short ones by a table,
// longer ones by their lengths.
type huffman64 struct {
	short   [512]uint16 // by the next 9 bits: symbol << 4 | length
	count   [16]uint16  // codes by length
	symbols [288]uint16 // in the codes' order
}

// init takes the length of each symbol's code, 0 for none. Sets with codes to
// spare are let pass, as by other decoders: there may be one distance only.
func (h *huffman64) init(lengths []byte) error {
	*h = huffman64{}
	for _, n := range lengths {
		h.count[n]++
	}
	h.count[0] = 0
	left := 1
	var at, code [16]uint16
	for n := 1; n < 16; n++ {
		if left = left<<1 - int(h.count[n]); left < 0 {
			return errInflate64
		}
		at[n] = at[n-1] + h.count[n-1]
		code[n] = (code[n-1] + h.count[n-1]) << 1
	}
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbols[at[n]] = uint16(s)
		at[n]++
		if n <= 9 {
			first := bits.Reverse16(code[n]) >> (16 - n)
			for i := int(first); i < len(h.short); i += 1 << n {
				h.short[i] = uint16(s)<<4 | uint16(n)
			}
		}
		code[n]++
	}
	return nil
}

// decodeSymbol decodes one symbol of h.
func (f *inflate64) decodeSymbol(h *huffman64) (int, error) {
	for f.n < 15 {
		c, err := f.r.ReadByte()
		if err == io.EOF {
			break // the last code may be shorter
		}
		if err != nil {
			return 0, err
		}
		f.bits |= uint64(c) << f.n
		f.n += 8
	}
	if e := h.short[f.bits&511]; e != 0 && uint(e&15) <= f.n {
		f.bits >>= e & 15
		f.n -= uint(e & 15)
		return int(e >> 4), nil
	}
	code, first, index := 0, 0, 0
	for n := uint(1); n < 16; n++ {
		if n > f.n {
			return 0, io.ErrUnexpectedEOF
		}
		code |= int(f.bits >> (n - 1) & 1)
		count := int(h.count[n])
		if code-first < count {
			f.bits >>= n
			f.n -= n
			return int(h.symbols[index+code-first]), nil
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0, errInflate64
}
