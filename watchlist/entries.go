package watchlist

import (
	"context"
	"fmt"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
)

// An Entry is one value that a workspace watches.
type Entry struct {
	ID        string `json:"id"`
	Workspace string `json:"workspace"`
	Group     string `json:"watchlistid"` // of a Group; empty for none
	Kind      Kind   `json:"kind"`
	Value     string `json:"value"` // in canonical form, unique in workspace and kind
	Label     string `json:"label"` // at most 200 characters
	Note      string `json:"note"`  // at most 1,000 characters
	Active    bool   `json:"active"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
}

// EntrySpec is what a new entry is made of.
type EntrySpec struct {
	Kind     Kind   `json:"kind"`
	Value    string `json:"value"` // is normalised
	Group    string `json:"watchlistid"`
	Label    string `json:"label"`
	Note     string `json:"note"`
	Inactive bool   `json:"inactive"`
}

// EntryChange is what changes in an entry; nil leaves a field as it is.
type EntryChange struct {
	Kind   *Kind   `json:"kind"`
	Value  *string `json:"value"`
	Group  *string `json:"watchlistid"` // empty: into none
	Label  *string `json:"label"`
	Note   *string `json:"note"`
	Active *bool   `json:"active"`
}

// CreateEntry makes one entry; see [Directory.CreateEntries].
func (d *Directory) CreateEntry(ctx context.Context, workspace string, spec EntrySpec) (Entry, error) {
	made, err := d.create(ctx, workspace, []EntrySpec{spec}, func(int) string { return "" })
	if err != nil {
		return Entry{}, err
	}
	return made[0], nil
}

// CreateEntries makes all the entries, at most 1,000, or none.
//
// Errors: [ParamError] and [ExistsError] with a Param such as "entries[3].value";
// [QuotaError] if all of a kind together do not fit; [BillingError] for domains,
// keywords and BINs while billing blocks them; ErrNotFound for the workspace or
// a group.
func (d *Directory) CreateEntries(ctx context.Context, workspace string, specs []EntrySpec) ([]Entry, error) {
	if len(specs) == 0 || len(specs) > maxBatch {
		return nil, paramErrorf("entries", "must be from 1 to %d", maxBatch)
	}
	return d.create(ctx, workspace, specs, func(i int) string { return fmt.Sprintf("entries[%d].", i) })
}

func (d *Directory) create(ctx context.Context, workspace string, specs []EntrySpec, place func(int) string) ([]Entry, error) {
	now := d.now()
	made := make([]entryRecord, len(specs))
	var more [len(kinds)]int
	for i := range specs {
		s, e := &specs[i], &made[i]
		e.created, e.updated, e.active = now, now, true
		active := !s.Inactive
		if err := d.change(e, EntryChange{&s.Kind, &s.Value, nil, &s.Label, &s.Note, &active}, place(i)); err != nil {
			return nil, err
		}
		more[e.kind]++
		var err error
		if e.id, err = d.ids.next(); err != nil {
			return nil, err
		}
	}
	var ws id
	err := d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		ws = w.id
		for kind, n := range more {
			if err := w.charge(kind, n); err != nil {
				return err
			}
		}
		for i := range made {
			if err := setGroup(tx, ws, &made[i], specs[i].Group); err != nil {
				return err
			}
			if err := putEntry(tx, w, &made[i], place(i)); err != nil {
				return err
			}
		}
		tx.Then(func() { d.scopes.invalidate(ws) })
		return tx.Put(workspaceKey(ws), w.encode())
	})
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(made))
	for i := range made {
		entries[i] = made[i].public(workspace)
	}
	return entries, nil
}

// charge refuses n more entries of a kind where billing or quota do.
func (w *workspaceRecord) charge(kind, n int) error {
	if n == 0 {
		return nil
	}
	if w.billing.Blocked && kinds[kind].billed() {
		return &BillingError{w.billing.Reason, w.billing.Status}
	}
	used, limit := w.counts[kind].total, w.limit(kind)
	if n > limit-used {
		return &QuotaError{Metric: kinds[kind].Metric(), Used: used, Limit: limit, Requested: n}
	}
	return nil
}

// putEntry writes an entry that is new in w, and counts it. Its value must be
// free.
func putEntry(tx *kv.Writer, w *workspaceRecord, e *entryRecord, place string) error {
	vk := valueKey(w.id, e.kind, e.value)
	other, ok, err := tx.Get(vk)
	if err != nil {
		return err
	}
	if ok {
		return &ExistsError{Param: place + "value", ID: lastID(other).String()}
	}
	if err := tx.Put(vk, e.id[:]); err != nil {
		return err
	}
	w.counts[e.kind].total++
	if e.active {
		w.counts[e.kind].active++
	}
	return tx.Put(entryKey(w.id, e.kind, e.id), e.encode())
}

// removeEntry undoes putEntry.
func removeEntry(tx *kv.Writer, w *workspaceRecord, e *entryRecord) error {
	if err := tx.Delete(valueKey(w.id, e.kind, e.value)); err != nil {
		return err
	}
	w.counts[e.kind].total--
	if e.active {
		w.counts[e.kind].active--
	}
	if c := w.counts[e.kind]; c.active < 0 || c.total < c.active {
		return corrupt("workspace", w.id, "it has more entries than it counts")
	}
	return tx.Delete(entryKey(w.id, e.kind, e.id))
}

// setGroup puts an entry into a group of the workspace, or into none.
func setGroup(tx *kv.Writer, ws id, e *entryRecord, group string) error {
	if group == "" {
		e.group = noID
		return nil
	}
	g, err := getGroup(tx, ws, group)
	if err == nil {
		e.group = g.id
	}
	return err
}

// change applies all but the group, or says what is wrong.
func (d *Directory) change(e *entryRecord, c EntryChange, place string) (err error) {
	if c.Kind != nil {
		if e.kind = c.Kind.index(); e.kind < 0 {
			return paramErrorf(place+"kind", "must be one of %s", kinds)
		}
	}
	if c.Value != nil || c.Kind != nil {
		v := e.value
		if c.Value != nil {
			v = *c.Value
		}
		var why string
		if e.value, why = d.opts.Rules.normalize(kinds[e.kind], v); why != "" {
			return paramErrorf(place+"value", "%s", why)
		}
	}
	if c.Label != nil {
		if e.label, err = text(place+"label", *c.Label, 0, maxLabel); err != nil {
			return err
		}
	}
	if c.Note != nil {
		if e.note, err = text(place+"note", *c.Note, 0, maxNote); err != nil {
			return err
		}
	}
	if c.Active != nil {
		e.active = *c.Active
	}
	return nil
}

// getEntry returns an entry of a workspace, of one kind or of any if kind is
// empty.
func getEntry(r getter, ws id, kind Kind, entry string) (*entryRecord, error) {
	i, ok := parseID(entry)
	if !ok {
		return nil, missing("entry")
	}
	for k := range kinds {
		if kind != "" && kind != kinds[k] {
			continue
		}
		b, ok, err := r.Get(entryKey(ws, k, i))
		if err != nil {
			return nil, err
		}
		if ok {
			return decodeEntry(i, k, b)
		}
	}
	return nil, missing("entry")
}

// Entry returns one entry. If kind is not empty, the entry must be of it.
func (d *Directory) Entry(ctx context.Context, workspace string, kind Kind, entry string) (Entry, error) {
	var e *entryRecord
	err := d.view(ctx, func(r *kv.Reader) error {
		w, err := getWorkspace(r, workspace)
		if err != nil {
			return err
		}
		e, err = getEntry(r, w.id, kind, entry)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	return e.public(workspace), nil
}

// UpdateEntry changes one entry; if kind is not empty, the entry must be of it.
// Another kind is charged to that kind's quota, refunded to the old one's, and
// subject to billing as a new entry is.
func (d *Directory) UpdateEntry(ctx context.Context, workspace string, kind Kind, entry string, c EntryChange) (Entry, error) {
	var e *entryRecord
	var ws id
	err := d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		ws = w.id
		if e, err = getEntry(tx, ws, kind, entry); err != nil {
			return err
		}
		if err := removeEntry(tx, w, e); err != nil {
			return err
		}
		old := e.kind
		if err := d.change(e, c, ""); err != nil {
			return err
		}
		if c.Group != nil {
			if err := setGroup(tx, ws, e, *c.Group); err != nil {
				return err
			}
		}
		if e.kind != old {
			if err := w.charge(e.kind, 1); err != nil {
				return err
			}
		}
		e.updated = d.now()
		if err := putEntry(tx, w, e, ""); err != nil {
			return err
		}
		tx.Then(func() { d.scopes.invalidate(ws) })
		return tx.Put(workspaceKey(ws), w.encode())
	})
	if err != nil {
		return Entry{}, err
	}
	return e.public(workspace), nil
}

// DeleteEntries deletes entries, at most 1,000 a call, and returns how many there
// were. Ids of no entry, or of one of another kind if kind is not empty, are
// passed over.
func (d *Directory) DeleteEntries(ctx context.Context, workspace string, kind Kind, entries []string) (int, error) {
	ids, err := idSet(entries)
	if err != nil {
		return 0, err
	}
	if kind != "" && !kind.Valid() {
		return 0, paramErrorf("kind", "must be one of %s", kinds)
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
			e, err := getEntry(tx, ws, kind, i.String())
			switch {
			case isMissing(err):
				continue
			case err != nil:
				return err
			}
			if err := removeEntry(tx, w, e); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return nil
		}
		tx.Then(func() { d.scopes.invalidate(ws) })
		return tx.Put(workspaceKey(ws), w.encode())
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Entries lists entries: Search looks in values, labels and notes; SortBy is
// createdAt (the default), updatedAt, value, label or kind. An unknown group is
// ErrNotFound.
func (d *Directory) Entries(ctx context.Context, workspace string, q ListQuery) (Page[Entry], error) {
	l := list[Entry]{query: q, id: func(e *Entry) string { return e.ID },
		match: func(e *Entry, has func(string) bool) bool { return has(e.Value) || has(e.Label) || has(e.Note) },
		columns: columns[Entry]{
			"createdAt": byTime(func(e *Entry) time.Time { return e.CreatedAt.Time }),
			"updatedAt": byTime(func(e *Entry) time.Time { return e.UpdatedAt.Time }),
			"value":     byText(func(e *Entry) string { return e.Value }),
			"label":     byText(func(e *Entry) string { return e.Label }),
			"kind":      byText(func(e *Entry) string { return string(e.Kind) }),
		},
		first: "createdAt"}
	if err := l.prepare(); err != nil {
		return Page[Entry]{}, err
	}
	if q.Kind != "" && !q.Kind.Valid() {
		return Page[Entry]{}, paramErrorf("kind", "must be one of %s", kinds)
	}
	err := d.view(ctx, func(r *kv.Reader) error {
		w, err := getWorkspace(r, workspace)
		if err != nil {
			return err
		}
		var in id
		if q.Group != "" {
			g, err := getGroup(r, w.id, q.Group)
			if err != nil {
				return err
			}
			in = g.id
		}
		return scanEntries(ctx, r, w.id, q.Kind.index(), func(e *entryRecord) error {
			if (q.Group == "" || e.group == in) && (q.Active == nil || e.active == *q.Active) {
				l.add(e.public(workspace))
			}
			return nil
		})
	})
	if err != nil {
		return Page[Entry]{}, err
	}
	return l.page(), nil
}

func (e *entryRecord) public(workspace string) Entry {
	return Entry{e.id.String(), workspace, e.group.String(), kinds[e.kind], e.value, e.label, e.note, e.active, Time{e.created}, Time{e.updated}}
}
