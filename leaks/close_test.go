package leaks

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Whatever is asked of a closed store, and whatever waits for its turn while it
// closes, ends with ErrClosed and does not wait.
func TestClosedStore(t *testing.T) {
	opts := testOptions()
	opts.SegmentRows = 5
	s := openTest(t, testDir(t), opts)
	ingestAll(t, s, numbered(20))
	all := everything
	ingest := func(ctx context.Context) error {
		_, err := s.Ingest(ctx, seqOf(numbered(3)), nil)
		return err
	}
	calls := map[string]func(context.Context) error{
		"Ingest":  ingest,
		"Compact": s.Compact,
		"Expire": func(ctx context.Context) error {
			_, err := s.Expire(ctx, worldStart.AddDate(1, 0, 0))
			return err
		},
		"Details": func(ctx context.Context) error {
			_, err := s.Details(ctx, DetailsQuery{Scope: all, Column: RootDomain})
			return err
		},
		"Details with cursor": func(ctx context.Context) error {
			_, err := s.Details(ctx, DetailsQuery{Scope: all, Column: RootDomain, Cursor: StartCursor})
			return err
		},
		"Stats": func(ctx context.Context) error {
			_, err := s.Stats(ctx, StatsQuery{Scope: all, Column: RootDomain})
			return err
		},
		"Info": func(ctx context.Context) error {
			_, err := s.Info(ctx)
			return err
		},
		"Verify": s.Verify,
	}
	// An ingest that goes on until the store closes, and others behind it.
	started := make(chan struct{})
	ended := make(chan error, 3)
	go func() {
		_, err := s.Ingest(context.Background(), func(yield func(Record, error) bool) {
			close(started)
			for yield(numbered(1)[0], nil) {
			}
		}, nil)
		ended <- err
	}()
	<-started
	for range 2 {
		go func() { ended <- ingest(context.Background()) }()
	}
	time.Sleep(10 * time.Millisecond)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range cap(ended) {
		select {
		case err := <-ended:
			if !errors.Is(err, ErrClosed) {
				t.Errorf("during Close: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("an ingest waits for a closed store")
		}
	}
	for name, call := range calls {
		done := make(chan error, 1)
		go func() { done <- call(context.Background()) }()
		select {
		case err := <-done:
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s waits for a closed store", name)
		}
	}
}
