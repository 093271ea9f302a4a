package leaks

import (
	"math/rand/v2"
	"testing"

	"github.com/leakscope/leakscope/internal/normalize"
)

// TestLateRoots: rows whose root is left to the builder make the same table as
// rows that bring it along.
func TestLateRoots(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		pick := func(from ...string) string { return from[rng.IntN(len(from))] }
		p := &preparer{norm: normalize.NewNormalizer(), hasher: normalize.NewHasher([32]byte{1}), seen: 1_700_000_000}
		late, early := newTableBuilder(1000), newTableBuilder(1000)
		waited, refused := 0, 0
		for range 400 {
			rec := Record{
				Username: pick("a", "b@example.com", "c@mail.test"),
				Password: pick("", "secret", "Winter!2024"),
				Host: pick("", "https://") + pick("", "www.", "a.b.") + pick("example.com", "EXAMPLE.com", "example.co.uk", "co.uk", "test",
					"bücher.example", "192.0.2.1", "[2001:db8::1]", "x.example1", "user:pw@example.org") + pick("", "/", "/login"),
				Domain:     pick("", "", "", "www.example.com", "example.com", "b.example.co.uk", "192.0.2.1", "other.test"),
				Root:       pick("", "", "example.com", "Example.COM", "com", "co.uk", "www.example.com", "example.co.uk", "2.1", "192.0.2.1", "test", "example1"),
				MachineID:  pick("", "", "m1", "m2"),
				IPAddress:  pick("", "", "192.0.2.7"),
				Country:    pick("", "de", "FR"),
				Software:   pick("", "Browser"),
				LogDate:    timeOf(uint32(rng.IntN(2)) * 1_600_000_000).Time,
				UploadDate: timeOf(uint32(rng.IntN(3)) * 1_500_000_000).Time,
			}
			if seed%2 == 0 {
				rec.Root = "" // so that none has a root of its own
			}
			var a, b row
			reason, _ := p.prepareLate(&rec, &a)
			again, _ := p.prepare(&rec, &b)
			if reason != again {
				t.Fatalf("%+v: %q, and %q without its root", rec, again, reason)
			}
			if reason != "" {
				refused++
				continue
			}
			if a.rootLate {
				waited++
			}
			late.add(&a)
			early.add(&b)
		}
		if waited == 0 || refused == 0 || early.ownRoots != (seed%2 == 1) {
			t.Fatalf("%d rows waited for their root, %d were refused", waited, refused)
		}
		if late.ownRoots != early.ownRoots {
			t.Fatalf("seed %d: roots of their own: %v, want %v", seed, late.ownRoots, early.ownRoots)
		}
		if got, want := encodeBuilder(t, late), encodeBuilder(t, early); string(got.data) != string(want.data) {
			t.Fatalf("seed %d: another table", seed)
		}
	}
}
