package index

import "encoding/binary"

// Search calls fn for the ordinals lo <= ord < hi of strings that m matches,
// in order, until it returns false. It does what Scan and [Matcher.Match]
// would, some times faster: a whole piece of the dictionary is searched at
// once. fn must not use the cursor. Errors are in Err.
func (c *DictCursor) Search(lo, hi uint32, m *Matcher, fn func(ord uint32) bool) {
	if !c.clip(lo, hi) {
		return
	}
	for lo < hi {
		n := c.flatten(lo, hi)
		if n == 0 || !c.searchFlat(lo, m, fn) {
			return
		}
		lo += n
	}
}

// flatten decodes strings from lo on, as many as fit, into c.flat and c.ends.
// It returns how many: 0 after an error.
func (c *DictCursor) flatten(lo, hi uint32) uint32 {
	s := c.At(lo)
	if c.err != nil {
		return 0
	}
	ends := append(c.ends[:0], uint32(len(s)))
	flat := c.flat[:cap(c.flat)]
	if len(flat) < len(s)+2*flatBytes {
		flat = make([]byte, len(s)+2*flatBytes)
	}
	at := copy(flat, s) // so much of flat is filled
	end := min(hi-c.first, c.count)
	start, next, pos := 0, c.next, c.pos
	for ; next < end && at < flatBytes; next++ {
		shared, n := int(c.shared[next]), int(c.lens[next])
		if shared == lengthEscape || n == lengthEscape {
			var ok bool
			if shared, n, pos, ok = c.escaped(shared, n, pos); !ok {
				return 0
			}
		}
		if shared > at-start || n > len(c.suffix)-pos {
			c.corrupt("length beyond the chunk")
			return 0
		}
		if len(flat) < at+shared+n+2*smallCopy {
			flat = append(flat, make([]byte, len(flat)+shared+n)...)
		}
		// Nearly all pieces are short, and a call would take longer than moving
		// some bytes too many. What is moved too many is overwritten next.
		if shared <= smallCopy {
			copySmall(flat[at:], flat[start:])
		} else {
			copy(flat[at:], flat[start:start+shared])
		}
		if n <= smallCopy && pos+smallCopy <= len(c.suffix) {
			copySmall(flat[at+shared:], c.suffix[pos:])
		} else {
			copy(flat[at+shared:], c.suffix[pos:pos+n])
		}
		start, at, pos = at, at+shared+n, pos+n
		ends = append(ends, uint32(at))
	}
	c.flat, c.ends = flat[:at], ends
	c.next, c.pos, c.buf = next, pos, append(c.buf[:0], flat[start:at]...)
	return uint32(len(ends))
}

const smallCopy = 16

// copySmall moves smallCopy bytes to dst, eight at a time: where the two overlap,
// dst being ahead, what src had before it is moved right.
func copySmall(dst, src []byte) {
	binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src))
	binary.LittleEndian.PutUint64(dst[8:], binary.LittleEndian.Uint64(src[8:]))
}

// searchFlat reports the matches in c.flat, whose first string is lo. It
// returns false when fn did.
func (c *DictCursor) searchFlat(lo uint32, m *Matcher, fn func(ord uint32) bool) bool {
	if !m.ascii && isASCII(c.flat) {
		return true
	}
	if !m.ascii || len(m.needle) == 0 || m.others && foldsToASCII(c.flat) {
		start := uint32(0)
		for i, end := range c.ends {
			if m.Match(c.flat[start:end]) && !fn(lo+uint32(i)) {
				return false
			}
			start = end
		}
		return true
	}
	need := uint32(len(m.needle))
	for i, p := 0, 0; ; {
		if p = m.index(c.flat, p); p < 0 {
			return true
		}
		for c.ends[i] <= uint32(p) {
			i++
		}
		if uint32(p)+need > c.ends[i] { // it runs over into the next string
			p++
			continue
		}
		if !fn(lo + uint32(i)) {
			return false
		}
		p = int(c.ends[i]) // the next string
	}
}
