package watchlist

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A ListQuery says which part of a list is wanted, and how it is sorted.
type ListQuery struct {
	Kind   Kind   // of entries; empty: all
	Group  string // of entries, its id; empty: all
	Active *bool  // of entries; nil: all
	// Search keeps what contains it, whatever the case; at most 1,000
	// characters.
	Search string
	// SortBy is a column of the list, which says which there are; ties are in
	// the order of creation. SortOrder is asc or desc; empty is asc for texts
	// and desc for times.
	SortBy    string
	SortOrder string
	Page      int // from 1; 0 is 1
	PageSize  int // from 1 to 200; 0 is 50
}

// A Page is one page of a list. One past the end is empty.
type Page[T any] struct {
	Items    []T
	Page     int // from 1
	PageSize int
	Total    int // items of all pages
}

// TotalPages is the number of pages.
func (p Page[T]) TotalPages() int {
	if p.PageSize < 1 {
		return 0
	}
	return (p.Total + p.PageSize - 1) / p.PageSize
}

// A column is what a list may be sorted by.
type column[T any] struct {
	compare func(a, b *T) int
	desc    bool // by itself
}

type columns[T any] map[string]column[T]

func byText[T any](f func(*T) string) column[T] {
	return column[T]{func(a, b *T) int { return cmp.Compare(f(a), f(b)) }, false}
}

func byTime[T any](f func(*T) time.Time) column[T] {
	return column[T]{func(a, b *T) int { return f(a).Compare(f(b)) }, true}
}

// list collects the items that a query asks for.
type list[T any] struct {
	query   ListQuery
	columns columns[T]
	first   string // the column where the query names none
	id      func(*T) string
	match   func(*T, func(text string) bool) bool

	search string
	items  []T
}

// prepare validates the query. That of entries alone has Kind, Group and Active.
func (l *list[T]) prepare() error {
	q := &l.query
	switch {
	case q.Page < 0:
		return paramErrorf("page", "must be at least 1")
	case q.PageSize < 0 || q.PageSize > maxPageSize:
		return paramErrorf("pageSize", "must be from 1 to %d", maxPageSize)
	case q.SortOrder != "" && q.SortOrder != "asc" && q.SortOrder != "desc":
		return paramErrorf("sortOrder", "must be asc or desc")
	}
	q.Page, q.PageSize = cmp.Or(q.Page, 1), cmp.Or(q.PageSize, defaultPageSize)
	q.SortBy = cmp.Or(q.SortBy, l.first)
	if _, ok := l.columns[q.SortBy]; !ok {
		names := make([]string, 0, len(l.columns))
		for name := range l.columns {
			names = append(names, name)
		}
		slices.Sort(names)
		return paramErrorf("sortBy", "must be one of %s", strings.Join(names, ", "))
	}
	s, err := text("search", q.Search, 0, maxSearch)
	if err != nil {
		return err
	}
	l.search = strings.ToLower(s)
	return nil
}

func (l *list[T]) add(item T) {
	if l.search == "" || l.match(&item, l.has) {
		l.items = append(l.items, item)
	}
}

func (l *list[T]) has(s string) bool { return strings.Contains(strings.ToLower(s), l.search) }

// page sorts what was collected and cuts the page out.
func (l *list[T]) page() Page[T] {
	col := l.columns[l.query.SortBy]
	desc := col.desc
	if l.query.SortOrder != "" {
		desc = l.query.SortOrder == "desc"
	}
	slices.SortFunc(l.items, func(a, b T) int {
		c := col.compare(&a, &b)
		if c == 0 {
			c = cmp.Compare(l.id(&a), l.id(&b))
		}
		if desc {
			return -c
		}
		return c
	})
	p := Page[T]{Page: l.query.Page, PageSize: l.query.PageSize, Total: len(l.items)}
	if first := int64(p.Page-1) * int64(p.PageSize); p.Page <= p.Total && first < int64(p.Total) {
		p.Items = l.items[first:min(first+int64(p.PageSize), int64(p.Total))]
	}
	p.Items = slices.Clone(p.Items) // not the whole list in memory
	return p
}
