package leaks

import (
	"slices"
	"sync"
)

// scanBlock is how many groups a stream decodes at a time. Tests lower it.
var scanBlock uint32 = 1024

// A stream yields the groups of a selection that may hold selected rows,
// ascending, in blocks: whole pieces of columns are decoded at once, which
// costs about a nanosecond a value where single look-ups cost five.
type stream struct {
	table uint16
	sel   *selection
	c     *tableCursor

	left   groupSet
	groups []uint32
	work   int // rows decoded for the block beyond its groups

	// Only of streams that are merged by key.
	keyed  bool
	hashes []hash128
	rankOf []uint32 // root ordinal -> rank; nil when all are below one root
	ranks  []uint32 // of the groups of the block; only with rankOf
	root   uint32   // of the group looked at last
	end    uint32   // where its groups end
	ends   []uint32 // where those of the following roots end, of some
	at, to int      // the groups of the round
	shared []uint32 // which are parts of a credential of other tables, too

	figures             // of groups of which every row is selected
	block   partlyBlock // of others

	buf, endsBuf []uint32
}

// streams keeps what streams decode into.
var streams = sync.Pool{New: func() any { return new(stream) }}

// newStream returns the stream of a selection whose credentials go to to.
func newStream(table uint16, sel *selection, to *ranker) *stream {
	st := streams.Get().(*stream)
	*st = stream{
		table: table, sel: sel, c: sel.c, left: sel.clone(),
		hashes: st.hashes[:0], ranks: st.ranks[:0], shared: st.shared[:0], buf: st.buf[:0], endsBuf: st.endsBuf[:0],
		figures: st.figures.of(sel.c, to),
	}
	return st
}

// release gives up the stream.
func (st *stream) release() {
	*st = stream{
		hashes: st.hashes, ranks: st.ranks, shared: st.shared, buf: st.buf, endsBuf: st.endsBuf,
		figures: st.figures.of(nil, nil),
	}
	streams.Put(st)
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
	if st.keyed {
		st.loadKeys()
	}
	if st.sel.every || st.sel.whole != nil {
		lo, hi, dense := st.dense()
		st.work += st.figures.load(st.groups, lo, hi, dense)
	} else if st.keyed {
		st.loadPartly()
	}
	return true
}

// bounded reports whether the block has what partlyBound needs: of others, either
// every row of a group is selected, or it is looked at row by row.
func (st *stream) bounded() bool { return !st.sel.every && st.sel.whole == nil }

// A groupKey is what tables sort groups by.
type groupKey struct {
	rank uint32 // of the root
	hash hash128
}

func (k *groupKey) less(o *groupKey) bool {
	if k.rank != o.rank {
		return k.rank < o.rank
	}
	return k.hash.less(o.hash)
}

// key returns the key of group at of the block.
func (st *stream) key(at int) groupKey {
	k := groupKey{hash: st.hashes[at]}
	if st.rankOf != nil {
		k.rank = st.ranks[at]
	}
	return k
}

// after returns the place of the first group, from at on, whose key is above k.
func (st *stream) after(k *groupKey) int {
	lo, hi := st.at, len(st.groups)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if o := st.key(mid); k.less(&o) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

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
	return lo, hi, hi-lo <= 8*uint32(len(st.groups))
}

// loadKeys fills in hashes and ranks.
func (st *stream) loadKeys() {
	st.shared = slices.Grow(st.shared[:0], len(st.groups))[:len(st.groups)]
	if st.rankOf != nil {
		st.loadRanks()
	}
	st.hashes = st.hashes[:0]
	lo, hi, _ := st.dense()
	if int(hi-lo) == len(st.groups) {
		st.hashes = st.c.groupHashes(lo, hi, st.hashes)
		return
	}
	for _, g := range st.groups {
		st.hashes = append(st.hashes, st.c.groupHash(g))
	}
}

// loadRanks fills in ranks. Groups ascend, and so do the roots they are below.
func (st *stream) loadRanks() {
	st.ranks = st.ranks[:0]
	rank := uint32(0)
	if int(st.root) < len(st.rankOf) {
		rank = st.rankOf[st.root]
	}
	for _, g := range st.groups {
		if g >= st.end {
			st.toRoot(g)
			rank = 0
			if int(st.root) < len(st.rankOf) {
				rank = st.rankOf[st.root]
			}
		}
		st.ranks = append(st.ranks, rank)
	}
}

// toRoot goes on to the root of a group that is beyond the last one's.
func (st *stream) toRoot(g uint32) {
	for len(st.ends) > 0 {
		st.root, st.end, st.ends = st.root+1, st.ends[0], st.ends[1:]
		if g < st.end {
			return
		}
	}
	st.root = st.c.groupRoot(g)
	first := uint64(st.root) + 1
	end := min(first+rootsAhead, st.c.t.specs[colRootGroups].count)
	st.ends = st.c.decode(colRootGroups, uint32(first), uint32(max(first, end)), st.endsBuf[:0])
	st.endsBuf = st.ends[:0]
	if len(st.ends) == 0 || st.ends[0] <= g {
		st.end, st.ends = g+1, nil // only corrupt columns get here; their cursor says so
		return
	}
	st.end, st.ends = st.ends[0], st.ends[1:]
}

// rootsAhead is how many roots are looked up at a time.
const rootsAhead = 64
