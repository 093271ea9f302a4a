package stats

import (
	"slices"

	"github.com/cespare/xxhash/v2"
)

// ExactMembers is the most distinct values a [Sketch] counts exactly. It is the
// number at which the exact form, 8 bytes a value, grows as large as packed
// registers, 8 KiB: exactness below it costs nothing.
const ExactMembers = 1024

// pendingMembers is how many added hashes may wait to be put in order. Sorting
// them together is what makes an Add cheap.
const pendingMembers = 1024

// denseFrom is above how many hashes at a time AddMany looks whether they make
// a sketch dense: so many that those of one kind nearly always do.
const denseFrom = ExactMembers + ExactMembers/8

// A Sketch counts distinct values: exactly while they are few, as a HyperLogLog
// estimate with [RelativeError] beyond [ExactMembers].
//
// Its state is a function of the set of hashes added and of nothing else: not
// of their order, their repetition, or of how sketches were merged. Equal sets
// give equal estimates and equal encoded bytes.
//
// The zero value is empty and ready. A Sketch must not be copied after first
// use (see Clone) and is not safe for concurrent use, except that one that is
// no longer changed may be the argument of Merge in many goroutines.
type Sketch struct {
	exact   []uint64   // ascending, distinct; nil once regs is set
	regs    *registers // nil while the set is small
	pending []uint64   // added, neither in exact nor in regs yet

	estimate  uint64
	estimated bool // estimate is that of exact and regs
}

// Hash returns the 64-bit hash under which sketches know the value b: xxHash64
// with seed 0. Hashes of any other function must not be mixed in.
func Hash(b []byte) uint64 { return xxhash.Sum64(b) }

// HashString returns Hash of the bytes of s.
func HashString(s string) uint64 { return xxhash.Sum64String(s) }

// Add adds the value with hash h.
func (s *Sketch) Add(h uint64) {
	s.pending = append(s.pending, h)
	if len(s.pending) >= pendingMembers {
		s.flush()
	}
}

// AddMany adds the values with the hashes hs. It is the fast way for many: some
// 10 ns each once the sketch is dense. It neither keeps nor changes hs.
func (s *Sketch) AddMany(hs []uint64) {
	if s.regs == nil && len(hs) > denseFrom {
		// So many are hardly ever few distinct ones; whether they are needs no
		// sorting.
		if regs := new(registers); regs.surely(hs) {
			s.adopt(regs)
			return
		}
	}
	for s.regs == nil && len(hs) > 0 {
		n := min(len(hs), pendingMembers-len(s.pending))
		s.pending = append(s.pending, hs[:n]...)
		hs = hs[n:]
		if len(s.pending) >= pendingMembers {
			s.flush()
		}
	}
	if len(hs) > 0 {
		s.estimated = false
		s.regs.insert(hs)
	}
}

// Merge adds every value of o, which stays as it is. A nil o is empty.
func (s *Sketch) Merge(o *Sketch) {
	if o == nil || o == s {
		return
	}
	switch {
	case o.regs == nil:
	case s.regs == nil:
		regs := new(registers)
		*regs = *o.regs
		s.adopt(regs)
	default:
		s.estimated = false
		s.regs.max(o.regs)
	}
	s.AddMany(o.exact)
	s.AddMany(o.pending)
}

// adopt makes s, which is not dense, the union of itself and r, which it keeps.
// A set that contains one of more than ExactMembers members is itself larger,
// so s is dense from here on.
func (s *Sketch) adopt(r *registers) {
	s.estimated = false
	s.regs = r
	r.insert(s.exact)
	s.exact = nil
	s.flush()
}

// Estimate returns the number of distinct values: exact up to [ExactMembers],
// above it an estimate that is off by [RelativeError] (one standard error).
// The first call after a change takes some 10 µs when dense, others nothing.
func (s *Sketch) Estimate() uint64 {
	s.flush()
	if s.regs == nil {
		return uint64(len(s.exact))
	}
	if !s.estimated {
		// More than ExactMembers is known for certain.
		s.estimate = max(s.regs.estimate(), ExactMembers+1)
		s.estimated = true
	}
	return s.estimate
}

// Exact reports whether Estimate is the exact number.
func (s *Sketch) Exact() bool {
	s.flush()
	return s.regs == nil
}

// Clone returns an independent copy.
func (s *Sketch) Clone() *Sketch {
	c := &Sketch{
		exact:     slices.Clone(s.exact),
		pending:   slices.Clone(s.pending),
		estimate:  s.estimate,
		estimated: s.estimated,
	}
	if s.regs != nil {
		c.regs = new(registers)
		*c.regs = *s.regs
	}
	return c
}

// flush brings the pending hashes into exact or regs.
func (s *Sketch) flush() {
	if len(s.pending) == 0 {
		return
	}
	defer func() { s.pending = s.pending[:0] }()
	s.estimated = false
	if s.regs != nil {
		s.regs.insert(s.pending)
		return
	}
	slices.Sort(s.pending)
	s.exact = union(s.exact, s.pending)
	if len(s.exact) > ExactMembers {
		s.regs = new(registers)
		s.regs.insert(s.exact)
		s.exact = nil
	}
}

// union returns the ascending distinct values of a, which has no repeats, and
// b, which may; both are ascending.
func union(a, b []uint64) []uint64 {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return slices.Compact(slices.Clone(b))
	}
	out := make([]uint64, 0, len(a)+len(b))
	for i, j := 0, 0; i < len(a) || j < len(b); {
		var v uint64
		if j == len(b) || i < len(a) && a[i] <= b[j] {
			v = a[i]
			i++
		} else {
			v = b[j]
			j++
		}
		if n := len(out); n == 0 || out[n-1] != v {
			out = append(out, v)
		}
	}
	return out
}
