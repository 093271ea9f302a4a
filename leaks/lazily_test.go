package leaks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// One computes, all have it; who waits can give up, and a failure is not kept.
func TestLazily(t *testing.T) {
	var (
		l       lazily[int]
		times   atomic.Int32
		begun   = make(chan struct{})
		proceed = make(chan struct{})
	)
	if _, err := l.get(t.Context(), func(context.Context) (int, error) { return 0, ErrCorrupt }); !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	compute := func(context.Context) (int, error) {
		times.Add(1)
		close(begun)
		<-proceed
		return 7, nil
	}
	var all sync.WaitGroup
	all.Go(func() {
		if v, err := l.get(t.Context(), compute); v != 7 || err != nil {
			t.Error(v, err)
		}
	})
	<-begun
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := l.get(ended, compute); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with an ended context: %v", err)
	}
	for range 4 {
		all.Go(func() {
			if v, err := l.get(t.Context(), compute); v != 7 || err != nil {
				t.Error(v, err)
			}
		})
	}
	close(proceed)
	all.Wait()
	if n := times.Load(); n != 1 {
		t.Errorf("computed %d times", n)
	}
}

// Who computes may panic: others do not wait for it any more, and compute.
func TestLazilyPanics(t *testing.T) {
	var (
		l       lazily[int]
		begun   = make(chan struct{})
		proceed = make(chan struct{})
		both    sync.WaitGroup
	)
	both.Go(func() {
		defer func() {
			if recover() != ErrCorrupt {
				t.Error("the panic did not go on")
			}
		}()
		_, _ = l.get(t.Context(), func(context.Context) (int, error) {
			close(begun)
			<-proceed
			panic(ErrCorrupt)
		})
	})
	<-begun
	both.Go(func() {
		if v, err := l.get(t.Context(), func(context.Context) (int, error) { return 7, nil }); v != 7 || err != nil {
			t.Error(v, err)
		}
	})
	close(proceed)
	both.Wait()
}

// A courtesy waits for queries to end, but not for longer than it has worked.
func TestCourtesy(t *testing.T) {
	var s Store
	c := s.courtesy()
	c.yield() // nobody asks
	done := s.asks()
	c.since = time.Now().Add(-time.Hour)
	start := time.Now()
	c.yield()
	if took := time.Since(start); took < courtesyMost {
		t.Errorf("paused for %v beside a query, want %v", took, courtesyMost)
	}
	done()
	c.since = time.Now().Add(-time.Hour)
	if c.yield(); s.asking.Load() != 0 {
		t.Error("a query that has ended counts")
	}
	var none *courtesy
	none.yield()
}
