package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// datasetFlags are those of the data sets' commands.
type datasetFlags struct {
	From     string `placeholder:"DAY" help:"First day of detection; included."`
	To       string `placeholder:"DAY" help:"Last day of detection; not included."`
	Search   string `placeholder:"TEXT" help:"Substring, in any case, of any text."`
	SortBy   string `placeholder:"FIELD" help:"Field to sort by; default the newest detection first."`
	Reverse  bool   `help:"Sort descending."`
	Page     int    `default:"1" help:"Page, from 1."`
	PageSize int    `default:"50" help:"Rows a page, 1 to 200."`
}

// check refuses what in Go stands for the default.
func (f *datasetFlags) check() error {
	switch {
	case f.Page < 1:
		return usageErrorf("--page: must be at least 1")
	case f.PageSize < 1:
		return usageErrorf("--page-size: must be from 1 to 200")
	case f.Reverse && f.SortBy == "":
		return usageErrorf("--reverse: needs --sort-by")
	}
	return nil
}

type documentsCmd struct {
	datasetFlags
	Domain []string `sep:"none" placeholder:"D" help:"Only documents that name this domain or one below it; repeatable."`
}

// Run lists documents.
func (c *documentsCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	flags := identifierFlags{Identifier: c.Domain}
	scope, err := flags.scope(leaks.RootDomain, true)
	if err != nil {
		return ofFlag(err, "domain")
	}
	return e.query(func(s *leaks.Store) error {
		answer, err := s.Documents(ctx, leaks.DocumentsQuery{
			Scope: scope, From: leaks.Day(c.From), To: leaks.Day(c.To), Search: c.Search,
			SortBy: c.SortBy, Descending: c.Reverse, Page: c.Page, PageSize: c.PageSize,
		})
		if err != nil {
			return err
		}
		return e.print(answer, func(p *page) {
			var rows [][]string
			for _, d := range answer.Data {
				rows = append(rows, []string{
					day(d.DetectedAt), shorten(d.Domain, 26), shorten(dash(d.Name), 30), size(d.Size),
					shorten(dash(d.Source), 12), shorten(dash(d.SHA256), 13), d.ID,
				})
			}
			p.table([]string{"DETECTED", "DOMAIN", "NAME", ">SIZE", "SOURCE", "SHA256", "ID"}, rows)
			p.total(answer.Total, "documents", answer.Page, answer.TotalPages)
		})
	})
}

type cardsCmd struct {
	datasetFlags
	BIN []string `name:"bin" sep:"none" placeholder:"DIGITS" help:"Only cards whose BIN begins with these 6 to 8 digits; repeatable."`
}

// Run lists cards.
func (c *cardsCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	scope := watchlist.Administrator() // who has the store's key may see all of it
	if len(c.BIN) > 0 {
		for _, bin := range c.BIN {
			if len(bin) < 6 || len(bin) > 8 || strings.Trim(bin, "0123456789") != "" {
				return usageErrorf("--bin: must have 6 to 8 digits")
			}
		}
		var err error
		if scope, err = scope.OnlyBINs(c.BIN...); err != nil {
			return err
		}
	}
	return e.query(func(s *leaks.Store) error {
		answer, err := s.Cards(ctx, leaks.CardsQuery{
			Scope: scope, From: leaks.Day(c.From), To: leaks.Day(c.To), Search: c.Search,
			SortBy: c.SortBy, Descending: c.Reverse, Page: c.Page, PageSize: c.PageSize,
		})
		if err != nil {
			return err
		}
		return e.print(answer, func(p *page) {
			var rows [][]string
			for _, d := range answer.Data {
				rows = append(rows, []string{
					day(d.DetectedAt), d.BIN, d.Last4, dash(d.Brand), dash(d.Expiry), dash(d.Country), shorten(dash(d.Source), 12), d.ID,
				})
			}
			p.table([]string{"DETECTED", "BIN", "LAST4", "BRAND", "EXPIRY", "CC", "SOURCE", "ID"}, rows)
			p.total(answer.Total, "cards", answer.Page, answer.TotalPages)
		})
	})
}

type machineCmd struct {
	ID         string   `arg:"" help:"Machine id or hardware id, exactly."`
	Identifier []string `sep:"none" placeholder:"V" help:"Only what concerns this domain, user name or e-mail address; repeatable."`
}

// Run shows one infected machine.
func (c *machineCmd) Run(ctx context.Context, e *env) error {
	flags := identifierFlags{Identifier: c.Identifier}
	scope, err := flags.scope(leaks.AnyColumn, true)
	if err != nil {
		return err
	}
	return e.query(func(s *leaks.Store) error {
		m, err := s.Machine(ctx, scope, c.ID)
		if errors.Is(err, leaks.ErrNotFound) {
			return fmt.Errorf("no machine of id %s", c.ID)
		}
		if err != nil {
			return err
		}
		return e.print(m, func(p *page) {
			p.line("machine id %s, hardware id %s", dash(m.MachineID), dash(m.HardwareID))
			p.line("computer %s, user %s, country %s, IP %s", dash(m.ComputerName), dash(m.MachineUser), dash(m.Country), dash(m.IPAddress))
			p.line("stealer %s, log of %s, seen %s to %s", dash(m.StealerName), day(m.LogDate), day(m.FirstSeen), day(m.LastSeen))
			p.line("")
			var rows [][]string
			for _, r := range m.Credentials {
				rows = append(rows, []string{shorten(r.Username, 30), r.Password, shorten(dash(r.Host), 40), day(r.LastSeen), r.Hash})
			}
			p.table([]string{"USERNAME", "PASS", "HOST", "LAST SEEN", "HASH"}, rows)
			p.line("%s credentials", number(m.Total))
		})
	})
}
