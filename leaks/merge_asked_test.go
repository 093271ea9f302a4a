package leaks

import (
	"testing"
	"time"
)

// Beside an ingest, merging waits for the end of it, unless queries are asked.
func TestMergingFollowsTheReader(t *testing.T) {
	opts := testOptions()
	opts.MergeFanout = 8
	s := openTest(t, testDir(t), opts)
	segments := func() int {
		t.Helper()
		if err := s.mergeTiers(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.current.segments)
	}
	w := newWorld(5)
	for range askedFanout {
		ingestAll(t, s, w.records(3))
	}
	if s.askedLately() {
		t.Error("nobody asked")
	}
	s.ingests.Add(1)
	defer s.ingests.Add(-1)
	if n := segments(); n != askedFanout {
		t.Errorf("nobody asks, and %d segments are left of %d", n, askedFanout)
	}
	if _, err := s.Details(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain}); err != nil {
		t.Fatal(err)
	}
	if n := segments(); n != 1 {
		t.Errorf("somebody asked, and %d segments are left", n)
	}
	s.opened = s.opened.Add(-2 * lately) // as if it were later
	if s.askedLately() {
		t.Errorf("it was asked %v ago", time.Duration(s.sinceOpen()-s.asked.Load()))
	}
}

// What several segments share is kept for as long as nothing is published.
func TestFirstPlacesAreKept(t *testing.T) {
	defer func(n uint32) { firstMany = n }(firstMany)
	firstMany = 1
	s := openTest(t, testDir(t), testOptions())
	ask := func() *DetailsPage {
		t.Helper()
		p, err := s.Details(t.Context(), DetailsQuery{Scope: only("example.com"), Column: RootDomain, PageSize: 3})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	kept := func() int {
		s.results.mu.Lock()
		defer s.results.mu.Unlock()
		return len(s.results.entries)
	}
	record := func(user string) Record {
		return Record{Username: user, Password: "hunter2hunter2", Host: "https://example.com/"}
	}
	ingestAll(t, s, []Record{record("a"), record("b")})
	if ask(); kept() != 0 {
		t.Error("one segment needs none kept")
	}
	ingestAll(t, s, []Record{record("b"), record("c")})
	for range 2 {
		if p := ask(); p.Total != 3 || kept() != 1 {
			t.Errorf("%d found, %d kept", p.Total, kept())
		}
	}
	ingestAll(t, s, []Record{record("d")})
	if n := kept(); n != 0 {
		t.Errorf("%d kept of a snapshot that is gone", n)
	}
	if p := ask(); p.Total != 4 {
		t.Errorf("%d found", p.Total)
	}
}
