package watchlist

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
)

// Evaluate lets every monitor look once at what was ingested since, and stores
// what comes of it, with what is to be sent, in one transaction a monitor. A
// server calls it after ingests and every minute or so, and then [Directory.Deliver].
// It returns how many notices came up. A monitor that fails does not keep the
// others from their look; the errors are joined.
func (d *Directory) Evaluate(ctx context.Context, src MonitorSource) (notices int, err error) {
	type todo struct {
		ws      id
		monitor Monitor
	}
	var all []todo
	err = d.view(ctx, func(r *kv.Reader) error {
		return scanJSON(ctx, r, []byte{recMonitor}, "monitor", func(ws id, m *Monitor) error {
			if !m.Disabled {
				all = append(all, todo{ws, *m})
			}
			return nil
		})
	})
	if err != nil || len(all) == 0 {
		return 0, err
	}
	to, err := src.NextSequence(ctx)
	if err != nil {
		return 0, err
	}
	var errs []error
	for i := range all {
		sent, err := d.evaluate(ctx, src, all[i].ws, &all[i].monitor, to)
		if err := ctx.Err(); err != nil {
			return notices, err
		}
		if sent {
			notices++
		}
		if err != nil && !isMissing(err) { // it was deleted meanwhile
			errs = append(errs, err)
		}
	}
	return notices, errors.Join(errs...)
}

func (d *Directory) evaluate(ctx context.Context, src MonitorSource, ws id, m *Monitor, to uint64) (sent bool, err error) {
	l := look{at: d.now(), from: m.Mark, to: max(to, m.Mark)}
	if to > m.Mark {
		scope, err := d.Scope(ctx, m.Workspace)
		if err != nil {
			return false, err
		}
		if !scope.Empty() {
			for h, err := range src.NewCredentials(ctx, scope, m.Filter, m.Mark, to) {
				if err != nil {
					return false, err
				}
				l.hashes = append(l.hashes, h)
			}
		}
	} else if m.OpenEvent == "" {
		return false, nil
	}
	mi, _ := parseID(m.ID)
	if err := d.forgetCounted(ctx, ws, mi, &l); err != nil {
		return false, err
	}
	err = d.update(ctx, func(tx *kv.Writer) error {
		now, _, err := getJSON[Monitor](tx, recMonitor, "monitor", ws, m.ID)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(now.Filter, m.Filter) {
			return nil // what was found is what another filter finds: the next look
		}
		var e *Event
		if now.OpenEvent != "" {
			if e, _, err = getJSON[Event](tx, recEvent, "event", ws, now.OpenEvent); err != nil {
				return err
			}
		}
		e, o := now.look(e, l)
		if !o.changed {
			return nil
		}
		if e.ID == "" {
			i, err := d.ids.next()
			if err != nil {
				return err
			}
			e.ID = i.String()
			now.OpenEvent = e.ID
		}
		ei, _ := parseID(e.ID)
		for _, h := range o.counted {
			if err := tx.Put(countedKey(ws, mi, h), nil); err != nil {
				return err
			}
		}
		if err := putJSON(tx, joinKey(recMonitor, ws, mi), now); err != nil {
			return err
		}
		if err := putJSON(tx, joinKey(recEvent, ws, ei), e); err != nil {
			return err
		}
		if o.notice == "" {
			return nil
		}
		sent = true
		return d.post(tx, ws, now, e, o.notice, l.at)
	})
	return sent && err == nil, err
}

// forgetCounted leaves only hashes that the monitor has not counted, each once. It
// may be done before the transaction: whatever counts also moves the mark, and a
// look from another mark is not taken.
func (d *Directory) forgetCounted(ctx context.Context, ws, m id, l *look) error {
	return d.view(ctx, func(r *kv.Reader) error {
		fresh := l.hashes[:0]
		seen := make(map[Hash]bool, len(l.hashes))
		p := poll{ctx: ctx}
		for _, h := range l.hashes {
			if err := p.err(); err != nil {
				return err
			}
			_, counted, err := r.Get(countedKey(ws, m, h))
			if err != nil {
				return err
			}
			if !counted && !seen[h] {
				fresh = append(fresh, h)
			}
			seen[h] = true
		}
		l.hashes = fresh
		return nil
	})
}

func countedKey(ws, m id, h Hash) []byte { return append(joinKey(recCounted, ws, m), h[:]...) }

// A Notice is the body of a webhook request. It has no credential in it.
type Notice struct {
	ID        string     `json:"id"` // of the delivery: the same whenever it is sent again
	Type      NoticeType `json:"type"`
	At        Time       `json:"at"`
	Workspace string     `json:"workspace"`
	Monitor   string     `json:"monitor"`
	Name      string     `json:"name"` // of the monitor
	Event     string     `json:"event"`
	State     EventState `json:"state"`
	Count     int        `json:"count"`
	OpenedAt  Time       `json:"openedAt"`
}

// post stores a notice that is to be sent. A monitor without a webhook has none.
func (d *Directory) post(tx *kv.Writer, ws id, m *Monitor, e *Event, why NoticeType, at time.Time) error {
	if m.Webhook == "" {
		return nil
	}
	i, err := d.ids.next()
	if err != nil {
		return err
	}
	body, err := json.Marshal(Notice{i.String(), why, Time{at}, m.Workspace, m.ID, m.Name, e.ID, e.State, e.Count, e.OpenedAt})
	if err != nil {
		return err
	}
	v := Delivery{ID: i.String(), Workspace: m.Workspace, Monitor: m.ID, Event: e.ID, URL: m.Webhook, Body: string(body), State: DeliveryPending, CreatedAt: Time{at}, NextAt: Time{at}}
	return putJSON(tx, joinKey(recDelivery, ws, i), &v)
}
