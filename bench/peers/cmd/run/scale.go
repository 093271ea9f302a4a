package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/ours"
)

// A scalePoint is leakscope at one size of corpus.
type scalePoint struct {
	N                         int64
	Seconds                   float64
	Peak, Disk                int64
	Compact                   float64
	CompactPeak               int64
	Segments, SegmentsCompact int
	DomainRows                int
	Open                      float64
	Before, After             []peers.Timing
}

// scaleRuns is how often each corpus is ingested; the figure is the median.
const scaleRuns = 3

// measureScale ingests corpora of N/5, N and 4N and asks the same of a domain
// of the same size in each: of all three in turn, before they are compacted and
// after. What is answered must not change by that.
func (c *config) measureScale(ctx context.Context) error {
	ctl, err := c.buildCtl(ctx)
	if err != nil {
		return err
	}
	points := make([]scalePoint, 3)
	for i, n := range []int64{c.n / 5, c.n, 4 * c.n} {
		p := &points[i]
		p.N = n
		at, err := c.atScale(n)
		if err != nil {
			return err
		}
		defer os.RemoveAll(at.work)
		say("scale: %d records", n)
		file := at.path("corpus.jsonl")
		if n == c.n {
			file = c.path("corpus.jsonl")
		} else if err := makeCorpus(file, at.corpus()); err != nil {
			return err
		}
		var runs []float64
		for range scaleRuns {
			took, peak, err := ctl.ingestNew(ctx, at, "store", "jsonl", file, n)
			if err != nil {
				return err
			}
			runs, p.Peak = append(runs, took), max(p.Peak, peak)
		}
		p.Seconds = median(runs)
		if n != c.n {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	before, err := c.askScale(ctx, points)
	if err != nil {
		return err
	}
	for i := range points {
		p := &points[i]
		at, err := c.atScale(p.N)
		if err != nil {
			return err
		}
		dir := at.path("store")
		say("scale: compacting %d records", p.N)
		if _, p.Compact, p.CompactPeak, err = ctl.run(ctx, dir, "compact"); err != nil {
			return err
		}
		settle()
		if p.Disk, err = diskUsage(dir); err != nil {
			return err
		}
	}
	after, err := c.askScale(ctx, points)
	if err != nil {
		return err
	}
	for i := range points {
		p, x, y := &points[i], &before[i], &after[i]
		if x.Answers != y.Answers {
			return fmt.Errorf("%w: %d records, before and after compaction", peers.ErrDiffers, p.N)
		}
		p.Before, p.After, p.DomainRows, p.Open = x.Queries, y.Queries, int(y.Rows), y.Open
		p.Segments, p.SegmentsCompact = x.Segments, y.Segments
	}
	return c.save("scale", points)
}

// atScale is c for a corpus of n records, in a folder of its own.
func (c *config) atScale(n int64) (*config, error) {
	at := *c
	at.n = n
	at.work = c.path(fmt.Sprintf("scale-%d", n))
	return &at, os.MkdirAll(at.work, 0o700)
}

// A scaleAsked is what one store took to answer.
type scaleAsked struct {
	Rows     int64  // of the domain
	Answers  string // identifies them
	Segments int
	Open     float64
	Queries  []peers.Timing
}

// askScale asks the stores of all points in turn, in a process of its own.
func (c *config) askScale(ctx context.Context, points []scalePoint) (out []scaleAsked, err error) {
	var sizes []string
	for _, p := range points {
		sizes = append(sizes, strconv.FormatInt(p.N, 10))
	}
	say("scale: queries")
	_, err = c.spawn(ctx, "scale:"+strings.Join(sizes, ","), &out)
	return out, err
}

// childScale times the queries about a domain of one size, in stores of several
// corpora in turn.
func (c *config) childScale(ctx context.Context, sizes string) (out []scaleAsked, err error) {
	var (
		all  []peers.Asked
		dirs []string
	)
	defer func() {
		for _, a := range all {
			err = errors.Join(err, a.Session.Close())
		}
	}()
	rows := min(10_000, c.n/5/100)
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil {
			return nil, err
		}
		at, err := c.atScale(n)
		if err != nil {
			return nil, err
		}
		dir := at.path("store")
		if err := warm(dir); err != nil {
			return nil, err
		}
		s, err := ours.Open(dir)
		if err != nil {
			return nil, err
		}
		all, dirs = append(all, peers.Asked{Session: s}), append(dirs, dir)
		info, err := s.Store.Info(ctx)
		if err != nil {
			return nil, err
		}
		scale, err := peers.NewScale(ctx, corpus.New(c.seed, n), rows, s)
		if err != nil {
			return nil, err
		}
		all[len(all)-1].Questions = scale.Questions
		answers, err := answersOf(ctx, s, scale.Questions)
		if err != nil {
			return nil, err
		}
		out = append(out, scaleAsked{Rows: scale.Rows, Answers: answers, Segments: len(info.Segments)})
	}
	timings, err := peers.TimeInTurn(ctx, all, c.effort)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Queries = timings[i]
	}
	return out, c.openInTurn(ctx, &all, dirs, out)
}

// openInTurn times opening each store to its first answer; it closes the sessions.
func (c *config) openInTurn(ctx context.Context, all *[]peers.Asked, dirs []string, out []scaleAsked) error {
	var first []peers.Query
	for _, a := range *all {
		first = append(first, a.Questions[0].Queries[0])
	}
	for len(*all) > 0 {
		s := (*all)[0].Session
		*all = (*all)[1:]
		if err := s.Close(); err != nil {
			return err
		}
	}
	opened := make([][]float64, len(dirs))
	once := peers.Effort{First: 1}
	for range c.effort.First {
		for i, dir := range dirs {
			_, took, err := peers.TimeFirst(ctx, func() (peers.Session, error) { return ours.Open(dir) }, &first[i], once)
			if err != nil {
				return err
			}
			opened[i] = append(opened[i], took)
		}
	}
	for i := range out {
		out[i].Open = peers.Quantile(opened[i], 0.5)
	}
	return nil
}

// answersOf identifies what a store answers to all questions.
func answersOf(ctx context.Context, s peers.Session, questions []peers.Question) (string, error) {
	sum := sha256.New()
	for _, q := range questions {
		for i := range q.Queries {
			a, err := s.Ask(ctx, &q.Queries[i])
			if err != nil {
				return "", fmt.Errorf("%s: %w", q.Name, err)
			}
			if err := json.NewEncoder(sum).Encode(a); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
