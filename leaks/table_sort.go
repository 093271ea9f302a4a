package leaks

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"
)

// A stringSorter sorts numbers of an interner's strings by their bytes. It
// takes eight bytes at a time for one number, sorts by its digits, and goes
// deeper only into runs that tie.
type stringSorter struct {
	keys, spare []keyedString
	awaited     byte // what await loaded

	starts, next, keyOf []uint32 // scratch of ranking.nested
}

// A keyedString is a string's number and twelve of its bytes: those that are
// sorted by, and four behind them, which tell most of those apart that tie, so
// that the string itself, which is far away, need not be looked at again.
type keyedString struct {
	key  uint64
	n    uint32
	more uint32
}

// prefixKey is the first eight bytes of b, zero-padded, as a number that
// orders like them.
func prefixKey(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.BigEndian.Uint64(b)
	}
	var k uint64
	for i, c := range b {
		k |= uint64(c) << (56 - 8*i)
	}
	return k
}

// sort sorts run.
func (s *stringSorter) sort(in *interner, run []uint32) {
	if len(run) <= smallSort {
		sortFew(in, run)
		return
	}
	s.keys, s.spare = resize(s.keys, len(run)), resize(s.spare, len(run))
	for i, n := range run {
		s.keys[i].n = n
	}
	sortKeyed(in, s.keys, s.spare, 0)
	for i := range run {
		run[i] = s.keys[i].n
	}
}

// smallSort is the length of a run below which strings are compared whole.
const smallSort = 8

// sortFew sorts up to smallSort strings by comparing them whole.
func sortFew(in *interner, run []uint32) {
	var strs [smallSort][]byte
	for i, n := range run {
		b := in.at(n)
		at := i
		for ; at > 0 && bytes.Compare(b, strs[at-1]) < 0; at-- {
			strs[at], run[at] = strs[at-1], run[at-1]
		}
		strs[at], run[at] = b, n
	}
}

// sortFewKeyed sorts up to smallSort strings that are equal in their first depth
// bytes by comparing them whole.
func sortFewKeyed(in *interner, keys []keyedString, depth int) {
	var strs [smallSort][]byte
	for i, k := range keys {
		b := in.at(k.n)[depth:]
		at := i
		for ; at > 0 && bytes.Compare(b, strs[at-1]) < 0; at-- {
			strs[at], keys[at] = strs[at-1], keys[at-1]
		}
		strs[at], keys[at] = b, k
	}
}

// maxSortDepth bounds the recursion: strings equal so far are compared whole.
const maxSortDepth = 512

// sortKeyed sorts strings that are equal in their first depth bytes and at
// least that long. What spare, as long as keys, holds afterwards is undefined.
func sortKeyed(in *interner, keys, spare []keyedString, depth int) {
	if len(keys) <= smallSort {
		sortFewKeyed(in, keys, depth)
		return
	}
	if depth >= maxSortDepth {
		slices.SortFunc(keys, func(a, b keyedString) int { return bytes.Compare(in.at(a.n), in.at(b.n)) })
		return
	}
	depth = commonPrefix(in, keys, depth)
	for i := range keys {
		str := in.at(keys[i].n)[depth:]
		keys[i].key, keys[i].more = prefixKey(str), uint32(prefixKey(str[min(8, len(str)):])>>32)
	}
	sortKeys(keys, spare, false, 64)
	for lo, hi := range ties(keys) {
		if byte(keys[lo].key) == 0 { // some may end before
			sortTied(in, keys[lo:hi], spare[lo:hi], depth)
			continue
		}
		tied := keys[lo:hi]
		for i := range tied {
			tied[i].key = uint64(tied[i].more)
		}
		sortKeys(tied, spare[lo:hi], false, 32)
		for lo, hi := range ties(tied) {
			sortKeyed(in, tied[lo:hi], spare[lo:hi], depth+8)
		}
	}
}

// ties gives the bounds of the runs of two and more equal keys.
func ties(keys []keyedString) iter.Seq2[int, int] {
	return func(yield func(lo, hi int) bool) {
		for lo := 0; lo < len(keys); {
			hi := lo + 1
			for hi < len(keys) && keys[hi].key == keys[lo].key {
				hi++
			}
			if hi-lo > 1 && !yield(lo, hi) {
				return
			}
			lo = hi
		}
	}
}

