// Command scale asks stores of different sizes the same questions in turn, and
// prints how cost grows.
//
//	go run ./cmd/scale -key-file K 1000000=s1 5000000=s5 20000000=s20
//
// Each argument names a store and of how many records of the corpus it was
// ingested. With -question and -profile, a profile of one question asked of one
// store tells where its time goes.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/bench/internal/harness"
	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/ours"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	var (
		seed     = flag.Uint64("seed", 1, "seed of the corpus")
		rows     = flag.Int64("rows", 10_000, "about how many rows the domain has")
		keyFile  = flag.String("key-file", "", "file of the stores' key, 64 hex digits; default: the harness's key")
		question = flag.String("question", "", "ask this one only; default: all")
		profile  = flag.String("profile", "", "file for a profile of the processor's time")
		effort   = peers.Effort{}
	)
	flag.IntVar(&effort.Runs, "runs", 101, "most rounds of a question")
	flag.DurationVar(&effort.Budget, "budget", 3*time.Second, "time after which a question is not asked again")
	flag.Parse()
	key := peers.Key
	if *keyFile != "" {
		if key, err = harness.ReadKey(*keyFile); err != nil {
			return err
		}
	}
	var all []peers.Asked
	fmt.Print("| median / p99, µs |")
	for _, arg := range flag.Args() {
		count, dir, _ := strings.Cut(arg, "=")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil || dir == "" {
			return fmt.Errorf("%q is not RECORDS=STORE", arg)
		}
		s, err := ours.OpenWith(dir, key)
		if err != nil {
			return err
		}
		defer s.Close()
		scale, err := peers.NewScale(ctx, corpus.New(*seed, n), *rows, s)
		if err != nil {
			return err
		}
		a := peers.Asked{Session: s}
		for _, q := range scale.Questions {
			if *question == "" || q.Name == *question {
				a.Questions = append(a.Questions, q)
			}
		}
		all = append(all, a)
		fmt.Printf(" %d, domain of %d |", n, scale.Rows)
	}
	if len(all) == 0 || len(all[0].Questions) == 0 {
		return errors.New("nothing to ask")
	}
	fmt.Print(" largest / smallest |\n|---|" + strings.Repeat("---|", len(all)+1) + "\n")
	stop, err := harness.Profile(*profile)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, stop()) }()
	timings, err := peers.TimeInTurn(ctx, all, effort)
	if err != nil {
		return err
	}
	for q := range timings[0] {
		fmt.Printf("| %s |", timings[0][q].Name)
		least, most := timings[0][q].Median, 0.0
		for i := range timings {
			t := timings[i][q]
			fmt.Printf(" %.1f / %.1f (%d found) |", 1000*t.Median, 1000*t.P99, t.Found)
			least, most = min(least, t.Median), max(most, t.Median)
		}
		fmt.Printf(" %.2f |\n", most/least)
	}
	return nil
}
