package index

import (
	"encoding/binary"
	"fmt"

	"github.com/leakscope/leakscope/internal/codec"
)

// A DictCursor reads one dictionary. It keeps the chunk and the place it read
// last, so that neighbours are cheap. It is not safe for concurrent use.
//
// Its error is sticky: after the first one every call gives nothing, and Err
// tells.
type DictCursor struct {
	d   *Dict
	err error

	// The chunk held. count is 0 when there is none, so that no ordinal seems
	// to be inside.
	chunk  int
	first  uint32
	count  uint32
	groups []byte
	shared []byte
	lens   []byte
	suffix []byte

	// The place: buf is string next-1 of the chunk, whose suffix ends at pos.
	// With next = 0 there is none.
	next uint32
	pos  int
	buf  []byte

	flat []byte   // Search: strings one behind another
	ends []uint32 // Search: where each of them ends
}

// Err returns the first error met, or nil.
func (c *DictCursor) Err() error { return c.err }

// Reset makes c as good as new: it holds on to no chunk, and knows no error.
func (c *DictCursor) Reset() {
	if c.count == 0 && c.err == nil {
		return // it holds none
	}
	*c = DictCursor{d: c.d, buf: c.buf[:0], flat: c.flat, ends: c.ends[:0]}
	if cap(c.flat) > 4*flatBytes {
		c.flat = nil // after an uncommonly long string
	}
}

// Len returns the number of strings of the dictionary.
func (c *DictCursor) Len() uint32 { return c.d.Len() }

// At returns string ord. The bytes are valid until the next call on the cursor
// and must not be changed. An ordinal beyond the dictionary is
// [codec.ErrCorrupt]: ordinals come from stored columns. It returns nil after
// an error.
func (c *DictCursor) At(ord uint32) []byte {
	i := ord - c.first
	if i >= c.count {
		if !c.seek(ord) {
			return nil
		}
		i = ord - c.first
	}
	if i+1 == c.next {
		return c.buf
	}
	if i == c.next {
		if !c.step() {
			return nil
		}
		return c.buf
	}
	if i < c.next || i>>groupShift != c.next>>groupShift {
		if !c.group(i >> groupShift) {
			return nil
		}
	}
	if !c.walk(i) {
		return nil
	}
	return c.buf
}

// step moves the place forward by one string.
func (c *DictCursor) step() bool {
	shared, n := int(c.shared[c.next]), int(c.lens[c.next])
	if shared == lengthEscape || n == lengthEscape {
		var ok bool
		if shared, n, c.pos, ok = c.escaped(shared, n, c.pos); !ok {
			return false
		}
	}
	if shared > len(c.buf) || n > len(c.suffix)-c.pos {
		return c.corrupt("length beyond the chunk")
	}
	c.buf = append(c.buf[:shared], c.suffix[c.pos:c.pos+n]...)
	c.pos += n
	c.next++
	return true
}

// walk moves the place forward to string i of the chunk, in the same group.
// Nearly all pieces of the strings between are short, and a call would take longer
// than moving some bytes too many: what is behind a string's end is overwritten by
// the next one, or is none of it.
func (c *DictCursor) walk(i uint32) bool {
	have, pos, suffix := len(c.buf), c.pos, c.suffix
	buf := c.buf[:cap(c.buf)]
	for k := c.next; k <= i; k++ {
		shared, n := int(c.shared[k]), int(c.lens[k])
		if shared == lengthEscape || n == lengthEscape {
			var ok bool
			if shared, n, pos, ok = c.escaped(shared, n, pos); !ok {
				return false
			}
		}
		if shared > have || n > len(suffix)-pos {
			return c.corrupt("length beyond the chunk")
		}
		if len(buf) < shared+n+smallCopy {
			buf = append(make([]byte, 0, 2*(shared+n)+walkRoom), buf[:have]...)
			buf = buf[:cap(buf)]
		}
		if n <= smallCopy && pos+smallCopy <= len(suffix) {
			copySmall(buf[shared:], suffix[pos:])
		} else {
			copy(buf[shared:], suffix[pos:pos+n])
		}
		have, pos = shared+n, pos+n
	}
	c.next, c.pos, c.buf = i+1, pos, buf[:have]
	return true
}

