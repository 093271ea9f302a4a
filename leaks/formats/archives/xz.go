package archives

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
)

// The container is read here and not by the library that decodes LZMA2: that
// makes whatever dictionary a later block asks for, keeps a record for each
// block, and has no filters. Section numbers are those of the xz file format,
// version 1.2.1.

var (
	errXz       = errors.New("broken xz header")
	errXzPacked = errors.New("broken xz block")
)

var xzMagic = []byte("\xfd7zXZ\x00")

// An xzReader reads the streams of a file, one behind the other.
type xzReader struct {
	b     *budget
	r     *bufio.Reader
	check byte          // of the stream: the kind of its blocks' sums
	in    bool          // within a stream
	block io.ReadCloser // nil between blocks
	raw   *xzCounter    // the block's packed bytes
	sum   hash.Hash
	left  int64 // unpacked bytes that the block's header still promises, -1 if it does not
	begin int64 // length of the block's header
	n     int64 // unpacked bytes of the block
	own   xzIndex
	err   error
}

// An xzIndex is what the index of a stream must say, without keeping it: the
// blocks' number, and a sum over their sizes.
type xzIndex struct {
	blocks uint64
	sum    hash.Hash32
}

func (x *xzIndex) add(unpadded, unpacked uint64) {
	x.blocks++
	if x.sum == nil {
		x.sum = crc32.NewIEEE()
	}
	x.sum.Write(binary.AppendUvarint(binary.AppendUvarint(nil, unpadded), unpacked))
}

func (x *xzIndex) value() uint32 {
	if x.sum == nil {
		return 0
	}
	return x.sum.Sum32()
}

func (b *budget) unxz(r io.Reader) (io.ReadCloser, error) {
	x := &xzReader{b: b, r: bufio.NewReader(r)}
	if err := x.stream(); err != nil {
		return nil, err
	}
	return x, nil
}

func (x *xzReader) Close() error {
	if x.block != nil {
		x.block.Close()
		x.block = nil
	}
	return nil
}

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil && len(p) > 0 {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		x.sum.Write(p[:n])
		x.n += int64(n)
		if x.left >= 0 {
			if x.left -= int64(n); x.left < 0 {
				err = errXzPacked
			}
		}
		if err == io.EOF {
			err = x.endBlock()
		}
		x.err = err
		if n > 0 {
			return n, nil
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	return 0, x.err
}

// stream reads a stream's header (2.1.1).
func (x *xzReader) stream() error {
	var h [12]byte
	if _, err := io.ReadFull(x.r, h[:]); err != nil {
		return cut(err)
	}
	if string(h[:6]) != string(xzMagic) || crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return errXz
	}
	if h[6] != 0 || h[7]&0xf0 != 0 {
		return unsupported("xz stream flags %x", h[6:8])
	}
	x.check, x.in, x.own = h[7], true, xzIndex{}
	return nil
}

// next goes to the next block, over the index, the footer and padding where
// they come first. io.EOF is the end of the file.
func (x *xzReader) next() error {
	for !x.in {
		b, err := x.r.Peek(4)
		switch {
		case len(b) == 0 && err == io.EOF:
			return io.EOF
		case len(b) < 4:
			return cut(err)
		case string(b) == "\x00\x00\x00\x00": // 2.2
			if _, err := x.r.Discard(4); err != nil {
				return err
			}
		default:
			if err := x.stream(); err != nil {
				return err
			}
		}
	}
	size, err := x.r.ReadByte()
	if err != nil {
		return cut(err)
	}
	if size == 0 {
		x.in = false
		return x.index()
	}
	return x.startBlock((int(size) + 1) * 4)
}

// startBlock reads a block's header (3.1), whose length is size.
func (x *xzReader) startBlock(size int) error {
	h := make([]byte, size)
	h[0] = byte(size/4 - 1)
	if _, err := io.ReadFull(x.r, h[1:]); err != nil {
		return cut(err)
	}
	body := &szBuffer{b: h[2 : size-4]}
	if crc32.ChecksumIEEE(h[:size-4]) != binary.LittleEndian.Uint32(h[size-4:]) || h[1]&0x3c != 0 {
		return errXz
	}
	packed := int64(-1)
	x.left = -1
	if h[1]&0x40 != 0 {
		packed = int64(body.uvarint())
	}
	if h[1]&0x80 != 0 {
		x.left = int64(body.uvarint())
	}
	type step struct {
		id    uint64
		props []byte
	}
	var steps []step
	for range h[1]&3 + 1 {
		id := body.uvarint()
		steps = append(steps, step{id, body.take(body.uvarint())})
	}
	last := steps[len(steps)-1]
	if body.bad || packed == 0 || packed < -1 || x.left < -1 || last.id != 0x21 || len(last.props) != 1 {
		return errXz
	}
	x.raw, x.begin, x.n = &xzCounter{r: x.r, left: packed}, int64(size), 0
	rc, err := x.b.unlzma2(x.raw, last.props[0], x.left)
	if err != nil {
		return cut(err)
	}
	for i := len(steps) - 2; i >= 0; i-- {
		r, err := xzFilter(steps[i].id, steps[i].props, rc)
		if err != nil {
			rc.Close()
			return err
		}
		rc = readCloser{r, rc}
	}
	x.block = rc
	switch x.check { // 2.1.1.2
	case 0:
		x.sum = noSum{}
	case 1:
		x.sum = crc32.NewIEEE()
	case 4:
		x.sum = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		x.sum = sha256.New()
	default: // the sizes of others are known; what they are is not
		x.sum = noSum{[]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[x.check]}
	}
	return nil
}

