package stats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/axiomhq/hyperloglog"
	"github.com/leakscope/leakscope/internal/codec"
)

func hashes(seed uint64, n int) []uint64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([]uint64, n)
	var b [16]byte
	for i := range out {
		binary.LittleEndian.PutUint64(b[:], rng.Uint64())
		binary.LittleEndian.PutUint64(b[8:], uint64(i))
		out[i] = Hash(b[:])
	}
	return out
}

func sketchOf(hs []uint64) *Sketch {
	s := new(Sketch)
	s.AddMany(hs)
	return s
}

func encoded(s *Sketch) []byte {
	var w codec.Writer
	s.AppendTo(&w)
	return w.Bytes()
}

// The bar: over more than 100 random sets of 10 to 1,000,000 distinct
// values, the error is within three times the stated one in at least 99 %.
func TestEstimateError(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	const sets = 120
	bad := 0
	var sumSquares, librarySquares float64
	dense := 0
	for i := range sets {
		n := int(math.Round(math.Pow(10, 1+5*rng.Float64())))
		hs := hashes(rng.Uint64(), n)
		s := sketchOf(hs)
		got := s.Estimate()
		relative := (float64(got) - float64(n)) / float64(n)
		if n <= ExactMembers {
			if got != uint64(n) || !s.Exact() {
				t.Errorf("%d members: %d", n, got)
			}
			continue
		}
		dense++
		sumSquares += relative * relative
		lib := libraryEstimate(hs)/float64(n) - 1
		librarySquares += lib * lib
		if math.Abs(relative) > 3*RelativeError {
			bad++
			t.Logf("set %d: %d members, estimate %d", i, n, got)
		}
	}
	if bad > sets/100 {
		t.Errorf("%d of %d sets are off by more than three standard errors", bad, sets)
	}
	rms := math.Sqrt(sumSquares / float64(dense))
	t.Logf("root mean square error of %d dense sets: %.4f; of the library's estimator: %.4f", dense, rms, math.Sqrt(librarySquares/float64(dense)))
	if rms > 1.2*RelativeError {
		t.Errorf("root mean square error %.4f, stated %.4f", rms, RelativeError)
	}
}

func libraryEstimate(hs []uint64) float64 {
	lib := hyperloglog.NewNoSparse()
	for _, h := range hs {
		lib.InsertHash(h)
	}
	return float64(lib.Estimate())
}

// Order, repetition, batching and merging leave no trace in the bytes.
func TestSketchIsAFunctionOfTheSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 2, 100, ExactMembers - 1, ExactMembers, ExactMembers + 1, ExactMembers + 2, 2*ExactMembers + 5, 20_000, 100_000} {
		hs := hashes(uint64(n), n)
		want := encoded(sketchOf(hs))
		for round := range 6 {
			t.Run(fmt.Sprint(n, "/", round), func(t *testing.T) {
				all := append([]uint64(nil), hs...)
				for range rng.IntN(n + 1) {
					all = append(all, hs[rng.IntN(n)])
				}
				rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				parts := make([]*Sketch, 1+rng.IntN(6))
				for i := range parts {
					parts[i] = new(Sketch)
				}
				for len(all) > 0 {
					p := parts[rng.IntN(len(parts))]
					k := min(len(all), 1+rng.IntN(1+n/3))
					switch rng.IntN(3) {
					case 0:
						p.AddMany(all[:k])
					case 1:
						for _, h := range all[:k] {
							p.Add(h)
						}
					default:
						p.Merge(sketchOf(all[:k]))
					}
					if rng.IntN(4) == 0 {
						p.Estimate()
					}
					all = all[k:]
				}
				total := new(Sketch)
				for _, p := range parts {
					switch rng.IntN(3) {
					case 0:
						total.Merge(p)
					case 1:
						q := p.Clone()
						q.Merge(total)
						total = q
					default:
						r := codec.NewReader(encoded(p))
						total.MergeFrom(r)
						if err := r.Close(); err != nil {
							t.Fatal(err)
						}
					}
				}
				if got := encoded(total); !bytes.Equal(got, want) {
					t.Fatalf("bytes differ: %d and %d of them, estimates %d and %d", len(got), len(want), total.Estimate(), sketchOf(hs).Estimate())
				}
				r := codec.NewReader(want)
				back := ReadSketch(r)
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(encoded(back), want) || back.Estimate() != total.Estimate() {
					t.Fatal("reading back changed the sketch")
				}
			})
		}
	}
}

// Our registers are those of the library, and our estimator is not worse.
func TestRegistersAreTheLibrarys(t *testing.T) {
	hs := hashes(11, 300_000)
	s := sketchOf(hs)
	lib := hyperloglog.NewNoSparse()
	for _, h := range hs {
		lib.InsertHash(h)
	}
	b, err := lib.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b[fillerHeader:], s.regs[:]) {
		t.Error("registers differ")
	}
	if d := math.Abs(float64(s.Estimate())/float64(lib.Estimate()) - 1); d > 0.005 {
		t.Errorf("estimates differ by %.4f", d)
	}
}

func TestMergeKeepsItsArgument(t *testing.T) {
	for _, n := range []int{5, 700, 5000} {
		o := sketchOf(hashes(1, n))
		before := *o
		a := sketchOf(hashes(2, 900))
		a.Merge(o)
		a.Add(42)
		a.Estimate()
		if len(o.pending) != len(before.pending) || len(o.exact) != len(before.exact) {
			t.Error("merging tidied its argument")
		}
		if o.Estimate() != sketchOf(hashes(1, n)).Estimate() {
			t.Error("merging changed its argument")
		}
		a.Merge(nil)
		a.Merge(a)
	}
}

