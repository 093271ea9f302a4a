package archives

import (
	"bufio"
	"compress/bzip2"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"time"
	"unicode/utf16"

	"github.com/stangelandcl/ppmd"
)

// Ids of coders (Methods.txt of the LZMA SDK, and of 7-Zip ZS).
const (
	szCopy      = 0x00
	szDelta     = 0x03
	szLZMA2     = 0x21
	szLZMA      = 0x030101
	szPPMd      = 0x030401
	szDeflate   = 0x040108
	szDeflate64 = 0x040109
	szBzip2     = 0x040202
	szBCJ2      = 0x0303011b
	szZstd      = 0x04f71101
	szAES       = 0x06f10701
)

// szBranches are the old ids of filters that have new ones, shared with xz.
var szBranches = map[uint64]uint64{
	0x03030103: 4, 0x03030205: 5, 0x03030401: 6, 0x03030501: 7, 0x03030701: 8, 0x03030805: 9,
}

// szUnread are the names of methods that are not read.
var szUnread = map[uint64]string{
	0x0b:     "filter for RISC-V programs",
	0x030402: "PPMd, version I", 0x04f71102: "Brotli", 0x04f71104: "LZ4", 0x04f71105: "LZ5", 0x04f71106: "Lizard",
	0x020302: "filter Swap2", 0x020304: "filter Swap4",
}

// encrypted reports whether a password is needed.
func (f *szFolderInfo) encrypted() bool {
	for _, c := range f.coders {
		if c.id == szAES {
			return true
		}
	}
	return false
}

// open chains the coders of a folder over its packed bytes.
func (a *szArchive) open(s *szStreams, f *szFolderInfo, password string) (io.ReadCloser, error) {
	o := &szOpen{a: a, s: s, f: f, password: password}
	r, err := o.coder(f.main)
	if err != nil {
		o.Close()
		return nil, err
	}
	o.Reader = r
	return o, nil
}

// A szOpen is a folder that is being unpacked.
type szOpen struct {
	io.Reader
	a        *szArchive
	s        *szStreams
	f        *szFolderInfo
	password string
	steps    int
	opened   []io.Closer
}

// coder opens a coder with all that feeds it.
func (o *szOpen) coder(i int) (io.Reader, error) {
	if o.steps++; o.steps > len(o.f.coders) {
		return nil, errSevenZip // a circle
	}
	c := &o.f.coders[i]
	if c.size > 1<<62 {
		return nil, errSevenZip
	}
	if c.ins != 1 && c.id != szBCJ2 {
		return nil, unsupported("7z method %x with %d streams", c.id, c.ins)
	}
	var from []io.Reader
	for _, in := range o.f.ins[c.first : c.first+c.ins] {
		var r io.Reader
		var err error
		if in >= 0 {
			r, err = o.coder(int(in))
		} else {
			r, err = o.packed(int(^in))
		}
		if err != nil {
			return nil, err
		}
		from = append(from, r)
	}
	if c.id == szBCJ2 {
		r, err := newBCJ2(from)
		return io.LimitReader(r, int64(c.size)), err
	}
	next, err := o.a.coder(c, from[0], o.password)
	if err != nil {
		return nil, err
	}
	if rc, ok := next.(io.Closer); ok {
		o.opened = append(o.opened, rc)
	}
	return io.LimitReader(next, int64(c.size)), nil
}

// packed opens the n-th of the folder's packed streams.
func (o *szOpen) packed(n int) (io.Reader, error) {
	n += o.f.pack
	total := uint64(o.a.size)
	at, size := 32+o.s.packAts[n], o.s.packAts[n+1]-o.s.packAts[n]
	if at > total || size > total-at {
		// Cut off, or lying: what is there can be read.
		if at >= total {
			return nil, io.ErrUnexpectedEOF
		}
		size = total - at
	}
	return io.NewSectionReader(o.a.r, int64(at), int64(size)), nil
}

// Close closes all coders.
func (o *szOpen) Close() error {
	for _, c := range o.opened {
		c.Close() // they only read
	}
	o.opened = nil
	return nil
}

