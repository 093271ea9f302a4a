package leaks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// cancelled is how long calls go on after their context has ended, when each is
// cancelled at another point of the time that it takes undisturbed, whole.
func cancelled(t *testing.T, call func(ctx context.Context) error) (after []time.Duration, whole time.Duration) {
	t.Helper()
	n := fewer(15, 7)
	start := time.Now()
	if err := call(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole = time.Since(start)
	for i := range n {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan time.Time, 1)
		timer := time.AfterFunc(whole*time.Duration(i)/time.Duration(n), func() {
			ended <- time.Now()
			cancel()
		})
		err := call(ctx)
		done := time.Now()
		switch {
		case timer.Stop(): // it was through before
			if err != nil {
				t.Fatal(err)
			}
		case err == nil: // it was about to be
			after = append(after, done.Sub(<-ended))
		case !errors.Is(err, context.Canceled):
			t.Fatalf("cancelled: %v", err)
		default:
			after = append(after, done.Sub(<-ended))
		}
		cancel()
	}
	return after, whole
}

// soon checks that most of the calls ended within limit or, where the machine
// is so busy that everything takes long, within an eighth of the whole call; one
// that did not look at its context would go on for half of it.
func soon(t *testing.T, what string, after []time.Duration, whole, limit time.Duration) {
	t.Helper()
	if len(after) == 0 {
		t.Logf("%s: always through before it was cancelled", what)
		return
	}
	if raceEnabled {
		limit *= 10
	}
	slices.Sort(after)
	median, worst := after[len(after)/2], after[len(after)-1]
	t.Logf("%s of %v: %d cancelled, ended after %v, at worst %v", what, whole, len(after), median, worst)
	if median > max(limit, whole/8) || worst > max(20*limit, whole) {
		t.Errorf("%s goes on for %v after its context has ended, at worst %v; %v are allowed", what, median, worst, limit)
	}
}

// TestCancelQueries: a query ends within milliseconds of its context.
func TestCancelQueries(t *testing.T) {
	s := bigStore(t, testDir(t), bigRows())
	unique := 0 // keeps answers out of the caches
	const limit = 20 * time.Millisecond
	for _, c := range []struct {
		name string
		call func(ctx context.Context) error
	}{
		{"details of everything", func(ctx context.Context) error {
			_, err := s.Details(ctx, DetailsQuery{Scope: everything, Column: RootDomain})
			return err
		}},
		{"a search", func(ctx context.Context) error {
			_, err := s.Details(ctx, DetailsQuery{Scope: everything, Column: RootDomain, Search: "desktop-29"})
			return err
		}},
		{"details of a root domain", func(ctx context.Context) error {
			_, err := s.Details(ctx, DetailsQuery{Scope: only("org0.test"), Column: RootDomain})
			return err
		}},
		{"details of mail domains", func(ctx context.Context) error {
			var domains []string
			for i := range 50 {
				domains = append(domains, fmt.Sprintf("mail%d.example", i))
			}
			_, err := s.Details(ctx, DetailsQuery{Scope: only(domains...), Column: EmailDomain})
			return err
		}},
		{"a deep page", func(ctx context.Context) error {
			unique++
			_, err := s.Details(ctx, DetailsQuery{Scope: everything, Column: RootDomain, Page: 300, PageSize: 200, Filters: Filters{Type: []string{"Combo", "Stealer"}, UploadStealed: nil, EndDate: Day(fmt.Sprintf("2024-07-%02d", 1+unique%28))}})
			return err
		}},
		{"a walk", func(ctx context.Context) error {
			for _, err := range s.Walk(ctx, DetailsQuery{Scope: everything, Column: RootDomain, SortBy: ByLastSeen}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"stats", func(ctx context.Context) error {
			_, err := s.Stats(ctx, StatsQuery{Scope: everything, Column: RootDomain, Filters: Filters{StartDate: "2024-05-30"}})
			return err
		}},
		{"analytics", func(ctx context.Context) error {
			s.mu.Lock()
			sn := s.current
			s.mu.Unlock()
			sn.analyticsMu.Lock()
			sn.analytics = nil
			sn.analyticsMu.Unlock()
			_, err := s.Analytics(ctx, everything, RootDomain, "org0.test")
			return err
		}},
		{"verify", s.Verify},
	} {
		limit := limit
		if c.name == "stats" {
			limit *= 3 // the report of what was collected is made in one piece
		}
		after, whole := cancelled(t, c.call)
		soon(t, c.name, after, whole, limit)
	}
}

// TestCancelIngest: an ingest ends soon after its context, in the middle of
// its records or of a segment, and what it reports is there.
func TestCancelIngest(t *testing.T) {
	opts := testOptions()
	opts.SegmentRows = 40_000
	s := openTest(t, testDir(t), opts)
	committed := int64(0)
	after, whole := cancelled(t, func(ctx context.Context) error {
		res, err := s.Ingest(ctx, bigCorpus(1, bigRows()), nil)
		committed += res.Ingested
		return err
	})
	soon(t, "ingest", after, whole, 50*time.Millisecond)
	if got := storeRows(t, s); got != committed {
		t.Errorf("%d rows are in the store, %d were reported as committed", got, committed)
	}
}

// TestCancelCompact: merging ends soon, leaves what was there, and can be
// taken up again.
func TestCancelCompact(t *testing.T) {
	dir := testDir(t)
	s := bigStore(t, dir, bigRows())
	before := storedRows(t, s)
	var after []time.Duration
	// The time a whole one takes is not known before it is done, and then
	// there is nothing left to merge.
	for i := range 12 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*i)*time.Millisecond)
		end, _ := ctx.Deadline()
		err := s.Compact(ctx)
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			after = append(after, time.Since(end))
		}
		cancel()
	}
	start := time.Now()
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	soon(t, "compact", after, time.Since(start), 50*time.Millisecond)
	if files := segmentFiles(t, dir); len(files) != 1 {
		t.Errorf("after Compact there are the files %v", files)
	}
	got := storedRows(t, s)
	if len(got) != len(before) {
		t.Fatalf("%d different rows, %d before", len(got), len(before))
	}
	for r, n := range before {
		if got[r] != n {
			t.Fatalf("a row stands there %d times, %d before", got[r], n)
		}
	}
}

// TestCancelWait: whoever waits for another ingest or merge need not wait
// longer than its context.
func TestCancelWait(t *testing.T) {
	dir := testDir(t)
	s := openTest(t, dir, testOptions())
	s.ingesting.lock()
	s.maintaining.lock()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	for name, call := range map[string]func() error{
		"Ingest":  func() error { _, err := s.Ingest(ctx, bigCorpus(1, 10), nil); return err },
		"Compact": func() error { return s.Compact(ctx) },
		"Expire":  func() error { _, err := s.Expire(ctx, worldStart); return err },
	} {
		if err := call(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.ingesting.unlock()
	s.maintaining.unlock()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if res, err := s.Ingest(done, bigCorpus(1, 10), nil); !errors.Is(err, context.Canceled) || res.Read != 0 {
		t.Errorf("an ingest whose context has ended: %+v, %v", res, err)
	}
	if err := s.Compact(done); len(segmentFiles(t, dir)) != 0 || err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a compaction whose context has ended: %v", err)
	}
}