// walkRoom is for most strings, and smallCopy bytes behind.
const walkRoom = 128

// group puts the place before the first string of group g of the chunk.
func (c *DictCursor) group(g uint32) bool {
	pos := int(binary.LittleEndian.Uint16(c.groups[2*g:]))
	if pos > len(c.suffix) {
		return c.corrupt("group beyond the chunk")
	}
	c.next, c.pos, c.buf = g<<groupShift, pos, c.buf[:0]
	return true
}

// escaped reads the lengths that did not fit their bytes off the suffix area.
func (c *DictCursor) escaped(shared, n, pos int) (int, int, int, bool) {
	for _, l := range []*int{&shared, &n} {
		if *l != lengthEscape {
			continue
		}
		v, used := binary.Uvarint(c.suffix[pos:])
		if used <= 0 || v > MaxString {
			return 0, 0, 0, c.corrupt("malformed length")
		}
		*l, pos = int(v), pos+used
	}
	if shared+n > MaxString {
		return 0, 0, 0, c.corrupt("string beyond the limit")
	}
	return shared, n, pos, true
}

// seek fetches the chunk that holds ord.
func (c *DictCursor) seek(ord uint32) bool {
	if c.err != nil {
		return false
	}
	if ord >= c.d.Len() {
		return c.fail(fmt.Errorf("%w: ordinal %d of a dictionary of %d", codec.ErrCorrupt, ord, c.d.Len()))
	}
	return c.load(c.d.chunkOf(ord))
}

// load fetches chunk i and checks that its areas lie within it.
func (c *DictCursor) load(i int) bool {
	if c.err != nil {
		return false
	}
	if c.count != 0 && c.chunk == i {
		return true
	}
	b, err := c.d.src.Chunk(i)
	if err != nil {
		return c.fail(fmt.Errorf("dictionary: %w", err))
	}
	c.chunk = i
	first, n := c.d.firsts[i], int(c.d.firsts[i+1]-c.d.firsts[i])
	groups := 2 * ((n + groupMask) >> groupShift)
	suffix := chunkHeader + groups + 2*n
	if len(b) < suffix || binary.LittleEndian.Uint32(b) != first || int(binary.LittleEndian.Uint16(b[4:])) != n {
		return c.corrupt("chunk is not the one of the directory")
	}
	c.groups = b[chunkHeader : chunkHeader+groups]
	c.shared = b[chunkHeader+groups : suffix-n]
	c.lens = b[suffix-n : suffix]
	c.suffix = b[suffix:]
	c.first, c.count = first, uint32(n)
	c.next, c.pos, c.buf = 0, 0, c.buf[:0]
	return true
}

// corrupt records damage of the held chunk; it returns false.
func (c *DictCursor) corrupt(what string) bool {
	return c.fail(fmt.Errorf("%w: dictionary chunk %d: %s", codec.ErrCorrupt, c.chunk, what))
}

// fail records err, drops the chunk and returns false.
func (c *DictCursor) fail(err error) bool {
	if c.err == nil {
		c.err = err
	}
	c.first, c.count, c.next, c.buf = 0, 0, 0, c.buf[:0]
	return false
}

// clip checks an ordinal range and says whether there is anything in it.
func (c *DictCursor) clip(lo, hi uint32) bool {
	if c.err != nil {
		return false
	}
	if lo > hi || hi > c.d.Len() {
		return c.fail(fmt.Errorf("%w: ordinals %d to %d of a dictionary of %d", codec.ErrCorrupt, lo, hi, c.d.Len()))
	}
	return lo < hi
}
