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
	readVersion(r)
	a.Total += r.Uvarint()
	a.Latest = max(a.Latest, r.Uint32())
	for i := range a.ByType {
		a.ByType[i] += r.Uvarint()
	}
	readDays(r, func(n int) {
		if a.ByDay == nil {
			a.ByDay = make(map[uint16]uint64, n)
		}
	}, func(day uint16, count uint64) { a.ByDay[day] += count })
	for _, to := range []*map[string]uint64{&a.ByStealer, &a.ByCountry} {
		readNamed(r, func(int) {}, func(name string, count uint64) { addCount(to, name, count) })
	}
	for _, s := range a.sketches() {
		s.MergeFrom(r)
	}
	return r.Err()
}

// ReadAnalytics takes an encoded aggregate off r and returns its Analytics: what
// [DecodeAggregate] and [Aggregate.Analytics] give, several times faster. The
// error is r's and wraps codec.ErrCorrupt.
func ReadAnalytics(r *codec.Reader) (*Analytics, error) {
	var s summary
	readVersion(r)
	s.total, s.latest = r.Uvarint(), r.Uint32()
	for i := range s.byType {
		s.byType[i] = r.Uvarint()
	}
	readDays(r, func(n int) { s.days = make([]dayTotal, 0, n) }, func(day uint16, count uint64) {
		s.days = append(s.days, dayTotal{day, count})
	})
	for _, to := range []*[]named{&s.stealers, &s.countries} {
		readNamed(r, func(n int) { *to = make([]named, 0, n) }, func(name string, count uint64) {
			*to = append(*to, named{name, count})
		})
	}
	for i := range s.distinct {
		s.distinct[i] = ReadEstimate(r)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	a := s.analytics()
	return &a, nil
}

func readVersion(r *codec.Reader) {
	if r.Uint8() != aggregateVersion {
		r.Fail("unknown version of an aggregate")
	}
}

// readDays takes the days off r: their number goes to begin, if there are any,
// then each to add.
func readDays(r *codec.Reader, begin func(n int), add func(day uint16, count uint64)) {
	n := r.Count(2)
	if n > 0 {
		begin(n)
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
		add(uint16(day), count)
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

// readNamed is readDays for counts by name.
func readNamed(r *codec.Reader, begin func(n int), add func(name string, count uint64)) {
	n := r.Count(3) // a name has a byte, its length and its count one each
	if n > 0 {
		begin(n)
	}
	before := ""
	for range n {
		name, count := r.String(), r.Uvarint()
		if name <= before || count == 0 {
			r.Fail("names of an aggregate out of order, or a count of 0")
		}
		if r.Err() != nil {
			return
		}
		add(name, count)
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
