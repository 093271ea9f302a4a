package peers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/leaks"
)

// scaleValues is how many hashes, usernames and windows of time a question of a
// [Scale] is asked about: of one alone, what the processor happens to remember
// would decide.
const scaleValues = 64

// A Scale is what is asked of stores of different sizes, about a domain of one
// size, the root domain that has about as many rows as wanted.
type Scale struct {
	Rows      int64 // that the domain really has
	Questions []Question
}

// A Question is a query in several variants that count as one: each is as likely
// as any other.
type Question struct {
	Name, Title string
	Queries     []Query
}

// NewScale chooses what to ask a store that holds a corpus. Hashes and usernames
// are those of records from all over the corpus.
func NewScale(ctx context.Context, c *corpus.Corpus, rows int64, s Session) (*Scale, error) {
	rank, really := c.FindRows(rows)
	page := Query{Name: "page", Title: "details page 1", Kind: Details, Column: leaks.RootDomain, ID: c.RootDomain(rank), Page: 1}
	first, err := s.Ask(ctx, &page)
	if err != nil {
		return nil, err
	}
	if first.Found() == 0 {
		return nil, fmt.Errorf("the domain for scale holds nothing")
	}
	search, analytics := page, page
	search.Name, search.Title, search.Search = "search", "+ search", "er12"
	analytics.Name, analytics.Title, analytics.Kind = "analytics", "analytics", Analytics
	counts, err := s.Ask(ctx, &analytics)
	if err != nil {
		return nil, err
	}
	if len(counts.Analytics.LeaksByCountry) == 0 {
		return nil, fmt.Errorf("the domain for scale has no machines")
	}
	country := counts.Analytics.LeaksByCountry[0].Country
	filtered := Question{Name: "filtered", Title: "+ type + 90 days"}
	narrow := Question{Name: "filtered-country", Title: "+ type + country + 90 days"}
	for i := range uint32(scaleValues) {
		q := page
		q.Name, q.Type, q.From = filtered.Name, "Stealer", corpus.End-window-i%16*86400
		filtered.Queries = append(filtered.Queries, q)
		q.Name, q.Country = narrow.Name, country
		narrow.Queries = append(narrow.Queries, q)
	}
	hash, user, err := askedAbout(ctx, c, s)
	if err != nil {
		return nil, err
	}
	one := func(q Query) Question { return Question{q.Name, q.Title, []Query{q}} }
	return &Scale{really, []Question{one(page), filtered, narrow, one(search), hash, one(analytics), user}}, nil
}

// askedAbout chooses usernames and credentials of records from all over a corpus:
// of users with two to four credentials, one of them seen twice, so that as much is
// found whatever the corpus.
func askedAbout(ctx context.Context, c *corpus.Corpus, s Session) (hash, user Question, err error) {
	hash, user = Question{Name: "by-hash", Title: "by-hash"}, Question{Name: "user", Title: "one username"}
	// A step that goes round all over the corpus, and meets other records each time.
	step := c.Len()/scaleValues + 1
	for i := range min(c.Len(), 100*scaleValues) {
		name := c.Record(i * step % c.Len()).Username
		if name == "" {
			continue
		}
		q := Query{Name: user.Name, Kind: Details, Column: leaks.Username, ID: name, Page: 1}
		a, err := s.Ask(ctx, &q)
		if err != nil {
			return hash, user, err
		}
		if a.Found() == 0 {
			return hash, user, fmt.Errorf("%s: a record is not found by its username", user.Name)
		}
		rows := a.Details.Data
		if n := slices.IndexFunc(rows, func(r leaks.Credential) bool { return r.SourceCount == 2 }); n >= 0 && len(rows) >= 2 && len(rows) <= 4 {
			user.Queries = append(user.Queries, q)
			hash.Queries = append(hash.Queries, Query{Name: hash.Name, Kind: ByHash, Column: leaks.RootDomain, ID: rows[n].RootDomain, Hash: rows[n].Hash})
		}
		if len(user.Queries) == scaleValues {
			return hash, user, nil
		}
	}
	if len(user.Queries) == 0 {
		return hash, user, fmt.Errorf("%s: nobody has two to four credentials", user.Name)
	}
	return hash, user, nil
}

// An Asked is a session and what it is asked, the same questions as the others
// it is timed with, each about values of its own.
type Asked struct {
	Session   Session
	Questions []Question
}

// TimeInTurn times the questions of several sessions in turn: each query of the
// first session is followed by that of the second, so that a machine that becomes
// slower for a while does so for all. It goes round as often as e says; the
// result is by session, then question. The time of each query is in the figures
// of its question.
func TimeInTurn(ctx context.Context, all []Asked, e Effort) ([][]Timing, error) {
	out := make([][]Timing, len(all))
	for n := range all[0].Questions {
		samples, found, err := timeQuestion(ctx, all, n, e)
		if err != nil {
			return nil, err
		}
		for i := range all {
			out[i] = append(out[i], Timing{
				Name: all[i].Questions[n].Name, Found: found[i], Runs: len(samples[i]),
				Median: Quantile(samples[i], 0.5), P99: Quantile(samples[i], 0.99),
			})
		}
	}
	return out, nil
}

// timeQuestion times question n of each, after one round to warm up. It returns
// milliseconds, and how much was found by all variants together, by session.
func timeQuestion(ctx context.Context, all []Asked, n int, e Effort) (samples [][]float64, found []int, err error) {
	samples, found = make([][]float64, len(all)), make([]int, len(all))
	variants := 1
	for _, a := range all {
		variants = max(variants, len(a.Questions[n].Queries))
	}
	for start, round := time.Now(), 0; round <= e.Runs; round++ {
		for v := range variants {
			for i, a := range all {
				queries := a.Questions[n].Queries
				begun := time.Now()
				answer, err := a.Session.Ask(ctx, &queries[v%len(queries)])
				took := time.Since(begun)
				if err != nil {
					return nil, nil, fmt.Errorf("%s: %w", a.Questions[n].Name, err)
				}
				if round == 0 {
					found[i] += answer.Found()
				} else {
					samples[i] = append(samples[i], float64(took.Nanoseconds())/1e6)
				}
			}
		}
		if round >= 3 && time.Since(start) > e.Budget {
			break
		}
	}
	return samples, found, nil
}
