package leaks

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// expire drops what the store drops.
func (o *oracle) expire(before time.Time) (dropped int64) {
	n := len(o.rows)
	o.rows = slices.DeleteFunc(slices.Clone(o.rows), func(r row) bool { return int64(r.seen) < before.Unix() })
	return int64(n - len(o.rows))
}

// TestExpire: expired occurrences are gone from every answer but analytics,
// which stay what they were, and go on from there, however segments are merged
// afterwards and whatever expires later.
func TestExpire(t *testing.T) {
	for seed := range uint64(fewer(12, 3)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { expire(t, newWorld(1000+seed)) })
	}
}

func expire(t *testing.T, w *world) {
	if w.chance(1, 2) {
		lowerAggregateRows(t, 10)
	}
	opts := testOptions()
	opts.SegmentRows = 1 + w.rng.IntN(80)
	opts.MergeFanout = 2 + w.rng.IntN(3)
	dir := testDir(t)
	s, rows, ever := openTest(t, dir, opts), &oracle{}, &oracle{}
	for round := range 4 {
		fresh := &oracle{}
		w.ingestRandomly(t, s, fresh, w.records(1+w.rng.IntN(150)))
		rows.rows = append(rows.rows, fresh.rows...)
		ever.rows = append(ever.rows, fresh.rows...)
		before := worldStart.AddDate(0, 0, w.rng.IntN(w.span+2)).Add(time.Duration(w.rng.IntN(86400)) * time.Second)
		want := rows.expire(before)
		if got, err := s.Expire(t.Context(), before); err != nil || got != want {
			t.Fatalf("expired %d rows, %v; want %d", got, err, want)
		}
		if got, err := s.Expire(t.Context(), before); err != nil || got != 0 {
			t.Fatalf("expired %d more rows, %v", got, err)
		}
		w.mergeSomething(t, s)
		if round == 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openTest(t, dir, opts)
		}
		if got := storeRows(t, s); got != int64(len(rows.rows)) {
			t.Fatalf("%d rows, want %d", got, len(rows.rows))
		}
		for range 4 {
			q := w.query(rows)
			got, err := s.Details(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if g, want := mustJSON(t, got), mustJSON(t, rows.details(q)); g != want {
				t.Fatalf("details %+v\n got %s\nwant %s", q, g, want)
			}
			w.compareStats(t, s, rows, StatsQuery{Scope: q.Scope, Column: q.Column, Filters: q.Filters})
		}
		for _, r := range ever.rows[:min(3, len(ever.rows))] {
			got, err := s.Occurrences(t.Context(), everything, RootDomain, mustHash(r))
			if err != nil {
				t.Fatal(err)
			}
			if g, want := mustJSON(t, got), mustJSON(t, rows.occurrences(everything, RootDomain, mustHash(r))); g != want {
				t.Fatalf("by hash\n got %s\nwant %s", g, want)
			}
		}
		w.compareAllAnalytics(t, s, ever)
	}
	if _, err := s.Expire(t.Context(), worldStart.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := s.Details(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain})
	if err != nil || page.Total != 0 || storeRows(t, s) != 0 {
		t.Fatalf("with everything expired: %+v, %v", page, err)
	}
	w.compareAllAnalytics(t, s, ever)
}

// compareAllAnalytics checks those of every domain that ever had a row.
func (w *world) compareAllAnalytics(t *testing.T, s *Store, ever *oracle) {
	t.Helper()
	done := map[analyticsKey]bool{{RootDomain, ""}: true, {EmailDomain, ""}: true}
	for _, r := range ever.rows {
		for _, key := range []analyticsKey{{RootDomain, r.root}, {EmailDomain, r.emailDomain}} {
			if !done[key] {
				done[key] = true
				w.compareAnalytics(t, s, ever, everything, key.column, key.domain)
			}
		}
	}
}

// TestExpireTimes: instants that no record can have are refused.
func TestExpireTimes(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	for _, before := range []time.Time{{}, time.Unix(-5, 0), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := s.Expire(t.Context(), before); !errors.Is(err, ErrInvalid) {
			t.Errorf("expire before %v: %v, want ErrInvalid", before, err)
		}
	}
}
