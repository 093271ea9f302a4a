package bench

import (
	"os"
	"sync"
	"testing"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/watchlist"
)

const queryRecords = 300_000

var (
	queryOnce sync.Once
	queryDir  string // a store of queryRecords, compact
	queryErr  error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if queryDir != "" {
		os.RemoveAll(queryDir)
	}
	os.Exit(code)
}

// queryStore opens the store that all benchmarks of queries share.
func queryStore(b *testing.B) (*leaks.Store, *corpus.Corpus) {
	opts := &leaks.Options{Key: [32]byte{1}, NoBackgroundMerge: true}
	c := corpus.New(1, queryRecords)
	queryOnce.Do(func() {
		if queryDir, queryErr = os.MkdirTemp("", "leakscope-bench-"); queryErr == nil {
			queryErr = fill(b, opts, c)
		}
	})
	if queryErr != nil {
		b.Fatal(queryErr)
	}
	s, err := leaks.Open(queryDir, opts)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s, c
}

// only returns the scope of one domain.
func only(b *testing.B, domain string) watchlist.Scope {
	scope, err := watchlist.Administrator().OnlyDomains(domain)
	if err != nil {
		b.Fatal(err)
	}
	return scope
}

func fill(b *testing.B, opts *leaks.Options, c *corpus.Corpus) error {
	s, err := leaks.Open(queryDir, opts)
	if err != nil {
		return err
	}
	defer s.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	go func() {
		_ = c.WriteJSONL(w, 0, queryRecords) // a reader that ended has said why
		w.Close()
	}()
	blocks := formats.Blocks(b.Context(), r, formats.Options{Format: formats.JSONL})
	if _, err := s.IngestBlocks(b.Context(), blocks, nil); err != nil {
		return err
	}
	return s.Compact(b.Context())
}

// BenchmarkQueries measures the queries of RESULTS.md, warm, on a compact store.
// What is kept once asked for is asked of a store just opened: those are apart.
func BenchmarkQueries(b *testing.B) {
	s, c := queryStore(b)
	mid, _ := c.FindRows(600)
	small, _ := c.FindRows(50)
	all := watchlist.Administrator()
	domain := func(col leaks.Column, name string) leaks.DetailsQuery {
		return leaks.DetailsQuery{Scope: only(b, name), Column: col}
	}
	giant := domain(leaks.RootDomain, c.RootDomain(0))
	with := func(q leaks.DetailsQuery, change func(q *leaks.DetailsQuery)) leaks.DetailsQuery {
		change(&q)
		return q
	}
	first, err := s.Details(b.Context(), giant)
	if err != nil || len(first.Data) == 0 {
		b.Fatalf("nothing in the largest domain: %v", err)
	}
	for _, q := range []struct {
		name string
		leaks.DetailsQuery
	}{
		{"giant", giant},
		{"mid", domain(leaks.RootDomain, c.RootDomain(mid))},
		{"small", domain(leaks.RootDomain, c.RootDomain(small))},
		{"filtered", with(giant, func(q *leaks.DetailsQuery) {
			q.Type, q.Country, q.StartDate = []string{"Stealer"}, []string{"US"}, "2026-08-02"
		})},
		{"search-giant", with(giant, func(q *leaks.DetailsQuery) { q.Search = "er12" })},
		{"search-whole", leaks.DetailsQuery{Scope: all, Column: leaks.RootDomain, Search: "anna.b"}},
		{"mail", domain(leaks.EmailDomain, c.MailProvider(0))},
		{"deep", with(giant, func(q *leaks.DetailsQuery) { q.Page = first.TotalPages - 1 })},
	} {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				page, err := s.Details(b.Context(), q.DetailsQuery)
				if err != nil || page.Total == 0 {
					b.Fatalf("%+v: %v", page, err)
				}
			}
		})
	}
	b.Run("by-hash", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o, err := s.Occurrences(b.Context(), all, leaks.RootDomain, first.Data[0].Hash)
			if err != nil || len(o.Data) == 0 {
				b.Fatal(err)
			}
		}
	})
	b.Run("walk", func(b *testing.B) {
		rows := 0
		for b.Loop() {
			for _, err := range s.Walk(b.Context(), leaks.DetailsQuery{Scope: all, Column: leaks.RootDomain}) {
				if err != nil {
					b.Fatal(err)
				}
				rows++
			}
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkFirstAnswers measures what a store just opened answers, which nothing
// kept can serve.
func BenchmarkFirstAnswers(b *testing.B) {
	for _, q := range []struct {
		name string
		ask  func(s *leaks.Store, domain string) error
	}{
		{"analytics", func(s *leaks.Store, domain string) error {
			_, err := s.Analytics(b.Context(), watchlist.Administrator(), leaks.RootDomain, domain)
			return err
		}},
		{"deep", func(s *leaks.Store, domain string) error {
			_, err := s.Details(b.Context(), leaks.DetailsQuery{Scope: only(b, domain), Column: leaks.RootDomain, Page: 60})
			return err
		}},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s, c := queryStore(b)
				b.StartTimer()
				if err := q.ask(s, c.RootDomain(0)); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
