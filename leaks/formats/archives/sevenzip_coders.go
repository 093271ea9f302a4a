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
	"fmt"
	"io"
	"time"
	"unicode/utf16"

	"github.com/stangelandcl/ppmd"
	"github.com/ulikunitz/xz/lzma"

	"github.com/leakscope/leakscope/leaks/formats"
)

// Ids of coders.
const (
	szCopy      = 0x00
	szDelta     = 0x03
	szLZMA2     = 0x21
	szLZMA      = 0x030101
	szPPMd      = 0x030401
	szDeflate   = 0x040108
	szDeflate64 = 0x040109
	szBzip2     = 0x040202
	szZstd      = 0x04f71101
	szAES       = 0x06f10701
)

func tooLong(n uint64) error {
	return &formats.Damage{Trouble: formats.TroubleLimit, Detail: fmt.Sprintf("a directory of %d MiB", n>>20)}
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
	if f.odd {
		return nil, unsupported("filters for programs (BCJ2)")
	}
	at := 32 + s.packAt
	for _, n := range s.packSizes[:f.pack] {
		at += n
	}
	size := s.packSizes[f.pack]
	if at > uint64(a.size) || size > uint64(a.size)-at {
		// Cut off, or lying: what is there can be read.
		if at >= uint64(a.size) {
			return nil, io.ErrUnexpectedEOF
		}
		size = uint64(a.size) - at
	}
	var r io.Reader = io.NewSectionReader(a.r, int64(at), int64(size))
	var close func() error
	for i := len(f.chain) - 1; i >= 0; i-- {
		c := &f.coders[f.chain[i]]
		next, err := a.coder(c, r, password)
		if err != nil {
			return nil, err
		}
		if rc, ok := next.(io.Closer); ok {
			close = rc.Close
		}
		if c.size > 1<<62 {
			return nil, errSevenZip
		}
		r = io.LimitReader(next, int64(c.size))
	}
	return &szOpen{r, close}, nil
}

type szOpen struct {
	io.Reader
	close func() error
}

func (o *szOpen) Close() error {
	if o.close == nil {
		return nil
	}
	return o.close()
}

func (a *szArchive) coder(c *szCoder, r io.Reader, password string) (io.Reader, error) {
	switch c.id {
	case szCopy:
		return r, nil
	case szLZMA2:
		if len(c.props) != 1 {
			return nil, errSevenZip
		}
		dict := lzma2Dictionary(c.props[0])
		if dict > maxDictionary {
			return nil, tooGreedy(dict)
		}
		return lzma.Reader2Config{DictCap: int(max(dict, lzma.MinDictCap))}.NewReader2(bufio.NewReader(r))
	case szLZMA:
		if len(c.props) != 5 {
			return nil, errSevenZip
		}
		return unlzma(r, c.props, int64(c.size))
	case szPPMd:
		if len(c.props) != 5 {
			return nil, errSevenZip
		}
		memory := binary.LittleEndian.Uint32(c.props[1:])
		if memory > maxDictionary {
			return nil, tooGreedy(uint64(memory))
		}
		p, err := ppmd.NewH7zReader(bufio.NewReader(r), int(c.props[0]), int(memory), int(c.size))
		return &p, err
	case szDeflate:
		return inflater(bufio.NewReader(r)), nil
	case szDeflate64:
		return nil, unsupported("compressed with Deflate64")
	case szBzip2:
		return bzip2.NewReader(r), nil
	case szZstd:
		return unzstd(r)
	case szDelta:
		if len(c.props) != 1 {
			return nil, errSevenZip
		}
		return &delta{r: r, past: make([]byte, int(c.props[0])+1)}, nil
	case szAES:
		return a.decrypt(c.props, r, password)
	}
	return nil, unsupported("7z method %x", c.id)
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
		if key, err = k.derive(a.ctx); err != nil {
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
