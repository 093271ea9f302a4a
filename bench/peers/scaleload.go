package peers

import (
	"context"
	"fmt"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/leaks"
)

// ScaleWorkload is what is asked of stores of different sizes about domains of
// one size.
func ScaleWorkload(ctx context.Context, domain string, s Session) (*Workload, error) {
	w := new(Workload)
	page := Query{Name: "page", Title: "details page 1", Kind: Details, Column: leaks.RootDomain, ID: domain, Page: 1}
	first, err := s.Ask(ctx, &page)
	if err != nil {
		return nil, err
	}
	if first.Found() == 0 {
		return nil, fmt.Errorf("the domain for scale holds nothing")
	}
	row := first.Details.Data[0]
	filtered, search, hash, analytics := page, page, page, page
	filtered.Name, filtered.Title, filtered.Type, filtered.From = "filtered", "+ type + 90 days", "Stealer", corpus.End-window
	search.Name, search.Title, search.Search = "search", "+ search", "er12"
	hash.Name, hash.Title, hash.Kind, hash.Hash = "by-hash", "by-hash", ByHash, row.Hash
	analytics.Name, analytics.Title, analytics.Kind = "analytics", "analytics", Analytics
	user := Query{Name: "user", Title: "one username", Kind: Details, Column: leaks.Username, ID: row.Username, Page: 1}
	w.Queries = []Query{page, filtered, search, hash, analytics, user}
	return w, nil
}
