package index

// Scan calls fn for the strings lo <= ord < hi in order until it returns
// false. The bytes are valid during the call only; fn must not use the cursor.
// Errors are in Err; a range beyond the dictionary is [codec.ErrCorrupt].
func (c *DictCursor) Scan(lo, hi uint32, fn func(ord uint32, s []byte) bool) {
	if !c.clip(lo, hi) {
		return
	}
	for ord := lo; ord < hi; {
		s := c.At(ord)
		if c.err != nil || !fn(ord, s) {
			return
		}
		// The rest of the chunk, with the place in registers.
		end := min(hi-c.first, c.count)
		next, pos, buf := c.next, c.pos, c.buf
		for ; next < end; next++ {
			shared, n := int(c.shared[next]), int(c.lens[next])
			if shared == lengthEscape || n == lengthEscape {
				var ok bool
				if shared, n, pos, ok = c.escaped(shared, n, pos); !ok {
					return
				}
			}
			if shared > len(buf) || n > len(c.suffix)-pos {
				c.corrupt("length beyond the chunk")
				return
			}
			buf = append(buf[:shared], c.suffix[pos:pos+n]...)
			pos += n
			if !fn(c.first+next, buf) {
				c.next, c.pos, c.buf = next+1, pos, buf
				return
			}
		}
		c.next, c.pos, c.buf = next, pos, buf
		ord = c.first + end
	}
}
