package peers

import (
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

// A Kind of query.
type Kind string

// The kinds.
const (
	Details   Kind = "details"
	ByHash    Kind = "by-hash"
	Analytics Kind = "analytics"
)

// A Query is what every engine is asked. Of a Details query the results are in
// the contract's default order, by source_count.
type Query struct {
	Name   string // unique in a workload
	Title  string // for people
	Kind   Kind
	Column leaks.Column // what ID is matched against
	ID     string       // "" : the whole store
	// Filters of a Details query; empty, none.
	Type, Country string
	From          uint32 // least upload_stealed; 0: any
	Search        string
	Page          int    // of 50 rows, from 1
	Hash          string // of a ByHash query: hex
	// Bar is the median to stay below, in ms; 0: none.
	Bar float64
	// Kept says that leakscope keeps the answer for the next time, so that
	// the first time is of interest, too.
	Kept bool
}

// PageSize is that of every Details query.
const PageSize = 50

// An Answer holds the part that its query's kind asks for.
type Answer struct {
	Details     *leaks.DetailsPage `json:",omitempty"`
	Occurrences *leaks.Occurrences `json:",omitempty"`
	Analytics   *stats.Analytics   `json:",omitempty"`
	// Estimated is the relative error to allow in the unique numbers of
	// Analytics; 0 when they are exact. leakscope's own error comes on top.
	Estimated float64 `json:",omitempty"`
}

// Found returns how many results the answer speaks of.
func (a *Answer) Found() int {
	switch {
	case a.Details != nil:
		return a.Details.Total
	case a.Occurrences != nil:
		return len(a.Occurrences.Data)
	case a.Analytics != nil:
		return int(a.Analytics.TotalLeaks)
	}
	return 0
}

// Request returns the query as leakscope is asked it.
func (q *Query) Request() leaks.DetailsQuery {
	req := leaks.DetailsQuery{Scope: q.Scope(), Column: q.Column, Search: q.Search, Page: q.Page, PageSize: PageSize}
	if q.Type != "" {
		req.Type = []string{q.Type}
	}
	if q.Country != "" {
		req.Country = []string{q.Country}
	}
	if q.From != 0 {
		req.StartDate = leaks.Day(timeOf(q.From).Format(time.DateOnly))
	}
	return req
}

// Scope returns the scope of the query as leakscope is asked it. IDs come from a
// corpus and are normalised.
func (q *Query) Scope() watchlist.Scope {
	everything := watchlist.Administrator()
	if q.ID == "" {
		return everything
	}
	narrow := everything.OnlyDomains
	if q.Column == leaks.Username {
		narrow = everything.OnlyUsernames
	}
	scope, err := narrow(q.ID)
	if err != nil {
		panic(err) // all there is lies in everything
	}
	return scope
}
