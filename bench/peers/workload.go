package peers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/leaks"
)

// A Workload is what is asked of every engine, and what leakscope answers.
type Workload struct {
	Queries []Query
	Answers []Answer // leakscope's
}

// Sizes of the domains that are asked about.
const (
	midRows   = 10_000
	smallRows = 50
	deepPage  = 1_000
	window    = 90 * 86400 // of the filtered query
)

// NewWorkload chooses the queries for a corpus and has s, which holds it,
// answer them. A corpus too small for a domain of 10,000 rows beside the giant
// gets a smaller one, and a domain of fewer than 1,000 pages is asked for its
// last.
func NewWorkload(ctx context.Context, c *corpus.Corpus, s Session) (*Workload, error) {
	w := new(Workload)
	add := func(q Query) (*Answer, error) {
		q.Page = max(q.Page, 1)
		a, err := s.Ask(ctx, &q)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.Name, err)
		}
		if a.Found() == 0 {
			return nil, fmt.Errorf("%s: finds nothing, so it measures nothing", q.Name)
		}
		w.Queries, w.Answers = append(w.Queries, q), append(w.Answers, *a)
		return a, nil
	}
	giant := c.RootDomain(0)
	mid, midReally := c.FindRows(min(midRows, c.Len()/500))
	small, smallReally := c.FindRows(smallRows)
	first, err := add(Query{
		Name: "giant", Title: fmt.Sprintf("details page 1, domain of %d rows", c.CountRows(0)[0]), Bar: 2,
		Kind: Details, Column: leaks.RootDomain, ID: giant,
	})
	if err != nil {
		return nil, err
	}
	rows := first.Details.Data
	row, user, country := rows[len(rows)/2], rows[0].Username, "US"
	for _, r := range rows {
		if r.EmailDomain != "" {
			user = r.Username
			break
		}
	}
	for _, r := range rows {
		if r.Country != "" {
			country = r.Country
			break
		}
	}
	for _, q := range []Query{
		{Name: "mid", Title: fmt.Sprintf("the same, domain of %d rows", midReally), Bar: 0.5,
			Kind: Details, Column: leaks.RootDomain, ID: c.RootDomain(mid)},
		{Name: "small", Title: fmt.Sprintf("the same, domain of %d rows", smallReally), Bar: 0.1,
			Kind: Details, Column: leaks.RootDomain, ID: c.RootDomain(small)},
		{Name: "filtered", Title: "giant domain + type + country + 90 days", Bar: 2,
			Kind: Details, Column: leaks.RootDomain, ID: giant, Type: "Stealer", Country: country, From: corpus.End - window},
		{Name: "by-hash", Title: "by-hash", Bar: 0.03,
			Kind: ByHash, Column: leaks.RootDomain, ID: giant, Hash: row.Hash},
		{Name: "analytics", Title: "analytics, giant domain", Bar: 0.2, Kept: true,
			Kind: Analytics, Column: leaks.RootDomain, ID: giant},
		{Name: "search-giant", Title: "substring search, giant domain", Bar: 5,
			Kind: Details, Column: leaks.RootDomain, ID: giant, Search: "er12"},
		{Name: "search-whole", Title: "substring search, whole store, a text found seldom", Bar: 50,
			Kind: Details, Column: leaks.RootDomain, Search: "anna.b"},
		{Name: "search-common", Title: "the same for a text found often",
			Kind: Details, Column: leaks.RootDomain, Search: "er12"},
		{Name: "mail", Title: "details page 1, largest e-mail domain", Bar: 20,
			Kind: Details, Column: leaks.EmailDomain, ID: c.MailProvider(0)},
		{Name: "user", Title: "details, one username", Bar: 0.1,
			Kind: Details, Column: leaks.Username, ID: user},
		{Name: "deep", Title: "giant domain, page 1,000", Kept: true,
			Kind: Details, Column: leaks.RootDomain, ID: giant, Page: min(deepPage, first.Details.TotalPages)},
	} {
		if q.Page > 1 {
			q.Title = fmt.Sprintf("giant domain, page %d", q.Page)
		}
		if _, err := add(q); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// ID identifies the questions and leakscope's answers to them.
func (w *Workload) ID() string {
	b, err := json.Marshal(w)
	if err != nil {
		return err.Error() // equal to no other
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
