package index

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
	flat, ends := append(c.flat[:0], s...), append(c.ends[:0], uint32(len(s)))
	end := min(hi-c.first, c.count)
	start, next, pos := 0, c.next, c.pos
	for ; next < end && len(flat) < flatBytes; next++ {
		shared, n := int(c.shared[next]), int(c.lens[next])
		if shared == lengthEscape || n == lengthEscape {
			var ok bool
			if shared, n, pos, ok = c.escaped(shared, n, pos); !ok {
				return 0
			}
		}
		from := len(flat)
		if shared > from-start || n > len(c.suffix)-pos {
			c.corrupt("length beyond the chunk")
			return 0
		}
		flat = append(flat, flat[start:start+shared]...)
		flat = append(flat, c.suffix[pos:pos+n]...)
		pos += n
		start = from
		ends = append(ends, uint32(len(flat)))
	}
	c.flat, c.ends = flat, ends
	c.next, c.pos, c.buf = next, pos, append(c.buf[:0], flat[start:]...)
	return uint32(len(ends))
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
