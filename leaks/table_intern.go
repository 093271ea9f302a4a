package leaks

import (
	"encoding/binary"
	"hash/maphash"
)

// An interner numbers distinct (parent, string) pairs in order of arrival. It
// copies them into one arena and keeps nothing of its own per string on the
// heap, so a full one costs the collector nothing. A look-up of a string that
// is there touches two places in memory: its slot and its record.
type interner struct {
	// arena holds a record per string: its number, its parent (in a nested
	// dictionary), its length, its bytes.
	arena  []byte
	offs   []uint32 // where the record of each number begins
	slots  []uint64 // open addressing: high half of the hash, then offset+1
	seed   maphash.Seed
	nested bool
	last   uint32 // offset+1 of the record found last: inputs come in runs
}

const (
	internSlots = 1 << 10 // at the start; a power of two
	// maxArena keeps offsets well inside 32 bits: a builder is full before.
	maxArena = 1 << 31

	highHalf = ^uint64(1<<32 - 1)
	mixPrime = 0x9e3779b97f4a7c15
)

func newInterner(nested bool) *interner {
	return &interner{slots: make([]uint64, internSlots), seed: maphash.MakeSeed(), nested: nested}
}

func (in *interner) len() int { return len(in.offs) }

// head returns the length of the fixed part of a record.
func (in *interner) head() uint32 {
	if in.nested {
		return 12
	}
	return 8
}

// at returns string i, aliasing the arena.
func (in *interner) at(i uint32) []byte { return in.bytes(in.offs[i]) }

func (in *interner) bytes(off uint32) []byte {
	rec := in.arena[off:]
	h := in.head()
	return rec[h : h+binary.LittleEndian.Uint32(rec[h-4:])]
}

// parent returns the parent of string i of a nested dictionary.
func (in *interner) parent(i uint32) uint32 {
	return binary.LittleEndian.Uint32(in.arena[in.offs[i]+4:])
}

// is reports whether the record at off is that of (parent, s).
func (in *interner) is(off, parent uint32, s string) bool {
	rec := in.arena[off:]
	if in.nested {
		return len(rec) >= 12+len(s) && binary.LittleEndian.Uint32(rec[8:]) == uint32(len(s)) &&
			binary.LittleEndian.Uint32(rec[4:]) == parent && string(rec[12:12+len(s)]) == s
	}
	return len(rec) >= 8+len(s) && binary.LittleEndian.Uint32(rec[4:]) == uint32(len(s)) && string(rec[8:8+len(s)]) == s
}

func (in *interner) number(off uint32) uint32 { return binary.LittleEndian.Uint32(in.arena[off:]) }

func (in *interner) reset() {
	in.arena, in.offs, in.last = in.arena[:0], in.offs[:0], 0
	clear(in.slots)
}

// memory estimates the bytes that the strings need: their records, 16 to 32 of
// slots each, and their offset, order and rank.
func (in *interner) memory() int64 { return int64(len(in.arena) + (24+3*4)*len(in.offs)) }

func (in *interner) mix(h uint64, parent uint32) uint64 {
	if in.nested {
		h = (h ^ uint64(parent+1)*mixPrime) * mixPrime
		h ^= h >> 29
	}
	return h
}

// hash returns what internHashed wants of s in a flat dictionary.
func (in *interner) hash(s string) uint64 { return maphash.String(in.seed, s) }

// slot returns the first slot where a string with hash h may be. Asking for
// the slots of several strings before interning them lets the processor wait
// for all of them at once.
func (in *interner) slot(h uint64) uint64 { return in.slots[h&uint64(len(in.slots)-1)] }

// intern returns the number of (parent, s); parent is 0 in a flat dictionary.
func (in *interner) intern(parent uint32, s string) uint32 {
	if in.last != 0 && in.is(in.last-1, parent, s) {
		return in.number(in.last - 1)
	}
	return in.internHashed(parent, s, in.mix(maphash.String(in.seed, s), parent))
}

// internHashed is intern of a string that was hashed before.
func (in *interner) internHashed(parent uint32, s string, h uint64) uint32 {
	mask := uint64(len(in.slots) - 1)
	i := h & mask
	for ; in.slots[i] != 0; i = (i + 1) & mask {
		if slot := in.slots[i]; (slot^h)&highHalf == 0 && in.is(uint32(slot)-1, parent, s) {
			in.last = uint32(slot)
			return in.number(uint32(slot) - 1)
		}
	}
	n, off := uint32(len(in.offs)), uint32(len(in.arena))
	in.arena = binary.LittleEndian.AppendUint32(in.arena, n)
	if in.nested {
		in.arena = binary.LittleEndian.AppendUint32(in.arena, parent)
	}
	in.arena = binary.LittleEndian.AppendUint32(in.arena, uint32(len(s)))
	in.arena = append(in.arena, s...)
	in.offs = append(in.offs, off)
	in.slots[i] = h&highHalf | uint64(off+1)
	in.last = off + 1
	if len(in.offs)*2 > len(in.slots) {
		in.grow()
	}
	return n
}

// grow doubles the slots. The low half of a hash is not kept, so positions are
// computed anew from the strings.
func (in *interner) grow() {
	in.slots = make([]uint64, 2*len(in.slots))
	mask := uint64(len(in.slots) - 1)
	for n, off := range in.offs {
		var parent uint32
		if in.nested {
			parent = in.parent(uint32(n))
		}
		h := in.mix(maphash.Bytes(in.seed, in.bytes(off)), parent)
		i := h & mask
		for in.slots[i] != 0 {
			i = (i + 1) & mask
		}
		in.slots[i] = h&highHalf | uint64(off+1)
	}
}

// A ranking orders the strings of an interner: order lists their numbers from
// least to greatest, rank is its inverse.
type ranking struct {
	order, rank []uint32
}

func (r *ranking) invert() {
	r.rank = resize(r.rank, len(r.order))
	for pos, n := range r.order {
		r.rank[n] = uint32(pos)
	}
}

// rankFlat orders all strings by their bytes.
func (r *ranking) rankFlat(in *interner, s *stringSorter) {
	r.order = resize(r.order, in.len())
	for i := range r.order {
		r.order[i] = uint32(i)
	}
	s.sort(in, r.order)
	r.invert()
}

// rankNested orders by the rank of the parent, then by bytes. key gives that
// rank for a parent number, below keys.
func (r *ranking) rankNested(in *interner, s *stringSorter, keys int, key func(parent uint32) uint32) {
	r.order = resize(r.order, in.len())
	s.starts = resize(s.starts, keys+1)
	s.keyOf = resize(s.keyOf, in.len())
	clear(s.starts)
	for i := range in.offs {
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
	for k := range keys {
		if run := r.order[s.starts[k]:s.starts[k+1]]; len(run) > 1 {
			s.sort(in, run)
		}
	}
	r.invert()
}

// resize returns a slice of n elements, s's memory where that suffices. What
// they hold is not defined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}
