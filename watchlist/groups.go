package watchlist

import (
	"context"
	"strings"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
)

// A Group is one watchlist of a workspace: entries that belong together.
type Group struct {
	ID          string `json:"id"`
	Workspace   string `json:"workspace"`
	Name        string `json:"name"`        // 1 to 100 characters, unique in the workspace whatever the case
	Description string `json:"description"` // at most 1,000 characters
	CreatedAt   Time   `json:"createdAt"`
	UpdatedAt   Time   `json:"updatedAt"`
}

// GroupSpec is what a new group is made of.
type GroupSpec struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// GroupChange is what changes in a group; nil leaves a field as it is.
type GroupChange struct {
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
}

// CreateGroup makes a group. A workspace has at most 1,000.
func (d *Directory) CreateGroup(ctx context.Context, workspace string, spec GroupSpec) (Group, error) {
	g := &groupRecord{created: d.now()}
	g.updated = g.created
	err := g.change(GroupChange{&spec.Name, &spec.Description})
	if err != nil {
		return Group{}, err
	}
	if g.id, err = d.ids.next(); err != nil {
		return Group{}, err
	}
	err = d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		if w.groups >= maxGroups {
			return &QuotaError{Metric: "groups", Used: w.groups, Limit: maxGroups, Requested: 1}
		}
		if err := freeName(tx.Reader, w.id, g); err != nil {
			return err
		}
		w.groups++
		if err := tx.Put(groupKey(w.id, g.id), g.encode()); err != nil {
			return err
		}
		return tx.Put(workspaceKey(w.id), w.encode())
	})
	if err != nil {
		return Group{}, err
	}
	return g.public(workspace), nil
}

// freeName fails if another group has the name.
func freeName(r *kv.Reader, ws id, g *groupRecord) error {
	return scanGroups(r, ws, func(other *groupRecord) error {
		if other.id != g.id && strings.EqualFold(other.name, g.name) {
			return &ExistsError{Param: "name", ID: other.id.String()}
		}
		return nil
	})
}

func scanGroups(r *kv.Reader, ws id, fn func(*groupRecord) error) error {
	for rec, err := range r.All(groupPrefix(ws)) {
		if err != nil {
			return err
		}
		g, err := decodeGroup(lastID(rec.Key), rec.Value)
		if err == nil {
			err = fn(g)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// getGroup returns a group of a workspace.
func getGroup(r getter, ws id, group string) (*groupRecord, error) {
	i, ok := parseID(group)
	if !ok {
		return nil, missing("group")
	}
	b, ok, err := r.Get(groupKey(ws, i))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, missing("group")
	}
	return decodeGroup(i, b)
}

// Group returns one group.
func (d *Directory) Group(ctx context.Context, workspace, group string) (Group, error) {
	var g *groupRecord
	err := d.view(ctx, func(r *kv.Reader) error {
		w, err := getWorkspace(r, workspace)
		if err != nil {
			return err
		}
		g, err = getGroup(r, w.id, group)
		return err
	})
	if err != nil {
		return Group{}, err
	}
	return g.public(workspace), nil
}

// Groups lists the groups of a workspace: Search looks in names and descriptions;
// SortBy is name (the default), createdAt or updatedAt. Kind, Group and Active
// say nothing here.
func (d *Directory) Groups(ctx context.Context, workspace string, q ListQuery) (Page[Group], error) {
	l := list[Group]{query: q, id: func(g *Group) string { return g.ID },
		match: func(g *Group, has func(string) bool) bool { return has(g.Name) || has(g.Description) },
		columns: columns[Group]{
			"name":      byText(func(g *Group) string { return g.Name }),
			"createdAt": byTime(func(g *Group) time.Time { return g.CreatedAt.Time }),
			"updatedAt": byTime(func(g *Group) time.Time { return g.UpdatedAt.Time }),
		},
		first: "name"}
	if err := l.prepare(); err != nil {
		return Page[Group]{}, err
	}
	err := d.view(ctx, func(r *kv.Reader) error {
		w, err := getWorkspace(r, workspace)
		if err != nil {
			return err
		}
		return scanGroups(r, w.id, func(g *groupRecord) error {
			l.add(g.public(workspace))
			return nil
		})
	})
	if err != nil {
		return Page[Group]{}, err
	}
	return l.page(), nil
}

// UpdateGroup changes a group.
func (d *Directory) UpdateGroup(ctx context.Context, workspace, group string, c GroupChange) (Group, error) {
	var g *groupRecord
	err := d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		if g, err = getGroup(tx, w.id, group); err != nil {
			return err
		}
		if err := g.change(c); err != nil {
			return err
		}
		if err := freeName(tx.Reader, w.id, g); err != nil {
			return err
		}
		g.updated = d.now()
		return tx.Put(groupKey(w.id, g.id), g.encode())
	})
	if err != nil {
		return Group{}, err
	}
	return g.public(workspace), nil
}

// DeleteGroups deletes groups with the entries in them, at most 1,000 groups a
// call, and returns how many groups there were; ids of no group are passed over.
func (d *Directory) DeleteGroups(ctx context.Context, workspace string, groups []string) (int, error) {
	ids, err := idSet(groups)
	if err != nil {
		return 0, err
	}
	n := 0
	var ws id
	err = d.update(ctx, func(tx *kv.Writer) error {
		n = 0
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		ws = w.id
		tx.Spare()
		for i := range ids {
			_, ok, err := tx.Get(groupKey(ws, i))
			if err != nil {
				return err
			}
			if !ok {
				delete(ids, i)
				continue
			}
			if err := tx.Delete(groupKey(ws, i)); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return nil
		}
		w.groups -= n
		err = scanEntries(ctx, tx.Reader, ws, -1, func(e *entryRecord) error {
			if _, ok := ids[e.group]; !ok {
				return nil
			}
			return removeEntry(tx, w, e)
		})
		if err != nil {
			return err
		}
		tx.Then(func() { d.scopes.invalidate(ws) })
		return tx.Put(workspaceKey(ws), w.encode())
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// idSet parses the ids of a batch; what is no id names nothing.
func idSet(texts []string) (map[id]struct{}, error) {
	if len(texts) > maxBatch {
		return nil, paramErrorf("ids", "must be at most %d", maxBatch)
	}
	ids := make(map[id]struct{}, len(texts))
	for _, t := range texts {
		if i, ok := parseID(t); ok {
			ids[i] = struct{}{}
		}
	}
	return ids, nil
}

func (g *groupRecord) change(c GroupChange) (err error) {
	if c.Name != nil {
		if g.name, err = text("name", *c.Name, 1, maxName); err != nil {
			return err
		}
	}
	if c.Description != nil {
		if g.description, err = text("description", *c.Description, 0, maxDescription); err != nil {
			return err
		}
	}
	return nil
}

func (g *groupRecord) public(workspace string) Group {
	return Group{g.id.String(), workspace, g.name, g.description, Time{g.created}, Time{g.updated}}
}
