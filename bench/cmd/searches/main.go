// Command searches measures how long searches within domains of several sizes
// take in one or more stores, in process and warm.
//
//	searches -key-file K 1000000:DIR 5000000:DIR
//
// A store is named with the number of records of the corpus it holds.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/bench/internal/harness"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "searches:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	seed := flag.Uint64("seed", 1, "seed of the corpora")
	keyFile := flag.String("key-file", "", "key of the stores: 64 hex digits")
	runs := flag.Int("runs", 31, "runs of each query at most")
	budget := flag.Duration("budget", 200*time.Millisecond, "time for the runs of each query")
	sizes := flag.String("sizes", "200,500,2000,10000,50000,200000", "rows of the domains; 0 is the whole store, NxM M domains of N rows each")
	texts := flag.String("texts", "er12,anna.b,zzqx,mail,desktop,12,e", "texts to search for")
	filter := flag.Bool("stealer", false, "search rows of stealers only")
	profile := flag.String("cpuprofile", "", "write a profile of the processor")
	flag.Parse()
	key, err := harness.ReadKey(*keyFile)
	if err != nil {
		return err
	}
	stop, err := harness.Profile(*profile)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, stop()) }()
	ctx := context.Background()
	table := map[string][]string{}
	var rows []string
	for _, arg := range flag.Args() {
		number, dir, _ := strings.Cut(arg, ":")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return err
		}
		s, err := leaks.Open(dir, &leaks.Options{Key: key, NoBackgroundMerge: true})
		if err != nil {
			return err
		}
		c := corpus.New(*seed, n)
		for _, size := range strings.Split(*sizes, ",") {
			scope, err := scopeOf(c, size)
			if err != nil {
				return err
			}
			for _, text := range strings.Split(*texts, ",") {
				q := leaks.DetailsQuery{Scope: scope, Column: leaks.RootDomain, Search: text}
				if *filter {
					q.Type = []string{"Stealer"}
				}
				took, found, err := measure(ctx, s, q, *runs, *budget)
				if err != nil {
					return err
				}
				name := size + " " + text
				if table[name] == nil {
					rows = append(rows, name)
				}
				table[name] = append(table[name], fmt.Sprintf("%9.3f (%d)", took.Seconds()*1000, found))
			}
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	for _, name := range rows {
		fmt.Printf("%-20s %s\n", name, strings.Join(table[name], "  "))
	}
	return nil
}

// scopeOf returns the scope of one or more domains of the corpus.
func scopeOf(c *corpus.Corpus, size string) (watchlist.Scope, error) {
	all := watchlist.Administrator()
	number, many, _ := strings.Cut(size, "x")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n == 0 {
		return all, err
	}
	count := 1
	if many != "" {
		if count, err = strconv.Atoi(many); err != nil {
			return all, err
		}
	}
	rank := c.RankOfRows(n)
	var names []string
	for i := range count {
		names = append(names, c.RootDomain(rank+i))
	}
	return all.OnlyDomains(names...)
}

// measure returns the median time of a query, and what it found.
func measure(ctx context.Context, s *leaks.Store, q leaks.DetailsQuery, runs int, budget time.Duration) (time.Duration, int, error) {
	var times []time.Duration
	found := 0
	for began := time.Now(); len(times) < 3 || len(times) < runs && time.Since(began) < budget; {
		start := time.Now()
		page, err := s.Details(ctx, q)
		if err != nil {
			return 0, 0, err
		}
		times, found = append(times, time.Since(start)), page.Total
	}
	slices.Sort(times)
	return times[len(times)/2], found, nil
}
