package codec

import "github.com/cespare/xxhash/v2"

// A ChunkSink takes the chunks of one section in order. Whoever writes a
// section cuts it into chunks of 64 KiB or so; whoever stores it adds length
// and checksum to each.
type ChunkSink interface {
	WriteChunk(b []byte) error
}

// A ChunkSource gives the chunks of one section back, checked. A chunk's bytes
// are shared and must not be changed; they stay valid for as long as they are
// referenced. It is safe for concurrent use.
type ChunkSource interface {
	// Chunks returns how many chunks there are.
	Chunks() int
	// Chunk returns chunk i, 0 <= i < Chunks().
	Chunk(i int) ([]byte, error)
}

// MemChunks is a section in memory: a sink and a source.
type MemChunks [][]byte

// WriteChunk appends a copy of b.
func (m *MemChunks) WriteChunk(b []byte) error {
	*m = append(*m, append([]byte(nil), b...))
	return nil
}

// Chunks returns the number of chunks.
func (m *MemChunks) Chunks() int { return len(*m) }

// Chunk returns chunk i.
func (m *MemChunks) Chunk(i int) ([]byte, error) {
	if i < 0 || i >= len(*m) {
		return nil, ErrCorrupt
	}
	return (*m)[i], nil
}

// Checksum is the checksum of every stored piece: xxHash64.
func Checksum(b []byte) uint64 { return xxhash.Sum64(b) }
