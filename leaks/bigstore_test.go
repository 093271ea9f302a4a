package leaks

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"
)

// bigRows is enough for a query or a merge to take a while.
func bigRows() int { return fewer(100_000, 20_000) }

// bigCorpus is n records of many users on many hosts, the same for each seed.
func bigCorpus(seed uint64, n int) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		rng := rand.New(rand.NewPCG(seed, 5))
		for range n {
			user, root := rng.IntN(n), rng.IntN(1+n/20)
			if rng.IntN(4) == 0 {
				root = 0
			}
			r := Record{
				Username:      fmt.Sprintf("user%d@mail%d.example", user, user%50),
				Password:      fmt.Sprintf("pass-%d", user%5000),
				Host:          fmt.Sprintf("https://host%d.org%d.test/login", user%7, root),
				UploadStealed: worldStart.Add(time.Duration(rng.IntN(30*86400)) * time.Second),
				Source:        fmt.Sprintf("feed-%d", rng.IntN(40)),
			}
			if rng.IntN(2) == 0 {
				r.MachineID = fmt.Sprintf("machine-%d", user%3000)
				r.ComputerName = fmt.Sprintf("DESKTOP-%d", user%3000)
				r.Country = []string{"DE", "FR", "US"}[user%3]
				r.StealerName = "RedLine"
				r.IPAddress = fmt.Sprintf("198.51.100.%d", user%256)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// bigStore opens a store of n rows in segments of a few thousand.
func bigStore(t testing.TB, dir string, n int) *Store {
	t.Helper()
	opts := testOptions()
	opts.SegmentRows = n/12 + 1
	opts.MemoryBudget = 96 << 20
	s := openTest(t, dir, opts)
	if res, err := s.Ingest(t.Context(), bigCorpus(1, n), nil); err != nil || res.Ingested != int64(n) {
		t.Fatalf("%+v, %v", res, err)
	}
	return s
}
