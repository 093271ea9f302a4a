package index

// SearchText does what [DictCursor.Search] does, looking only where t, which
// is the text index of the same dictionary or nil, says that strings may
// match. fn must not use the cursor. Errors are in Err.
func (c *DictCursor) SearchText(t *Text, lo, hi uint32, m *Matcher, fn func(ord uint32) bool) {
	if !c.clip(lo, hi) {
		return
	}
	if hi-lo <= textShortRange {
		c.Search(lo, hi, m, fn)
		return
	}
	more := true
	used, err := t.Candidates(lo, hi, m, func(from, to uint32) bool {
		c.Search(from, to, m, func(ord uint32) bool {
			more = fn(ord)
			return more
		})
		return more && c.err == nil
	})
	switch {
	case err != nil:
		c.fail(err)
	case !used:
		c.Search(lo, hi, m, fn)
	}
}
