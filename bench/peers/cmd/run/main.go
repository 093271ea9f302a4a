// Command run measures leakscope and its peers on one corpus, one after
// another, and writes the comparison.
//
//	go run -tags sqlite_fts5 ./cmd/run -n 5000000 -out ../RESULTS.md
//
// leakscope runs first, as the command line's users run it: files through
// leakctl, a process of its own. Then each peer loads the same rows in a process
// of its own, has every answer compared with leakscope's, and is timed. What was
// measured is kept in the work directory: with -only one engine is measured
// again, and the table is written from everything there is.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/engines"
)

// A config is what the flags say.
type config struct {
	n      int64
	seed   uint64
	work   string
	out    string
	repo   string
	only   []string
	resume bool
	keep   bool
	scale  bool
	effort peers.Effort
}

const self = "leakscope"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var (
		c     config
		only  string
		child string
		in    string
	)
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.Int64Var(&c.n, "n", 5_000_000, "records of the corpus, at least 20,000")
	flags.Uint64Var(&c.seed, "seed", 1, "seed of the corpus")
	flags.StringVar(&c.work, "work", "", "directory for corpora, stores and figures; default: one of the temporary directory")
	flags.StringVar(&c.out, "out", "", "file for the table; default: standard output")
	flags.StringVar(&c.repo, "repo", "../..", "root of the repository, for building leakctl")
	flags.StringVar(&only, "only", "", "engines to measure, by comma; the others' figures are taken from the work directory")
	flags.BoolVar(&c.resume, "resume", false, "measure only what the work directory has no figures of")
	flags.BoolVar(&c.keep, "keep", false, "keep the peers' stores after measuring")
	flags.BoolVar(&c.scale, "scale", false, "measure leakscope at N/5 and 4N as well")
	flags.IntVar(&c.effort.Runs, "runs", 101, "most runs of a query")
	flags.DurationVar(&c.effort.Budget, "budget", 5*time.Second, "time after which a query is not run again; at least 3 runs, unless one takes longer than this")
	flags.StringVar(&child, "child", "", "for the harness itself")
	flags.StringVar(&in, "in", "", "for the harness itself")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c.effort.First = 7
	if child != "" {
		c.work = in
		return c.child(ctx, child)
	}
	if c.n < 20_000 {
		return errors.New("-n must be at least 20,000: smaller corpora lack the domains that are asked about")
	}
	if c.work == "" {
		c.work = filepath.Join(os.TempDir(), "leakscope-bench")
	}
	c.work = filepath.Join(c.work, fmt.Sprintf("n%d-s%d", c.n, c.seed))
	if err := os.MkdirAll(c.path("figures"), 0o700); err != nil {
		return err
	}
	if only != "" {
		c.only = strings.Split(only, ",")
	}
	if err := c.checkNames(); err != nil {
		return err
	}
	return c.all(ctx)
}

func (c *config) path(names ...string) string {
	return filepath.Join(append([]string{c.work}, names...)...)
}

func (c *config) checkNames() error {
	known := []string{self}
	for _, e := range engines.All {
		known = append(known, e.Name())
	}
	for _, name := range c.only {
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown engine %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// wanted reports whether an engine is to be measured in this run.
func (c *config) wanted(name string) bool {
	if len(c.only) > 0 {
		return slices.Contains(c.only, name)
	}
	if !c.resume {
		return true
	}
	_, err := os.Stat(c.path("figures", name+".json"))
	return err != nil
}

// all measures what is wanted and writes the table.
func (c *config) all(ctx context.Context) error {
	if err := c.prepare(); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	if c.wanted(self) {
		if err := c.measureOurs(ctx); err != nil {
			return fmt.Errorf("leakscope: %w", err)
		}
	}
	var failed []error
	for _, e := range engines.All {
		if !c.wanted(e.Name()) {
			continue
		}
		err := c.measurePeer(ctx, e)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			// The others are still worth measuring, but the run has failed.
			fmt.Fprintf(os.Stderr, "run: %s: %v\n", e.Name(), err)
			failed = append(failed, fmt.Errorf("%s: %w", e.Name(), err))
		}
	}
	if c.scale {
		err := c.measureScale(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // what was measured before is still worth its table
			fmt.Fprintf(os.Stderr, "run: scale: %v\n", err)
			failed = append(failed, fmt.Errorf("scale: %w", err))
		}
	}
	if err := c.report(); err != nil {
		return err
	}
	return errors.Join(failed...)
}

// say tells how far the run is.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
