package leaks

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// A stringSorter sorts strings of an interner by their bytes. It takes sixteen
// bytes at a time for two numbers, sorts by their digits, and looks at the
// strings again only where those tie.
type stringSorter struct {
	items, spare []stringItem
	awaited      byte // what await loaded

	ends, keyOf []uint32 // scratch of ranking.nested
}

// A stringItem is a string to be sorted: its number, its length, and sixteen of its
// bytes, zero-padded, as two numbers that order like them. With those at hand
// most strings need not be looked at, which is far away.
type stringItem struct {
	key, more uint64
	n, size   uint32
}

// itemBytes is how many bytes of a string its item holds.
const itemBytes = 16

// fill sets the item to hold string n from depth on, which it must reach.
func (it *stringItem) fill(in *interner, n uint32, depth int) {
	off := int(in.offs[n])
	size := binary.LittleEndian.Uint32(in.arena[off+8:])
	it.n, it.size = n, size
	from, left := off+recordHead+depth, int(size)-depth
	if from+itemBytes > len(in.arena) {
		var b [itemBytes]byte
		copy(b[:], in.arena[from:from+left])
		it.key, it.more = binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])
		return
	}
	// No branch on the length: it could not be foretold.
	b := in.arena[from : from+itemBytes]
	it.key = binary.BigEndian.Uint64(b) & (^uint64(0) << (64 - 8*min(left, 8)))
	it.more = binary.BigEndian.Uint64(b[8:]) & (^uint64(0) << (64 - 8*min(max(left-8, 0), 8)))
}

// bytes returns the string of an item that holds it from its begin on: from the
// item itself, put into buf, if it is short enough.
func (it *stringItem) bytes(in *interner, buf *[itemBytes]byte) []byte {
	if it.size > itemBytes {
		return in.at(it.n)
	}
	binary.BigEndian.PutUint64(buf[:], it.key)
	binary.BigEndian.PutUint64(buf[8:], it.more)
	return buf[:it.size]
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

// smallSort is how many strings are compared whole that no key is known of.
const smallSort = 8

// sortWhole sorts up to smallSort strings by comparing them whole.
func sortWhole(in *interner, items []stringItem) {
	var strs [smallSort][]byte
	for i, it := range items {
		b := in.at(it.n)
		at := i
		for ; at > 0 && bytes.Compare(b, strs[at-1]) < 0; at-- {
			strs[at], items[at] = strs[at-1], items[at-1]
		}
		strs[at], items[at] = b, it
	}
}

// maxSortDepth bounds the recursion: strings equal so far are compared whole.
const maxSortDepth = 512

// sortFrom sorts strings that are equal in their first depth bytes and at least
// that long. What the items hold of them is set here. Spare is at least as long;
// what it holds afterwards is undefined.
func sortFrom(in *interner, items, spare []stringItem, depth int) {
	if len(items) <= smallSort {
		sortWhole(in, items)
		return
	}
	if depth >= maxSortDepth {
		slices.SortFunc(items, func(a, b stringItem) int { return bytes.Compare(in.at(a.n), in.at(b.n)) })
		return
	}
	depth = commonPrefix(in, items, depth)
	for i := range items {
		items[i].fill(in, items[i].n, depth)
	}
	s := itemSorter{in: in, depth: depth}
	s.sort(items, spare[:len(items)], false, 64)
}

// An itemSorter sorts items that hold their strings from depth on.
type itemSorter struct {
	in    *interner
	depth int
	more  bool // key and more are swapped, and more is the same in all
}

const (
	digitBits = 8
	// fewItems is how many items are sorted by comparing: a digit's counters
	// cost as much.
	fewItems = 24
)

// sort sorts items whose keys differ in the lowest width bits at most, a multiple
// of digitBits. It begins with the highest digit: strings differ early, so that
// most runs are short before the lower ones are looked at. The result is in items,
// or in spare, which is as long, if toSpare says so; what the other holds is
// undefined.
func (s *itemSorter) sort(items, spare []stringItem, toSpare bool, width int) {
	spare = spare[:len(items)]
	for len(items) > fewItems && width > 0 {
		width -= digitBits
		var ends [1 << digitBits]uint32
		least, most := uint8(1<<digitBits-1), uint8(0)
		for i := range items {
			d := uint8(items[i].key >> (width & 63))
			ends[d]++
			least, most = min(least, d), max(most, d)
		}
		if least == most {
			continue // one digit for all
		}
		used := ends[least : int(most)+1]
		sum := uint32(0)
		for i, n := range used {
			used[i] = sum
			sum += n
		}
		for i := range items {
			d := uint8(items[i].key >> (width & 63))
			spare[ends[d]] = items[i]
			ends[d]++
		}
		lo := uint32(0)
		for _, end := range used {
			if end-lo > 1 {
				s.sort(spare[lo:end], items[lo:end], !toSpare, width)
			} else if end > lo && !toSpare {
				items[lo] = spare[lo]
			}
			lo = end
		}
		return
	}
	if len(items) <= fewItems {
		to := items
		if toSpare {
			to = spare
		}
		for i := range items {
			it := items[i]
			at := i
			for ; at > 0; at-- {
				if b := &to[at-1]; it.key > b.key || it.key == b.key && !s.less(&it, b) {
					break
				}
				to[at] = to[at-1]
			}
			to[at] = it
		}
		return
	}
	if toSpare {
		copy(spare, items)
		items, spare = spare, items
	}
	if s.more {
		s.sortTied(items, spare)
		return
	}
	second := itemSorter{in: s.in, depth: s.depth, more: true}
	swapKeys(items)
	second.sort(items, spare, false, 64)
	swapKeys(items)
}

func swapKeys(items []stringItem) {
	for i := range items {
		items[i].key, items[i].more = items[i].more, items[i].key
	}
}

// less compares two strings whose keys are the same.
func (s *itemSorter) less(a, b *stringItem) bool {
	if a.more != b.more {
		return a.more < b.more
	}
	// One that ends here is less: any longer one goes on with zero bytes where
	// it ended.
	seen := s.depth + itemBytes
	if int(min(a.size, b.size)) <= seen {
		return a.size < b.size
	}
	return bytes.Compare(s.in.at(a.n)[seen:], s.in.at(b.n)[seen:]) < 0
}

// sortTied sorts items that hold the same. Those whose strings end there come
// first, by length.
func (s *itemSorter) sortTied(items, spare []stringItem) {
	seen, short := s.depth+itemBytes, 0
	for i := range items {
		if int(items[i].size) <= seen {
			items[i], items[short] = items[short], items[i]
			short++
		}
	}
	slices.SortFunc(items[:short], func(a, b stringItem) int { return cmp.Compare(a.size, b.size) })
	if len(items)-short > 1 {
		sortFrom(s.in, items[short:], spare, seen)
	}
}

// commonPrefix returns how many bytes all strings share, at least depth.
func commonPrefix(in *interner, items []stringItem, depth int) int {
	first := in.at(items[0].n)
	same := len(first)
	for _, it := range items[1:] {
		if same = sameBytes(first[:same], in.at(it.n), depth); same <= depth {
			return depth
		}
	}
	return same
}

// sameBytes returns how many bytes a and b share, from how many on they may differ
// being known.
func sameBytes(a, b []byte, from int) int {
	n := min(len(a), len(b))
	for ; from+8 <= n; from += 8 {
		if x := binary.LittleEndian.Uint64(a[from:]) ^ binary.LittleEndian.Uint64(b[from:]); x != 0 {
			return from + bits.TrailingZeros64(x)/8
		}
	}
	for ; from < n && a[from] == b[from]; from++ {
	}
	return from
}
