package segment

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// columns are the shapes an integer column is tested with.
func columns(rng *rand.Rand, n int) map[string][]uint64 {
	cols := map[string][]uint64{}
	add := func(name string, next func(i int) uint64) {
		vals := make([]uint64, n)
		for i := range vals {
			vals[i] = next(i)
		}
		cols[name] = vals
	}
	for _, bits := range []int{1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 20, 24, 31, 32, 33, 48, 55, 56, 57, 63, 64} {
		add(fmt.Sprintf("random%d", bits), func(int) uint64 { return rng.Uint64() >> (64 - bits) })
	}
	add("constant", func(int) uint64 { return 1_700_000_000 })
	add("max", func(int) uint64 { return math.MaxUint64 })
	add("days", func(int) uint64 { return 1_600_000_123 + 86400*rng.Uint64N(2000) })
	add("hours", func(int) uint64 { return 1_600_000_123 + 3600*rng.Uint64N(2000) })
	add("minutes", func(int) uint64 { return 1_600_000_123 + 60*rng.Uint64N(2000) })
	add("ends", func(int) uint64 { return math.MaxUint64 * (rng.Uint64() & 1) })
	var sum uint64
	add("starts", func(int) uint64 { sum += 1 + rng.Uint64N(3); return sum })
	add("count", func(i int) uint64 { return uint64(i) })
	add("steep", func(i int) uint64 { return uint64(i) << 40 })
	add("convex", func(i int) uint64 { return uint64(i) * uint64(i) })
	add("outlier", func(i int) uint64 { return uint64(i%4096/4095) << 60 })
	return cols
}

func writeInts(t testing.TB, vals []uint64) *codec.MemChunks {
	t.Helper()
	mem := &codec.MemChunks{}
	w := NewIntsWriter(mem)
	for _, v := range vals {
		w.Append(v)
	}
	if w.Len() != uint64(len(vals)) {
		t.Fatalf("Len is %d after %d values", w.Len(), len(vals))
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	return mem
}

func TestInts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 7, 1023, 1024, 1025, 16384, 16385, 40_000} {
		for name, vals := range columns(rng, n) {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				col, err := OpenInts(writeInts(t, vals), uint64(n))
				if err != nil {
					t.Fatal(err)
				}
				checkInts(t, rng, col, vals)
			})
		}
	}
}

func checkInts(t *testing.T, rng *rand.Rand, col *Ints, vals []uint64) {
	t.Helper()
	k := col.Cursor()
	n := uint64(len(vals))
	if got := k.Decode(0, n, nil); !slices.Equal(got, vals) {
		t.Fatalf("Decode differs: %v", k.Err())
	}
	for range min(n, 300) {
		if i := rng.Uint64N(n); k.At(i) != vals[i] {
			t.Fatalf("At(%d) = %d, want %d", i, k.At(i), vals[i])
		}
		lo := rng.Uint64N(n)
		hi := min(n, lo+rng.Uint64N(2500))
		if got := k.Decode(lo, hi, []uint64{9}); got[0] != 9 || !slices.Equal(got[1:], vals[lo:hi]) {
			t.Fatalf("Decode(%d, %d) differs", lo, hi)
		}
	}
	if n > 0 && slices.Max(vals) <= math.MaxUint32 {
		got := k.Decode32(0, n, nil)
		for i, v := range vals {
			if uint64(got[i]) != v {
				t.Fatalf("Decode32: value %d is %d, want %d", i, got[i], v)
			}
		}
	} else if n > 0 {
		bad := col.Cursor()
		if got := bad.Decode32(0, n, nil); len(got) != int(n) || !errors.Is(bad.Err(), codec.ErrCorrupt) {
			t.Fatalf("Decode32 of wide values: %d values, %v", len(got), bad.Err())
		}
	}
	if n > 0 && slices.IsSorted(vals) {
		for range 100 {
			v := vals[rng.Uint64N(n)] + rng.Uint64N(3) - 1
			lo := rng.Uint64N(n)
			hi := lo + rng.Uint64N(n-lo+1)
			want, _ := slices.BinarySearch(vals[lo:hi], v)
			if got := k.Search(lo, hi, v); got != lo+uint64(want) {
				t.Fatalf("Search(%d, %d, %d) = %d, want %d", lo, hi, v, got, lo+uint64(want))
			}
		}
	}
	if k.Err() != nil {
		t.Fatal(k.Err())
	}
}

func TestIntsErrorsStick(t *testing.T) {
	vals := []uint64{5, 6, 7}
	mem := writeInts(t, vals)
	for name, call := range map[string]func(k *IntsCursor){
		"at":       func(k *IntsCursor) { k.At(3) },
		"at max":   func(k *IntsCursor) { k.At(math.MaxUint64) },
		"decode":   func(k *IntsCursor) { k.Decode(1, 4, nil) },
		"reversed": func(k *IntsCursor) { k.Decode(2, 1, nil) },
		"decode32": func(k *IntsCursor) { k.Decode32(1, 4, nil) },
		"search":   func(k *IntsCursor) { k.Search(0, 4, 1) },
	} {
		col, err := OpenInts(mem, 3)
		if err != nil {
			t.Fatal(err)
		}
		k := col.Cursor()
		if k.At(1) != 6 {
			t.Fatal("first value")
		}
		call(k)
		if !errors.Is(k.Err(), codec.ErrCorrupt) {
			t.Errorf("%s: %v", name, k.Err())
		}
		if k.At(1) != 0 || !slices.Equal(k.Decode(0, 2, nil), []uint64{0, 0}) {
			t.Errorf("%s: values after the error", name)
		}
	}
	for _, n := range []uint64{0, 1 << 15, math.MaxUint64} {
		if _, err := OpenInts(mem, n); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%d values: %v", n, err)
		}
	}
	col, _ := OpenInts(mem, 4)
	if k := col.Cursor(); k.At(0) != 0 || !errors.Is(k.Err(), codec.ErrCorrupt) {
		t.Error("wrong count was accepted")
	}
}
