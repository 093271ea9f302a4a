package leaks

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/watchlist"
)

// An askingContext notes how many queries run whenever it is looked at.
type askingContext struct {
	context.Context
	s    *Store
	most int32
}

func (c *askingContext) Err() error {
	c.most = max(c.most, c.s.asking.Load())
	return c.Context.Err()
}

// TestQueriesAsk: ingest and merging know of every query for as long as it
// runs, and of none that has ended. A new method of a store has to say which it
// is.
func TestQueriesAsk(t *testing.T) {
	w := newWorld(7)
	s := openTest(t, testDir(t), testOptions())
	w.ingestRandomly(t, s, &oracle{}, w.records(3*pollRows))
	if _, err := s.IngestDocuments(t.Context(), listSeq([]DocumentRecord{w.document()}), nil); err != nil {
		t.Fatal(err)
	}
	list, err := s.Details(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain})
	if err != nil {
		t.Fatal(err)
	}
	hash := list.Data[0].Hash
	queries := map[string]func(ctx context.Context) error{
		"Analytics": func(ctx context.Context) error {
			_, err := s.Analytics(ctx, everything, RootDomain, w.roots[0])
			return err
		},
		"Cards": func(ctx context.Context) error {
			_, err := s.Cards(ctx, CardsQuery{Scope: everything})
			return err
		},
		"DataStats": func(ctx context.Context) error {
			_, err := s.DataStats(ctx, everything, "")
			return err
		},
		"Details": func(ctx context.Context) error {
			_, err := s.Details(ctx, DetailsQuery{Scope: everything, Column: RootDomain})
			return err
		},
		"Documents": func(ctx context.Context) error {
			_, err := s.Documents(ctx, DocumentsQuery{Scope: everything})
			return err
		},
		"Exposed": func(ctx context.Context) error {
			_, err := s.Exposed(ctx, "anna", "hunter2", w.roots[0])
			return err
		},
		"KeywordOccurrences": func(ctx context.Context) error {
			_, err := s.KeywordOccurrences(ctx, everything, []string{"www"}, hash)
			return err
		},
		"KeywordPreview": func(ctx context.Context) error {
			_, err := s.KeywordPreview(ctx, "www")
			return err
		},
		"KeywordSearch": func(ctx context.Context) error {
			_, err := s.KeywordSearch(ctx, KeywordQuery{Scope: everything, Keywords: []string{"www"}})
			return err
		},
		"KeywordStats": func(ctx context.Context) error {
			_, err := s.KeywordStats(ctx, KeywordStatsQuery{Scope: everything, Keywords: []string{"www"}})
			return err
		},
		"Machine": func(ctx context.Context) error {
			_, err := s.Machine(ctx, everything, "machine-1")
			return err
		},
		"NewCredentials": func(ctx context.Context) error {
			for _, err := range s.NewCredentials(ctx, everything, watchlist.MonitorFilter{}, 0, 1<<60) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Occurrences": func(ctx context.Context) error {
			_, err := s.Occurrences(ctx, everything, RootDomain, hash)
			return err
		},
		"Stats": func(ctx context.Context) error {
			_, err := s.Stats(ctx, StatsQuery{Scope: everything, Column: RootDomain})
			return err
		},
		"Walk": func(ctx context.Context) error {
			for _, err := range s.Walk(ctx, DetailsQuery{Scope: everything, Column: RootDomain}) {
				if err != nil {
					return err
				}
				if n := s.asking.Load(); n != 0 {
					t.Errorf("Walk asks while its caller looks at a row: %d", n)
				}
			}
			return nil
		},
	}
	// What works in the background itself, or is over at once.
	others := []string{
		"Close", "Compact", "CreateMonitor", "Digest", "Expire", "Info", "Ingest", "IngestBlocks", "IngestCards", "IngestDocuments",
		"Merge", "NextSequence", "UpdateMonitor", "Verify", "Watchlists",
	}
	for m := range reflect.TypeFor[*Store]().Methods() {
		query, ok := queries[m.Name]
		if !ok {
			if !slices.Contains(others, m.Name) {
				t.Errorf("Store.%s: is it a query?", m.Name)
			}
			continue
		}
		ctx := &askingContext{Context: t.Context(), s: s}
		if err := query(ctx); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if left := s.asking.Load(); ctx.most != 1 || left != 0 {
			t.Errorf("%s: %d queries were seen to run, and %d after it", m.Name, ctx.most, left)
		}
	}
}
