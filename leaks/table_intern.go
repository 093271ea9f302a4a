package leaks

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// An interner numbers distinct (parent, string) pairs in order of arrival. It
// copies them into one arena and keeps nothing of its own per string on the
// heap, so a full one costs the collector nothing. A look-up of a string that
// is there touches two places in memory: its slot and its record.
type interner struct {
	// arena holds a record per string: its number, its parent (0 in a flat
	// dictionary), its length, its bytes.
	arena []byte
	offs  []uint32 // where the record of each number begins
	slots []uint64 // open addressing: a tag, below it offset+1
	near  []uint64 // records that were found lately: the rest of a glance, below it offset+1

	// loose: a string may have several numbers, as it is looked for among those
	// that came lately only. Sorting brings them together.
	loose bool
	// used, of a loose one that is to be ranked, has a bit for each number that
	// counts; without it all do.
	used []uint64
}

const (
	internSlots = 1 << 10 // at the start; a power of two

	recordHead = 12

	highHalf = ^uint64(1<<32 - 1)
	mixPrime = 0x9e3779b97f4a7c15
)

// maxArena keeps offsets well inside 32 bits: a builder is full from there on, and
// takes some rows more at most. Tests change it.
var maxArena = 1 << 31

func newInterner() *interner { return &interner{slots: make([]uint64, internSlots)} }

// grow makes room in an empty interner for as much as another one has.
func (in *interner) grow(like *interner) {
	in.arena, in.offs = make([]byte, 0, cap(like.arena)), make([]uint32, 0, cap(like.offs))
	in.slots = make([]uint64, len(like.slots))
}

func (in *interner) len() int { return len(in.offs) }

// at returns string i, aliasing the arena.
func (in *interner) at(i uint32) []byte {
	rec := in.arena[in.offs[i]:]
	return rec[recordHead : recordHead+binary.LittleEndian.Uint32(rec[8:])]
}

// parent returns the parent of string i of a nested dictionary.
func (in *interner) parent(i uint32) uint32 {
	return binary.LittleEndian.Uint32(in.arena[in.offs[i]+4:])
}

// is reports whether the record at off is that of (parent, s).
func (in *interner) is(off, parent uint32, s string) bool {
	rec := in.arena[off:]
	return len(rec) >= recordHead+len(s) && binary.LittleEndian.Uint32(rec[8:]) == uint32(len(s)) &&
		binary.LittleEndian.Uint32(rec[4:]) == parent && string(rec[recordHead:recordHead+len(s)]) == s
}

// has reports whether the record at off is that of s below any parent.
func (in *interner) has(off uint32, s string) bool {
	rec := in.arena[off:]
	return len(rec) >= recordHead+len(s) && binary.LittleEndian.Uint32(rec[8:]) == uint32(len(s)) &&
		string(rec[recordHead:recordHead+len(s)]) == s
}

// parentAt returns the parent in the record at off.
func (in *interner) parentAt(off uint32) uint32 { return binary.LittleEndian.Uint32(in.arena[off+4:]) }

// skip takes a number for something that is no string and is never looked up.
func (in *interner) skip() uint32 {
	in.offs = append(roomFor(in.offs, 1), uint32(len(in.arena)))
	in.arena = append(in.arena, make([]byte, recordHead)...)
	return uint32(len(in.offs) - 1)
}

func (in *interner) number(off uint32) uint32 { return binary.LittleEndian.Uint32(in.arena[off:]) }

func (in *interner) reset() {
	in.arena, in.offs = in.arena[:0], in.offs[:0]
	clear(in.slots)
	clear(in.near)
	in.used = in.used[:0]
}

// uses reports whether number i counts.
func (in *interner) uses(i uint32) bool { return len(in.used) == 0 || in.used[i/64]>>(i%64)&1 != 0 }

// memory estimates the bytes that the strings need: their records, 16 to 32 of
// slots each unless it is loose, and their offset, order and rank.
func (in *interner) memory() int64 {
	each := 3 * 4
	if !in.loose {
		each += 24
	}
	return int64(len(in.arena) + each*len(in.offs))
}

// A tag is the part of a hash that says where in its slots a string is, and
// that tells most others there apart. It is kept whole, so slots can be moved
// without looking at strings.
func tagOf(hash uint64) uint32 { return uint32(hash >> 32) }

// below mixes the hash of a string with that of its parent.
func below(parent, hash uint64) uint64 {
	h := (hash ^ bits.RotateLeft64(parent, 32)) * mixPrime
	return h ^ h>>32
}

