package leaks

import (
	"bytes"
	"hash/maphash"
)

// An interner numbers distinct (parent, string) pairs in order of arrival. It
// copies the bytes into one arena and keeps nothing of its own per string on
// the heap, so a full one costs the collector nothing.
type interner struct {
	arena  []byte
	ends   []uint32 // ends[i] is where string i ends in arena
	parent []uint32 // parent[i]; empty in a flat dictionary
	slots  []uint64 // open addressing: high half of the hash, then number+1
	seed   maphash.Seed
	nested bool
	last   uint32 // the number returned last: inputs come in runs
}

const internSlots = 1 << 10 // at the start; a power of two

func newInterner(nested bool) *interner {
	return &interner{slots: make([]uint64, internSlots), seed: maphash.MakeSeed(), nested: nested}
}

func (in *interner) len() int { return len(in.ends) }

func (in *interner) start(i uint32) uint32 {
	if i == 0 {
		return 0
	}
	return in.ends[i-1]
}

// at returns string i, aliasing the arena.
func (in *interner) at(i uint32) []byte { return in.arena[in.start(i):in.ends[i]] }

func (in *interner) reset() {
	in.arena, in.ends, in.parent, in.last = in.arena[:0], in.ends[:0], in.parent[:0], 0
	clear(in.slots)
}

// memory returns the bytes held.
func (in *interner) memory() int64 {
	return int64(cap(in.arena) + 4*cap(in.ends) + 4*cap(in.parent) + 8*cap(in.slots))
}

const mixPrime = 0x9e3779b97f4a7c15

// intern returns the number of (parent, s); parent is 0 in a flat dictionary.
func (in *interner) intern(parent uint32, s string) uint32 {
	if n := len(in.ends); n > 0 {
		if l := in.last; string(in.at(l)) == s && (!in.nested || in.parent[l] == parent) {
			return l
		}
	}
	h := maphash.String(in.seed, s)
	if in.nested {
		h = (h ^ uint64(parent+1)*mixPrime) * mixPrime
		h ^= h >> 29
	}
	tag := h &^ (1<<32 - 1)
	mask := uint64(len(in.slots) - 1)
	i := h & mask
	for ; in.slots[i] != 0; i = (i + 1) & mask {
		slot := in.slots[i]
		if slot&^(1<<32-1) != tag {
			continue
		}
		n := uint32(slot) - 1
		if string(in.at(n)) == s && (!in.nested || in.parent[n] == parent) {
			in.last = n
			return n
		}
	}
	n := uint32(len(in.ends))
	in.arena = append(in.arena, s...)
	in.ends = append(in.ends, uint32(len(in.arena)))
	if in.nested {
		in.parent = append(in.parent, parent)
	}
	in.slots[i] = tag | uint64(n+1)
	in.last = n
	if len(in.ends)*2 > len(in.slots) {
		in.grow()
	}
	return n
}

// grow doubles the slots. The low half of a hash is not kept, so positions are
// computed anew from the strings.
func (in *interner) grow() {
	in.slots = make([]uint64, 2*len(in.slots))
	mask := uint64(len(in.slots) - 1)
	for n := range in.ends {
		h := maphash.Bytes(in.seed, in.at(uint32(n)))
		if in.nested {
			h = (h ^ uint64(in.parent[n]+1)*mixPrime) * mixPrime
			h ^= h >> 29
		}
		i := h & mask
		for in.slots[i] != 0 {
			i = (i + 1) & mask
		}
		in.slots[i] = h&^(1<<32-1) | uint64(n+1)
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
// rank for a parent number, below keys. It appends to starts the position of
// the first string of every key, and one more: the number of strings.
func (r *ranking) rankNested(in *interner, s *stringSorter, keys int, key func(parent uint32) uint32, starts []uint32) []uint32 {
	n := in.len()
	r.order = resize(r.order, n)
	starts = resize(starts, keys+1)
	clear(starts)
	for _, p := range in.parent {
		starts[key(p)+1]++
	}
	for i := range keys {
		starts[i+1] += starts[i]
	}
	next := append(s.next[:0], starts[:keys]...)
	s.next = next
	for i, p := range in.parent {
		k := key(p)
		r.order[next[k]] = uint32(i)
		next[k]++
	}
	for k := range keys {
		if run := r.order[starts[k]:starts[k+1]]; len(run) > 1 {
			s.sort(in, run)
		}
	}
	r.invert()
	return starts
}

// resize returns a slice of n elements, s's memory where that suffices. What
// they hold is not defined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}

// equalBytes reports whether strings a and b of in are equal.
func (in *interner) equalBytes(a, b uint32) bool { return bytes.Equal(in.at(a), in.at(b)) }
