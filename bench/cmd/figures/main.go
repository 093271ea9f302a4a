// Command figures measures the queries of a store, in process and warm, and
// prints a table for RESULTS.md. The store is one that leakctl made of a
// corpus with the same seed and number.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/bench/internal/harness"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	n := flag.Int64("n", 1_000_000, "records of the corpus")
	seed := flag.Uint64("seed", 1, "seed of the corpus")
	dir := flag.String("store", "", "the store")
	keyFile := flag.String("key-file", "", "its key: 64 hex digits")
	runs := flag.Int("runs", 51, "runs of each query")
	opens := flag.Int("opens", 7, "how often the store is opened anew for the first answer to each query")
	only := flag.String("only", "", "measure only the queries whose name contains this, and do not walk")
	profile := flag.String("cpuprofile", "", "write a profile of the processor")
	flag.Parse()
	key, err := harness.ReadKey(*keyFile)
	if err != nil {
		return err
	}
	ctx := context.Background()
	m := &measurer{runs: *runs, opens: *opens, only: *only}
	m.open = func() (*leaks.Store, error) {
		return leaks.Open(*dir, &leaks.Options{Key: key, NoBackgroundMerge: true})
	}
	opened := time.Now()
	s, err := m.open()
	if err != nil {
		return err
	}
	m.store = s
	defer func() { m.store.Close() }()
	c := corpus.New(*seed, *n)
	giant := c.RootDomain(0)
	if _, err := s.Details(ctx, details(leaks.RootDomain, giant)); err != nil {
		return err
	}
	fmt.Printf("open to first answer: %s\n\n", time.Since(opened).Round(10*time.Microsecond))
	info, err := s.Info(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d rows, %d segments, %.1f bytes/record\n\n", info.Rows, len(info.Segments), float64(info.Bytes)/float64(info.Rows))
	fmt.Println("| query | rows found | median | p99 | first after open |")
	fmt.Println("|---|---|---|---|---|")

	mid, _ := c.FindRows(2_000)
	small, _ := c.FindRows(50)
	page, err := s.Details(ctx, details(leaks.RootDomain, giant))
	if err != nil {
		return err
	}
	row := page.Data[len(page.Data)/2]
	user, err := someUser(ctx, s, giant)
	if err != nil {
		return err
	}
	filtered := details(leaks.RootDomain, giant)
	filtered.Type = []string{"Stealer"}
	filtered.Country = []string{row.Country}
	if row.Country == "" {
		filtered.Country = []string{"US"}
	}
	last := time.Unix(corpus.End, 0).UTC()
	filtered.StartDate = leaks.Day(last.AddDate(0, 0, -90).Format(time.DateOnly))
	search := details(leaks.RootDomain, giant)
	search.Search = "er12"
	whole := leaks.DetailsQuery{Scope: everything, Column: leaks.RootDomain, Search: "anna.b"}
	often := whole
	often.Search = search.Search
	deep := details(leaks.RootDomain, giant)
	deep.Page = 200

	stop, err := harness.Profile(*profile)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, stop()) }()
	m.details(ctx, "details page 1, domain with 4 % of the rows", details(leaks.RootDomain, giant))
	m.details(ctx, "details page 1, domain with 2,000 rows", details(leaks.RootDomain, c.RootDomain(mid)))
	m.details(ctx, "details page 1, domain with 50 rows", details(leaks.RootDomain, c.RootDomain(small)))
	m.details(ctx, "giant domain + type + country + 90 days", filtered)
	m.details(ctx, "giant domain, page 200", deep)
	m.details(ctx, "search within the giant domain", search)
	m.details(ctx, "search in the whole store", whole)
	m.details(ctx, "search in the whole store, a text found often", often)
	m.details(ctx, "e-mail domain with 20 % of the rows", details(leaks.EmailDomain, c.MailProvider(0)))
	m.details(ctx, "one username", details(leaks.Username, user))
	below := page.Data[0].Domain
	for _, c := range page.Data {
		if c.Domain != giant {
			below = c.Domain
		}
	}
	m.details(ctx, "one domain below the giant's", details(leaks.RootDomain, below))
	m.details(ctx, "giant domain, by any column", details(leaks.AnyColumn, giant))
	name, _, _ := strings.Cut(c.RootDomain(small), ".")
	for _, k := range []string{name, "portal", "login"} {
		m.measure("keyword "+k, func(s *leaks.Store) (int, error) {
			p, err := s.KeywordSearch(ctx, leaks.KeywordQuery{Scope: everything, Keywords: []string{k}})
			if err != nil {
				return 0, err
			}
			return p.Total, nil
		})
	}
	m.measure("by-hash", func(s *leaks.Store) (int, error) {
		o, err := s.Occurrences(ctx, of(leaks.RootDomain, giant), leaks.RootDomain, row.Hash)
		if err != nil {
			return 0, err
		}
		return len(o.Data), nil
	})
	m.measure("analytics, giant domain", func(s *leaks.Store) (int, error) {
		a, err := s.Analytics(ctx, everything, leaks.RootDomain, giant)
		if err != nil {
			return 0, err
		}
		return int(a.TotalLeaks), nil
	})
	m.measure("analytics, e-mail domain with 20 %", func(s *leaks.Store) (int, error) {
		a, err := s.Analytics(ctx, everything, leaks.EmailDomain, c.MailProvider(0))
		if err != nil {
			return 0, err
		}
		return int(a.TotalLeaks), nil
	})
	m.measure("analytics, domain with 50 rows", func(s *leaks.Store) (int, error) {
		a, err := s.Analytics(ctx, everything, leaks.RootDomain, c.RootDomain(small))
		if err != nil {
			return 0, err
		}
		return int(a.TotalLeaks), nil
	})
	if *only != "" {
		return m.err
	}
	start := time.Now()
	walked := 0
	for _, err := range m.store.Walk(ctx, leaks.DetailsQuery{Scope: everything, Column: leaks.RootDomain}) {
		if err != nil {
			return err
		}
		walked++
	}
	took := time.Since(start)
	fmt.Printf("\nwalk of the whole store: %d credentials in %s, %.0f/s\n", walked, took.Round(time.Millisecond), float64(walked)/took.Seconds())
	return m.err
}

