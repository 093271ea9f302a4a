package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/engines"
)

// measurePeer measures one peer in processes of its own and keeps the figures.
func (c *config) measurePeer(ctx context.Context, e peers.Engine) (err error) {
	f := &Figures{Engine: e.Name(), Rows: c.n, When: time.Now().UTC()}
	f.Version, f.Setup, err = e.Describe(ctx)
	if errors.Is(err, peers.ErrAbsent) {
		say("%s: %v", e.Name(), err)
		f.Absent = err.Error()
		return c.save(e.Name(), f)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && ctx.Err() == nil {
			f.Failed = err.Error()
			err = errors.Join(err, c.save(e.Name(), f))
		}
	}()
	dir, err := c.freshDir(e.Name())
	if err != nil {
		return err
	}
	settle()
	say("%s: loading", e.Name())
	peak, err := c.spawn(ctx, "load:"+e.Name(), &f.Load)
	if err != nil {
		return err
	}
	f.Peak = max(peak, f.Load.PeakBytes)
	settle()
	if f.Disk = f.Load.DiskBytes; f.Disk == 0 {
		if f.Disk, err = diskUsage(dir); err != nil {
			return err
		}
	}
	say("%s: comparing and timing", e.Name())
	var asked asked
	if _, err := c.spawn(ctx, "ask:"+e.Name(), &asked); err != nil {
		return err
	}
	f.Open, f.Queries, f.Workload = asked.Open, asked.Queries, asked.Workload
	if !c.keep {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return c.save(e.Name(), f)
}

// spawn runs a part of the harness as a process of its own and returns its
// greatest resident memory. What it measured comes back as JSON.
func (c *config) spawn(ctx context.Context, part string, out any) (int64, error) {
	return c.spawnIn(ctx, c.work, part, out)
}

func (c *config) spawnIn(ctx context.Context, dir, part string, out any) (int64, error) {
	exe, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, exe, "-child", part, "-n", fmt.Sprint(c.n), "-seed", fmt.Sprint(c.seed),
		"-in", dir,
		"-runs", fmt.Sprint(c.effort.Runs), "-budget", c.effort.Budget.String())
	// An interrupted child ends what it has started itself.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", part, err)
	}
	return peakOf(cmd), json.Unmarshal(b, out)
}

// asked is what a child that asks hands back.
type asked struct {
	// Workload identifies what was asked, see Workload.ID.
	Workload string
	Open     float64
	Queries  []peers.Timing
}

// child is the other end of spawn.
func (c *config) child(ctx context.Context, part string) error {
	what, name, _ := strings.Cut(part, ":")
	var (
		out any
		err error
	)
	switch what {
	case "ours":
		out, err = c.childOurs(ctx, name)
	case "beside":
		out, err = c.childBeside(ctx)
	case "scale":
		out, err = c.childScale(ctx, name)
	case "load", "ask":
		for _, e := range engines.All {
			if e.Name() != name {
				continue
			}
			if what == "load" {
				out, err = e.Load(ctx, c.path(name), c.input())
			} else {
				out, err = c.childAsk(ctx, func() (peers.Session, error) { return e.Open(ctx, c.path(name)) })
			}
		}
	default:
		err = fmt.Errorf("unknown part %q", part)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// childAsk compares all answers of an engine, and only then times anything.
func (c *config) childAsk(ctx context.Context, open func() (peers.Session, error)) (*asked, error) {
	var w peers.Workload
	if err := c.load("workload", &w); err != nil {
		return nil, fmt.Errorf("leakscope must be measured first: %w", err)
	}
	s, err := open()
	if err != nil {
		return nil, err
	}
	took, err := w.Check(ctx, s)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return c.timeAll(ctx, &w, s, open, took)
}

// timeAll times every query on s, which it closes, and then as the first of
// sessions of its own. took is what each took when the answers were compared,
// or nil.
func (c *config) timeAll(ctx context.Context, w *peers.Workload, s peers.Session, open func() (peers.Session, error), took []time.Duration) (*asked, error) {
	out := &asked{Workload: w.ID()}
	if took == nil {
		took = make([]time.Duration, len(w.Queries))
	}
	for i := range w.Queries {
		t, err := peers.Time(ctx, s, &w.Queries[i], c.effort, took[i])
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		out.Queries = append(out.Queries, t)
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	for i := range w.Queries {
		if took[i] > c.effort.Budget {
			continue // the first time is no longer worth its time
		}
		first, opened, err := peers.TimeFirst(ctx, open, &w.Queries[i], c.effort)
		if err != nil {
			return nil, err
		}
		out.Queries[i].First = first
		if i == 0 {
			out.Open = opened
		}
	}
	return out, nil
}