func (a *szArchive) coder(c *szCoder, r io.Reader, password string) (io.Reader, error) {
	switch c.id {
	case szCopy:
		return r, nil
	case szLZMA2:
		if len(c.props) != 1 {
			return nil, errSevenZip
		}
		return a.b.unlzma2(bufio.NewReader(r), c.props[0], int64(min(c.size, 1<<62)))
	case szLZMA:
		if len(c.props) != 5 {
			return nil, errSevenZip
		}
		return a.b.unlzma(r, c.props, int64(min(c.size, 1<<62)))
	case szPPMd:
		if len(c.props) != 5 {
			return nil, errSevenZip
		}
		memory := int64(binary.LittleEndian.Uint32(c.props[1:]))
		if err := a.b.dictionary(memory); err != nil {
			return nil, err
		}
		p, err := ppmd.NewH7zReader(bufio.NewReader(r), int(c.props[0]), int(memory), int(min(c.size, 1<<62)))
		if err != nil {
			a.b.drop(memory)
			return nil, err
		}
		return &holder{Reader: &p, b: a.b, n: memory}, nil
	case szDeflate:
		return inflater(bufio.NewReader(r)), nil
	case szDeflate64:
		return newInflate64(r), nil
	case szBzip2:
		return bzip2.NewReader(r), nil
	case szZstd:
		return a.b.unzstd(r)
	case szDelta:
		return newDelta(c.props, r)
	case szAES:
		return a.decrypt(c.props, r, password)
	}
	id := c.id
	if branch, ok := szBranches[id]; ok {
		id = branch
	}
	if convert, _ := branchFilter(id); convert != nil {
		return newBranches(id, c.props, r)
	}
	if name := szUnread[id]; name != "" {
		return nil, unsupported("packed with %s", name)
	}
	return nil, unsupported("7z method %x", id)
}

// A szKey is what keys are derived from, kept because that takes long.
type szKey struct {
	password, salt string
	power          byte
}

// decrypt reads AES-256-CBC (7zAes.cpp): its key is the SHA-256 of salt,
// password in UTF-16 and a counter, repeated 2^power times.
func (a *szArchive) decrypt(props []byte, r io.Reader, password string) (io.Reader, error) {
	if len(props) < 1 {
		return nil, errSevenZip
	}
	power, salt, iv := props[0]&0x3f, int(props[0]>>7), int(props[0]>>6&1)
	rest := props[1:]
	if props[0]&0xc0 != 0 {
		if len(rest) < 1 {
			return nil, errSevenZip
		}
		salt, iv, rest = salt+int(rest[0]>>4), iv+int(rest[0]&15), rest[1:]
	}
	if len(rest) < salt+iv {
		return nil, errSevenZip
	}
	k := szKey{password, string(rest[:salt]), power}
	key, ok := a.keys[k]
	if !ok {
		var err error
		start := time.Now()
		if key, err = k.derive(a.b.ctx); err != nil {
			return nil, err
		}
		if err := a.slow.took(time.Since(start)); err != nil {
			return nil, err
		}
		if a.keys == nil || len(a.keys) > 64 {
			a.keys = map[szKey][]byte{}
		}
		a.keys[k] = key
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var vector [16]byte
	copy(vector[:], rest[salt:salt+iv])
	return &cbc{r: r, mode: cipher.NewCBCDecrypter(block, vector[:])}, nil
}

func (k szKey) derive(ctx context.Context) ([]byte, error) {
	in := []byte(k.salt)
	for _, u := range utf16.Encode([]rune(k.password)) {
		in = binary.LittleEndian.AppendUint16(in, u)
	}
	if k.power == 0x3f {
		key := make([]byte, 32)
		copy(key, in)
		return key, nil
	}
	if k.power > 22 { // archivers use 19; this is eight times that
		return nil, unsupported("encrypted with 2^%d rounds", k.power)
	}
	h := sha256.New()
	n := len(in)
	in = append(in, make([]byte, 8)...)
	for i := range uint64(1) << k.power {
		if i&0xffff == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		binary.LittleEndian.PutUint64(in[n:], i)
		h.Write(in)
	}
	return h.Sum(nil), nil
}

// cbc decrypts block by block.
type cbc struct {
	r    io.Reader
	mode cipher.BlockMode
	buf  [4096]byte
	have []byte
	err  error
}

func (c *cbc) Read(p []byte) (int, error) {
	if len(c.have) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		n, err := io.ReadFull(c.r, c.buf[:])
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		c.err = err
		n -= n % 16
		c.mode.CryptBlocks(c.buf[:n], c.buf[:n])
		if c.have = c.buf[:n]; n == 0 {
			return 0, c.err
		}
	}
	n := copy(p, c.have)
	c.have = c.have[n:]
	return n, nil
}