// sortTied sorts strings whose eight bytes behind depth, zero-padded, are
// equal. Those that end there come first, by length, for any longer one goes
// on with zero bytes where they ended.
func sortTied(in *interner, keys, spare []keyedString, depth int) {
	short := 0
	for i := range keys {
		if len(in.at(keys[i].n)) < depth+8 {
			keys[i], keys[short] = keys[short], keys[i]
			short++
		}
	}
	slices.SortFunc(keys[:short], func(a, b keyedString) int {
		return cmp.Compare(len(in.at(a.n)), len(in.at(b.n)))
	})
	if len(keys)-short > 1 {
		sortKeyed(in, keys[short:], spare[short:], depth+8)
	}
}

const (
	digitBits = 8
	// fewKeys is how many keys are sorted by comparing: a digit's counters
	// cost as much.
	fewKeys = 24
)

// sortKeys sorts keys by their lowest width bits, in which alone they differ;
// width is a multiple of digitBits. It begins with the highest digit: strings
// differ early, so that most runs are short before the lower ones are looked at.
// The result is in keys, or in spare, which is as long, if toSpare says so; what
// the other holds is undefined.
func sortKeys(keys, spare []keyedString, toSpare bool, width int) {
	spare = spare[:len(keys)]
	for len(keys) > fewKeys && width > 0 {
		width -= digitBits
		var ends [1 << digitBits]uint32
		for i := range keys {
			ends[uint8(keys[i].key>>(width&63))]++
		}
		if ends[uint8(keys[0].key>>(width&63))] == uint32(len(keys)) {
			continue // one digit for all
		}
		sum := uint32(0)
		for d, n := range ends {
			ends[d] = sum
			sum += n
		}
		for _, k := range keys {
			d := uint8(k.key >> (width & 63))
			spare[ends[d]] = k
			ends[d]++
		}
		lo := uint32(0)
		for _, end := range ends {
			if end > lo {
				sortKeys(spare[lo:end], keys[lo:end], !toSpare, width)
			}
			lo = end
		}
		return
	}
	to := keys
	if toSpare {
		to = spare
	}
	if width == 0 || len(keys) == 1 {
		copy(to, keys)
		return
	}
	for i, k := range keys {
		at := i
		for ; at > 0 && k.key < to[at-1].key; at-- {
			to[at] = to[at-1]
		}
		to[at] = k
	}
}

// commonPrefix returns how many bytes all strings share, at least depth.
func commonPrefix(in *interner, keys []keyedString, depth int) int {
	first := in.at(keys[0].n)
	same := len(first)
	for _, k := range keys[1:] {
		b := in.at(k.n)
		same = min(same, len(b))
		for i := depth; i < same; i++ {
			if b[i] != first[i] {
				same = i
				break
			}
		}
		if same <= depth {
			return depth
		}
	}
	return same
}

// A ranking orders the strings of an interner: order lists their numbers from
// least to greatest, rank is its inverse. The numbers of one string of a loose
// interner share a rank, and so ranks fall behind the places in order.
type ranking struct {
	order, rank []uint32
	ranks       uint32 // given so far
}

// flat orders all strings by their bytes and calls emit for each, in order.
func (r *ranking) flat(in *interner, s *stringSorter, emit func(n uint32, str []byte)) {
	r.order = resize(r.order, in.len())
	for i := range r.order {
		r.order[i] = uint32(i)
	}
	s.sort(in, r.order)
	r.rank, r.ranks = resize(r.rank, in.len()), 0
	r.emit(in, s, 0, len(r.order), emit)
}