// endBlock checks what stands behind a block (3.3, 3.4).
func (x *xzReader) endBlock() error {
	x.block.Close()
	x.block = nil
	if x.left > 0 || x.raw.left > 0 {
		return errXzPacked
	}
	size := x.sum.Size()
	tail := make([]byte, int(-x.raw.n&3)+size)
	if _, err := io.ReadFull(x.r, tail); err != nil {
		return cut(err)
	}
	for _, c := range tail[:len(tail)-size] {
		if c != 0 {
			return errXzPacked
		}
	}
	want := tail[len(tail)-size:]
	if _, none := x.sum.(noSum); !none {
		got := x.sum.Sum(nil)
		for i := range got {
			j := i
			if x.check != 10 { // CRCs stand in little-endian order
				j = len(got) - 1 - i
			}
			if got[i] != want[j] {
				return errChecksum
			}
		}
	}
	x.own.add(uint64(x.begin+x.raw.n)+uint64(size), uint64(x.n))
	return nil
}

// index reads the index and the footer (4, 2.1.2) and compares it with what
// was met.
func (x *xzReader) index() error {
	c := &xzCounter{r: x.r, left: -1, sum: crc32.NewIEEE()}
	c.sum.Write([]byte{0})
	c.n = 1
	var own xzIndex
	n, err := binary.ReadUvarint(c)
	if err != nil {
		return cut(err)
	}
	for range n {
		unpadded, err1 := binary.ReadUvarint(c)
		unpacked, err2 := binary.ReadUvarint(c)
		if err := errors.Join(err1, err2); err != nil {
			return cut(err)
		}
		own.add(unpadded, unpacked)
		if own.blocks > x.own.blocks {
			break
		}
	}
	if own.blocks != x.own.blocks || own.value() != x.own.value() {
		return errXz
	}
	for c.n%4 != 0 {
		if _, err := c.ReadByte(); err != nil {
			return cut(err)
		}
	}
	sum := c.sum.Sum32()
	var f [16]byte // the index's sum, and the footer
	if _, err := io.ReadFull(x.r, f[:]); err != nil {
		return cut(err)
	}
	le := binary.LittleEndian
	if le.Uint32(f[:]) != sum || le.Uint32(f[4:]) != crc32.ChecksumIEEE(f[8:14]) || f[13] != x.check || string(f[14:]) != "YZ" {
		return errXz
	}
	return nil
}

// cut turns an end of input in the middle into what it is.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// uvarint reads an integer of xz (1.2).
func (r *szBuffer) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || n > 9 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// An xzCounter counts what is read, up to a promised length.
type xzCounter struct {
	r    *bufio.Reader
	n    int64
	left int64 // -1: no promise
	sum  hash.Hash32
}

func (c *xzCounter) Read(p []byte) (int, error) {
	if c.left >= 0 && int64(len(p)) > c.left {
		if p = p[:c.left]; c.left == 0 {
			return 0, io.EOF
		}
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.left >= 0 {
		c.left -= int64(n)
	}
	return n, err
}

func (c *xzCounter) ReadByte() (byte, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	b, err := c.r.ReadByte()
	if err != nil {
		return 0, err
	}
	c.n++
	if c.left > 0 {
		c.left--
	}
	if c.sum != nil {
		c.sum.Write([]byte{b})
	}
	return b, nil
}

// noSum stands for a sum that is not checked.
type noSum struct{ size int }

func (noSum) Write(p []byte) (int, error) { return len(p), nil }
func (noSum) Sum(b []byte) []byte         { return b }
func (noSum) Reset()                      {}
func (s noSum) Size() int                 { return s.size }
func (noSum) BlockSize() int              { return 1 }

// readCloser reads one and closes another.
type readCloser struct {
	io.Reader
	io.Closer
}
