package stats

import (
	"cmp"
	"math"
	"slices"

	"github.com/leakscope/leakscope/internal/codec"
)

// The encoded form of an aggregate; maps are sorted by key, so that equal
// aggregates are equal bytes:
//
//	uint8 version     1
//	uvarint           Total
//	uint32            Latest
//	2 × uvarint       ByType
//	uvarint n, n ×    ByDay: uvarint day minus the day before (the first: day), uvarint count
//	uvarint n, n ×    ByStealer: string, uvarint count
//	uvarint n, n ×    ByCountry: string, uvarint count
//	5 × sketch        Usernames, Passwords, Leaks, Sources, Inverse
const aggregateVersion = 1

// Encode writes the canonical form of a: equal occurrences, equal bytes,
// however they were batched or merged.
func (a *Aggregate) Encode(w *codec.Writer) {
	w.Uint8(aggregateVersion)
	w.Uvarint(a.Total)
	w.Uint32(a.Latest)
	for _, n := range a.ByType {
		w.Uvarint(n)
	}
	days := positive(a.ByDay)
	w.Uvarint(uint64(len(days)))
	before := uint16(0)
	for _, day := range days {
		w.Uvarint(uint64(day - before))
		w.Uvarint(a.ByDay[day])
		before = day
	}
	encodeNamed(w, a.ByStealer)
	encodeNamed(w, a.ByCountry)
	for _, s := range a.sketches() {
		s.AppendTo(w)
	}
}

// DecodeAggregate takes an aggregate off r. The error is r's and wraps
// codec.ErrCorrupt.
func DecodeAggregate(r *codec.Reader) (*Aggregate, error) {
	a := new(Aggregate)
	if err := a.MergeFrom(r); err != nil {
		return nil, err
	}
	return a, nil
}

// MergeFrom takes an encoded aggregate off r and adds it to a, faster than
// decoding and merging. The error is r's and wraps codec.ErrCorrupt; a may then
// hold a part of what was read and must be dropped.
func (a *Aggregate) MergeFrom(r *codec.Reader) error {
	if r.Uint8() != aggregateVersion {
		r.Fail("unknown version of an aggregate")
	}
	a.Total += r.Uvarint()
	a.Latest = max(a.Latest, r.Uint32())
	for i := range a.ByType {
		a.ByType[i] += r.Uvarint()
	}
	a.mergeDaysFrom(r)
	mergeNamedFrom(r, &a.ByStealer)
	mergeNamedFrom(r, &a.ByCountry)
	for _, s := range a.sketches() {
		s.MergeFrom(r)
	}
	return r.Err()
}

func (a *Aggregate) mergeDaysFrom(r *codec.Reader) {
	n := r.Count(2)
	if a.ByDay == nil && n > 0 {
		a.ByDay = make(map[uint16]uint64, n)
	}
	day := uint64(0)
	for i := range n {
		step, count := r.Uvarint(), r.Uvarint()
		if step > math.MaxUint16 || day+step > math.MaxUint16 || i > 0 && step == 0 || count == 0 {
			r.Fail("days of an aggregate out of order or range")
		}
		if r.Err() != nil {
			return
		}
		day += step
		a.ByDay[uint16(day)] += count
	}
}

// encodeNamed writes counts by name.
func encodeNamed(w *codec.Writer, m map[string]uint64) {
	names := positive(m)
	w.Uvarint(uint64(len(names)))
	for _, name := range names {
		w.String(name)
		w.Uvarint(m[name])
	}
}

func mergeNamedFrom(r *codec.Reader, m *map[string]uint64) {
	n := r.Count(3) // a name has a byte, its length and its count one each
	before := ""
	for range n {
		name, count := r.String(), r.Uvarint()
		if name <= before || count == 0 {
			r.Fail("names of an aggregate out of order, or a count of 0")
		}
		if r.Err() != nil {
			return
		}
		addCount(m, name, count)
		before = name
	}
}

// positive returns the keys with a count above 0, ascending.
func positive[K cmp.Ordered](m map[K]uint64) []K {
	keys := make([]K, 0, len(m))
	for k, n := range m {
		if n > 0 {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
