package leaks

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/leakscope/leakscope/watchlist"
)

// flatBenchRows is how many documents, and cards, the benchmarks ingest;
// FLATBENCH overrides it.
func flatBenchRows() int {
	if n, err := strconv.Atoi(os.Getenv("FLATBENCH")); err == nil {
		return n
	}
	return 100_000
}

// benchDocuments: a giant domain with a twentieth of all, a
// fifth of the sightings repeat.
func benchDocuments(n int) iter.Seq2[DocumentRecord, error] {
	return func(yield func(DocumentRecord, error) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		for range n {
			id := r.IntN(n * 4 / 5)
			domain := fmt.Sprintf("host%d.org%d.example", id%5, uint64(id*7919)%uint64(n/25+1))
			if id%20 == 0 {
				domain = fmt.Sprintf("host%d.giant.example", id%7)
			}
			d := DocumentRecord{
				Name: fmt.Sprintf("contract-%d-final.pdf", id), Domain: domain, URL: fmt.Sprintf("https://files%d.example/d/%d", id%50, id),
				Source: fmt.Sprint("feed-", r.IntN(400)), Size: int64(r.IntN(1 << 24)), SHA256: fmt.Sprintf("%064x", uint64(id)*0x9e3779b97f4a7c15+1),
				PublishedAt: start.Add(time.Duration(id%600) * 24 * time.Hour), DetectedAt: start.Add(time.Duration(r.IntN(50_000_000)) * time.Second),
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// benchCards: 5,000 BINs by Zipf.
func benchCards(n int) iter.Seq2[CardRecord, error] {
	return func(yield func(CardRecord, error) bool) {
		r := rand.New(rand.NewPCG(3, 4))
		z := rand.NewZipf(r, 1.2, 20, 4999)
		start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		for range n {
			c := CardRecord{
				Number: luhnNumber(fmt.Sprintf("4%07d%07d", z.Uint64()*131, r.IntN(10_000_000))), Expiry: fmt.Sprintf("20%d-%02d", 26+r.IntN(6), 1+r.IntN(12)),
				Country: []string{"DE", "FR", "US", "GB", "BR"}[r.IntN(5)], Source: fmt.Sprint("feed-", r.IntN(400)),
				DetectedAt: start.Add(time.Duration(r.IntN(50_000_000)) * time.Second),
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

// flatBenchStore ingests, and merges if it is to; it logs the rates.
func flatBenchStore(b *testing.B, merged bool) *Store {
	opts := testOptions()
	opts.NoBackgroundMerge, opts.SegmentRows, opts.MemoryBudget = true, flatBenchRows()/8, 256<<20
	s := openTest(b, testDir(b), opts)
	n := flatBenchRows()
	start := time.Now()
	if _, err := s.IngestDocuments(b.Context(), benchDocuments(n), nil); err != nil {
		b.Fatal(err)
	}
	documents := time.Since(start)
	start = time.Now()
	if _, err := s.IngestCards(b.Context(), benchCards(n), nil); err != nil {
		b.Fatal(err)
	}
	b.Logf("documents %.0f/s, cards %.0f/s, making them up included", float64(n)/documents.Seconds(), float64(n)/time.Since(start).Seconds())
	start = time.Now()
	if merged {
		if err := s.Compact(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.Logf("merged in %v", time.Since(start))
	}
	info, err := s.Info(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d documents, %d cards, %d bytes", info.Documents, info.Cards, info.SegmentBytes)
	return s
}

func BenchmarkFlat(b *testing.B) {
	merged, fresh := flatBenchStore(b, true), flatBenchStore(b, false)
	admin := watchlist.Administrator()
	one, err := admin.OnlyDomains("org17.example")
	if err != nil {
		b.Fatal(err)
	}
	for name, ask := range map[string]func(ctx context.Context, s *Store) (int, error){
		"documents/giant": func(ctx context.Context, s *Store) (int, error) {
			p, err := s.Documents(ctx, DocumentsQuery{Scope: admin, Domain: "giant.example"})
			return p.Total, err
		},
		"documents/small": func(ctx context.Context, s *Store) (int, error) {
			p, err := s.Documents(ctx, DocumentsQuery{Scope: one})
			return p.Total, err
		},
		"documents/all": func(ctx context.Context, s *Store) (int, error) {
			p, err := s.Documents(ctx, DocumentsQuery{Scope: admin})
			return p.Total, err
		},
		"documents/giant-search": func(ctx context.Context, s *Store) (int, error) {
			p, err := s.Documents(ctx, DocumentsQuery{Scope: admin, Domain: "giant.example", Search: "FILES7.example/d/4"})
			return p.Total, err
		},
		"documents/all-search": func(ctx context.Context, s *Store) (int, error) {
			p, err := s.Documents(ctx, DocumentsQuery{Scope: admin, Search: "FILES7.example/d/4"})
			return p.Total, err
		},
		"cards/bin": func(ctx context.Context, s *Store) (int, error) {
			p, err := s.Cards(ctx, CardsQuery{Scope: admin, BIN: "400000"})
			return p.Total, err
		},
		"cards/all": func(ctx context.Context, s *Store) (int, error) {
			p, err := s.Cards(ctx, CardsQuery{Scope: admin})
			return p.Total, err
		},
		"cards/all-page-1000": func(ctx context.Context, s *Store) (int, error) {
			p, err := s.Cards(ctx, CardsQuery{Scope: admin, Page: 1000})
			return p.Total, err
		},
	} {
		for which, s := range map[string]*Store{"merged": merged, "fresh": fresh} {
			b.Run(name+"/"+which, func(b *testing.B) {
				for b.Loop() {
					n, err := ask(b.Context(), s)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(n), "rows")
				}
			})
		}
	}
}