// nested orders by the rank of the parent, then by bytes, and calls emit for
// each string once, in order. key gives that rank for a parent number, below keys.
func (r *ranking) nested(in *interner, s *stringSorter, keys int, key func(parent uint32) uint32, emit func(n uint32, str []byte)) {
	n := in.len()
	r.order, r.rank, r.ranks = resize(r.order, n), resize(r.rank, n), 0
	s.starts = resize(s.starts, keys+1)
	s.keyOf = resize(s.keyOf, n)
	clear(s.starts)
	for i := range s.keyOf {
		k := key(in.parent(uint32(i)))
		s.keyOf[i] = k
		s.starts[k+1]++
	}
	for k := range keys {
		s.starts[k+1] += s.starts[k]
	}
	s.next = append(s.next[:0], s.starts...)
	for i, k := range s.keyOf {
		r.order[s.next[k]] = uint32(i)
		s.next[k]++
	}
	// A run is written while its strings, just sorted, are near.
	await := 0
	for k := range keys {
		lo, hi := int(s.starts[k]), int(s.starts[k+1])
		if lo == hi {
			continue
		}
		if await < hi {
			await = max(await, lo)
			if hi-await < awaitMost {
				end := min(hi+awaitAhead, n)
				s.await(in, r.order[await:end])
				await = end
			} else {
				await = hi
			}
		}
		if hi-lo > 1 {
			s.sort(in, r.order[lo:hi])
		}
		r.emit(in, s, lo, hi, emit)
	}
}

// emit ranks the strings from lo to hi of the order, which are below one parent.
func (r *ranking) emit(in *interner, s *stringSorter, lo, hi int, emit func(n uint32, str []byte)) {
	var before []byte
	for i := lo; i < hi; i++ {
		if hi-lo >= awaitMost && (i-lo)%awaitAhead == 0 {
			s.await(in, r.order[i:min(i+awaitAhead, hi)])
		}
		n := r.order[i]
		str := in.at(n)
		if in.loose && i > lo && bytes.Equal(str, before) {
			r.rank[n] = r.ranks - 1
			continue
		}
		before = str
		r.rank[n] = r.ranks
		r.ranks++
		emit(n, str)
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

// await asks for strings.
func (s *stringSorter) await(in *interner, numbers []uint32) {
	sum := byte(0)
	for _, n := range numbers {
		// A string mostly goes on in the next line.
		off := int(in.offs[n])
		sum ^= in.arena[off] ^ in.arena[min(off+awaitBytes, len(in.arena)-1)]
	}
	s.awaited ^= sum // so that nobody takes the loads away
}

// A hashOrder orders group numbers by the high halves of their hashes, then by
// number. Those are uniform bits, so two or three passes over the top bits all
// but finish the sort.
//
// What is moved is one word a group: the number in the lowest bits, above it as
// much of the hash as there is room for.
type hashOrder struct {
	a, b []uint64
	mask uint64 // of the number
}

const radixBits = 11

// number returns the group of a key.
func (o *hashOrder) number(key uint64) uint32 { return uint32(key & o.mask) }

// alike reports whether two keys may have one hash.
func (o *hashOrder) alike(x, y uint64) bool { return (x^y)&^o.mask == 0 }

// sort returns the keys of the hashes hi in order, valid until the next call.
func (o *hashOrder) sort(hi []uint64) []uint64 {
	o.a = resize(o.a, len(hi))
	o.b = resize(o.b, len(hi))
	o.mask = 1<<bits.Len(uint(len(hi))) - 1
	for i, h := range hi {
		o.a[i] = h&^o.mask | uint64(i)
	}
	passes := 1
	for len(hi)>>(radixBits*passes-2) > 0 && passes < 3 {
		passes++
	}
	from, to := o.a, o.b
	var counts [1 << radixBits]uint32
	for p := range passes {
		shift := 64 - radixBits*(passes-p)
		clear(counts[:])
		for _, k := range from {
			counts[k>>shift&(1<<radixBits-1)]++
		}
		sum := uint32(0)
		for i, c := range counts {
			counts[i] = sum
			sum += c
		}
		for _, k := range from {
			d := k >> shift & (1<<radixBits - 1)
			to[counts[d]] = k
			counts[d]++
		}
		from, to = to, from
	}
	o.finish(from, hi, 64-radixBits*passes)
	return from
}

// finish sorts runs that are equal above shift, which numbers never reach;
// hashes that are not uniform, as tests may make them, leave long ones.
func (o *hashOrder) finish(keys, hi []uint64, shift int) {
	for lo := 0; lo < len(keys); {
		end := lo + 1
		for end < len(keys) && keys[end]>>shift == keys[lo]>>shift {
			end++
		}
		if end-lo > 1 {
			slices.SortFunc(keys[lo:end], func(a, b uint64) int {
				x, y := o.number(a), o.number(b)
				if hi[x] != hi[y] {
					return cmp.Compare(hi[x], hi[y])
				}
				return cmp.Compare(x, y)
			})
		}
		lo = end
	}
}
