package leaks

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

// A KeywordQuery asks for deduplicated credentials whose host matches a keyword
// of the scope: the keyword's tokens, its runs of letters and digits, stand
// among the host's in a row, in any case. Rows whose domain a domain of the
// scope covers are left out: those are the caller's own, for [Store.Details].
type KeywordQuery struct {
	Scope    watchlist.Scope
	Keywords []string // in any spelling; nil: all of the scope's
	Filters
	// Search, MinOccurrences, Page, PageSize and Cursor are those of a
	// DetailsQuery.
	Search         string
	MinOccurrences int
	SortBy         Sort // ByLastSeen if empty
	Page           int
	PageSize       int
	Cursor         string
}

// A KeywordCredential is one row of a keyword search: all selected occurrences
// of one hash whose host matches a keyword. MatchedKeyword is the one that
// matches the host of the representative occurrence; of several, the longest.
type KeywordCredential struct {
	Credential
	MatchedKeyword string `json:"matched_keyword"`
}

// A KeywordPage is the answer to a [KeywordQuery].
type KeywordPage struct {
	Data       []KeywordCredential `json:"data"`
	Total      int                 `json:"total"` // exact
	Page       int                 `json:"page"`
	PageSize   int                 `json:"page_size"`
	TotalPages int                 `json:"total_pages"`
	// NextCursor continues after the last row; empty at the end.
	NextCursor string `json:"-"`
}

// KeywordSearch returns one page of the credentials that q selects. A scope
// without keywords has none. Of a scope without limits, that of
// [watchlist.Administrator], the keywords must be named. A keyword that the
// scope does not have is [ErrOutside].
func (s *Store) KeywordSearch(ctx context.Context, q KeywordQuery) (*KeywordPage, error) {
	defer s.asks()()
	p, err := compileKeywords(ctx, q.Scope, q.Keywords, &q.Filters, q.Search)
	if err != nil {
		return nil, err
	}
	dq := DetailsQuery{
		MinOccurrences: q.MinOccurrences, SortBy: orDefault(q.SortBy, ByLastSeen),
		Page: q.Page, PageSize: q.PageSize, Cursor: q.Cursor,
	}
	d, err := p.details(&dq)
	if err != nil {
		return nil, err
	}
	page, err := s.page(ctx, &dq, d)
	if err != nil {
		return nil, fmt.Errorf("keyword search: %w", err)
	}
	out := &KeywordPage{
		Data: make([]KeywordCredential, len(page.Data)), Total: page.Total,
		Page: page.Page, PageSize: page.PageSize, TotalPages: page.TotalPages, NextCursor: page.NextCursor,
	}
	for i, c := range page.Data {
		keyword, _ := p.keywordOf([]byte(c.Host))
		out.Data[i] = KeywordCredential{c, keyword}
	}
	return out, nil
}

// A KeywordStatsQuery asks for the statistics of what a KeywordQuery selects,
// in a window as that of a [StatsQuery].
type KeywordStatsQuery struct {
	Scope    watchlist.Scope
	Keywords []string
	Filters
	Granularity string // "day" (default) or "hour", of leaks_by_day
}

// KeywordStats returns the statistics of the occurrences whose host matches a
// keyword, as [Store.Stats] does; identifiers are the root domains.
func (s *Store) KeywordStats(ctx context.Context, q KeywordStatsQuery) (*stats.Report, error) {
	defer s.asks()()
	p, err := compileKeywords(ctx, q.Scope, q.Keywords, &q.Filters, "")
	if err != nil {
		return nil, err
	}
	return s.report(ctx, p, &q.Filters, q.Granularity)
}

// KeywordOccurrences returns the raw occurrences of a credential that queries
// over all keywords of the scope see, as [Store.Occurrences] does.
func (s *Store) KeywordOccurrences(ctx context.Context, scope watchlist.Scope, keywords []string, hash string) (*Occurrences, error) {
	return s.occurrencesOf(ctx, "keyword occurrences", hash, func() (*plan, error) {
		return compileKeywords(ctx, scope, keywords, &Filters{}, "")
	})
}

// A KeywordPreview says how much a keyword would find in the whole store. It
// holds no credential.
type KeywordPreview struct {
	Keyword       string              `json:"keyword"`
	TotalLeaks    uint64              `json:"total_leaks"`    // occurrences
	UniqueLeaks   uint64              `json:"unique_leaks"`   // credentials
	UniqueDomains uint64              `json:"unique_domains"` // root domains
	TopDomains    []stats.DomainCount `json:"top_domains"`    // 10 root domains, by occurrences
}

// topPreview is how many root domains a preview lists.
const topPreview = 10

// KeywordPreview returns how much a keyword matches, exactly, whoever asks: it is
// for choosing one. It must have 3 to 100 characters.
func (s *Store) KeywordPreview(ctx context.Context, keyword string) (*KeywordPreview, error) {
	defer s.asks()()
	p, err := compileKeywords(ctx, watchlist.Administrator(), []string{keyword}, &Filters{}, "")
	if err != nil {
		return nil, err
	}
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	out := &KeywordPreview{Keyword: p.words[0].keyword, TopDomains: []stats.DomainCount{}}
	if err := sn.preview(ctx, p, out); err != nil {
		return nil, fmt.Errorf("keyword preview: %w", err)
	}
	return out, nil
}

func (sn *snapshot) preview(ctx context.Context, p *plan, out *KeywordPreview) (err error) {
	defer sn.watch().end(&err)
	counts := make(map[string]uint64)
	for _, h := range sn.segments {
		sel, err := newSelection(ctx, p, h.table)
		if err != nil {
			return err
		}
		if sel == nil {
			continue
		}
		c := sel.c
		root, end, n, polled := "", uint32(0), uint64(0), 0
		err = sel.each(func(group uint32) error {
			if group >= end {
				counts[root] += n
				n = 0
				ord := c.groupRoot(group)
				_, end = c.rootGroups(ord)
				root = c.rootName(ord)
			}
			lo, hi := c.groupRows(group)
			for r := lo; r < hi; r++ {
				if sel.row(r, true) {
					n++
				}
			}
			if polled += int(hi-lo) + 1; polled < pollRows {
				return nil
			}
			polled = 0
			return firstError(ctx.Err(), c.err())
		})
		if err := firstError(err, c.err()); err != nil {
			return err
		}
		counts[root] += n
	}
	for root, n := range counts {
		out.TotalLeaks += n
		if n > 0 && root != "" {
			out.UniqueDomains++
			out.TopDomains = append(out.TopDomains, stats.DomainCount{Domain: root, Count: n})
		}
	}
	slices.SortFunc(out.TopDomains, func(a, b stats.DomainCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Domain, b.Domain))
	})
	out.TopDomains = slices.Clip(out.TopDomains[:min(topPreview, len(out.TopDomains))])
	all := newRanker(ByLastSeen, 0, 1, nil)
	if err := gather(ctx, sn, p, all); err != nil {
		return err
	}
	out.UniqueLeaks = uint64(all.total)
	return nil
}
