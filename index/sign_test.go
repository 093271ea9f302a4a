package index

import (
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestSign: the signature of a needle is within that of every string that the
// needle is in.
func TestSign(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 1))
	strs := append(nasty(rng, 1500), benchStrings(1500)...)
	for _, needle := range needles(rng, strs, 300) {
		for _, size := range []uint{1, 16, 32, 33, 64} {
			want := Sign([]byte(Fold(needle)), size)
			if raw := Sign([]byte(needle), size); raw != want {
				t.Fatalf("%q: %x, folded %x", needle, raw, want)
			}
			if (want == 0) != (len(Fold(needle)) < 3) || bits.Len64(want) > int(size) {
				t.Fatalf("%q has signature %x of %d bits", needle, want, size)
			}
			for _, s := range strs {
				if strings.Contains(Fold(s), Fold(needle)) && want&^Sign([]byte(s), size) != 0 {
					t.Fatalf("%q is in %q, its signature is not", needle, s)
				}
			}
		}
	}
}

// TestSignTellsApart: most strings that a needle is not in do not have its
// signature.
func TestSignTellsApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(42, 1))
	strs := manyStrings(rng, 20_000)
	passed, all := 0, 0
	for range 50 {
		want := Sign([]byte(strs[rng.IntN(len(strs))][:4]), 32)
		for _, s := range strs {
			if all++; want&^Sign([]byte(s), 32) == 0 {
				passed++
			}
		}
	}
	// Of some 12 trigrams in 32 bits, two are there by chance in a tenth.
	if share := float64(passed) / float64(all); share > 0.2 {
		t.Errorf("%.3f of the strings pass", share)
	}
}

func BenchmarkSign(b *testing.B) {
	strs := manyStrings(rand.New(rand.NewPCG(43, 1)), 1000)
	var some [][]byte
	for _, s := range strs {
		some = append(some, []byte(s))
	}
	for i := 0; b.Loop(); i++ {
		Sign(some[i%len(some)], 32)
	}
}
