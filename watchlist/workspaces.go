package watchlist

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
)

// NoEntries is the quota of a kind that a workspace may not have at all.
const NoEntries = -1

// A Workspace is an organisation: what it watches, its keys, its quotas.
type Workspace struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"` // 1 to 100 characters; need not be unique
	Billing Billing `json:"billing"`
	// Quotas are how many entries of a kind there may be, at most MaxQuota;
	// kinds that are missing, or 0, have their DefaultQuota.
	Quotas    map[Kind]int `json:"quotas"`
	CreatedAt Time         `json:"createdAt"`
	UpdatedAt Time         `json:"updatedAt"`
}

// Billing is whether a workspace may create domains, keywords and BINs.
type Billing struct {
	Blocked bool   `json:"blocked"`
	Reason  string `json:"reason,omitempty"` // shown to the workspace, such as subscription_inactive; at most 200 characters
	Status  string `json:"status,omitempty"` // likewise, such as past_due
}

// WorkspaceSpec is what a new workspace is made of.
type WorkspaceSpec struct {
	Name    string       `json:"name"`
	Billing Billing      `json:"billing"`
	Quotas  map[Kind]int `json:"quotas"`
}

// WorkspaceChange is what changes in a workspace; nil leaves a field as it is,
// and so does a kind missing in Quotas.
type WorkspaceChange struct {
	Name    *string      `json:"name,omitempty"`
	Billing *Billing     `json:"billing,omitempty"`
	Quotas  map[Kind]int `json:"quotas,omitempty"`
}

// CreateWorkspace makes a workspace.
func (d *Directory) CreateWorkspace(ctx context.Context, spec WorkspaceSpec) (Workspace, error) {
	w := &workspaceRecord{created: d.now()}
	w.updated = w.created
	err := w.change(WorkspaceChange{Name: &spec.Name, Billing: &spec.Billing, Quotas: spec.Quotas})
	if err != nil {
		return Workspace{}, err
	}
	if w.id, err = d.ids.next(); err != nil {
		return Workspace{}, err
	}
	err = d.update(ctx, func(tx *kv.Writer) error { return tx.Put(workspaceKey(w.id), w.encode()) })
	if err != nil {
		return Workspace{}, err
	}
	return w.public(), nil
}

// Workspace returns one workspace.
func (d *Directory) Workspace(ctx context.Context, workspace string) (Workspace, error) {
	var w *workspaceRecord
	err := d.view(ctx, func(r *kv.Reader) (err error) {
		w, err = getWorkspace(r, workspace)
		return err
	})
	if err != nil {
		return Workspace{}, err
	}
	return w.public(), nil
}

// Workspaces lists all workspaces: Search looks in names; SortBy is name (the
// default), createdAt or updatedAt. Kind, Group and Active must be unset.
func (d *Directory) Workspaces(ctx context.Context, q ListQuery) (Page[Workspace], error) {
	l := list[Workspace]{query: q, id: func(w *Workspace) string { return w.ID },
		match:   func(w *Workspace, has func(string) bool) bool { return has(w.Name) },
		columns: columns[Workspace]{"name": byText(func(w *Workspace) string { return w.Name }), "createdAt": byTime(func(w *Workspace) time.Time { return w.CreatedAt.Time }), "updatedAt": byTime(func(w *Workspace) time.Time { return w.UpdatedAt.Time })},
		first:   "name"}
	if err := l.prepare(); err != nil {
		return Page[Workspace]{}, err
	}
	p := poll{ctx: ctx}
	err := d.view(ctx, func(r *kv.Reader) error {
		for rec, err := range r.All([]byte{recWorkspace}) {
			if err == nil {
				err = p.err()
			}
			if err != nil {
				return err
			}
			w, err := decodeWorkspace(lastID(rec.Key), rec.Value)
			if err != nil {
				return err
			}
			l.add(w.public())
		}
		return nil
	})
	if err != nil {
		return Page[Workspace]{}, err
	}
	return l.page(), nil
}

