package main

import (
	"context"
	"strconv"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

type keywordCmd struct {
	Search  keywordSearchCmd  `cmd:"" help:"List deduplicated credentials whose host matches a keyword."`
	Stats   keywordStatsCmd   `cmd:"" help:"Show the statistics of such credentials in a window."`
	Preview keywordPreviewCmd `cmd:"" help:"Show how much a keyword would find, and where; no credential."`
}

// Help is the long text of leakctl keyword --help.
func (*keywordCmd) Help() string {
	return `A keyword matches a host or URL when its words, runs of letters and digits, stand among the host's in a row, in any case: acme-corp matches acme-corp-jobs.vendor.example, and acme does not match acmecorp.example.`
}

// keywordFlags say what is looked for.
type keywordFlags struct {
	Keyword   []string `required:"" sep:"none" placeholder:"WORDS" help:"Keyword; repeatable."`
	OwnDomain []string `sep:"none" placeholder:"DOMAIN" help:"Domain whose rows, and those of the domains below it, are left out; repeatable."`
}

func (f *keywordFlags) scope() (watchlist.Scope, error) {
	var sel watchlist.Selection
	for _, k := range f.Keyword {
		k, err := leaks.NormalizeKeyword(k)
		if err != nil {
			return watchlist.Scope{}, err
		}
		sel.Keywords = append(sel.Keywords, k)
	}
	for _, d := range f.OwnDomain {
		d, err := leaks.NormalizeDomain(d)
		if err != nil {
			return watchlist.Scope{}, usageErrorf("--own-domain: must be a domain name")
		}
		sel.Domains = append(sel.Domains, d)
	}
	return watchlist.Administrator().Only(sel)
}

type keywordSearchCmd struct {
	keywordFlags
	filterFlags
	Search         string `placeholder:"TEXT" help:"Substring, in any case, of user name, host, domains, IP address, computer name or machine user."`
	MinOccurrences int    `placeholder:"N" help:"At least N distinct sources."`
	SortBy         string `enum:"source_count,last_seen" default:"last_seen" help:"Order, descending: ${enum}."`
	Page           int    `default:"1" help:"Page, from 1."`
	PageSize       int    `default:"50" help:"Rows a page, 1 to 200."`
}

func (c *keywordSearchCmd) Run(ctx context.Context, e *env) error {
	scope, err := c.scope()
	if err != nil {
		return err
	}
	if err := checkPage(c.Page, c.PageSize); err != nil {
		return err
	}
	return e.query(func(s *leaks.Store) error {
		answer, err := s.KeywordSearch(ctx, leaks.KeywordQuery{
			Scope: scope, Filters: c.filters(),
			Search: c.Search, MinOccurrences: c.MinOccurrences,
			SortBy: leaks.Sort(c.SortBy), Page: c.Page, PageSize: c.PageSize,
		})
		if err != nil {
			return err
		}
		return e.print(answer, func(p *page) { keywordTable(p, answer) })
	})
}

func keywordTable(p *page, d *leaks.KeywordPage) {
	var rows [][]string
	for _, c := range d.Data {
		rows = append(rows, []string{
			shorten(c.MatchedKeyword, 14), shorten(c.Username, 24), c.Password, shorten(dash(c.Host), 26),
			strconv.Itoa(c.SourceCount), day(c.LastSeen), c.Hash,
		})
	}
	p.table([]string{"KEYWORD", "USERNAME", "PASS", "HOST", ">SRC", "LAST SEEN", "HASH"}, rows)
	p.total(d.Total, "credentials", d.Page, d.TotalPages)
}

type keywordStatsCmd struct {
	keywordFlags
	filterFlags
	Granularity string `enum:"day,hour" default:"day" help:"Steps of leaks_by_day: ${enum}."`
}

// Help is the long text of leakctl keyword stats --help.
func (*keywordStatsCmd) Help() string { return (*statsCmd)(nil).Help() }

func (c *keywordStatsCmd) Run(ctx context.Context, e *env) error {
	scope, err := c.scope()
	if err != nil {
		return err
	}
	return e.query(func(s *leaks.Store) error {
		answer, err := s.KeywordStats(ctx, leaks.KeywordStatsQuery{Scope: scope, Filters: c.filters(), Granularity: c.Granularity})
		if err != nil {
			return err
		}
		return e.print(answer, func(p *page) { statsTable(p, answer) })
	})
}

type keywordPreviewCmd struct {
	Keyword string `arg:"" help:"The keyword, 3 to 100 characters."`
}

func (c *keywordPreviewCmd) Run(ctx context.Context, e *env) error {
	return e.query(func(s *leaks.Store) error {
		answer, err := s.KeywordPreview(ctx, c.Keyword)
		if err != nil {
			return err
		}
		return e.print(answer, func(p *page) {
			p.line("%s: %s occurrences of %s credentials, below %s root domains", answer.Keyword,
				number(answer.TotalLeaks), number(answer.UniqueLeaks), number(answer.UniqueDomains))
			counts(p, "ROOT DOMAIN", answer.TopDomains, func(c stats.DomainCount) (string, uint64) { return c.Domain, c.Count })
		})
	})
}
