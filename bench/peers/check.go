package peers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Check asks an engine everything, compares with leakscope's answers, and
// returns what each took: for a query that takes minutes that is the figure.
func (w *Workload) Check(ctx context.Context, s Session) ([]time.Duration, error) {
	took := make([]time.Duration, len(w.Queries))
	for i := range w.Queries {
		q := &w.Queries[i]
		start := time.Now()
		a, err := s.Ask(ctx, q)
		took[i] = time.Since(start)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.Name, err)
		}
		if err := Same(q, &w.Answers[i], a); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDiffers, err)
		}
	}
	return took, nil
}

// ErrDiffers: an engine's answer is not leakscope's.
var ErrDiffers = errors.New("answers differ")

// A Timing is what a query took, in milliseconds.
type Timing struct {
	Name        string
	Found       int
	Runs        int
	Median, P99 float64
	// First is the median of the first time a query is asked of a session
	// just opened, which no cached answer can serve; 0 when not measured.
	First float64
}

// Effort bounds what is spent on one query: Runs, or fewer when they take
// longer than Budget, but at least 3, unless one takes longer than that by
// itself; and First sessions, or fewer when they take longer than Budget.
type Effort struct {
	Runs   int
	Budget time.Duration
	First  int
}

// Time times a query on a session, after one run to warm up. before is what the
// query took when it was asked before, 0 if it was not: one that took longer
// than the budget is not asked again.
func Time(ctx context.Context, s Session, q *Query, e Effort, before time.Duration) (t Timing, err error) {
	t.Name = q.Name
	var all []float64
	if before > e.Budget {
		t.Runs, t.Median = 1, float64(before.Nanoseconds())/1e6
		t.P99 = t.Median
		return t, nil
	}
	start := time.Now()
	for i := 0; i <= e.Runs; i++ {
		begun := time.Now()
		a, err := s.Ask(ctx, q)
		took := time.Since(begun)
		if err != nil {
			return t, fmt.Errorf("%s: %w", q.Name, err)
		}
		t.Found = a.Found()
		if i > 0 {
			all = append(all, float64(took.Nanoseconds())/1e6)
		}
		if len(all) >= 3 && time.Since(start) > e.Budget {
			break
		}
	}
	t.Runs = len(all)
	t.Median, t.P99 = Quantile(all, 0.5), Quantile(all, 0.99)
	return t, nil
}

// TimeFirst times a query as the first of a session, and the opening of the
// session together with that query.
func TimeFirst(ctx context.Context, open func() (Session, error), q *Query, e Effort) (first, opened float64, err error) {
	var asks, opens []float64
	start := time.Now()
	for range e.First {
		begun := time.Now()
		s, err := open()
		if err != nil {
			return 0, 0, err
		}
		ready := time.Now()
		_, err = s.Ask(ctx, q)
		done := time.Now()
		if err := errors.Join(err, s.Close()); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", q.Name, err)
		}
		asks = append(asks, float64(done.Sub(ready).Nanoseconds())/1e6)
		opens = append(opens, float64(done.Sub(begun).Nanoseconds())/1e6)
		if time.Since(start) > e.Budget {
			break
		}
	}
	return Quantile(asks, 0.5), Quantile(opens, 0.5), nil
}

// Quantile returns the value below which the share q of all lies; of few runs,
// the 99th percentile is the greatest.
func Quantile(all []float64, q float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
