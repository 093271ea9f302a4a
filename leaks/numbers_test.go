package leaks

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSortGroups: whichever way it goes, it is sorting and dropping what repeats.
func TestSortGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 1))
	for range 3000 {
		n := uint32(1 + rng.IntN(1<<(1+rng.IntN(24))))
		list := make([]uint32, rng.IntN(1<<rng.IntN(13)))
		for i := range list {
			list[i] = rng.Uint32N(n)
		}
		want := slices.Clone(list)
		slices.Sort(want)
		if got := sortGroups(slices.Clone(list), n); !slices.Equal(got, slices.Compact(want)) {
			t.Fatalf("%d numbers below %d: %v", len(list), n, got)
		}
	}
}

// TestNumberSet: as bits or as a list, it holds what it was made of.
func TestNumberSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(52, 1))
	for range 2000 {
		n := uint32(1 + rng.IntN(1<<(1+rng.IntN(20))))
		random := func() (list []uint32) {
			for range rng.IntN(60) {
				list = append(list, rng.Uint32N(n))
			}
			return sortGroups(list, n)
		}
		list, other := random(), random()
		s := newNumberSet(list, []uint32{0, 100, allAsked}[rng.IntN(3)])
		if s.empty() != (len(list) == 0) {
			t.Fatalf("set of %d is empty: %v", len(list), s.empty())
		}
		both := s.and(newNumberSet(other, allAsked))
		var asked []uint32
		for range 100 {
			asked = append(asked, rng.Uint32())
			asked = append(asked, rng.Uint32N(n))
		}
		asked = append(append(asked, list...), other...)
		marks := make([]uint8, len(asked))
		some := s.mark(asked, marks)
		if some != slices.Contains(marks, 1) {
			t.Fatal("mark says", some)
		}
		for i, v := range asked {
			in := slices.Contains(list, v)
			if s.has(v) != in || (marks[i] == 1) != in {
				t.Fatalf("%d of %v: %v, mark %d", v, list, s.has(v), marks[i])
			}
			if both.has(v) != (in && slices.Contains(other, v)) {
				t.Fatalf("%d in both: %v", v, both.has(v))
			}
		}
	}
}