// slot returns the first slot where a string may be, and record two bytes of
// the record it names, the second at most span behind the first. Asking for
// those of several strings before interning them lets the processor wait for
// all of them at once.
func (in *interner) slot(tag uint32) uint64 { return in.slots[tag&uint32(len(in.slots)-1)] }

func (in *interner) record(slot uint64, span int) uint64 {
	if i := int(uint32(slot)); i+span < len(in.arena) {
		return uint64(in.arena[i]) + uint64(in.arena[i+span])
	}
	return 0
}

// intern returns the number of a string of a flat dictionary of few strings, or
// of some that are far more frequent than the others. Those are found again
// without a hash.
func (in *interner) intern(seed maphash.Seed, s string) uint32 {
	look := glance(0, s)
	near := in.nearest(look)
	if off := uint32(*near) - 1; *near>>32 == look>>32 && in.is(off, 0, s) {
		return in.number(off)
	}
	n := in.internTagged(0, s, tagOf(maphash.String(seed, s)))
	*near = look&highHalf | uint64(in.offs[n]+1)
	return n
}

// internLoosely returns a number of (parent, s) of a loose interner.
func (in *interner) internLoosely(parent uint32, s string) uint32 {
	look := glance(parent, s)
	near := in.nearest(look)
	if off := uint32(*near) - 1; *near>>32 == look>>32 && in.is(off, parent, s) {
		return in.number(off)
	}
	*near = look&highHalf | uint64(len(in.arena)+1)
	return in.add(parent, s)
}

// nearest returns where a record is kept that was found last by such a glance.
func (in *interner) nearest(glance uint64) *uint64 {
	if in.near == nil {
		in.near = make([]uint64, nearSlots)
	}
	return &in.near[uint32(glance)>>(32-nearBits)]
}

const (
	nearBits  = 11
	nearSlots = 1 << nearBits
)

// glance makes a number of the string's parent, its length and its end, by which
// names that go on counting differ. That is never 0 in its high half.
func glance(parent uint32, s string) uint64 {
	var x uint64
	switch n := len(s); {
	case n >= 8:
		t := s[n-8:]
		x = uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
	case n >= 4:
		h, t := s[:4], s[n-4:]
		x = uint64(h[0])<<32 | uint64(h[1])<<40 | uint64(h[2])<<48 | uint64(h[3])<<56 |
			uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24
	case n > 0:
		x = uint64(s[0])<<16 | uint64(s[n/2])<<8 | uint64(s[n-1])
	}
	x = (x + uint64(len(s)) + uint64(parent)<<32) * mixPrime
	return x ^ x>>32 | 1<<32
}

// internTagged returns the number of (parent, s); parent is 0 in a flat
// dictionary. The tag must be the same each time.
func (in *interner) internTagged(parent uint32, s string, tag uint32) uint32 {
	mask := uint32(len(in.slots) - 1)
	i := tag & mask
	for ; in.slots[i] != 0; i = (i + 1) & mask {
		if slot := in.slots[i]; uint32(slot>>32) == tag && in.is(uint32(slot)-1, parent, s) {
			return in.number(uint32(slot) - 1)
		}
	}
	in.slots[i] = uint64(tag)<<32 | uint64(len(in.arena)+1)
	n := in.add(parent, s)
	if len(in.offs)*2 > len(in.slots) {
		in.slots = growSlots(in.slots)
	}
	return n
}

// add appends (parent, s) and returns its number.
func (in *interner) add(parent uint32, s string) uint32 {
	n := uint32(len(in.offs))
	in.offs = append(roomFor(in.offs, 1), uint32(len(in.arena)))
	off := len(in.arena)
	in.arena = roomFor(in.arena, recordHead+len(s))[:off+recordHead+len(s)]
	rec := in.arena[off:]
	binary.LittleEndian.PutUint64(rec, uint64(n)|uint64(parent)<<32)
	binary.LittleEndian.PutUint32(rec[8:], uint32(len(s)))
	copy(rec[recordHead:], s)
	return n
}

// growSlots doubles slots whose high halves are tags.
func growSlots(old []uint64) []uint64 {
	slots := make([]uint64, 2*len(old))
	mask := uint32(len(slots) - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		i := uint32(s>>32) & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = s
	}
	return slots
}

// roomFor returns s with room for n more elements. It doubles where append
// would add a quarter, and so copies less; memory that is never written is
// never resident.
func roomFor[T any](s []T, n int) []T {
	if len(s)+n <= cap(s) {
		return s
	}
	grown := make([]T, len(s), max(2*cap(s), len(s)+n, 1024))
	copy(grown, s)
	return grown
}

// resize returns a slice of n elements, s's memory where that suffices. What
// they hold is not defined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}
