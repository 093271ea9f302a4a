package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// A watcher evaluates the monitors of a store at an interval, and sends what comes
// of it.
type watcher struct {
	store    *leaks.Store
	log      *slog.Logger
	interval time.Duration
	sender   watchlist.Poster
	meter    *meter // nil: nothing is counted
}

// watcher returns that of a store; nil if monitors are off.
func (o *options) watcher(s *leaks.Store, log *slog.Logger, m *meter) *watcher {
	if o.MonitorInterval == 0 {
		return nil
	}
	return &watcher{
		store: s, log: log, interval: o.MonitorInterval, meter: m,
		sender: &watchlist.Sender{AllowPrivate: o.WebhookPrivate},
	}
}

// run looks until ctx ends.
func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look evaluates all monitors once and sends what is due. What fails stays for the
// next time.
func (w *watcher) look(ctx context.Context) {
	d := w.store.Watchlists()
	notices, err := d.Evaluate(ctx, w.store)
	if err != nil && ctx.Err() == nil {
		w.log.Error("evaluating monitors", "error", err)
	}
	delivered, failed, err := d.Deliver(ctx, w.sender)
	if err != nil && ctx.Err() == nil {
		w.log.Error("delivering webhooks", "error", err)
	}
	w.meter.watched(notices, delivered, failed)
	if notices+delivered+failed > 0 {
		w.log.Info("monitors", "notices", notices, "delivered", delivered, "failed", failed)
	}
}

// background runs what goes on beside the requests. The function it returns ends
// that and waits for it.
func background(ctx context.Context, jobs ...func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, job := range jobs {
		wg.Go(func() { job(ctx) })
	}
	return func() {
		cancel()
		wg.Wait()
	}
}
