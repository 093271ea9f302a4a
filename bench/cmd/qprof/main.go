package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/leaks"
)

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
func main() {
	text, _ := os.ReadFile("/work/data/k.hex")
	b, _ := hex.DecodeString(strings.TrimSpace(string(text)))
	var key [32]byte
	copy(key[:], b)
	s, err := leaks.Open(os.Args[1], &leaks.Options{Key: key, NoBackgroundMerge: true})
	if err != nil {
		panic(err)
	}
	c := corpus.New(1, 5000000)
	giant := c.RootDomain(0)
	ctx := context.Background()
	q := leaks.DetailsQuery{Scope: leaks.Scope{Column: leaks.RootDomain, Identifiers: []string{giant}}}
	var run func()
	d := func() {
		if _, err := s.Details(ctx, q); err != nil {
			panic(err)
		}
	}
	run = d
	switch os.Args[2] {
	case "giant":
	case "last":
		q.SortBy = leaks.ByLastSeen
	case "mail":
		q.Column, q.Identifiers = leaks.EmailDomain, []string{c.MailProvider(0)}
	case "search":
		q.Search = "er12"
	case "all":
		q.Scope = leaks.Scope{Column: leaks.RootDomain, All: true}
		q.Search = "anna.b"
	case "small":
		q.Identifiers = []string{c.RootDomain(50000)}
	case "hash":
		p, _ := s.Details(ctx, q)
		h := p.Data[25].Hash
		run = func() { s.Occurrences(ctx, q.Scope, h) }
	}
	run()
	run()
	n := 0
	f, _ := os.Create("/tmp/q.prof")
	pprof.StartCPUProfile(f)
	c0, t0 := cpu(), time.Now()
	for time.Since(t0) < 2*time.Second {
		run()
		n++
	}
	pprof.StopCPUProfile()
	fmt.Printf("%s: %d runs, cpu %.3f ms, wall %.3f ms\n", os.Args[2], n, float64((cpu()-c0).Microseconds())/float64(n)/1000, float64(time.Since(t0).Microseconds())/float64(n)/1000)
}
