package leaks

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// A stringSorter sorts numbers of an interner's strings by their bytes. It
// compares eight bytes at a time as one number and goes deeper only into runs
// that tie, which for hosts ("https://www.") and addresses is several times
// faster than comparing strings.
type stringSorter struct {
	keys []keyedString

	starts, next, keyOf []uint32 // scratch of rankNested
}

type keyedString struct {
	key uint64
	n   uint32
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

func (s *stringSorter) sort(in *interner, run []uint32) {
	s.keys = resize(s.keys, len(run))
	for i, n := range run {
		s.keys[i].n = n
	}
	sortKeyed(in, s.keys, 0)
	for i := range run {
		run[i] = s.keys[i].n
	}
}

// smallSort is the length of a run below which strings are compared whole.
const smallSort = 6

// maxSortDepth bounds the recursion: strings equal so far are compared whole.
const maxSortDepth = 512

// sortKeyed sorts strings that are equal in their first depth bytes and at
// least that long.
func sortKeyed(in *interner, keys []keyedString, depth int) {
	if len(keys) <= smallSort || depth >= maxSortDepth {
		slices.SortFunc(keys, func(a, b keyedString) int { return bytes.Compare(in.at(a.n), in.at(b.n)) })
		return
	}
	depth = commonPrefix(in, keys, depth)
	for i := range keys {
		keys[i].key = prefixKey(in.at(keys[i].n)[depth:])
	}
	slices.SortFunc(keys, func(a, b keyedString) int { return cmp.Compare(a.key, b.key) })
	for lo := 0; lo < len(keys); {
		hi := lo + 1
		for hi < len(keys) && keys[hi].key == keys[lo].key {
			hi++
		}
		if hi-lo > 1 {
			sortTied(in, keys[lo:hi], depth)
		}
		lo = hi
	}
}

// sortTied sorts strings whose eight bytes behind depth, zero-padded, are
// equal. Those that end there come first, by length, for any longer one goes
// on with zero bytes where they ended.
func sortTied(in *interner, keys []keyedString, depth int) {
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
	if rest := keys[short:]; len(rest) > 1 {
		sortKeyed(in, rest, depth+8)
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
