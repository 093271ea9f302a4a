package watchlist

import (
	"context"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
)

// MonitorChange is what changes in a monitor; nil leaves a field as it is. A filter
// takes the place of all there was.
type MonitorChange struct {
	Name          *string        `json:"name,omitempty"`
	Filter        *MonitorFilter `json:"filter,omitempty"`
	Disabled      *bool          `json:"disabled,omitempty"`
	Threshold     *int           `json:"threshold,omitempty"`
	RenotifyAfter *int64         `json:"renotifyAfter,omitempty"`
	RenotifyCount *int           `json:"renotifyCount,omitempty"`
	Webhook       *string        `json:"webhook,omitempty"` // empty: nowhere
}

// apply changes a spec, or says what is wrong.
func (c *MonitorChange) apply(s *MonitorSpec) error {
	set(&s.Name, c.Name)
	set(&s.Filter, c.Filter)
	set(&s.Disabled, c.Disabled)
	set(&s.Threshold, c.Threshold)
	set(&s.RenotifyAfter, c.RenotifyAfter)
	set(&s.RenotifyCount, c.RenotifyCount)
	set(&s.Webhook, c.Webhook)
	return s.check()
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// UpdateMonitor changes what somebody decides about a monitor. Its mark, its open
// event and what it has counted stay.
func (d *Directory) UpdateMonitor(ctx context.Context, workspace, monitor string, c MonitorChange) (Monitor, error) {
	return d.changeMonitor(ctx, workspace, monitor, func(m *Monitor) error { return c.apply(&m.MonitorSpec) })
}

// MuteMonitor has nothing sent for a monitor until a time; the zero time ends a
// mute. Events open and count meanwhile, and what has not been sent is sent by the
// first look afterwards.
func (d *Directory) MuteMonitor(ctx context.Context, workspace, monitor string, until time.Time) (Monitor, error) {
	return d.changeMonitor(ctx, workspace, monitor, func(m *Monitor) error {
		m.MutedUntil = Time{until.UTC().Truncate(time.Second)}
		return nil
	})
}

func (d *Directory) changeMonitor(ctx context.Context, workspace, monitor string, fn func(*Monitor) error) (Monitor, error) {
	var m *Monitor
	err := d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		var i id
		if m, i, err = getJSON[Monitor](tx, recMonitor, "monitor", w.id, monitor); err != nil {
			return err
		}
		if err := fn(m); err != nil {
			return err
		}
		m.UpdatedAt = Time{d.now()}
		return putJSON(tx, joinKey(recMonitor, w.id, i), m)
	})
	if err != nil {
		return Monitor{}, err
	}
	return *m, nil
}

// DeleteMonitor deletes a monitor with its events and what of them was not sent.
func (d *Directory) DeleteMonitor(ctx context.Context, workspace, monitor string) error {
	return d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		m, i, err := getJSON[Monitor](tx, recMonitor, "monitor", w.id, monitor)
		if err != nil {
			return err
		}
		tx.Spare()
		p := poll{ctx: ctx}
		for rec, err := range tx.All(joinKey(recCounted, w.id, i)) {
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
		err = scanJSON(ctx, tx.Reader, joinKey(recEvent, w.id), "event", func(ws id, e *Event) error {
			if e.Monitor != m.ID {
				return nil
			}
			ei, _ := parseID(e.ID)
			return tx.Delete(joinKey(recEvent, ws, ei))
		})
		if err != nil {
			return err
		}
		err = scanJSON(ctx, tx.Reader, joinKey(recDelivery, w.id), "delivery", func(ws id, v *Delivery) error {
			if v.Monitor != m.ID {
				return nil
			}
			di, _ := parseID(v.ID)
			return tx.Delete(joinKey(recDelivery, ws, di))
		})
		if err != nil {
			return err
		}
		return tx.Delete(joinKey(recMonitor, w.id, i))
	})
}

// DeleteMonitors deletes monitors with their events, one after the other, and
// returns how many there were: those before an error, too. Ids of no monitor are
// passed over.
func (d *Directory) DeleteMonitors(ctx context.Context, workspace string, monitors []string) (int, error) {
	ids, err := idSet(monitors)
	if err != nil {
		return 0, err
	}
	if _, err := d.Workspace(ctx, workspace); err != nil {
		return 0, err
	}
	n := 0
	for i := range ids {
		switch err := d.DeleteMonitor(ctx, workspace, i.String()); {
		case isMissing(err):
		case err != nil:
			return n, err
		default:
			n++
		}
	}
	return n, nil
}

// ActOnEvent does something to an event in somebody's name: text is the comment,
// or whom it is assigned to. ErrState if the event is not in a state for it.
func (d *Directory) ActOnEvent(ctx context.Context, workspace, event, by string, action EventAction, text string) (Event, error) {
	var e *Event
	err := d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		var i id
		if e, i, err = getJSON[Event](tx, recEvent, "event", w.id, event); err != nil {
			return err
		}
		if err := e.act(LogEntry{At: Time{d.now()}, By: by, Action: action, Text: text}); err != nil {
			return err
		}
		if e.State == EventClosed {
			m, mi, err := getJSON[Monitor](tx, recMonitor, "monitor", w.id, e.Monitor)
			if err != nil {
				return err
			}
			if m.OpenEvent == e.ID {
				m.OpenEvent = ""
				if err := putJSON(tx, joinKey(recMonitor, w.id, mi), m); err != nil {
					return err
				}
			}
		}
		return putJSON(tx, joinKey(recEvent, w.id, i), e)
	})
	if err != nil {
		return Event{}, err
	}
	return *e, nil
}
