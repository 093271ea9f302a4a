package leaks

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"testing"
	"time"
)

// errOutside stands for what may end a sequence: a file that cannot be read.
var errOutside = errors.New("outside trouble")

// cutSeq is list, ended before record at by stop, which returns what the
// sequence then yields as its error, if anything.
func cutSeq(list []Record, at int, stop func() error) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for i, r := range list {
			if i == at {
				if err := stop(); err != nil {
					yield(Record{}, err)
					return
				}
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// TestResume: a batch is cut at random records, by its context or by an error
// of its sequence, until it comes through. No record is lost or counted twice,
// each reject is told in its place, and the batch is skipped from then on.
func TestResume(t *testing.T) {
	for seed := range uint64(fewer(16, 5)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { resume(t, newWorld(seed)) })
	}
}

func resume(t *testing.T, w *world) {
	opts := testOptions()
	opts.SegmentRows = 1 + w.rng.IntN(60)
	opts.MergeFanout = 2
	opts.NoBackgroundMerge = w.chance(1, 2)
	opts.Workers = 1 + w.rng.IntN(3)
	dir := testDir(t)
	s, o := openTest(t, dir, opts), &oracle{}
	list := w.records(400)
	for i := range list {
		list[i].Place = Place{File: "f", Line: int64(i + 1)}
		if w.chance(1, 4) {
			list[i].UploadStealed = time.Time{} // takes the batch's
		}
		if w.chance(1, 9) {
			list[i].Country = "nowhere" // a reject
		}
	}
	seen := worldStart.Add(5 * time.Hour)
	p := s.preparer(uint32(seen.Unix()), "feed-0")
	reasons := make(map[RejectReason]int64)
	for i := range list {
		var r row
		if reason, _ := p.prepare(&list[i], &r); reason != "" {
			reasons[reason]++
		}
		o.add(p, list[i])
	}

	var (
		before   IngestResult // of all calls so far
		rejected []int64      // lines told to be rejects, by all calls
	)
	for round := 0; ; round++ {
		ctx, cancel := context.WithCancel(t.Context())
		at, byContext := len(list), false
		if round < 5 {
			at, byContext = w.rng.IntN(len(list)), w.chance(1, 2)
		}
		progress := before.Read
		given := seen // counts until something is committed under it
		if before.Read > 0 {
			given = seen.Add(time.Duration(round) * time.Hour)
		}
		io := &IngestOptions{
			Batch: "b", Source: "feed-0", Seen: given,
			Reject: func(r *Reject) {
				if n := len(rejected); n > 0 && rejected[n-1] >= r.Place.Line && r.Place.Line > before.Read {
					t.Errorf("reject of line %d after that of line %d", r.Place.Line, rejected[n-1])
				}
				rejected = append(rejected, r.Place.Line)
			},
			Progress: func(r IngestResult) {
				if r.Resumed+r.Read < progress || r.Resumed != before.Read {
					t.Errorf("progress %+v after %d records", r, progress)
				}
				progress = r.Resumed + r.Read
			},
		}
		rejected = rejected[:before.Rejected] // the rest was told of what was not committed
		res, err := s.Ingest(ctx, cutSeq(list, at, func() error {
			if byContext {
				cancel()
				return nil
			}
			return errOutside
		}), io)
		cancel()
		switch {
		case at == len(list):
			if err != nil {
				t.Fatal(err)
			}
		case int64(at) < before.Read:
			// Cut among what was committed already, or after the cut nothing
			// was left to look at the context.
		case byContext && err != nil && !errors.Is(err, context.Canceled), !byContext && !errors.Is(err, errOutside):
			t.Fatalf("cut at %d: %v", at, err)
		}
		if res.Resumed != before.Read || res.Read != res.Ingested+res.Rejected || res.Skipped {
			t.Fatalf("after %+v: %+v", before, res)
		}
		if !byContext && err != nil && int64(at) >= before.Read && res.Resumed+res.Read != int64(at) {
			t.Fatalf("an error at record %d commits %d: all before it must be", at, res.Resumed+res.Read)
		}
		add(&before, &res)
		if got := storeRows(t, s); got != before.Ingested {
			t.Fatalf("%d rows are in the store, %d were ingested", got, before.Ingested)
		}
		if err == nil {
			break
		}
		if w.chance(1, 3) {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openTest(t, dir, opts)
		}
	}
	if before.Read != int64(len(list)) || before.Ingested != int64(len(o.rows)) || !maps.Equal(before.Reasons, reasons) {
		t.Fatalf("in all %+v, want %d rows and rejects %v", before, len(o.rows), reasons)
	}
	for i, line := range rejected {
		if i > 0 && line <= rejected[i-1] {
			t.Fatalf("rejects are told in the order %v", rejected)
		}
	}
	if len(rejected) != int(before.Rejected) {
		t.Fatalf("%d rejects were told, %d counted", len(rejected), before.Rejected)
	}
	res, err := s.Ingest(t.Context(), seqOf(list), &IngestOptions{Batch: "b"})
	if err != nil || !res.Skipped || res.Read != 0 || res.Resumed != 0 {
		t.Fatalf("a batch that is done: %+v, %v", res, err)
	}
	w.compareQueries(t, s, o, 3)
}

func add(sum, r *IngestResult) {
	sum.Read += r.Read
	sum.Ingested += r.Ingested
	sum.Rejected += r.Rejected
	for reason, n := range r.Reasons {
		if sum.Reasons == nil {
			sum.Reasons = make(map[RejectReason]int64)
		}
		sum.Reasons[reason] += n
	}
}

func storeRows(t testing.TB, s *Store) int64 {
	t.Helper()
	info, err := s.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int64(info.Rows)
}

// TestRejectsOfTheSequence: a *Reject that a reader yields counts as a record
// and stands in its place among those of Ingest's own.
func TestRejectsOfTheSequence(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	var told []string
	seq := func(yield func(Record, error) bool) {
		for i := range 1000 {
			place := Place{Line: int64(i)}
			var err error
			rec := Record{Username: "anna", Password: "secret-one", Host: "a.example", Place: place}
			switch i % 4 {
			case 1:
				err = &Reject{Reason: RejectBadJSON, Place: place}
			case 2:
				rec.IPAddress = "not an address"
			case 3:
				err = fmt.Errorf("wrapped: %w", &Reject{Reason: RejectBinary, Place: place})
			}
			if !yield(rec, err) {
				return
			}
		}
	}
	res, err := s.Ingest(t.Context(), seq, &IngestOptions{Reject: func(r *Reject) {
		told = append(told, fmt.Sprint(r.Place.Line, r.Reason))
	}})
	if err != nil || res.Read != 1000 || res.Ingested != 250 || res.Rejected != 750 {
		t.Fatalf("%+v, %v", res, err)
	}
	want := map[RejectReason]int64{RejectBadJSON: 250, RejectIP: 250, RejectBinary: 250}
	if !maps.Equal(res.Reasons, want) {
		t.Fatalf("reasons %v", res.Reasons)
	}
	for i, line := range told {
		n := i/3*4 + i%3 + 1
		if want := fmt.Sprint(n, []RejectReason{RejectBadJSON, RejectIP, RejectBinary}[i%3]); line != want {
			t.Fatalf("reject %d is %s, want %s", i, line, want)
		}
	}
}

// TestAnonymousBatch: without an identity everything is taken, again and again.
func TestAnonymousBatch(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	list := newWorld(3).records(50)
	first := ingestAll(t, s, list)
	if again := ingestAll(t, s, list); again.Ingested != first.Ingested || again.Skipped {
		t.Fatalf("%+v, then %+v", first, again)
	}
	if got := storeRows(t, s); got != 2*first.Ingested {
		t.Fatalf("%d rows, want twice %d", got, first.Ingested)
	}
}

// TestEndOfStore: whoever uses a store while or after it closes is told so, at
// once.
func TestEndOfStore(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	list := newWorld(4).records(50)
	ingestAll(t, s, list)
	started, ended := make(chan struct{}), make(chan error)
	go func() {
		_, err := s.Ingest(context.Background(), func(yield func(Record, error) bool) {
			for i := 0; yield(list[i%len(list)], nil); i++ {
				if i == 1000 {
					close(started)
				}
			}
		}, nil)
		ended <- err
	}()
	<-started
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("an ingest that Close ended: %v, want ErrClosed", err)
	}
	ctx := context.Background()
	all := everything
	for name, call := range map[string]func() error{
		"Ingest":  func() error { _, err := s.Ingest(ctx, seqOf(list), nil); return err },
		"Details": func() error { _, err := s.Details(ctx, DetailsQuery{Scope: all, Column: RootDomain}); return err },
		"Cursor": func() error {
			_, err := s.Details(ctx, DetailsQuery{Scope: all, Column: RootDomain, Cursor: StartCursor})
			return err
		},
		"Occurrences": func() error {
			_, err := s.Occurrences(ctx, everything, RootDomain, fmt.Sprintf("%032x", 1))
			return err
		},
		"Analytics": func() error { _, err := s.Analytics(ctx, everything, RootDomain, "a.example"); return err },
		"Stats":     func() error { _, err := s.Stats(ctx, StatsQuery{Scope: all, Column: RootDomain}); return err },
		"Exposed":   func() error { _, err := s.Exposed(ctx, "anna", "secret-one", "a.example"); return err },
		"Compact":   func() error { return s.Compact(ctx) },
		"Expire":    func() error { _, err := s.Expire(ctx, worldStart); return err },
		"Verify":    func() error { return s.Verify(ctx) },
		"Info":      func() error { _, err := s.Info(ctx); return err },
		"Walk": func() error {
			for _, err := range s.Walk(ctx, DetailsQuery{Scope: all, Column: RootDomain}) {
				return err
			}
			return nil
		},
	} {
		told := make(chan error, 1)
		go func() { told <- call() }()
		select {
		case err := <-told:
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s after Close: %v, want ErrClosed", name, err)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%s after Close hangs", name)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}
