package main

import (
	"context"
	"strconv"

	"github.com/leakscope/leakscope/watchlist"
)

// watchCmd administers what a workspace watches.
type watchCmd struct {
	Add    watchAddCmd    `cmd:"" help:"Add entries, all or none."`
	List   watchListCmd   `cmd:"" help:"List entries."`
	Update watchUpdateCmd `cmd:"" help:"Change an entry."`
	Delete watchDeleteCmd `cmd:"" help:"Delete entries."`
	Stats  watchStatsCmd  `cmd:"" help:"Count entries against the quotas."`
	Group  watchGroupCmd  `cmd:"" help:"Make, list and delete groups of entries."`
}

// workspaceFlag names the workspace that a command works on.
type workspaceFlag struct {
	Workspace string `required:"" placeholder:"ID" help:"Id of the workspace."`
}

var entryHead = []string{"ID", "KIND", "VALUE", "LABEL", "ACTIVE", "CREATED"}

func entryRow(n watchlist.Entry) []string {
	active := "yes"
	if !n.Active {
		active = "no"
	}
	return []string{n.ID, string(n.Kind), shorten(n.Value, 30), shorten(dash(n.Label), 16), active, onDay(n.CreatedAt)}
}

func entryRows(entries []watchlist.Entry) [][]string {
	var rows [][]string
	for _, n := range entries {
		rows = append(rows, entryRow(n))
	}
	return rows
}

type watchAddCmd struct {
	workspaceFlag
	Kind     watchlist.Kind `required:"" placeholder:"KIND" help:"What the values are: domain, keyword, bin, executive, asset or ransom."`
	Group    string         `placeholder:"ID" help:"Group that they belong to."`
	Label    string         `placeholder:"TEXT" help:"Label of each."`
	Note     string         `placeholder:"TEXT" help:"Note on each."`
	Inactive bool           `help:"Keep them, but let them grant nothing yet."`
	Value    []string       `arg:"" help:"The values."`
}

// checkKind refuses what is no kind; empty stands for all where it may.
func checkKind(k watchlist.Kind) error {
	if k != "" && !k.Valid() {
		return usageErrorf("--kind: %q is no kind of entry: there are %v", string(k), watchlist.Kinds())
	}
	return nil
}

func (c *watchAddCmd) Run(ctx context.Context, e *env) error {
	if err := checkKind(c.Kind); err != nil {
		return err
	}
	specs := make([]watchlist.EntrySpec, len(c.Value))
	for i, v := range c.Value {
		specs[i] = watchlist.EntrySpec{Kind: c.Kind, Value: v, Group: c.Group, Label: c.Label, Note: c.Note, Inactive: c.Inactive}
	}
	return e.directory(func(d *watchlist.Directory) error {
		entries, err := d.CreateEntries(ctx, c.Workspace, specs)
		if err != nil {
			return err
		}
		answer := listing[watchlist.Entry]{entries, len(entries), 1, len(entries), 1}
		return e.print(answer, func(p *page) { p.table(entryHead, entryRows(entries)) })
	})
}

type watchListCmd struct {
	workspaceFlag
	Kind  watchlist.Kind `placeholder:"KIND" help:"Entries of this kind."`
	Group string         `placeholder:"ID" help:"Entries of this group."`
	listFlags
}

func (c *watchListCmd) Run(ctx context.Context, e *env) error {
	if err := checkKind(c.Kind); err != nil {
		return err
	}
	q, err := c.query()
	if err != nil {
		return err
	}
	q.Kind, q.Group = c.Kind, c.Group
	return e.directory(func(d *watchlist.Directory) error {
		l, err := d.Entries(ctx, c.Workspace, q)
		if err != nil {
			return err
		}
		return printList(e, l, "entries", entryHead, entryRow)
	})
}

type watchUpdateCmd struct {
	workspaceFlag
	Entry      string  `arg:"" help:"Id of the entry."`
	Value      *string `placeholder:"VALUE" help:"New value."`
	Group      *string `placeholder:"ID" help:"New group; empty for none."`
	Label      *string `placeholder:"TEXT" help:"New label."`
	Note       *string `placeholder:"TEXT" help:"New note."`
	Activate   bool    `xor:"active" help:"Let it grant what it stands for."`
	Deactivate bool    `xor:"active" help:"Let it grant nothing."`
}

func (c *watchUpdateCmd) Run(ctx context.Context, e *env) error {
	change := watchlist.EntryChange{Value: c.Value, Group: c.Group, Label: c.Label, Note: c.Note}
	if c.Activate || c.Deactivate {
		change.Active = &c.Activate
	}
	return e.directory(func(d *watchlist.Directory) error {
		n, err := d.UpdateEntry(ctx, c.Workspace, "", c.Entry, change)
		if err != nil {
			return err
		}
		return e.print(n, func(p *page) { p.table(entryHead, [][]string{entryRow(n)}) })
	})
}

type watchDeleteCmd struct {
	workspaceFlag
	Entry []string `arg:"" help:"Ids of entries."`
}

func (c *watchDeleteCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		n, err := d.DeleteEntries(ctx, c.Workspace, "", c.Entry)
		if err != nil {
			return err
		}
		return printDeleted(e, n)
	})
}

type watchStatsCmd struct{ workspaceFlag }

func (c *watchStatsCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		st, err := d.Stats(ctx, c.Workspace)
		if err != nil {
			return err
		}
		return e.print(st, func(p *page) {
			var rows [][]string
			for _, k := range st.Kinds {
				rows = append(rows, []string{string(k.Kind), number(k.Used), number(k.Active), number(k.Limit)})
			}
			p.table([]string{"KIND", ">ENTRIES", ">ACTIVE", ">QUOTA"}, rows)
			p.line("%s groups", strconv.Itoa(st.Groups))
		})
	})
}

// watchGroupCmd administers the groups of a workspace.
type watchGroupCmd struct {
	Create watchGroupCreateCmd `cmd:"" help:"Make a group."`
	List   watchGroupListCmd   `cmd:"" help:"List groups."`
	Delete watchGroupDeleteCmd `cmd:"" help:"Delete groups with the entries in them."`
}

var groupHead = []string{"ID", "NAME", "DESCRIPTION", "CREATED"}

func groupRow(g watchlist.Group) []string {
	return []string{g.ID, shorten(g.Name, 30), shorten(dash(g.Description), 30), onDay(g.CreatedAt)}
}

type watchGroupCreateCmd struct {
	workspaceFlag
	Name        string `arg:"" help:"Name of the group."`
	Description string `placeholder:"TEXT" help:"What it is for."`
}

func (c *watchGroupCreateCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		g, err := d.CreateGroup(ctx, c.Workspace, watchlist.GroupSpec{Name: c.Name, Description: c.Description})
		if err != nil {
			return err
		}
		return e.print(g, func(p *page) { p.table(groupHead, [][]string{groupRow(g)}) })
	})
}

type watchGroupListCmd struct {
	workspaceFlag
	listFlags
}

func (c *watchGroupListCmd) Run(ctx context.Context, e *env) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	return e.directory(func(d *watchlist.Directory) error {
		l, err := d.Groups(ctx, c.Workspace, q)
		if err != nil {
			return err
		}
		return printList(e, l, "groups", groupHead, groupRow)
	})
}

type watchGroupDeleteCmd struct {
	workspaceFlag
	Group []string `arg:"" help:"Ids of groups."`
}

func (c *watchGroupDeleteCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		n, err := d.DeleteGroups(ctx, c.Workspace, c.Group)
		if err != nil {
			return err
		}
		return printDeleted(e, n)
	})
}
