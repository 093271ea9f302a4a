package main

import (
	"context"
	"strconv"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// workspaceCmd administers workspaces.
type workspaceCmd struct {
	Create workspaceCreateCmd `cmd:"" help:"Make a workspace, and the store if need be."`
	List   workspaceListCmd   `cmd:"" help:"List the workspaces."`
	Update workspaceUpdateCmd `cmd:"" help:"Change a workspace's name, quotas or billing."`
	Delete workspaceDeleteCmd `cmd:"" help:"Delete a workspace with its watchlists and keys."`
}

// directory opens the store for one thing to do with its watchlists.
func (e *env) directory(do func(*watchlist.Directory) error) error {
	return e.query(func(s *leaks.Store) error { return do(s.Watchlists()) })
}

// listFlags are the part of a list that is wanted.
type listFlags struct {
	Search    string `placeholder:"TEXT" help:"Keep what contains this text, in any case."`
	SortBy    string `placeholder:"COLUMN" help:"Sort by this member of the JSON."`
	SortOrder string `enum:"asc,desc," default:"" placeholder:"ORDER" help:"asc or desc."`
	Page      int    `default:"1" help:"Page, from 1."`
	PageSize  int    `default:"50" help:"Rows of a page, 1 to 200."`
}

func (f *listFlags) query() (watchlist.ListQuery, error) {
	// In Go, zero stands for the default; written out it is a mistake.
	if f.Page < 1 {
		return watchlist.ListQuery{}, usageErrorf("--page: must be at least 1")
	}
	if f.PageSize < 1 {
		return watchlist.ListQuery{}, usageErrorf("--page-size: must be from 1 to 200")
	}
	return watchlist.ListQuery{
		Search: f.Search, SortBy: f.SortBy, SortOrder: f.SortOrder, Page: f.Page, PageSize: f.PageSize,
	}, nil
}

// listing is a page of a list in JSON.
type listing[T any] struct {
	Data       []T `json:"data"`
	Total      int `json:"total"`
	Page       int `json:"page"`
	PageSize   int `json:"page_size"`
	TotalPages int `json:"total_pages"`
}

// printList prints a page of a list; row spells an item for the table.
func printList[T any](e *env, l watchlist.Page[T], what string, head []string, row func(T) []string) error {
	answer := listing[T]{append([]T{}, l.Items...), l.Total, l.Page, l.PageSize, l.TotalPages()}
	return e.print(answer, func(p *page) {
		var rows [][]string
		for _, item := range l.Items {
			rows = append(rows, row(item))
		}
		p.table(head, rows)
		p.total(l.Total, what, l.Page, l.TotalPages())
	})
}

// moment spells an instant, or a dash for none.
func moment(t watchlist.Time) string { return instantAs(t, "2006-01-02 15:04") }

// onDay spells the day of an instant, or a dash for none.
func onDay(t watchlist.Time) string { return instantAs(t, time.DateOnly) }

func instantAs(t watchlist.Time, layout string) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(layout)
}

// workspaceFlags are the properties of a workspace.
type workspaceFlags struct {
	Quota         map[string]int `placeholder:"KIND=N" help:"How many entries of a kind there may be; 0 is the kind's default; repeatable."`
	Block         bool           `help:"Let billing block new domains, keywords and BINs."`
	BillingReason string         `placeholder:"TEXT" help:"Why, as the workspace is told."`
	BillingStatus string         `placeholder:"TEXT" help:"State of billing, as the workspace is told."`
}

func (f *workspaceFlags) quotas() (map[watchlist.Kind]int, error) {
	quotas := make(map[watchlist.Kind]int)
	for name, n := range f.Quota {
		kind := watchlist.Kind(name)
		if !kind.Valid() {
			return nil, usageErrorf("--quota: %q is no kind of entry: there are %v", name, watchlist.Kinds())
		}
		quotas[kind] = n
	}
	return quotas, nil
}

func (f *workspaceFlags) billing() watchlist.Billing {
	return watchlist.Billing{Blocked: f.Block, Reason: f.BillingReason, Status: f.BillingStatus}
}

type workspaceCreateCmd struct {
	Name string `arg:"" help:"Name of the organisation."`
	workspaceFlags
}

func (c *workspaceCreateCmd) Run(ctx context.Context, e *env) error {
	quotas, err := c.quotas()
	if err != nil {
		return err
	}
	s, err := e.open(true, leaks.Options{NoBackgroundMerge: true})
	if err != nil {
		return err
	}
	w, err := s.Watchlists().CreateWorkspace(ctx, watchlist.WorkspaceSpec{Name: c.Name, Billing: c.billing(), Quotas: quotas})
	if err == nil {
		err = printWorkspace(e, w)
	}
	return e.after(err, s.Close())
}

func printWorkspace(e *env, w watchlist.Workspace) error {
	return e.print(w, func(p *page) { p.table(workspaceHead, [][]string{workspaceRow(w)}) })
}

var workspaceHead = []string{"ID", "NAME", "BILLING", "CREATED", "CHANGED"}

func workspaceRow(w watchlist.Workspace) []string {
	billing := "-"
	if w.Billing.Blocked {
		billing = "blocked"
	}
	return []string{w.ID, shorten(w.Name, 40), billing, moment(w.CreatedAt), moment(w.UpdatedAt)}
}

type workspaceListCmd struct{ listFlags }

func (c *workspaceListCmd) Run(ctx context.Context, e *env) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	return e.directory(func(d *watchlist.Directory) error {
		l, err := d.Workspaces(ctx, q)
		if err != nil {
			return err
		}
		return printList(e, l, "workspaces", workspaceHead, workspaceRow)
	})
}

type workspaceUpdateCmd struct {
	Workspace string  `arg:"" help:"Id of the workspace."`
	Name      *string `placeholder:"NAME" help:"New name."`
	Unblock   bool    `help:"Let billing block nothing any more."`
	workspaceFlags
}

func (c *workspaceUpdateCmd) Run(ctx context.Context, e *env) error {
	quotas, err := c.quotas()
	if err != nil {
		return err
	}
	change := watchlist.WorkspaceChange{Name: c.Name, Quotas: quotas}
	switch b := c.billing(); {
	case c.Unblock && b != (watchlist.Billing{}):
		return usageErrorf("--unblock and --block, --billing-reason, --billing-status exclude each other")
	case c.Unblock || c.Block:
		change.Billing = &b
	case b != (watchlist.Billing{}):
		return usageErrorf("--billing-reason and --billing-status go with --block")
	}
	return e.directory(func(d *watchlist.Directory) error {
		w, err := d.UpdateWorkspace(ctx, c.Workspace, change)
		if err != nil {
			return err
		}
		return printWorkspace(e, w)
	})
}

type workspaceDeleteCmd struct {
	Workspace string `arg:"" help:"Id of the workspace."`
	Yes       bool   `required:"" help:"Confirm: watchlists and keys go with it. Leaks stay."`
}

// deleted is what deleting prints.
type deleted struct {
	Count int `json:"count"`
}

func printDeleted(e *env, n int) error {
	return e.print(deleted{n}, func(p *page) { p.line("%s deleted", strconv.Itoa(n)) })
}

func (c *workspaceDeleteCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		if err := d.DeleteWorkspace(ctx, c.Workspace); err != nil {
			return err
		}
		return printDeleted(e, 1)
	})
}
