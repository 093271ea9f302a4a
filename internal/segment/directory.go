package segment

import (
	"errors"
	"fmt"
	"slices"

	"github.com/leakscope/leakscope/internal/codec"
)

// A chunkInfo is what the directory says of one chunk.
type chunkInfo struct {
	off    int64  // of the stored bytes, from the start of the file
	sum    uint64 // of the stored bytes
	stored uint32
	raw    uint32
	codec  uint8
}

// A chunkRef is a chunk in file order.
type chunkRef struct {
	section int // index into the section list
	chunkInfo
}

// A sectionRef is a section of the directory; chunks are numbered from first
// in the list of all chunks grouped by section.
type sectionRef struct {
	id     uint16
	first  int
	chunks int
}

// minEntry is the fewest bytes a chunk takes in the directory.
const minEntry = 1 + 1 + 1 + 8

// encodeFooter draws the footer; sections are sorted by id, chunks are in file
// order and lie one behind the other.
func encodeFooter(meta []byte, sections []sectionRef, chunks []chunkRef) ([]byte, error) {
	var w codec.Writer
	w.Block(meta)
	w.Uvarint(uint64(len(sections)))
	for _, s := range sections {
		w.Uint16(s.id)
		w.Uvarint(uint64(s.chunks))
	}
	for _, c := range chunks {
		w.Uvarint(uint64(c.section))
		w.Uint8(c.codec)
		w.Uvarint(uint64(c.stored))
		if c.codec != codecRaw {
			w.Uvarint(uint64(c.raw))
		}
		w.Uint64(c.sum)
	}
	if w.Len() > MaxFooter {
		return nil, errors.New("segment footer is too large")
	}
	return w.Bytes(), nil
}

// A directory is a decoded footer.
type directory struct {
	meta     []byte
	sections []sectionRef
	chunks   []chunkInfo // grouped by section, in file order within it
}

// decodeFooter reads a footer whose chunks fill the file from headLen up to
// end. What it allocates is bounded by the length of b.
func decodeFooter(b []byte, end int64) (*directory, error) {
	r := codec.NewReader(b)
	d := &directory{meta: slices.Clone(r.Block())}
	d.sections = make([]sectionRef, r.Count(3))
	total := 0
	for i := range d.sections {
		s := &d.sections[i]
		s.id = r.Uint16()
		s.chunks = r.Count(minEntry)
		s.first = total
		if i > 0 && s.id <= d.sections[i-1].id {
			r.Fail("section ids do not ascend")
		}
		total += s.chunks // each at most MaxFooter and 65,536 of them: fits
		if total > r.Left()/minEntry {
			r.Fail("more chunks than the directory can list")
		}
		if r.Err() != nil {
			return nil, r.Err()
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	d.chunks = make([]chunkInfo, total)
	next := make([]int, len(d.sections))
	off := int64(headLen)
	for range total {
		si := r.Uvarint()
		c := chunkInfo{off: off, codec: r.Uint8()}
		c.stored = length(r)
		c.raw = c.stored
		switch c.codec {
		case codecRaw:
		case codecZstd:
			c.raw = length(r)
			if c.stored >= c.raw {
				r.Fail("compressed chunk is no smaller than its content")
			}
		default:
			r.Fail(fmt.Sprintf("unknown chunk codec %d", c.codec))
		}
		c.sum = r.Uint64()
		off += int64(c.stored)
		switch {
		case si >= uint64(len(d.sections)):
			r.Fail("chunk of a section that is not listed")
		case next[si] >= d.sections[si].chunks:
			r.Fail("section has more chunks than announced")
		case off > end:
			r.Fail("chunks reach past the footer")
		}
		if err := r.Err(); err != nil {
			return nil, err
		}
		d.chunks[d.sections[si].first+next[si]] = c
		next[si]++
	}
	if off != end {
		r.Fail(fmt.Sprintf("chunks end at byte %d of %d", off, end))
	}
	return d, r.Close()
}

// length takes the length of a chunk.
func length(r *codec.Reader) uint32 {
	v := r.Uvarint()
	if v > MaxChunk {
		r.Fail("chunk is longer than the most a chunk may be")
		return 0
	}
	return uint32(v)
}
