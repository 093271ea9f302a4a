package leaks

import "bytes"

// A ranking orders the strings of an interner: rank gives their places by their
// numbers. The numbers of one string of a loose interner share a rank.
type ranking struct {
	rank  []uint32
	ranks uint32   // given so far
	order []uint32 // after flat of one that is not loose: the numbers by rank

	bufs [2][itemBytes]byte // the strings emitted last, if they are short
}

// flat orders all strings by their bytes and calls emit for each once, in order. A
// string stays as it is until emit has returned for the next one.
func (r *ranking) flat(in *interner, s *stringSorter, emit func(n uint32, str []byte)) {
	n := in.len()
	s.items, s.spare = resize(s.items, n), resize(s.spare, n)
	for i := range s.items {
		s.items[i].fill(in, uint32(i), 0)
	}
	sort := itemSorter{in: in}
	sort.sort(s.items, s.spare, false, 64)
	r.rank, r.ranks = resize(r.rank, n), 0
	r.order = resize(r.order, n)
	for i := range s.items {
		r.order[i] = s.items[i].n
	}
	r.emit(in, s, s.items, true, 0, func(_, n uint32, str []byte) { emit(n, str) })
}

// longStrings is the mean length from which on the strings below one parent are
// taken to share more than an item holds of them.
const longStrings = 32

// nested orders by the rank of the parent, then by bytes, and calls emit for
// each string once, in order. key gives that rank for a parent number, below keys.
// Numbers that do not count get no rank.
// A string stays as it is until emit has returned for the next one.
func (r *ranking) nested(in *interner, s *stringSorter, keys int, key func(parent uint32) uint32, emit func(key, n uint32, str []byte)) {
	n := in.len()
	r.rank, r.ranks = resize(r.rank, n), 0
	s.ends = resize(s.ends, keys+2)
	s.keyOf = resize(s.keyOf, n)
	clear(s.ends)
	for i := range s.keyOf {
		k := uint32(keys) // none of those that are gone through
		if in.uses(uint32(i)) {
			k = key(in.parent(uint32(i)))
		}
		s.keyOf[i] = k
		s.ends[k+1]++
	}
	most := uint32(0)
	for k := range keys {
		most = max(most, s.ends[k+1])
		s.ends[k+1] += s.ends[k]
	}
	// Here the strings are gone through in the order in which they lie.
	s.items, s.spare = resize(s.items, n), resize(s.spare, int(most))
	filled := len(in.arena) < (recordHead+longStrings)*n
	for i, k := range s.keyOf {
		at := s.ends[k]
		s.ends[k]++ // in the end, where the next key begins
		if it := &s.items[at]; filled {
			it.fill(in, uint32(i), 0)
		} else {
			it.n, it.size = uint32(i), itemBytes+1
		}
	}
	// A run is written while its strings, just sorted, are near.
	sort := itemSorter{in: in}
	await, lo := 0, 0
	for k := range keys {
		hi := int(s.ends[k])
		if lo == hi {
			continue
		}
		if await < hi {
			await = max(await, lo)
			if hi-await < awaitMost {
				end := min(hi+awaitAhead, n)
				s.await(in, s.items[await:end])
				await = end
			} else {
				await = hi
			}
		}
		items := s.items[lo:hi]
		if hi-lo > 1 {
			if filled {
				sort.sort(items, s.spare[:hi-lo], false, 64)
			} else {
				sortFrom(in, items, s.spare, 0)
			}
		}
		r.emit(in, s, items, filled, uint32(k), emit)
		lo = hi
	}
}

// emit ranks the strings of items, which are below one parent. Filled says that
// the items hold them from their begin on.
func (r *ranking) emit(in *interner, s *stringSorter, items []stringItem, filled bool, key uint32, emit func(key, n uint32, str []byte)) {
	var before []byte
	for i := range items {
		if len(items) >= awaitMost && i%awaitAhead == 0 {
			s.await(in, items[i:min(i+awaitAhead, len(items))])
		}
		it := &items[i]
		var str []byte
		if filled {
			str = it.bytes(in, &r.bufs[r.ranks&1])
		} else {
			str = in.at(it.n)
		}
		if in.loose && i > 0 && bytes.Equal(str, before) {
			r.rank[it.n] = r.ranks - 1
			continue
		}
		before = str
		r.rank[it.n] = r.ranks
		r.ranks++
		emit(key, it.n, str)
	}
}

const (
	// awaitAhead is how many groups, or strings, are asked for at once. What
	// encode costs is mostly waiting for memory, as it goes through everything
	// in another order than it lies in; places asked for together are waited
	// for once.
	awaitAhead = 16
	// awaitBytes is how far from a record's begin most end.
	awaitBytes = 44
	// awaitMost is how many strings can be asked for and still be near when
	// they are needed.
	awaitMost = 256
)

// await asks for those strings that items do not hold.
func (s *stringSorter) await(in *interner, items []stringItem) {
	sum := byte(0)
	for i := range items {
		if items[i].size <= itemBytes {
			continue
		}
		// A string mostly goes on in the next line.
		off := int(in.offs[items[i].n])
		sum ^= in.arena[off] ^ in.arena[min(off+awaitBytes, len(in.arena)-1)]
	}
	s.awaited ^= sum // so that nobody takes the loads away
}
