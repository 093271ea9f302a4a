package segment

import (
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// Compressors and decompressors are pooled because each holds some hundred KiB
// of tables. They have concurrency 1 because the callers bring the concurrency.
var (
	compressors   [Small + 1]sync.Pool // of *compressor, by packing
	decompressors sync.Pool            // of *decompressor
)

// keepBytes is the largest scratch buffer that goes back to a pool.
const keepBytes = 1 << 20

type compressor struct {
	packing Packing
	enc     *zstd.Encoder // of Small
	buf     []byte
}

// newCompressor takes a compressor of a packing that is one from the pool.
func newCompressor(p Packing) (*compressor, error) {
	if c, ok := compressors[p].Get().(*compressor); ok {
		return c, nil
	}
	c := &compressor{packing: p}
	var err error
	if p == Small {
		c.enc, err = zstd.NewWriter(nil,
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true),
			zstd.WithWindowSize(512<<10),
			zstd.WithEncoderCRC(false)) // the chunk has its own checksum
	}
	return c, err
}

// codec is that of what compress returns.
func (c *compressor) codec() uint8 {
	if c.packing == Small {
		return codecZstd
	}
	return codecS2
}

// compress returns the frame or block of src, valid until the next call or
// release.
func (c *compressor) compress(src []byte) []byte {
	if c.packing == Small {
		c.buf = c.enc.EncodeAll(src, c.buf[:0])
		return c.buf
	}
	if most := s2.MaxEncodedLen(len(src)); cap(c.buf) < most {
		c.buf = make([]byte, most)
	}
	return s2.Encode(c.buf[:cap(c.buf)], src)
}

func (c *compressor) release() {
	if cap(c.buf) > keepBytes {
		c.buf = nil
	}
	compressors[c.packing].Put(c)
}

type decompressor struct {
	dec *zstd.Decoder
	buf []byte // for what is to be decompressed
}

// newDecompressor takes a decompressor from the pool.
func newDecompressor() (*decompressor, error) {
	if d, ok := decompressors.Get().(*decompressor); ok {
		return d, nil
	}
	dec, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(MaxChunk),
		zstd.WithDecodeAllCapLimit(true))
	return &decompressor{dec: dec}, err
}

// overAlloc is room behind the content that lets the decoder copy in whole
// words.
const overAlloc = 16

// decompress decodes src, n bytes in all, into dst if it is large enough; it
// reports whether that worked. Whatever src claims, no more than n bytes and
// overAlloc are written.
func (d *decompressor) decompress(dst, src []byte, n int, codec uint8) ([]byte, bool) {
	dst = grow(dst, n, overAlloc)
	if codec == codecS2 {
		if have, err := s2.DecodedLen(src); err != nil || have != n {
			return dst, false
		}
		out, err := s2.Decode(dst, src)
		return out, err == nil && len(out) == n
	}
	out, err := d.dec.DecodeAll(src, dst[:0:n+overAlloc])
	if err != nil || len(out) != n {
		return dst, false
	}
	return out, true
}

func (d *decompressor) release() {
	if cap(d.buf) > keepBytes {
		d.buf = nil
	}
	decompressors.Put(d)
}

// grow returns b, or a new slice if b is too small, with length n and room for
// extra bytes behind.
func grow(b []byte, n, extra int) []byte {
	if cap(b) < n+extra {
		return make([]byte, n, n+extra)
	}
	return b[:n]
}
