package segment

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Compressors and decompressors are pooled because each holds some hundred KiB
// of tables. They have concurrency 1 because the callers bring the concurrency.
var (
	compressors   sync.Pool // of *compressor
	decompressors sync.Pool // of *decompressor
)

// keepBytes is the largest scratch buffer that goes back to a pool.
const keepBytes = 1 << 20

type compressor struct {
	enc *zstd.Encoder
	buf []byte
}

// newCompressor takes a compressor from the pool.
func newCompressor() (*compressor, error) {
	if c, ok := compressors.Get().(*compressor); ok {
		return c, nil
	}
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(512<<10),
		zstd.WithEncoderCRC(false)) // the chunk has its own checksum
	return &compressor{enc: enc}, err
}

// compress returns the frame of src, valid until the next call or release.
func (c *compressor) compress(src []byte) []byte {
	c.buf = c.enc.EncodeAll(src, c.buf[:0])
	return c.buf
}

func (c *compressor) release() {
	if cap(c.buf) > keepBytes {
		c.buf = nil
	}
	compressors.Put(c)
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
func (d *decompressor) decompress(dst, src []byte, n int) ([]byte, bool) {
	dst = grow(dst, n, overAlloc)
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
