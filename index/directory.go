package index

import (
	"fmt"

	"github.com/leakscope/leakscope/internal/codec"
)

// A directory says where in which chunk things are. It stands in the last
// chunk, behind its head; what is longer than directoryChunk stands in chunks
// of that size between the data and the last one.

// writeDirectory writes the directory of chunks data chunks.
func writeDirectory(sink codec.ChunkSink, version uint8, count uint64, chunks int, body []byte) error {
	for ; len(body) > directoryChunk; body = body[directoryChunk:] {
		if err := sink.WriteChunk(body[:directoryChunk]); err != nil {
			return err
		}
	}
	var w codec.Writer
	w.Uint8(version)
	w.Uvarint(count)
	w.Uvarint(uint64(chunks))
	w.Raw(body)
	return sink.WriteChunk(w.Bytes())
}

// readDirectory reads the head of a directory, checks that each of the count
// entries can have its entryBytes at least, and returns a reader of them.
func readDirectory(src codec.ChunkSource, version uint8, entryBytes int) (count uint64, chunks int, r *codec.Reader, err error) {
	last := src.Chunks() - 1
	if last < 0 {
		return 0, 0, nil, fmt.Errorf("%w: no directory", codec.ErrCorrupt)
	}
	head, err := src.Chunk(last)
	if err != nil {
		return 0, 0, nil, err
	}
	r = codec.NewReader(head)
	if v := r.Uint8(); v != version {
		r.Fail(fmt.Sprintf("version %d", v))
	}
	count = r.Uvarint()
	data := r.Uvarint()
	if data > uint64(last) {
		r.Fail(fmt.Sprintf("%d chunks before the directory, section has %d", data, last))
	}
	if r.Err() != nil {
		return 0, 0, nil, r.Err()
	}
	chunks = int(data)
	if chunks < last {
		var body []byte
		for i := chunks; i < last; i++ {
			b, err := src.Chunk(i)
			if err != nil {
				return 0, 0, nil, err
			}
			if len(b) != directoryChunk {
				return 0, 0, nil, fmt.Errorf("%w: chunk %d is no part of a directory", codec.ErrCorrupt, i)
			}
			body = append(body, b...)
		}
		r = codec.NewReader(append(body, r.Raw(r.Left())...))
	}
	if count > uint64(r.Left()/entryBytes) {
		r.Fail("more entries than there can be")
	}
	return count, chunks, r, r.Err()
}
