package leaks

import (
	"math/rand/v2"
	"testing"
)

// An ordMap gives back what was added, whether it ascends or not.
func TestOrdMap(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 4))
		var m ordMap
		var want []uint32
		step, next := uint32(1)<<rng.IntN(30), uint32(0)
		for range rng.IntN(500) {
			if next += 1 + rng.Uint32N(step); rng.IntN(50) == 0 && seed%2 == 0 {
				next = rng.Uint32() // of a damaged table: it must come back, too
			}
			want = append(want, next)
			m.set(uint32(len(want)-1), next)
			if i := rng.IntN(len(want)); m.at(uint32(i)) != want[i] {
				t.Fatalf("seed %d: %d of %d: %d, want %d", seed, i, len(want), m.at(uint32(i)), want[i])
			}
		}
		m.seal()
		ords := make([]uint32, len(want))
		for i := range ords {
			ords[i] = uint32(i)
		}
		m.remap(ords)
		for i := range want {
			if ords[i] != want[i] || m.len() != uint32(len(want)) {
				t.Fatalf("seed %d: %d of %d: %d, want %d", seed, i, m.len(), ords[i], want[i])
			}
		}
	}
}

func BenchmarkOrdMap(b *testing.B) {
	var m ordMap
	plain := ordMap{plain: make([]uint32, 150_000)}
	rng := rand.New(rand.NewPCG(1, 4))
	next := uint32(0)
	for i := range plain.plain {
		next += 1 + rng.Uint32N(80)
		m.add(next)
		plain.plain[i] = next
	}
	ords := make([]uint32, 4096)
	for name, m := range map[string]*ordMap{"packed": &m, "plain": &plain} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for i := range ords {
					ords[i] = rng.Uint32N(150_000)
				}
				m.remap(ords)
			}
		})
	}
}
