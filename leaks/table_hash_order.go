package leaks

import (
	"cmp"
	"math/bits"
	"slices"
)

// A hashOrder orders the numbers of rows, or groups, by the high halves of their
// hashes, then by number. Those are uniform bits, so two or three passes over the
// top bits all but finish the sort.
//
// What is moved is one word each: the number in the lowest bits, above it as
// much of the hash as there is room for.
type hashOrder struct {
	a, b []uint64
	mask uint64 // of the number
}

const radixBits = 11

// number returns that of a key.
func (o *hashOrder) number(key uint64) uint32 { return uint32(key & o.mask) }

// alike reports whether two keys may have one high half.
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