func details(col leaks.Column, id string) leaks.DetailsQuery {
	return leaks.DetailsQuery{Scope: of(col, id), Column: col}
}

var everything = watchlist.Administrator()

// of returns the scope of one identifier of the corpus.
func of(col leaks.Column, id string) watchlist.Scope {
	scope, err := leaks.Narrow(everything, col, id)
	if err != nil {
		panic(err) // a corpus has good names only
	}
	return scope
}

// someUser returns a username of a domain that is an e-mail address.
func someUser(ctx context.Context, s *leaks.Store, domain string) (string, error) {
	page, err := s.Details(ctx, details(leaks.RootDomain, domain))
	if err != nil {
		return "", err
	}
	for _, c := range page.Data {
		if c.EmailDomain != "" {
			return c.Username, nil
		}
	}
	return page.Data[0].Username, nil
}

// A measurer runs queries and prints a row for each.
type measurer struct {
	open  func() (*leaks.Store, error)
	store *leaks.Store // open now
	runs  int
	opens int
	only  string
	err   error
}

func (m *measurer) details(ctx context.Context, name string, q leaks.DetailsQuery) {
	m.measure(name, func(s *leaks.Store) (int, error) {
		p, err := s.Details(ctx, q)
		if err != nil {
			return 0, err
		}
		return p.Total, nil
	})
}

// measure runs a query many times, and as the first of some new stores.
func (m *measurer) measure(name string, query func(s *leaks.Store) (int, error)) {
	if m.err != nil || !strings.Contains(name, m.only) {
		return
	}
	if m.err = m.run(name, query); m.err != nil {
		m.err = fmt.Errorf("%s: %w", name, m.err)
	}
}

func (m *measurer) run(name string, query func(s *leaks.Store) (int, error)) error {
	var (
		found        int
		times, first []time.Duration
	)
	timed := func() (time.Duration, error) {
		start := time.Now()
		n, err := query(m.store)
		found = n
		return time.Since(start), err
	}
	for i := range m.runs + 2 { // two to warm up
		took, err := timed()
		if err != nil {
			return err
		}
		if i >= 2 {
			times = append(times, took)
		}
	}
	for range m.opens {
		err := m.store.Close()
		if err != nil {
			return err
		}
		if m.store, err = m.open(); err != nil {
			return err
		}
		took, err := timed()
		if err != nil {
			return err
		}
		first = append(first, took)
	}
	slices.Sort(times)
	slices.Sort(first)
	once := "–"
	if len(first) > 0 {
		once = milliseconds(first[len(first)/2])
	}
	fmt.Printf("| %s | %d | %s | %s | %s |\n", name, found, milliseconds(times[len(times)/2]), milliseconds(times[len(times)*99/100]), once)
	return nil
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3f ms", float64(d.Nanoseconds())/1e6)
}