// extreme registers: every value a register can have survives the packing.
func TestDenseExtremes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for round := range 300 {
		var regs registers
		low := uint8(rng.IntN(maxRegister + 1))
		span := 1 + rng.IntN(maxRegister+1-int(low))
		for i := range regs {
			regs[i] = low + uint8(rng.IntN(span))
		}
		s := &Sketch{regs: &regs}
		b := encoded(s)
		r := codec.NewReader(b)
		back := ReadSketch(r)
		if err := r.Close(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if *back.regs != regs {
			t.Fatalf("round %d: registers changed", round)
		}
		back.Estimate()
	}
	full := new(registers)
	for i := range full {
		full[i] = maxRegister
	}
	if got := full.estimate(); got == 0 {
		t.Error("full registers count as none")
	}
	if got := new(registers).estimate(); got != 0 {
		t.Errorf("no registers count as %d", got)
	}
}

func TestMaxEqualsPlainMax(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 9))
	var a, b, want registers
	for i := range a {
		a[i], b[i] = uint8(rng.IntN(52)), uint8(rng.IntN(52))
		want[i] = max(a[i], b[i])
	}
	a.max(&b)
	if a != want {
		t.Error("registers differ")
	}
}

func TestSketchRefusesDamage(t *testing.T) {
	for _, n := range []int{3, 5000} {
		good := encoded(sketchOf(hashes(9, n)))
		for cut := range len(good) {
			if cut > 40 && cut < len(good)-40 {
				continue
			}
			r := codec.NewReader(good[:cut])
			ReadSketch(r)
			if !errors.Is(r.Err(), codec.ErrCorrupt) {
				t.Fatalf("%d members cut to %d bytes: %v", n, cut, r.Err())
			}
		}
		for _, at := range []int{0, 1, 2} {
			bad := bytes.Clone(good)
			bad[at] ^= 0x80
			r := codec.NewReader(bad)
			ReadSketch(r)
			if !errors.Is(r.Close(), codec.ErrCorrupt) {
				t.Errorf("%d members, byte %d changed: no error", n, at)
			}
		}
	}
	var w codec.Writer // out of order
	w.Uint8(formExact)
	w.Uint8(hashXX64)
	w.Uvarint(2)
	w.Uint64(2)
	w.Uint64(2)
	r := codec.NewReader(w.Bytes())
	if ReadSketch(r); r.Err() == nil {
		t.Error("repeated member taken")
	}
}

func FuzzReadSketch(f *testing.F) {
	for _, n := range []int{0, 1, 30, 2000, 100_000} {
		f.Add(encoded(sketchOf(hashes(1, n))))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := codec.NewReader(b)
		s := ReadSketch(r)
		if r.Err() != nil {
			if s.Estimate() != 0 {
				t.Fatal("a damaged sketch holds something")
			}
			return
		}
		// Canonical but for the varint lengths: what is taken is written back
		// as it was or shorter.
		again := encoded(s)
		most := r.Offset()
		if b[0] == formDense {
			most += binary.MaxVarintLen64 // the estimate comes to it
		}
		if len(again) > most {
			t.Fatal("grew")
		}
		back := ReadSketch(codec.NewReader(again))
		if back.Estimate() != s.Estimate() || !bytes.Equal(encoded(back), again) {
			t.Fatal("not stable")
		}
	})
}

func BenchmarkAddMany(b *testing.B) {
	hs := hashes(1, 1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		sketchOf(hs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/hash")
}

func BenchmarkAdd(b *testing.B) {
	hs := hashes(1, 1_000_000)
	for b.Loop() {
		s := new(Sketch)
		for _, h := range hs {
			s.Add(h)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/hash")
}

func BenchmarkEstimateDense(b *testing.B) {
	s := sketchOf(hashes(1, 100_000))
	for b.Loop() {
		s.estimated = false
		s.Estimate()
	}
}

// What the library itself takes for what BenchmarkEstimateDense does.
func BenchmarkEstimateLibrary(b *testing.B) {
	lib := hyperloglog.NewNoSparse()
	for _, h := range hashes(1, 100_000) {
		lib.InsertHash(h)
	}
	for b.Loop() {
		lib.Estimate()
	}
}

func BenchmarkMergeDense(b *testing.B) {
	s, o := sketchOf(hashes(1, 100_000)), sketchOf(hashes(2, 100_000))
	for b.Loop() {
		s.Merge(o)
	}
}

func BenchmarkMergeFromDense(b *testing.B) {
	s, o := sketchOf(hashes(1, 100_000)), encoded(sketchOf(hashes(2, 100_000)))
	b.ReportAllocs()
	for b.Loop() {
		s.MergeFrom(codec.NewReader(o))
	}
	b.ReportMetric(float64(len(o)), "bytes")
}

func BenchmarkReadSketchDense(b *testing.B) {
	o := encoded(sketchOf(hashes(2, 100_000)))
	b.ReportAllocs()
	for b.Loop() {
		ReadSketch(codec.NewReader(o))
	}
}

// Hashes given all at once, repeated or not, make what they make one by one.
func TestAddManyAtOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	for _, n := range []int{1, 100, 1000, 1023, 1024, 1025, 1060, 1100, 1152, 1153, 1200, 5000, 100_000} {
		for _, before := range []int{0, 10, 1030, 3000} {
			hs := hashes(uint64(n), n)
			for len(hs) < 4000 {
				hs = append(hs, hs[rng.IntN(n)])
			}
			first := hashes(uint64(before)+1e6, before)
			many, one := sketchOf(first), new(Sketch)
			many.AddMany(hs)
			for _, h := range append(first, hs...) {
				one.Add(h)
			}
			if !bytes.Equal(encoded(many), encoded(one)) || many.Exact() != one.Exact() || many.Estimate() != one.Estimate() {
				t.Errorf("%d after %d: differs", n, before)
			}
		}
	}
}
