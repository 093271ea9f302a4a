package watchlist

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/kv"
)

// Records of monitors, beside those of layout.go. Their content is JSON after the
// version: they are few, and have many fields.
const (
	recMonitor  = 'm' // + workspace + monitor
	recEvent    = 'o' // + workspace + event
	recCounted  = 'h' // + workspace + monitor + hash, 16 bytes: a credential that was counted
	recDelivery = 'd' // + workspace + delivery: a notice to be sent, or dead
)

func encodeJSON(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	return append([]byte{recordVersion}, b...), err
}

func decodeJSON(what string, i id, b []byte, v any) error {
	if len(b) == 0 || b[0] != recordVersion {
		return corrupt(what, i, "unknown version of a record")
	}
	if err := json.Unmarshal(b[1:], v); err != nil {
		// The error of the package may repeat what stood there.
		return corrupt(what, i, fmt.Sprintf("%d bytes that are no record", len(b)))
	}
	return nil
}

func putJSON(tx *kv.Writer, key []byte, v any) error {
	b, err := encodeJSON(v)
	if err != nil {
		return err
	}
	return tx.Put(key, b)
}

// getJSON reads a record of a workspace by its id in text.
func getJSON[T any](r getter, kind byte, what string, ws id, text string) (*T, id, error) {
	i, ok := parseID(text)
	if !ok {
		return nil, noID, missing(what)
	}
	b, ok, err := r.Get(joinKey(kind, ws, i))
	if err != nil {
		return nil, noID, err
	}
	if !ok {
		return nil, noID, missing(what)
	}
	v := new(T)
	return v, i, decodeJSON(what, i, b, v)
}

// scanJSON calls fn for the records of a kind, of one workspace or of all.
func scanJSON[T any](ctx context.Context, r *kv.Reader, prefix []byte, what string, fn func(ws id, v *T) error) error {
	p := poll{ctx: ctx}
	for rec, err := range r.All(prefix) {
		if err == nil {
			err = p.err()
		}
		if err != nil {
			return err
		}
		if len(rec.Key) != 33 {
			return fmt.Errorf("%w: watchlist: %s under a key of %d bytes", codec.ErrCorrupt, what, len(rec.Key))
		}
		v := new(T)
		if err := decodeJSON(what, lastID(rec.Key), rec.Value, v); err != nil {
			return err
		}
		if err := fn(id(rec.Key[1:17]), v); err != nil {
			return err
		}
	}
	return nil
}

// CreateMonitor makes a monitor that looks from an ingest sequence number on:
// usually that of MonitorSource.NextSequence, so that only what comes counts; 0
// looks at all there is. A workspace has at most 200.
func (d *Directory) CreateMonitor(ctx context.Context, workspace string, spec MonitorSpec, from uint64) (Monitor, error) {
	if err := spec.check(); err != nil {
		return Monitor{}, err
	}
	i, err := d.ids.next()
	if err != nil {
		return Monitor{}, err
	}
	now := d.now()
	m := Monitor{ID: i.String(), Workspace: workspace, MonitorSpec: spec, Mark: from, CreatedAt: Time{now}, UpdatedAt: Time{now}}
	err = d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		n := 0
		for _, err := range tx.All(joinKey(recMonitor, w.id)) {
			if err != nil {
				return err
			}
			n++
		}
		if n >= maxMonitors {
			return &QuotaError{Metric: "monitors", Used: n, Limit: maxMonitors, Requested: 1}
		}
		return putJSON(tx, joinKey(recMonitor, w.id, i), &m)
	})
	if err != nil {
		return Monitor{}, err
	}
	return m, nil
}

// Monitor returns one monitor.
func (d *Directory) Monitor(ctx context.Context, workspace, monitor string) (Monitor, error) {
	return viewJSON[Monitor](ctx, d, recMonitor, "monitor", workspace, monitor)
}

// Event returns one event.
func (d *Directory) Event(ctx context.Context, workspace, event string) (Event, error) {
	return viewJSON[Event](ctx, d, recEvent, "event", workspace, event)
}

func viewJSON[T any](ctx context.Context, d *Directory, kind byte, what, workspace, text string) (v T, err error) {
	err = d.view(ctx, func(r *kv.Reader) error {
		w, err := getWorkspace(r, workspace)
		if err != nil {
			return err
		}
		got, _, err := getJSON[T](r, kind, what, w.id, text)
		if err == nil {
			v = *got
		}
		return err
	})
	return v, err
}

// Monitors lists the monitors of a workspace: Search looks in names; SortBy is
// name (the default), createdAt or updatedAt. Kind, Group and Active say nothing.
func (d *Directory) Monitors(ctx context.Context, workspace string, q ListQuery) (Page[Monitor], error) {
	l := list[Monitor]{query: q, id: func(m *Monitor) string { return m.ID },
		match: func(m *Monitor, has func(string) bool) bool { return has(m.Name) },
		columns: columns[Monitor]{
			"name":      byText(func(m *Monitor) string { return m.Name }),
			"createdAt": byTime(func(m *Monitor) time.Time { return m.CreatedAt.Time }),
			"updatedAt": byTime(func(m *Monitor) time.Time { return m.UpdatedAt.Time }),
		},
		first: "name"}
	return listJSON(ctx, d, &l, recMonitor, "monitor", workspace, func(*Monitor) bool { return true })
}

// Events lists the events of a workspace, of one monitor and in one state unless
// these are empty: Search looks in assignees; SortBy is openedAt (the default),
// updatedAt or closedAt. Kind, Group and Active say nothing.
func (d *Directory) Events(ctx context.Context, workspace, monitor string, state EventState, q ListQuery) (Page[Event], error) {
	if state != "" && !slices.Contains([]EventState{EventOpen, EventAcknowledged, EventClosed}, state) {
		return Page[Event]{}, paramErrorf("state", "must be one of %s, %s, %s", EventOpen, EventAcknowledged, EventClosed)
	}
	l := list[Event]{query: q, id: func(e *Event) string { return e.ID },
		match: func(e *Event, has func(string) bool) bool { return has(e.Assignee) },
		columns: columns[Event]{
			"openedAt":  byTime(func(e *Event) time.Time { return e.OpenedAt.Time }),
			"updatedAt": byTime(func(e *Event) time.Time { return e.UpdatedAt.Time }),
			"closedAt":  byTime(func(e *Event) time.Time { return e.ClosedAt.Time }),
		},
		first: "openedAt"}
	return listJSON(ctx, d, &l, recEvent, "event", workspace, func(e *Event) bool {
		return (monitor == "" || e.Monitor == monitor) && (state == "" || e.State == state)
	})
}

func listJSON[T any](ctx context.Context, d *Directory, l *list[T], kind byte, what, workspace string, keep func(*T) bool) (Page[T], error) {
	if err := l.prepare(); err != nil {
		return Page[T]{}, err
	}
	err := d.view(ctx, func(r *kv.Reader) error {
		w, err := getWorkspace(r, workspace)
		if err != nil {
			return err
		}
		return scanJSON(ctx, r, joinKey(kind, w.id), what, func(_ id, v *T) error {
			if keep(v) {
				l.add(*v)
			}
			return nil
		})
	})
	if err != nil {
		return Page[T]{}, err
	}
	return l.page(), nil
}
