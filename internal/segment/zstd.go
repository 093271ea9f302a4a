package segment

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Encoders and decoders are pooled because each holds some hundred KiB of
// tables, and have concurrency 1 because the callers bring the concurrency.
var (
	encoders sync.Pool
	decoders sync.Pool
)

// compress appends the zstd frame of src to dst.
func compress(dst, src []byte) ([]byte, error) {
	enc, ok := encoders.Get().(*zstd.Encoder)
	if !ok {
		var err error
		enc, err = zstd.NewWriter(nil,
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true),
			zstd.WithWindowSize(512<<10),
			zstd.WithEncoderCRC(false)) // the chunk has its own checksum
		if err != nil {
			return nil, err
		}
	}
	defer encoders.Put(enc)
	return enc.EncodeAll(src, dst), nil
}

// decompress appends what the frame src holds to dst, at most as much as dst
// has room for.
func decompress(dst, src []byte) ([]byte, error) {
	dec, ok := decoders.Get().(*zstd.Decoder)
	if !ok {
		var err error
		dec, err = zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(MaxChunk),
			zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, err
		}
	}
	defer decoders.Put(dec)
	return dec.DecodeAll(src, dst)
}
