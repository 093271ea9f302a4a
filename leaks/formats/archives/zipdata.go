package archives

import (
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/ulikunitz/xz/lzma"

	"github.com/leakscope/leakscope/leaks/formats"
)

var (
	errChecksum = errors.New("the checksum does not fit")
	errLonger   = errors.New("longer than its archive says")
)

// unsupported is a method that is not read.
func unsupported(format string, args ...any) error {
	return &formats.Damage{Trouble: formats.TroubleUnsupported, Detail: fmt.Sprintf(format, args...)}
}

// decode unpacks what raw gives, decrypted, and checks it.
func (z *zipReader) decode(f *zipFile, raw io.Reader) (io.ReadCloser, error) {
	rc, err := z.w.b.unzip(f, raw)
	if err != nil {
		return nil, err
	}
	if f.streamed {
		return rc, nil
	}
	var tail io.Reader
	if f.aes != nil {
		tail = raw // its own sum stands behind what the decoder reads
	}
	return &checked{tail: tail, rc: rc, left: f.size, sum: f.crc, none: f.noCRC, hash: crc32.NewIEEE()}, nil
}

// unzip is the decoder of a method (4.4.5).
func (b *budget) unzip(f *zipFile, raw io.Reader) (io.ReadCloser, error) {
	switch f.method {
	case 0:
		return io.NopCloser(raw), nil
	case 8:
		return inflater(raw), nil
	case 12:
		return io.NopCloser(bzip2.NewReader(raw)), nil
	case 14:
		return b.zipLZMA(raw, f)
	case 93, 20:
		return b.unzstd(raw)
	case 95:
		return b.unxz(raw)
	case 9:
		return newInflate64(raw), nil
	case 98:
		return nil, unsupported("compressed with PPMd, version I")
	}
	return nil, unsupported("compression method %d", f.method)
}

// zipLZMA reads method 14: version, length of properties, properties, data
// (5.8.8).
func (b *budget) zipLZMA(raw io.Reader, f *zipFile) (io.ReadCloser, error) {
	br := bufio.NewReader(raw)
	var h [9]byte
	if _, err := io.ReadFull(br, h[:]); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint16(h[2:]) != 5 {
		return nil, errors.New("broken LZMA properties")
	}
	size := f.size
	if f.flags&2 != 0 {
		size = -1 // an end mark stands at the end
	}
	return b.unlzma(br, h[4:], size)
}

// unlzma reads LZMA data with the five bytes of properties that describe them.
// size is -1 where an end mark ends them.
func (b *budget) unlzma(r io.Reader, props []byte, size int64) (io.ReadCloser, error) {
	dict := int64(binary.LittleEndian.Uint32(props[1:]))
	if size >= 0 && dict > size { // the decoder makes none larger
		dict = size
		props = binary.LittleEndian.AppendUint32(props[:1:1], uint32(dict))
	}
	if err := b.dictionary(dict); err != nil {
		return nil, err
	}
	head := make([]byte, 13)
	copy(head, props[:5])
	binary.LittleEndian.PutUint64(head[5:], uint64(size))
	lr, err := lzma.ReaderConfig{DictCap: maxDictionary}.NewReader(&prefixed{head: head, r: bufio.NewReader(r)})
	if err != nil {
		b.drop(dict)
		return nil, err
	}
	return &holder{Reader: lr, b: b, n: dict}, nil
}

// unlzma2 reads LZMA2 data; size, if not negative, is that of what they hold.
func (b *budget) unlzma2(r io.Reader, prop byte, size int64) (io.ReadCloser, error) {
	dict := lzma2Dictionary(prop)
	if size >= 0 {
		dict = min(dict, size)
	}
	if err := b.dictionary(dict); err != nil {
		return nil, err
	}
	lr, err := lzma.Reader2Config{DictCap: int(max(dict, lzma.MinDictCap))}.NewReader2(r)
	if err != nil {
		b.drop(dict)
		return nil, err
	}
	return &holder{Reader: lr, b: b, n: dict}, nil
}

// lzma2Dictionary is the size that a property byte of LZMA2 means.
func lzma2Dictionary(p byte) int64 {
	if p >= 40 {
		return 1<<32 - 1
	}
	return int64(2|p&1) << (p/2 + 11)
}

// A prefixed reader gives head first. It reads bytes, too, so that a decoder
// need not buffer.
type prefixed struct {
	head []byte
	r    *bufio.Reader
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.r.Read(b)
}

func (p *prefixed) ReadByte() (byte, error) {
	if len(p.head) > 0 {
		c := p.head[0]
		p.head = p.head[1:]
		return c, nil
	}
	return p.r.ReadByte()
}

// inflaters recycles decoders: 40 KiB each, for files of a few hundred bytes.
var inflaters sync.Pool

type inflate struct{ io.ReadCloser }

func inflater(r io.Reader) io.ReadCloser {
	if f, ok := inflaters.Get().(io.ReadCloser); ok {
		if err := f.(flate.Resetter).Reset(r, nil); err == nil {
			return &inflate{f}
		}
	}
	return &inflate{flate.NewReader(r)}
}

func (i *inflate) Read(p []byte) (int, error) {
	if i.ReadCloser == nil {
		return 0, errGone
	}
	return i.ReadCloser.Read(p)
}

func (i *inflate) Close() error {
	if i.ReadCloser != nil {
		inflaters.Put(i.ReadCloser)
		i.ReadCloser = nil
	}
	return nil
}

// A checked reader gives exactly as many bytes as the archive says, and checks
// their sum.
type checked struct {
	rc   io.ReadCloser
	left int64
	sum  uint32
	none bool // no sum is known
	hash hash.Hash32
	// inside says that more follows in the stream.
	inside bool
	tail   io.Reader // to be read to its end, too
}

func (c *checked) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.left == 0 {
		// The decoder must end here too; that also checks its own sums.
		var one [1]byte
		n, err := 0, io.EOF
		if !c.inside {
			n, err = io.ReadFull(c.rc, one[:])
		}
		switch {
		case n > 0:
			return 0, errLonger
		case err != io.EOF:
			return 0, err
		case !c.none && c.hash.Sum32() != c.sum:
			return 0, errChecksum
		}
		if c.tail != nil {
			if _, err := io.Copy(io.Discard, c.tail); err != nil {
				return 0, err
			}
		}
		return 0, io.EOF
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.rc.Read(p)
	c.hash.Write(p[:n])
	c.left -= int64(n)
	if err == io.EOF {
		err = nil
		if c.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

func (c *checked) Close() error { return c.rc.Close() }
