package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
	"github.com/leakscope/leakscope/watchlist"
)

// takeList ingests a unit's documents or cards.
func (j *ingestJob) takeList(ctx context.Context, u unit, opts *leaks.IngestOptions) (leaks.IngestResult, error) {
	if j.dataset == "documents" {
		return j.store.IngestDocuments(ctx, listOf(ctx, j, u, formats.Documents), opts)
	}
	return j.store.IngestCards(ctx, listOf(ctx, j, u, formats.Cards), opts)
}

// listOf reads every list of a unit: the file that was asked for, or those of a
// folder or archive whose names say that they are lists. Of several files one
// that cannot be read is reported, and the others go on.
func listOf[T any](ctx context.Context, j *ingestJob, u unit,
	read func(context.Context, io.Reader, formats.Options) iter.Seq2[T, error]) iter.Seq2[T, error] {
	var none T
	base := u.path
	if !u.loose {
		base = filepath.Dir(u.path)
	}
	return func(yield func(T, error) bool) {
		entries := u.walk(ctx, j.in.options)
		if u.path == "-" {
			entries = archives.Stream(ctx, interruptible(ctx, j.stdin), u.path, j.in.options)
		}
		for e, err := range entries {
			var damage *formats.Damage
			if errors.As(err, &damage) {
				j.damage(damage)
				continue
			}
			if err != nil {
				yield(none, err)
				return
			}
			single := u.path == "-" || !u.loose && e.Archive == ""
			if !single && !listName(e.Path) {
				continue
			}
			j.found = true
			opts := formats.Options{Format: j.in.format, File: u.path, Source: j.in.source}
			if !single {
				opts.File = filepath.Join(base, e.Place())
			}
			err = readList(ctx, e, opts, read, func(rec T, err error) bool {
				j.bar.record()
				return yield(rec, err)
			})
			switch {
			case errors.Is(err, errStopped):
				return
			case err != nil && (single || ctx.Err() != nil):
				yield(none, err)
				return
			case err != nil:
				j.failed = true
				j.bar.clear()
				j.sayPathError(opts.File, err)
			}
		}
		if j.locked && !j.found {
			yield(none, errLocked)
		}
	}
}

// errStopped: whoever asked wants no more.
var errStopped = errors.New("stopped")

// readList yields what one file holds; its error is what ended that.
func readList[T any](ctx context.Context, e formats.Entry, opts formats.Options,
	read func(context.Context, io.Reader, formats.Options) iter.Seq2[T, error], yield func(T, error) bool) error {
	f, err := e.Open()
	if err != nil {
		return err
	}
	for rec, err := range read(ctx, f, opts) {
		if err != nil && !errors.As(err, new(*leaks.Reject)) {
			return errors.Join(err, f.Close())
		}
		if !yield(rec, err) {
			f.Close() // what it has to say nobody wants
			return errStopped
		}
	}
	return f.Close()
}

// listName reports whether a file is, by its name, a list.
func listName(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt":
		return true
	}
	return false
}

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
		return err
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
			p.line("%s documents, page %d of %d", number(answer.Total), answer.Page, answer.TotalPages)
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
			p.line("%s cards, page %d of %d", number(answer.Total), answer.Page, answer.TotalPages)
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
			return fmt.Errorf("no machine of that id: %w", err)
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
