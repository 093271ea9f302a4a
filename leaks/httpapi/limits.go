package httpapi

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// slots are the places of those who compute at the same time.
type slots struct {
	taken chan struct{}
	wait  time.Duration
}

func newSlots(n int, wait time.Duration) slots { return slots{make(chan struct{}, n), wait} }

// take waits for a place, but not long.
func (s *slots) take(ctx context.Context) error {
	select {
	case s.taken <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(s.wait)
	defer t.Stop()
	select {
	case s.taken <- struct{}{}:
		return nil
	case <-t.C:
		return errBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slots) put() { <-s.taken }

// limiters hold the rate of each key. There are two generations, so that their
// number is bounded and the busy ones stay: a key that is forgotten starts with
// a full burst.
type limiters struct {
	rate  rate.Limit
	burst int

	mu       sync.Mutex
	now, old map[string]*rate.Limiter
}

// maxLimiters is how many keys one generation holds.
const maxLimiters = 1 << 14

func newLimiters(perSecond, burst int) *limiters {
	l := &limiters{rate: rate.Limit(perSecond), burst: burst, now: make(map[string]*rate.Limiter)}
	if perSecond < 0 {
		l.rate = rate.Inf
	}
	return l
}

// take counts one request of a key at an instant, or returns how long it has to
// wait.
func (l *limiters) take(key string, at time.Time) time.Duration {
	if l.rate == rate.Inf {
		return 0
	}
	r := l.of(key).ReserveN(at, 1)
	wait := r.DelayFrom(at)
	if wait > 0 {
		r.CancelAt(at)
	}
	return wait
}

func (l *limiters) of(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lim := l.now[key]; lim != nil {
		return lim
	}
	if len(l.now) >= maxLimiters {
		l.now, l.old = make(map[string]*rate.Limiter), l.now
	}
	lim := l.old[key]
	if lim == nil {
		lim = rate.NewLimiter(l.rate, l.burst)
	}
	l.now[key] = lim
	return lim
}
