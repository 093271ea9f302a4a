package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

type detailsCmd struct {
	columnFlag
	identifierFlags
	filterFlags
	Search         string `placeholder:"TEXT" help:"Substring, in any case, of user name, host, domains, IP address, computer name or machine user."`
	MinOccurrences int    `placeholder:"N" help:"At least N distinct sources."`
	SortBy         string `enum:"source_count,last_seen" default:"source_count" help:"Order, descending: ${enum}."`
	Page           int    `default:"1" help:"Page, from 1."`
	PageSize       int    `default:"50" help:"Rows a page, 1 to 200."`
}

func (c *detailsCmd) Run(ctx context.Context, e *env) error {
	scope, err := c.scope(c.column(), false)
	if err != nil {
		return err
	}
	if err := checkPage(c.Page, c.PageSize); err != nil {
		return err
	}
	return e.query(func(s *leaks.Store) error {
		answer, err := s.Details(ctx, leaks.DetailsQuery{
			Scope: scope, Column: c.column(), Filters: c.filters(),
			Search: c.Search, MinOccurrences: c.MinOccurrences,
			SortBy: leaks.Sort(c.SortBy), Page: c.Page, PageSize: c.PageSize,
		})
		if err != nil {
			return err
		}
		return e.print(answer, func(p *page) { detailsTable(p, answer) })
	})
}

// checkPage: in Go, zero stands for the default; written out it is a mistake.
func checkPage(page, size int) error {
	if page < 1 {
		return usageErrorf("--page: must be at least 1")
	}
	if size < 1 {
		return usageErrorf("--page-size: must be from 1 to 200")
	}
	return nil
}

func detailsTable(p *page, d *leaks.DetailsPage) {
	var rows [][]string
	for _, c := range d.Data {
		rows = append(rows, []string{
			shorten(c.Username, 27), c.Password, shorten(dash(c.Domain), 22), types(c.Types),
			strconv.Itoa(c.SourceCount), day(c.LastSeen), c.Hash,
		})
	}
	p.table([]string{"USERNAME", "PASS", "DOMAIN", "TYPES", ">SRC", "LAST SEEN", "HASH"}, rows)
	p.total(d.Total, "credentials", d.Page, d.TotalPages)
}

// types spells the types of a credential briefly.
func types(list []string) string {
	if len(list) > 1 {
		return "both"
	}
	return strings.Join(list, "")
}

func day(t leaks.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02")
}

type byHashCmd struct {
	columnFlag
	identifierFlags
	Hash string `required:"" help:"Credential hash, 32 hex digits."`
}

func (c *byHashCmd) Run(ctx context.Context, e *env) error {
	scope, err := c.scope(c.column(), true)
	if err != nil {
		return err
	}
	return e.query(func(s *leaks.Store) error {
		found, err := s.Occurrences(ctx, scope, c.column(), c.Hash)
		if err != nil {
			return err
		}
		return e.print(found, func(p *page) { occurrencesTable(p, found) })
	})
}

func occurrencesTable(p *page, o *leaks.Occurrences) {
	var rows [][]string
	for _, r := range o.Data {
		rows = append(rows, []string{
			r.UploadStealed.String(), r.Type, shorten(dash(r.Source), 12), shorten(dash(r.Host), 26),
			shorten(dash(r.StealerName), 9), dash(r.Country), shorten(dash(r.IPAddress), 15), shorten(dash(r.ComputerName), 14),
		})
	}
	if len(o.Data) > 0 {
		p.line("%s  %s", o.Data[0].Username, o.Data[0].Password)
	}
	p.table([]string{"DETECTED", "TYPE", "SOURCE", "HOST", "STEALER", "CC", "IP", "COMPUTER"}, rows)
	p.line("%s occurrences", number(len(o.Data)))
}
