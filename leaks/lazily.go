package leaks

import (
	"context"
	"sync"
)

// A lazily value is computed by whoever asks first. Others wait for it, or for
// their own context: an attempt that fails, as when its caller's context ends,
// is made again by the next one. The zero value is ready.
type lazily[T any] struct {
	mu      sync.Mutex    // guards both; never held while computing
	value   *T            // once there is one
	working chan struct{} // while someone computes; closed after
}

func (l *lazily[T]) get(ctx context.Context, compute func(context.Context) (T, error)) (T, error) {
	for {
		l.mu.Lock()
		if l.value != nil {
			l.mu.Unlock()
			return *l.value, nil
		}
		working := l.working
		if working == nil {
			l.working = make(chan struct{})
			l.mu.Unlock()
			return l.attempt(ctx, compute)
		}
		l.mu.Unlock()
		select {
		case <-working:
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
	}
}

func (l *lazily[T]) attempt(ctx context.Context, compute func(context.Context) (T, error)) (v T, err error) {
	computed := false // not if it panics, as where a disk fails: others must not wait for it
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if computed && err == nil {
			l.value = &v
		}
		close(l.working)
		l.working = nil
	}()
	v, err = compute(ctx)
	computed = true
	return v, err
}