// UpdateWorkspace changes a workspace. A quota below what is used takes nothing
// away; it only lets nothing be added.
func (d *Directory) UpdateWorkspace(ctx context.Context, workspace string, c WorkspaceChange) (Workspace, error) {
	var w *workspaceRecord
	err := d.update(ctx, func(tx *kv.Writer) (err error) {
		if w, err = getWorkspace(tx, workspace); err != nil {
			return err
		}
		if err = w.change(c); err != nil {
			return err
		}
		w.updated = d.now()
		return tx.Put(workspaceKey(w.id), w.encode())
	})
	if err != nil {
		return Workspace{}, err
	}
	return w.public(), nil
}

// DeleteWorkspace deletes a workspace with all its entries, groups, monitors and
// keys, which grant nothing from then on.
func (d *Directory) DeleteWorkspace(ctx context.Context, workspace string) error {
	return d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		tx.Spare()
		p := poll{ctx: ctx}
		for _, kind := range []byte{recGroup, recEntry, recValue, recKey, recKeyUsed, recMonitor, recEvent, recCounted, recDelivery} {
			for rec, err := range tx.All(joinKey(kind, w.id)) {
				if err == nil {
					err = p.err()
				}
				if err == nil {
					err = tx.Delete(rec.Key)
				}
				if err != nil {
					return err
				}
			}
		}
		tx.Then(func() {
			d.scopes.invalidate(w.id)
			d.keys.dropWorkspace(w.id)
		})
		return tx.Delete(workspaceKey(w.id))
	})
}

// change applies c, or says what is wrong with it.
func (w *workspaceRecord) change(c WorkspaceChange) (err error) {
	if c.Name != nil {
		if w.name, err = text("name", *c.Name, 1, maxName); err != nil {
			return err
		}
	}
	if c.Billing != nil {
		w.billing.Blocked = c.Billing.Blocked
		if w.billing.Reason, err = text("billing.reason", c.Billing.Reason, 0, maxReason); err != nil {
			return err
		}
		if w.billing.Status, err = text("billing.status", c.Billing.Status, 0, maxReason); err != nil {
			return err
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.Quotas)) {
		n := c.Quotas[k]
		if !k.Valid() {
			return paramErrorf("quotas", "must name only the kinds %s", kinds)
		}
		if n < NoEntries || n > MaxQuota {
			return paramErrorf("quotas."+string(k), "must be from %d to %d", NoEntries, MaxQuota)
		}
		w.quotas[k.index()] = n
	}
	return nil
}

// limit is how many entries of a kind there may be.
func (w *workspaceRecord) limit(kind int) int {
	switch n := w.quotas[kind]; n {
	case 0:
		return kinds[kind].DefaultQuota()
	default:
		return max(n, 0)
	}
}

func (w *workspaceRecord) public() Workspace {
	p := Workspace{ID: w.id.String(), Name: w.name, Billing: w.billing, Quotas: map[Kind]int{}, CreatedAt: Time{w.created}, UpdatedAt: Time{w.updated}}
	for k, n := range w.quotas {
		if n != 0 {
			p.Quotas[kinds[k]] = n
		}
	}
	return p
}

// Stats are the numbers of a workspace.
type Stats struct {
	Groups int         `json:"groups"`
	Kinds  []KindStats `json:"kinds"` // of all kinds, in the order of Kinds
}

// KindStats are the numbers of one kind.
type KindStats struct {
	Kind   Kind `json:"kind"`
	Used   int  `json:"used"`   // entries, active or not: what is charged
	Active int  `json:"active"` // entries that grant something
	Limit  int  `json:"limit"`  // entries there may be
}

// Stats counts the groups and entries of a workspace against its quotas. It takes
// the same short time whatever their number.
func (d *Directory) Stats(ctx context.Context, workspace string) (Stats, error) {
	var w *workspaceRecord
	err := d.view(ctx, func(r *kv.Reader) (err error) {
		w, err = getWorkspace(r, workspace)
		return err
	})
	if err != nil {
		return Stats{}, err
	}
	s := Stats{Groups: w.groups, Kinds: make([]KindStats, len(kinds))}
	for k, c := range w.counts {
		s.Kinds[k] = KindStats{kinds[k], c.total, c.active, w.limit(k)}
	}
	return s, nil
}
