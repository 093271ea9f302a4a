package leaks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leakscope/leakscope/stats"
)

// A question is one query and the answers it may have: that over the first
// segment, over the first two, and so on. Segments become visible one by one,
// so any answer given while ingest runs is one of these.
type question struct {
	name string
	ask  func(ctx context.Context, s *Store) (string, error)
	want map[string][]int // answer -> the numbers of segments that give it, ascending
}

// TestReadersWhileIngesting: readers of every kind work beside an ingest,
// background merging and compactions. Each of their answers is that of some
// moment, and moments do not go back.
func TestReadersWhileIngesting(t *testing.T) {
	const segmentRows = 40
	w := newWorld(21)
	list := w.records(fewer(1600, 800))
	opts := testOptions()
	opts.SegmentRows, opts.MergeFanout, opts.NoBackgroundMerge = segmentRows, 2, false
	s := openTest(t, testDir(t), opts)
	questions := raceQuestions(t, w, s, list, segmentRows)

	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var asked atomic.Int64
	for i := range 4 {
		readers.Go(func() {
			least := make([]int, len(questions)) // moment of the last answer
			for n := i; ctx.Err() == nil; n++ {
				k := n % len(questions)
				q := &questions[k]
				got, err := q.ask(ctx, s)
				if err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Errorf("%s: %v", q.name, err)
						return
					}
					continue
				}
				moments, ok := q.want[got]
				if !ok {
					t.Errorf("%s: an answer of no moment: %.300s", q.name, got)
					return
				}
				if last := moments[len(moments)-1]; last < least[k] {
					t.Errorf("%s: an answer of moment %d after one of %d", q.name, last, least[k])
					return
				}
				for _, m := range moments {
					if m >= least[k] {
						least[k] = m
						break
					}
				}
				asked.Add(1)
			}
		})
	}
	readers.Go(func() {
		for ctx.Err() == nil {
			if err := s.Compact(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("compact: %v", err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	for len(list) > 0 {
		// Whole segments only: the readers' moments are known beforehand.
		n, rows := 0, 0
		p := s.preparer(0, "")
		for ; n < len(list) && rows < 4*segmentRows; n++ {
			var r row
			if reason, _ := p.prepare(&list[n], &r); reason == "" {
				rows++
			}
		}
		ingestAll(t, s, list[:n])
		list = list[n:]
		time.Sleep(2 * time.Millisecond)
	}
	stop()
	readers.Wait()
	if asked.Load() < 50 {
		t.Errorf("only %d answers were looked at", asked.Load())
	}
	for i := range questions {
		q := &questions[i]
		got, err := q.ask(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		moments := q.want[got]
		if len(moments) == 0 || moments[len(moments)-1] != maxMoment(q) {
			t.Errorf("%s: at the end an answer of moments %v, want %d", q.name, moments, maxMoment(q))
		}
	}
}

func maxMoment(q *question) int {
	most := 0
	for _, moments := range q.want {
		most = max(most, moments[len(moments)-1])
	}
	return most
}

// raceQuestions computes what a plain scan says after each segment.
func raceQuestions(t *testing.T, w *world, s *Store, list []Record, segmentRows int) []question {
	var all oracle
	p := s.preparer(0, "")
	for _, r := range list {
		all.add(p, r)
	}
	root := all.rows[0].root
	mail := "mail.example"
	hash := mustHash(all.rows[1])
	details := func(name string, q DetailsQuery) (question, func(*oracle) string) {
		return question{name: name, ask: func(ctx context.Context, s *Store) (string, error) {
			v, err := s.Details(ctx, q)
			return asJSON(v), err
		}}, func(o *oracle) string { return asJSON(o.details(q)) }
	}
	walk := DetailsQuery{Scope: everything, Column: RootDomain, SortBy: ByLastSeen}
	wholeWalk := func(o *oracle) string { return asJSON(append([]Credential{}, o.credentials(&walk)...)) }
	var questions []question
	var plain []func(*oracle) string
	add := func(q question, f func(*oracle) string) {
		questions, plain = append(questions, q), append(plain, f)
	}
	add(details("details of everything", DetailsQuery{Scope: everything, Column: RootDomain}))
	add(details("details of a root", DetailsQuery{Scope: only(root), Column: RootDomain, PageSize: 7, Page: 2}))
	add(details("details of a mail domain", DetailsQuery{Scope: only(mail), Column: EmailDomain, MinOccurrences: 2}))
	add(details("details by country", DetailsQuery{Scope: everything, Column: RootDomain, Filters: Filters{Country: []string{"de"}}}))
	add(details("search", DetailsQuery{Scope: everything, Column: RootDomain, Search: "VPN", SortBy: ByLastSeen}))
	add(question{name: "walk", ask: func(ctx context.Context, s *Store) (string, error) {
		got := []Credential{}
		for c, err := range s.Walk(ctx, walk) {
			if err != nil {
				return "", err
			}
			got = append(got, c)
		}
		return asJSON(got), nil
	}}, wholeWalk)
	add(question{name: "walk by cursor", ask: func(ctx context.Context, s *Store) (string, error) {
		got := []Credential{}
		q := walk
		q.PageSize = 50
		for q.Cursor = StartCursor; q.Cursor != ""; {
			page, err := s.Details(ctx, q)
			if err != nil {
				return "", err
			}
			got = append(got, page.Data...)
			q.Cursor = page.NextCursor
		}
		return asJSON(got), nil
	}}, wholeWalk)
	add(question{name: "by hash", ask: func(ctx context.Context, s *Store) (string, error) {
		v, err := s.Occurrences(ctx, everything, RootDomain, hash)
		return asJSON(v), err
	}}, func(o *oracle) string { return asJSON(o.occurrences(everything, RootDomain, hash)) })
	for _, by := range []struct {
		column Column
		name   string
	}{{RootDomain, root}, {EmailDomain, mail}} {
		exact := func(a *stats.Analytics) [7]any {
			return [7]any{a.TotalLeaks, a.UniqueUsernames, a.UniquePasswords, a.UniqueLeaks, a.UniqueSources, a.UniqueDomains, a.LatestLeakDate}
		}
		add(question{name: "analytics of " + by.name, ask: func(ctx context.Context, s *Store) (string, error) {
			v, err := s.Analytics(ctx, everything, by.column, by.name)
			if err != nil {
				return "", err
			}
			return asJSON(exact(v)), nil
		}}, func(o *oracle) string {
			a := o.analytics(by.column, by.name)
			return asJSON([7]any{a.total, a.usernames, a.passwords, a.leaks, a.sources, a.inverse, timeOf(a.latest)})
		})
	}
	window := StatsQuery{Scope: everything, Column: RootDomain, Filters: Filters{StartDate: "2024-05-30", EndDate: "2024-07-30"}}
	add(question{name: "stats", ask: func(ctx context.Context, s *Store) (string, error) {
		v, err := s.Stats(ctx, window)
		return asJSON(v), err
	}}, func(o *oracle) string {
		start, _ := time.Parse(time.DateOnly, string(window.StartDate))
		end, _ := time.Parse(time.DateOnly, string(window.EndDate))
		days := int(end.Sub(start).Hours()/24) + 1
		before := o.report(window, start.AddDate(0, 0, -days), start.AddDate(0, 0, -1), nil)
		return asJSON(o.report(window, start, end, before.collector).report)
	})

	for moment := 0; ; moment++ {
		n := min(moment*segmentRows, len(all.rows))
		o := &oracle{rows: all.rows[:n]}
		for i := range questions {
			q := &questions[i]
			if q.want == nil {
				q.want = make(map[string][]int)
			}
			text := plain[i](o)
			q.want[text] = append(q.want[text], moment)
		}
		if n == len(all.rows) {
			return questions
		}
	}
}

func mustHash(r row) string { return fmt.Sprintf("%x", r.hash) }

// asJSON is mustJSON for goroutines that are not the test's own.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "not JSON: " + err.Error()
	}
	return string(b)
}
