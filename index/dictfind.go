package index

import (
	"bytes"
	"encoding/binary"
)

// Find looks key up among the strings lo <= ord < hi, which must be sorted. It
// returns the first ordinal whose string is not below key (hi when all are)
// and whether that string is key. After an error nothing is found, and the
// ordinal means nothing.
func (c *DictCursor) Find(lo, hi uint32, key []byte) (ord uint32, found bool) {
	if !c.clip(lo, hi) || !c.findChunk(&lo, &hi, key) {
		return lo, false
	}
	// Within the chunk: the last group whose first string is not above key.
	a, b := lo-c.first, hi-c.first
	g, n := a>>groupShift, (b-1)>>groupShift-a>>groupShift
	for n > 0 {
		half := (n + 1) >> 1
		s, ok := c.head(g + half)
		if !ok {
			return lo, false
		}
		if bytes.Compare(s, key) <= 0 {
			g += half
			n -= half
		} else {
			n = half - 1
		}
	}
	return c.findInGroup(max(a, g<<groupShift), min(b, (g+1)<<groupShift), key)
}

// findChunk loads the chunk of lo..hi where key belongs and cuts the range to
// it.
func (c *DictCursor) findChunk(lo, hi *uint32, key []byte) bool {
	at, last := c.d.chunkOf(*lo), c.d.chunkOf(*hi-1)
	for n := last - at; n > 0; {
		half := (n + 1) >> 1
		cmp, ok := c.compareSeparator(at+half, key)
		if !ok {
			return false
		}
		if cmp <= 0 {
			at += half
			n -= half
		} else {
			n = half - 1
		}
	}
	*lo, *hi = max(*lo, c.d.firsts[at]), min(*hi, c.d.firsts[at+1])
	return c.load(at)
}

// compareSeparator compares the separator of a chunk with key. One that was
// cut short cannot decide about a key that begins with it; then the chunk's
// first string does.
func (c *DictCursor) compareSeparator(chunk int, key []byte) (int, bool) {
	sep := c.d.seps[chunk]
	if len(sep) == separatorBytes && bytes.HasPrefix(key, sep) {
		if !c.load(chunk) {
			return 0, false
		}
		s, ok := c.head(0)
		return bytes.Compare(s, key), ok
	}
	return bytes.Compare(sep, key), true
}

// head returns the first string of group g of the chunk, in place.
func (c *DictCursor) head(g uint32) ([]byte, bool) {
	pos := int(binary.LittleEndian.Uint16(c.groups[2*g:]))
	n := int(c.lens[g<<groupShift])
	if pos > len(c.suffix) {
		return nil, c.corrupt("group beyond the chunk")
	}
	if n == lengthEscape {
		var ok bool
		if _, n, pos, ok = c.escaped(0, n, pos); !ok {
			return nil, false
		}
	}
	if n > len(c.suffix)-pos {
		return nil, c.corrupt("length beyond the chunk")
	}
	return c.suffix[pos : pos+n], true
}

// findInGroup looks key up among strings a <= k < b of the chunk, all of one
// group. It compares suffixes only: as long as strings are below key, how many
// bytes they share with key and with each other tells which of the two is
// greater, mostly without a look at a byte.
func (c *DictCursor) findInGroup(a, b uint32, key []byte) (uint32, bool) {
	same := 0 // leading bytes that key shares with the string before
	k := a
	if a&groupMask == 0 {
		if !c.group(a >> groupShift) {
			return c.first + a, false
		}
	} else {
		// What stands before a in the group belongs to another range: a is
		// decoded whole.
		first := c.first + a
		s := c.At(first)
		if c.err != nil {
			return first, false
		}
		if cmp := bytes.Compare(s, key); cmp >= 0 {
			return first, cmp == 0
		}
		same = commonPrefix(s, key)
		k = c.next
	}
	pos, first := c.pos, c.first
	// The place is left behind: no string is decoded below.
	c.next, c.buf = c.count+1, c.buf[:0]
	for ; k < b; k++ {
		shared, n := int(c.shared[k]), int(c.lens[k])
		if shared == lengthEscape || n == lengthEscape {
			var ok bool
			if shared, n, pos, ok = c.escaped(shared, n, pos); !ok {
				return first + a, false
			}
		}
		if n > len(c.suffix)-pos {
			c.corrupt("length beyond the chunk")
			return first + a, false
		}
		if shared < same {
			return first + k, false // greater where the string before was equal
		}
		if shared == same {
			s := c.suffix[pos : pos+n]
			same += commonPrefix(s, key[same:])
			switch more := same - shared; {
			case same == len(key):
				return first + k, more == n
			case more < n && s[more] > key[same]:
				return first + k, false
			}
		}
		pos += n
	}
	return first + b, false
}
