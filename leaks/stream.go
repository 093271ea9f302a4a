package leaks

// scanBlock is how many groups a stream decodes at a time. Tests lower it.
var scanBlock uint32 = 1024

// A stream yields the groups of a selection that may hold selected rows,
// ascending, in blocks: whole pieces of columns are decoded at once, which
// costs about a nanosecond a value where single look-ups cost five.
type stream struct {
	table uint16
	sel   *selection
	c     *tableCursor
	ranks []uint32 // of the groups of the block; only with rankOf

	left   groupSet
	rankOf []uint32 // root ordinal -> rank; nil when no other table is merged
	root   uint32   // of the group looked at last
	end    uint32   // where its groups end

	groups []uint32
	hashes []hash128 // only with rankOf
	at     int       // the group that next has come to
	work   int       // rows decoded for the block beyond its groups

	figures // only if every row is selected

	buf []uint32
}

// newStream returns the stream of a selection whose credentials go to to.
func newStream(table uint16, sel *selection, rankOf []uint32, to *ranker) *stream {
	return &stream{
		table: table, sel: sel, c: sel.c, left: sel.clone(), rankOf: rankOf,
		figures: figures{c: sel.c, rank: to},
	}
}

// fill loads the next block; false means that there is none.
func (st *stream) fill() bool {
	for st.at, st.work = 0, 0; ; {
		if !st.nextGroups() {
			st.groups = nil
			return false
		}
		if len(st.groups) > 0 {
			break
		}
		st.work += int(scanBlock)
	}
	if st.rankOf != nil {
		st.loadKeys()
	}
	if st.sel.every {
		lo, hi, dense := st.dense()
		st.work += st.figures.load(st.groups, lo, hi, dense)
	}
	return true
}

// next goes on to the next group; false means that there is none.
func (st *stream) next() bool {
	st.at++
	return st.at < len(st.groups) || st.fill()
}

// key returns the (rank of the root, hash) that the stream has come to.
func (st *stream) key() (rank uint32, hash hash128) { return st.ranks[st.at], st.hashes[st.at] }

// nextGroups takes up to a block of groups and drops those that fail the tests
// of whole groups.
func (st *stream) nextGroups() bool {
	st.groups = st.left.take(scanBlock, st.buf[:0])
	if len(st.groups) == 0 {
		return false
	}
	st.buf = st.groups[:0]
	if len(st.sel.groupTests) > 0 {
		kept := st.groups[:0]
		for _, g := range st.groups {
			if st.sel.group(g) {
				kept = append(kept, g)
			}
		}
		st.groups = kept
	}
	return true
}

// dense reports whether the groups of the block lie close enough together for
// decoding everything between them to be cheaper than looking each up.
func (st *stream) dense() (lo, hi uint32, ok bool) {
	lo, hi = st.groups[0], st.groups[len(st.groups)-1]+1
	return lo, hi, hi-lo <= 4*uint32(len(st.groups))
}

// loadKeys fills in ranks and hashes.
func (st *stream) loadKeys() {
	st.ranks, st.hashes = st.ranks[:0], st.hashes[:0]
	for _, g := range st.groups {
		for g >= st.end {
			if _, st.end = st.c.rootGroups(st.root); g >= st.end {
				st.root = st.c.groupRoot(g)
				if _, st.end = st.c.rootGroups(st.root); g >= st.end {
					st.end = g + 1 // only corrupt columns get here; their cursor says so
				}
			}
		}
		rank := uint32(0)
		if int(st.root) < len(st.rankOf) {
			rank = st.rankOf[st.root]
		}
		st.ranks = append(st.ranks, rank)
	}
	lo, hi, dense := st.dense()
	if dense && int(hi-lo) == len(st.groups) {
		st.hashes = st.c.groupHashes(lo, hi, st.hashes)
		return
	}
	for _, g := range st.groups {
		st.hashes = append(st.hashes, st.c.groupHash(g))
	}
}
