package archives

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/leakscope/leakscope/leaks/formats"
)

// frameWindow is the window that any frame of a zstd file may have: every
// decoder is to support that (RFC 8878, 3.1.1.1.2).
const frameWindow = 8 << 20

// unzstd decodes in the caller's goroutine: many archives are read at a time
// by many callers, and the decoder's own would keep blocks ahead. The first
// frame's header says how large a window is granted to all.
func (b *budget) unzstd(r io.Reader) (io.ReadCloser, error) {
	br := bufio.NewReader(r)
	head, err := br.Peek(zstd.HeaderMaxSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	window := int64(frameWindow)
	var h zstd.Header
	if err := h.Decode(head); err == nil {
		switch {
		case h.Skippable: // something of another program's stands first
			window = max(window, min(maxDictionary, b.room())/2)
		case h.SingleSegment:
			window = max(window, int64(min(h.FrameContentSize, 1<<62)))
		default:
			window = max(window, int64(min(h.WindowSize, 1<<62)))
		}
	}
	if err := b.dictionary(window); err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(window)))
	if err != nil {
		b.drop(window)
		return nil, err
	}
	return &holder{Reader: zstdReader{d}, b: b, n: window, close: d.Close}, nil
}

type zstdReader struct{ d *zstd.Decoder }

func (z zstdReader) Read(p []byte) (int, error) {
	n, err := z.d.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = &formats.Damage{Trouble: formats.TroubleLimit, Detail: "a later frame needs a larger dictionary than the first"}
	}
	return n, err
}
