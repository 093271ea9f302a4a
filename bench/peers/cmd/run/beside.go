package main

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/ours"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// The queries that are asked beside an ingest, and for how long at most.
var besideQueries = []string{"giant", "mid", "small", "filtered", "by-hash", "user", "analytics", "search-giant", "mail"}

const (
	besideTime = 60 * time.Second
	// besideQuiet is how long they are asked before the ingest begins.
	besideQuiet = 5 * time.Second
	// besidePause is between two rounds of them, as between requests; without
	// one, two cores are saturated by asking alone.
	besidePause = 5 * time.Millisecond
)

type besideResult struct {
	Queries []Beside
	Rate    float64
	// Segments is the most there were at a time.
	Segments int
}

// childBeside ingests what the corpus goes on with, half as much again, into a
// copy of the compact store, with merging on and nothing held back, and asks
// queries all the while: one after the other in turn, as it does before, quiet.
func (c *config) childBeside(ctx context.Context) (*besideResult, error) {
	var w peers.Workload
	if err := c.load("workload", &w); err != nil {
		return nil, err
	}
	dir, next := c.path("store-beside"), c.path("corpus-next.jsonl")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(c.path("store"))); err != nil {
		return nil, err
	}
	more := c.corpus().Extended(c.n + c.n/2)
	err := makeFile(next, func(w io.Writer) error { return more.WriteJSONL(w, c.n, more.Len()) })
	if err != nil {
		return nil, err
	}
	defer os.Remove(next)
	settle()
	store, err := leaks.Open(dir, &leaks.Options{Key: peers.Key})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	s := &ours.Session{Store: store}

	out := new(besideResult)
	quiet := c.effort
	quiet.Budget = min(quiet.Budget, time.Second)
	b := &besides{session: s}
	for _, name := range besideQueries {
		for _, q := range w.Queries {
			if q.Name != name {
				continue
			}
			t, err := peers.Time(ctx, s, &q, quiet, 0)
			if err != nil {
				return nil, err
			}
			b.queries = append(b.queries, q)
			out.Queries = append(out.Queries, Beside{Name: name, Again: t.Median})
		}
	}
	for start := time.Now(); time.Since(start) < besideQuiet; time.Sleep(besidePause) {
		if err := b.ask(ctx); err != nil {
			return nil, err
		}
	}
	for i := range out.Queries {
		out.Queries[i].Quiet = peers.Quantile(b.samples[i], 0.5)
	}
	b.samples = nil

	in, err := os.Open(next)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	ingesting, stop := context.WithTimeout(ctx, besideTime)
	defer stop()
	var ingested atomic.Int64
	done := make(chan error, 1)
	start := time.Now()
	go func() {
		blocks := formats.Blocks(ingesting, in, formats.Options{Format: formats.JSONL})
		r, err := store.IngestBlocks(ingesting, blocks, nil)
		ingested.Store(r.Ingested)
		if errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
		done <- err
	}()
	for running := true; running; {
		info, err := store.Info(ctx)
		if err != nil {
			return nil, err
		}
		out.Segments = max(out.Segments, len(info.Segments))
		if err := b.ask(ctx); err != nil {
			return nil, err
		}
		select {
		case err := <-done:
			if err != nil {
				return nil, err
			}
			running = false
		case <-time.After(besidePause):
		}
	}
	out.Rate = float64(ingested.Load()) / time.Since(start).Seconds()
	for i, all := range b.samples {
		q := &out.Queries[i]
		q.Busy, q.P99, q.Runs = peers.Quantile(all, 0.5), peers.Quantile(all, 0.99), len(all)
	}
	return out, nil
}

// besides asks queries in turn.
type besides struct {
	session *ours.Session
	queries []peers.Query
	samples [][]float64 // milliseconds, by query
}

// ask asks each query once.
func (b *besides) ask(ctx context.Context) error {
	if b.samples == nil {
		b.samples = make([][]float64, len(b.queries))
	}
	for i := range b.queries {
		begun := time.Now()
		if _, err := b.session.Ask(ctx, &b.queries[i]); err != nil {
			return err
		}
		b.samples[i] = append(b.samples[i], float64(time.Since(begun).Nanoseconds())/1e6)
	}
	return nil
}
