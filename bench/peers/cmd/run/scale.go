package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/ours"
)

// A scalePoint is leakscope at one size of corpus.
type scalePoint struct {
	N             int64
	Seconds       float64
	Peak, Disk    int64
	Compact       float64
	CompactPeak   int64
	DomainRows    int
	Open          float64
	Before, After []peers.Timing
}

// scaleRuns is how often each corpus is ingested; the figure is the median.
const scaleRuns = 3

// measureScale ingests corpora of N/5, N and 4N and asks the same of a domain
// of the same size in each.
func (c *config) measureScale(ctx context.Context) error {
	ctl, err := c.buildCtl(ctx)
	if err != nil {
		return err
	}
	rows := min(10_000, c.n/5/100)
	var points []scalePoint
	for _, n := range []int64{c.n / 5, c.n, 4 * c.n} {
		at := *c
		at.n = n
		at.work = c.path(fmt.Sprintf("scale-%d", n))
		if _, err := at.freshDir("figures"); err != nil {
			return err
		}
		p := scalePoint{N: n}
		say("scale: %d records", n)
		file := at.path("corpus.jsonl")
		if n == c.n {
			file = c.path("corpus.jsonl")
		} else if err := makeCorpus(file, at.corpus()); err != nil {
			return err
		}
		var runs []float64
		for range scaleRuns {
			took, peak, err := ctl.ingestNew(ctx, &at, "store", "jsonl", file, n)
			if err != nil {
				return err
			}
			runs, p.Peak = append(runs, took), max(p.Peak, peak)
		}
		p.Seconds = median(runs)
		dir := at.path("store")
		var before, after scaleAsked
		part := fmt.Sprintf("scale:%d", rows)
		if _, err := at.spawnIn(ctx, at.work, part, &before); err != nil {
			return err
		}
		if _, p.Compact, p.CompactPeak, err = ctl.run(ctx, dir, "compact"); err != nil {
			return err
		}
		settle()
		if p.Disk, err = diskUsage(dir); err != nil {
			return err
		}
		if _, err := at.spawnIn(ctx, at.work, part, &after); err != nil {
			return err
		}
		p.Before, p.After, p.DomainRows, p.Open = before.Queries, after.Queries, after.Rows, after.Open
		points = append(points, p)
		if err := os.RemoveAll(at.work); err != nil {
			return err
		}
	}
	return c.save("scale", points)
}

type scaleAsked struct {
	asked
	Rows int
}

// childScale times the queries about a domain of so many rows.
func (c *config) childScale(ctx context.Context, rows string) (*scaleAsked, error) {
	var want int64
	if _, err := fmt.Sscan(rows, &want); err != nil {
		return nil, err
	}
	dir := c.path("store")
	if err := warm(dir); err != nil {
		return nil, err
	}
	open := func() (peers.Session, error) { return ours.Open(dir) }
	s, err := open()
	if err != nil {
		return nil, err
	}
	all := c.corpus()
	rank, really := all.FindRows(want)
	w, err := peers.ScaleWorkload(ctx, all.RootDomain(rank), s)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	a, err := c.timeAll(ctx, w, s, open, nil)
	if err != nil {
		return nil, err
	}
	return &scaleAsked{asked: *a, Rows: int(really)}, nil
}
