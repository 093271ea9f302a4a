package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/ours"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// measureOurs measures leakscope and keeps the figures and the workload.
func (c *config) measureOurs(ctx context.Context) error {
	f := &Figures{Engine: self, Rows: c.n, When: time.Now().UTC(), Ours: new(OurFigures), Version: c.revision(ctx)}
	f.Setup = []string{
		fmt.Sprintf("leakctl ingest --no-merge, else with its defaults, a process of its own; time is that of the process, from start to exit, everything built and synced; median of %d, peak memory the most of them", ingestRuns),
		"merging segments is leakctl compact's, whose time stands beside; queries before it are reported apart",
		"queries in process through package leaks, after leakctl compact",
	}
	ctl, err := c.buildCtl(ctx)
	if err != nil {
		return err
	}
	o := f.Ours
	jsonl, ulp := c.path("corpus.jsonl"), c.path("corpus.ulp")
	o.FileBytes, o.ULPBytes = fileSize(jsonl), fileSize(ulp)

	say("leakscope: ingesting, %d times url:user:pass and JSONL in turn", ingestRuns)
	var peak int64
	for range ingestRuns {
		took, most, err := ctl.ingestNew(ctx, c, "store-ulp", "ulp", ulp, c.n)
		if err != nil {
			return err
		}
		o.ULPRuns, o.ULPPeak = append(o.ULPRuns, took), max(o.ULPPeak, most)
		if took, most, err = ctl.ingestNew(ctx, c, "store", "jsonl", jsonl, c.n); err != nil {
			return err
		}
		o.JSONLRuns, peak = append(o.JSONLRuns, took), max(peak, most)
	}
	if err := os.RemoveAll(c.path("store-ulp")); err != nil {
		return err
	}
	o.ULPSeconds = median(o.ULPRuns)
	dir := c.path("store")
	f.Peak = peak
	if o.Disk, err = diskUsage(dir); err != nil {
		return err
	}
	f.Load.Stages = []peers.Stage{{Name: "ingest", Seconds: median(o.JSONLRuns), Bytes: o.Disk}}

	say("leakscope: queries before compaction")
	var before oursAsked
	if _, err := c.spawn(ctx, "ours:before", &before); err != nil {
		return err
	}
	o.Uncompacted, o.Segments = before.Queries, before.Segments

	say("leakscope: compacting")
	var compactOut []byte
	if compactOut, o.Compact, o.CompactPeak, err = ctl.run(ctx, dir, "compact"); err != nil {
		return fmt.Errorf("%w: %s", err, compactOut)
	}
	settle()
	if f.Disk, err = diskUsage(dir); err != nil {
		return err
	}
	say("leakscope: queries")
	var after oursAsked
	if _, err := c.spawn(ctx, "ours:after", &after); err != nil {
		return err
	}
	f.Open, f.Queries, f.Workload, o.SegmentsCompact = after.Open, after.Queries, after.Workload, after.Segments
	o.Walked, o.WalkSeconds = after.Walked, after.WalkSeconds

	say("leakscope: queries beside an ingest")
	var beside besideResult
	if _, err := c.spawn(ctx, "beside", &beside); err != nil {
		return err
	}
	o.Beside, o.BesideRate, o.BesideSegments = beside.Queries, beside.Rate, beside.Segments
	return c.save(self, f)
}

// ingestRuns is how often each ingest is timed: the machine's speed drifts.
const ingestRuns = 5

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// A ctl is a built leakctl.
type ctl struct{ exe, key string }

func (c *config) buildCtl(ctx context.Context) (*ctl, error) {
	x := &ctl{exe: c.path("leakctl"), key: c.path("key")}
	build := exec.CommandContext(ctx, "go", "build", "-o", x.exe, "./examples/leakctl")
	build.Dir = c.repo
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building leakctl: %w: %s", err, out)
	}
	return x, os.WriteFile(x.key, []byte(hex.EncodeToString(peers.Key[:])+"\n"), 0o600)
}

// run runs leakctl and returns its output, seconds and greatest memory.
func (x *ctl) run(ctx context.Context, store string, args ...string) ([]byte, float64, int64, error) {
	settle()
	cmd := exec.CommandContext(ctx, x.exe, append([]string{"--json", "--store", store, "--key-file", x.key}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	out, err := cmd.Output()
	took := time.Since(start).Seconds()
	if err != nil {
		return nil, 0, 0, fmt.Errorf("leakctl %s: %w: %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, took, peakOf(cmd), nil
}

// ingest ingests a file whose lines must all be taken.
func (x *ctl) ingest(ctx context.Context, store, format, file string, n int64) (float64, int64, error) {
	out, took, peak, err := x.run(ctx, store, "ingest", "--no-merge", "--format", format, file)
	if err != nil {
		return 0, 0, err
	}
	var sum struct{ Ingested, Rejected int64 }
	if err := json.Unmarshal(out, &sum); err != nil {
		return 0, 0, fmt.Errorf("leakctl ingest: %w", err)
	}
	if sum.Ingested != n {
		return 0, 0, fmt.Errorf("leakctl ingested %d of %d records of %s", sum.Ingested, n, filepath.Base(file))
	}
	return took, peak, nil
}

// ingestNew ingests a file into a new store in a folder of the work directory.
func (x *ctl) ingestNew(ctx context.Context, c *config, folder, format, file string, n int64) (float64, int64, error) {
	dir, err := c.freshDir(folder)
	if err != nil {
		return 0, 0, err
	}
	return x.ingest(ctx, dir, format, file, n)
}

// revision names what is measured.
func (c *config) revision(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty")
	cmd.Dir = c.repo
	if out, err := cmd.Output(); err == nil {
		return "leakscope " + strings.TrimSpace(string(out))
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return "leakscope " + info.Main.Version
	}
	return self
}

// oursAsked is what the child that asks leakscope hands back.
type oursAsked struct {
	asked
	Segments    int
	Walked      int64
	WalkSeconds float64
}

// childOurs times leakscope. Before compaction it chooses the workload and
// records the answers; after it, the answers must be the same.
func (c *config) childOurs(ctx context.Context, when string) (*oursAsked, error) {
	dir := c.path("store")
	if err := warm(dir); err != nil {
		return nil, err
	}
	open := func() (peers.Session, error) { return ours.Open(dir) }
	s, err := ours.Open(dir)
	if err != nil {
		return nil, err
	}
	info, err := s.Store.Info(ctx)
	if err != nil {
		return nil, err
	}
	out := &oursAsked{Segments: len(info.Segments)}
	var w *peers.Workload
	if when == "before" {
		if w, err = peers.NewWorkload(ctx, c.corpus(), s); err == nil {
			err = c.save("workload", w)
		}
	} else {
		w = new(peers.Workload)
		if err = c.load("workload", w); err == nil {
			_, err = w.Check(ctx, s)
		}
	}
	if err != nil {
		return nil, err
	}
	if when == "after" {
		start := time.Now()
		for _, err := range s.Store.Walk(ctx, leaks.DetailsQuery{Scope: watchlist.Administrator(), Column: leaks.RootDomain}) {
			if err != nil {
				return nil, err
			}
			out.Walked++
		}
		out.WalkSeconds = time.Since(start).Seconds()
	}
	a, err := c.timeAll(ctx, w, s, open, nil)
	if err != nil {
		return nil, err
	}
	out.asked = *a
	return out, nil
}
