package stats

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
)

// An interner numbers distinct strings 0, 1, 2, … in the order they come. It
// compares whole strings, so two never share a number, and keeps them in one
// buffer: about 24 bytes each beside their text, and nothing for the garbage
// collector to follow. At most 2^32-2 strings. The zero value is ready.
type interner struct {
	table  []uint32 // open addressing: number+1, 0 for none; a power of two long
	hashes []uint32 // by number
	ends   []int    // by number: where its text ends
	text   []byte
}

// internSeed differs from process to process, so that no input can be made to
// collide. Numbers do not depend on it.
var internSeed = maphash.MakeSeed()

// count returns how many strings there are.
func (n *interner) count() int { return len(n.ends) }

// name returns the text of string id.
func (n *interner) name(id uint32) string { return string(n.bytes(id)) }

// bytes returns the text of string id; it aliases the buffer.
func (n *interner) bytes(id uint32) []byte {
	start := 0
	if id > 0 {
		start = n.ends[id-1]
	}
	return n.text[start:n.ends[id]]
}

// id returns the number of s, a new one if s is new.
func (n *interner) id(s string) uint32 {
	if 4*len(n.ends) >= 3*len(n.table) {
		n.grow()
	}
	h := uint32(maphash.String(internSeed, s))
	mask := uint32(len(n.table) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		slot := n.table[i]
		if slot == 0 {
			id := uint32(len(n.ends))
			n.table[i] = id + 1
			n.hashes = append(n.hashes, h)
			n.text = append(n.text, s...)
			n.ends = append(n.ends, len(n.text))
			return id
		}
		if id := slot - 1; n.hashes[id] == h && string(n.bytes(id)) == s {
			return id
		}
	}
}

func (n *interner) grow() {
	n.table = make([]uint32, max(64, 2*len(n.table)))
	mask := uint32(len(n.table) - 1)
	for id, h := range n.hashes {
		i := h & mask
		for n.table[i] != 0 {
			i = (i + 1) & mask
		}
		n.table[i] = uint32(id + 1)
	}
}

// A tally counts occurrences by name.
type tally struct {
	names  interner
	counts []uint64 // by number
	last   uint32   // the number of the name before: names come in runs
}

// add counts one occurrence of name and returns the number of name.
func (t *tally) add(name string) uint32 {
	if len(t.counts) == 0 || string(t.names.bytes(t.last)) != name {
		t.last = t.names.id(name)
		if int(t.last) == len(t.counts) {
			t.counts = append(t.counts, 0)
		}
	}
	t.counts[t.last]++
	return t.last
}

// top returns the numbers of the k most frequent names that keep lets through
// (nil: all), most frequent first, ties by name.
func (t *tally) top(k int, keep func(id uint32) bool) []uint32 {
	before := func(a, b uint32) bool {
		if t.counts[a] != t.counts[b] {
			return t.counts[a] > t.counts[b]
		}
		return string(t.names.bytes(a)) < string(t.names.bytes(b))
	}
	best := make([]uint32, 0, min(k, len(t.counts)))
	for i := range t.counts {
		id := uint32(i)
		if keep != nil && !keep(id) || len(best) == k && !before(id, best[k-1]) {
			continue
		}
		if len(best) < k {
			best = append(best, id)
		}
		at := len(best) - 1
		for ; at > 0 && before(id, best[at-1]); at-- {
			best[at] = best[at-1]
		}
		best[at] = id
	}
	return best
}

// sorted returns the numbers of all names but the empty one, most frequent
// first, ties by name.
func (t *tally) sorted() []uint32 {
	ids := make([]uint32, 0, len(t.counts))
	for i := range t.counts {
		if len(t.names.bytes(uint32(i))) > 0 {
			ids = append(ids, uint32(i))
		}
	}
	slices.SortFunc(ids, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(t.counts[b], t.counts[a]), bytes.Compare(t.names.bytes(a), t.names.bytes(b)))
	})
	return ids
}

// isNamed reports whether id is not the empty name.
func (t *tally) isNamed(id uint32) bool { return len(t.names.bytes(id)) > 0 }

// named returns how many names there are but the empty one.
func (t *tally) named() int {
	n := t.names.count()
	for i := range t.counts {
		if !t.isNamed(uint32(i)) {
			n--
		}
	}
	return n
}

// ranked returns the names of a top list that ends in Other.
func (t *tally) ranked() []uint32 {
	return t.top(topReport, func(id uint32) bool {
		return t.isNamed(id) && string(t.names.bytes(id)) != Other
	})
}
