package main

import (
	"context"
	"errors"
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

const besideTime = 60 * time.Second

type besideResult struct {
	Queries []Beside
	Rate    float64
	// Segments is the most there were at a time.
	Segments int
}

// childBeside ingests the corpus a second time into a copy of the store, with
// merging on and nothing held back, and asks queries all the while.
func (c *config) childBeside(ctx context.Context) (*besideResult, error) {
	var w peers.Workload
	if err := c.load("workload", &w); err != nil {
		return nil, err
	}
	dir := c.path("store-beside")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(c.path("store"))); err != nil {
		return nil, err
	}
	settle()
	store, err := leaks.Open(dir, &leaks.Options{Key: peers.Key})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	s := &ours.Session{Store: store}

	out := new(besideResult)
	quiet := c.effort
	quiet.Budget = min(quiet.Budget, 3*time.Second)
	var queries []peers.Query
	for _, name := range besideQueries {
		for _, q := range w.Queries {
			if q.Name != name {
				continue
			}
			t, err := peers.Time(ctx, s, &q, quiet, 0)
			if err != nil {
				return nil, err
			}
			queries = append(queries, q)
			out.Queries = append(out.Queries, Beside{Name: name, Quiet: t.Median})
		}
	}

	in, err := os.Open(c.path("corpus.jsonl"))
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
	samples := make([][]float64, len(queries))
	for running := true; running; {
		info, err := store.Info(ctx)
		if err != nil {
			return nil, err
		}
		out.Segments = max(out.Segments, len(info.Segments))
		for i := range queries {
			begun := time.Now()
			if _, err := s.Ask(ctx, &queries[i]); err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], float64(time.Since(begun).Nanoseconds())/1e6)
		}
		select {
		case err := <-done:
			if err != nil {
				return nil, err
			}
			running = false
		case <-time.After(5 * time.Millisecond):
			// A pause as between requests; without one, two cores are
			// saturated by asking alone.
		}
	}
	out.Rate = float64(ingested.Load()) / time.Since(start).Seconds()
	for i := range samples {
		b := &out.Queries[i]
		b.Busy, b.P99, b.Runs = peers.Quantile(samples[i], 0.5), peers.Quantile(samples[i], 0.99), len(samples[i])
	}
	return out, nil
}
