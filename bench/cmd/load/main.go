// Command load asks a running leakd for details pages over many connections at
// once, and prints what it took. It makes the store's tenants itself: workspaces
// that watch domains of the corpus, each with a key; then it starts leakd on the
// store, drives it, and stops it.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/bench/internal/harness"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	n := flag.Int64("n", 5_000_000, "records of the corpus in the store")
	seed := flag.Uint64("seed", 1, "seed of the corpus")
	dir := flag.String("store", "", "the store, which leakctl made of that corpus")
	keyFile := flag.String("key-file", "", "its key: 64 hex digits")
	leakd := flag.String("leakd", "", "the leakd to start")
	conns := flag.Int("conns", 64, "connections at once")
	tenants := flag.Int("tenants", 500, "workspaces that ask")
	duration := flag.Duration("for", time.Minute, "how long")
	warm := flag.Duration("warm", 5*time.Second, "how long before that is not counted")
	flag.Parse()

	keys, err := makeTenants(ctx, *dir, *keyFile, corpus.New(*seed, *n), *tenants)
	if err != nil {
		return err
	}
	d, err := startLeakd(ctx, *leakd, *dir, *keyFile)
	if err != nil {
		return err
	}
	defer d.stop()
	before, err := d.memory()
	if err != nil {
		return err
	}
	if _, err := drive(ctx, d.addr, keys, *conns, *warm); err != nil {
		return err
	}
	middle, err := d.memory()
	if err != nil {
		return err
	}
	cpu, err := d.cpu()
	if err != nil {
		return err
	}
	begin := time.Now()
	r, err := drive(ctx, d.addr, keys, *conns, *duration)
	if err != nil {
		return err
	}
	took := time.Since(begin)
	after, err := d.memory()
	if err != nil {
		return err
	}
	cpuAfter, err := d.cpu()
	if err != nil {
		return err
	}
	slices.Sort(r.took)
	at := func(q float64) time.Duration {
		return r.took[min(len(r.took)-1, int(q*float64(len(r.took))))].Round(10 * time.Microsecond)
	}
	fmt.Printf("| connections | tenants | seconds | pages | pages/s | rows | failed | p50 | p90 | p99 | max | leakd's processor time a page | memory: start, warm, end |\n")
	fmt.Printf("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	fmt.Printf("| %d | %d | %.0f | %d | %.0f | %d | %d | %s | %s | %s | %s | %s | %d, %d, %d MiB |\n",
		*conns, *tenants, took.Seconds(), len(r.took), float64(len(r.took))/took.Seconds(), r.rows, r.failed,
		at(.5), at(.9), at(.99), at(1), ((cpuAfter - cpu) / time.Duration(max(1, len(r.took)))).Round(time.Microsecond),
		before>>20, middle>>20, after>>20)
	if r.failed > 0 {
		return fmt.Errorf("%d requests failed, the first with %s", r.failed, r.first)
	}
	return nil
}

// makeTenants gives each tenant a domain and returns their keys. Half of the
// domains are those of random records, so that large ones are asked for often;
// half are any, most of which are small.
func makeTenants(ctx context.Context, dir, keyFile string, c *corpus.Corpus, tenants int) (secrets []string, err error) {
	key, err := harness.ReadKey(keyFile)
	if err != nil {
		return nil, err
	}
	s, err := leaks.Open(dir, &leaks.Options{Key: key, NoBackgroundMerge: true})
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := s.Close(); err == nil {
			err = closing
		}
	}()
	rng := rand.New(rand.NewPCG(1, 2))
	d := s.Watchlists()
	for i := range tenants {
		w, err := d.CreateWorkspace(ctx, watchlist.WorkspaceSpec{Name: fmt.Sprintf("tenant %d", i)})
		if err != nil {
			return nil, err
		}
		domain := c.RootDomain(rng.IntN(c.Roots()))
		if i%2 == 0 {
			domain = rootOf(c.Record(rng.Int64N(c.Len())))
		}
		if i == 0 {
			domain = c.RootDomain(0) // the largest of all
		}
		if _, err := d.CreateEntry(ctx, w.ID, watchlist.EntrySpec{Kind: watchlist.Domain, Value: domain}); err != nil {
			return nil, fmt.Errorf("%s: %w", domain, err)
		}
		_, secret, err := d.CreateKey(ctx, watchlist.KeySpec{Workspace: w.ID, Name: "load", Role: watchlist.Member})
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// rootOf is the root domain of a record as the corpus writes it.
func rootOf(r leaks.Record) string { return r.Root }
