package index

import (
	"iter"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// A Set is a set of row numbers. Its zero value is empty and ready. It is not
// safe for concurrent use once anyone changes it.
type Set struct {
	b roaring.Bitmap
}

// NewSet returns a set of rows.
func NewSet(rows ...uint32) *Set {
	s := new(Set)
	s.b.AddMany(rows)
	return s
}

// Add puts row in.
func (s *Set) Add(row uint32) { s.b.Add(row) }

// AddMany puts rows in; ascending ones are fast.
func (s *Set) AddMany(rows []uint32) { s.b.AddMany(rows) }

// AddRange puts lo <= row < hi in.
func (s *Set) AddRange(lo, hi uint32) { s.b.AddRange(uint64(lo), uint64(hi)) }

// Contains says whether row is in.
func (s *Set) Contains(row uint32) bool { return s.b.Contains(row) }

// Len returns the number of rows.
func (s *Set) Len() uint64 { return s.b.GetCardinality() }

// LenRange returns the number of rows lo <= row < hi.
func (s *Set) LenRange(lo, hi uint32) uint64 {
	if lo >= hi {
		return 0
	}
	return s.b.CardinalityInRange(uint64(lo), uint64(hi))
}

// Empty says whether there is no row.
func (s *Set) Empty() bool { return s.b.IsEmpty() }

// And keeps the rows that are in o too.
func (s *Set) And(o *Set) { s.b.And(&o.b) }

// AndRange keeps the rows lo <= row < hi.
func (s *Set) AndRange(lo, hi uint32) {
	s.b.RemoveRange(0, uint64(lo))
	s.b.RemoveRange(uint64(max(lo, hi)), 1<<32)
}

// Or puts the rows of o in.
func (s *Set) Or(o *Set) { s.b.Or(&o.b) }

// AndNot takes the rows of o out.
func (s *Set) AndNot(o *Set) { s.b.AndNot(&o.b) }

// Clone returns a copy that shares nothing which changes.
func (s *Set) Clone() *Set {
	c := new(Set)
	c.b.Or(&s.b)
	return c
}

// Equal says whether s and o hold the same rows.
func (s *Set) Equal(o *Set) bool { return s.b.Equals(&o.b) }

// All gives the rows, ascending. For many rows Append is ten times as fast.
func (s *Set) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for it := s.b.Iterator(); it.HasNext(); {
			if !yield(it.Next()) {
				return
			}
		}
	}
}

// Append appends the rows lo <= row < hi, ascending, to dst.
func (s *Set) Append(dst []uint32, lo, hi uint32) []uint32 {
	b := &s.b
	if lo >= hi || b.IsEmpty() {
		return dst
	}
	n := b.GetCardinality()
	if lo > b.Minimum() || hi <= b.Maximum() {
		// The iterator below cannot be started in the middle; cutting the range
		// out costs a copy of its containers at most.
		var within roaring.Bitmap
		within.AddRange(uint64(lo), uint64(hi))
		within.And(b)
		b, n = &within, within.GetCardinality()
	}
	dst = slices.Grow(dst, int(n))
	it := b.ManyIterator()
	for n > 0 {
		k := it.NextMany(dst[len(dst):cap(dst)])
		if k == 0 {
			break
		}
		dst, n = dst[:len(dst)+k], n-uint64(k)
	}
	return dst
}
