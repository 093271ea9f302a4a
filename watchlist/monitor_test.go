package watchlist

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(seconds int) time.Time {
	return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func hashes(n, from int) []Hash {
	list := make([]Hash, n)
	for i := range list {
		list[i] = Hash{byte(from + i), byte((from + i) >> 8), 7}
	}
	return list
}

// TestLook: each transition that a look can make.
func TestLook(t *testing.T) {
	open := func(count, notified int, notifiedAt time.Time, state EventState) *Event {
		return &Event{ID: "e", State: state, Count: count, Notified: notified, NotifiedAt: Time{notifiedAt}, OpenedAt: Time{at(0)}}
	}
	for _, c := range []struct {
		name    string
		monitor Monitor
		event   *Event
		look    look
		notice  NoticeType
		count   int // of the event afterwards; -1: none
		mark    uint64
		changed bool
	}{
		{"nothing new", Monitor{MonitorSpec: MonitorSpec{Threshold: 2}, Mark: 5}, nil, look{at(1), 5, 9, nil}, "", -1, 5, false},
		{"below the threshold", Monitor{MonitorSpec: MonitorSpec{Threshold: 2}, Mark: 5}, nil, look{at(1), 5, 9, hashes(1, 0)}, "", -1, 5, false},
		{"at the threshold", Monitor{MonitorSpec: MonitorSpec{Threshold: 2}, Mark: 5}, nil, look{at(1), 5, 9, hashes(2, 0)}, NoticeOpened, 2, 9, true},
		{"muted", Monitor{MonitorSpec: MonitorSpec{Threshold: 2}, Mark: 5, MutedUntil: Time{at(2)}}, nil, look{at(1), 5, 9, hashes(2, 0)}, "", 2, 9, true},
		{"mute is over", Monitor{MonitorSpec: MonitorSpec{Threshold: 2}, Mark: 9, MutedUntil: Time{at(2)}}, open(2, 0, time.Time{}, EventOpen), look{at(2), 9, 9, nil}, NoticeOpened, 2, 9, true},
		{"disabled", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, Disabled: true}, Mark: 5}, nil, look{at(1), 5, 9, hashes(2, 0)}, "", -1, 5, false},
		{"from another mark", Monitor{MonitorSpec: MonitorSpec{Threshold: 1}, Mark: 6}, nil, look{at(1), 5, 9, hashes(2, 0)}, "", -1, 6, false},
		{"backwards", Monitor{MonitorSpec: MonitorSpec{Threshold: 1}, Mark: 6}, nil, look{at(1), 6, 5, hashes(2, 0)}, "", -1, 6, false},
		{"more", Monitor{MonitorSpec: MonitorSpec{Threshold: 9}, Mark: 5}, open(9, 9, at(0), EventOpen), look{at(1), 5, 6, hashes(1, 0)}, "", 10, 6, true},
		{"none more", Monitor{MonitorSpec: MonitorSpec{Threshold: 9}, Mark: 5}, open(9, 9, at(0), EventOpen), look{at(1), 5, 6, nil}, "", 9, 6, true},
		{"just a look", Monitor{MonitorSpec: MonitorSpec{Threshold: 9}, Mark: 5}, open(9, 9, at(0), EventOpen), look{at(1), 5, 5, nil}, "", 9, 5, false},
		{"short of the volume", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, RenotifyCount: 3}, Mark: 5}, open(4, 3, at(0), EventOpen), look{at(1), 5, 6, hashes(1, 0)}, "", 5, 6, true},
		{"the volume", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, RenotifyCount: 3}, Mark: 5}, open(4, 3, at(0), EventOpen), look{at(1), 5, 6, hashes(2, 0)}, NoticeVolume, 6, 6, true},
		{"the volume, acknowledged", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, RenotifyCount: 3}, Mark: 5}, open(4, 3, at(0), EventAcknowledged), look{at(1), 5, 6, hashes(2, 0)}, NoticeVolume, 6, 6, true},
		{"the volume, muted", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, RenotifyCount: 3}, Mark: 5, MutedUntil: Time{at(9)}}, open(4, 3, at(0), EventOpen), look{at(1), 5, 6, hashes(2, 0)}, "", 6, 6, true},
		{"before the time", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, RenotifyAfter: 60}, Mark: 5}, open(4, 4, at(0), EventOpen), look{at(59), 5, 5, nil}, "", 4, 5, false},
		{"the time", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, RenotifyAfter: 60}, Mark: 5}, open(4, 4, at(0), EventOpen), look{at(60), 5, 5, nil}, NoticeReminder, 4, 5, true},
		{"the time, acknowledged", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, RenotifyAfter: 60}, Mark: 5}, open(4, 4, at(0), EventAcknowledged), look{at(60), 5, 5, nil}, "", 4, 5, false},
		{"volume before time", Monitor{MonitorSpec: MonitorSpec{Threshold: 1, RenotifyAfter: 60, RenotifyCount: 1}, Mark: 5}, open(4, 4, at(0), EventOpen), look{at(60), 5, 6, hashes(1, 0)}, NoticeVolume, 5, 6, true},
	} {
		e, o := c.monitor.look(c.event, c.look)
		count := -1
		if e != nil {
			count = e.Count
		}
		if o.notice != c.notice || count != c.count || c.monitor.Mark != c.mark || o.changed != c.changed {
			t.Errorf("%s: notice %q, count %d, mark %d, changed %v", c.name, o.notice, count, c.monitor.Mark, o.changed)
		}
		if o.notice != "" && (!e.NotifiedAt.Equal(c.look.at) || e.Notified != e.Count) {
			t.Errorf("%s: the notice is not noted: %+v", c.name, e)
		}
	}
}

// TestAct: each action in each state.
func TestAct(t *testing.T) {
	states := []EventState{EventOpen, EventAcknowledged, EventClosed}
	want := map[EventAction][3]EventState{ // what comes of each state; empty: refused
		Acknowledge: {EventAcknowledged, "", ""},
		Assign:      {EventOpen, EventAcknowledged, ""},
		Comment:     {EventOpen, EventAcknowledged, EventClosed},
		Close:       {EventClosed, EventClosed, ""},
	}
	for action, results := range want {
		for i, s := range states {
			e := &Event{State: s}
			err := e.act(LogEntry{At: Time{at(5)}, By: "eva", Action: action, Text: "t"})
			if results[i] == "" {
				if !errors.Is(err, ErrState) || e.State != s || len(e.Log) != 0 {
					t.Errorf("%s when %s: %v, %+v", action, s, err, e)
				}
				continue
			}
			if err != nil || e.State != results[i] || len(e.Log) != 1 || !e.UpdatedAt.Equal(at(5)) {
				t.Errorf("%s when %s: %v, %+v", action, s, err, e)
			}
			if (e.Assignee == "t") != (action == Assign) || e.ClosedAt.IsZero() == (action == Close) {
				t.Errorf("%s when %s: %+v", action, s, e)
			}
		}
	}
	for _, l := range []LogEntry{{Action: "burn"}, {Action: Comment}, {Action: Comment, Text: "\x00"}, {Action: Assign, Text: strings.Repeat("x", maxName+1)}, {Action: Close, By: strings.Repeat("x", maxName+1)}} {
		if err := (&Event{State: EventOpen}).act(l); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	full := &Event{State: EventOpen, Log: make([]LogEntry, maxLog)}
	if err := full.act(LogEntry{Action: Comment, Text: "x"}); !errors.Is(err, ErrState) {
		t.Error(err)
	}
	if err := full.act(LogEntry{Action: Close}); err != nil {
		t.Error(err)
	}
}

// A fakeStore ingests credentials in sequence.
type fakeStore struct {
	seq []Hash
	err error
}

func (s *fakeStore) NextSequence(context.Context) (uint64, error) { return uint64(len(s.seq)), s.err }

func (s *fakeStore) NewCredentials(_ context.Context, scope Scope, _ MonitorFilter, from, to uint64) iter.Seq2[Hash, error] {
	return func(yield func(Hash, error) bool) {
		seen := map[Hash]bool{}
		for i, h := range s.seq[:to] {
			if !seen[h] && uint64(i) >= from && !yield(h, nil) {
				return
			}
			seen[h] = true
		}
	}
}

// TestMonitorModel plays ingests, looks and actions, and compares with a model that
// remembers everything: one event at a time, each credential counted once in all.
func TestMonitorModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		c := newClock()
		b := &bench{t: t, dir: dir, clock: c, opts: Options{Rules: testRules, Now: c.now, Derive: func(s string) []byte { return []byte(s) }}}
		b.open()
		defer b.close()
		ctx := t.Context()
		ws := b.workspace(nil)
		b.entry(ws, Domain, "a.test")
		spec := MonitorSpec{Name: "m", Threshold: rapid.IntRange(1, 4).Draw(rt, "threshold"), RenotifyCount: rapid.IntRange(0, 3).Draw(rt, "volume"), Webhook: "https://hooks.example/x"}
		src := &fakeStore{}
		m, err := b.CreateMonitor(ctx, ws, spec, 0)
		if err != nil {
			rt.Fatal(err)
		}
		counted := map[Hash]bool{} // in any event
		waiting := map[Hash]bool{} // not in any yet
		var open *Event            // the model's
		notices, closed := 0, 0
		forget := 0 // the store's beginning is expired
		for range rapid.IntRange(1, 20).Draw(rt, "moves") {
			switch rapid.SampledFrom([]string{"ingest", "ingest", "look", "look", "close", "reopen", "expire"}).Draw(rt, "move") {
			case "ingest":
				for range rapid.IntRange(1, 4).Draw(rt, "records") {
					h := Hash{byte(rapid.IntRange(0, 12).Draw(rt, "hash"))}
					src.seq = append(src.seq, h)
				}
			case "expire": // what was is forgotten: what comes again seems new
				for i := range src.seq {
					src.seq[i] = Hash{255, byte(i), byte(i >> 8)}
				}
				if m, err = b.Monitor(ctx, ws, m.ID); err != nil {
					rt.Fatal(err)
				}
				forget = len(src.seq)
				if uint64(forget) > m.Mark { // not seen, never will be
					rt.Skip("an expiry of what was not looked at")
				}
			case "look":
				waiting = map[Hash]bool{}
				if m, err = b.Monitor(ctx, ws, m.ID); err != nil {
					rt.Fatal(err)
				}
				for h := range src.NewCredentials(ctx, Scope{}, MonitorFilter{}, m.Mark, uint64(len(src.seq))) {
					if !counted[h] {
						waiting[h] = true
					}
				}
				n, err := b.Evaluate(ctx, src)
				if err != nil {
					rt.Fatal(err)
				}
				want := 0
				if open == nil && len(waiting) >= spec.Threshold {
					open = &Event{}
					want = 1
				}
				if open != nil {
					for h := range waiting {
						counted[h] = true
					}
					open.Count += len(waiting)
					if spec.RenotifyCount > 0 && open.Count-open.Notified >= spec.RenotifyCount {
						want = 1
					}
					if want > 0 {
						open.Notified = open.Count
					}
				}
				if n != want {
					rt.Fatalf("%d notices, want %d", n, want)
				}
				notices += n
			case "close":
				if open == nil {
					continue
				}
				if m, err = b.Monitor(ctx, ws, m.ID); err != nil {
					rt.Fatal(err)
				}
				if _, err := b.ActOnEvent(ctx, ws, m.OpenEvent, "eva", Close, ""); err != nil {
					rt.Fatal(err)
				}
				open = nil
				closed++
			case "reopen":
				b.reopen()
			}
			if m, err = b.Monitor(ctx, ws, m.ID); err != nil {
				rt.Fatal(err)
			}
			if (m.OpenEvent != "") != (open != nil) {
				rt.Fatalf("open event %q, want %v", m.OpenEvent, open)
			}
			if open != nil {
				e, err := b.Event(ctx, ws, m.OpenEvent)
				if err != nil || e.Count != open.Count || e.Notified != open.Notified {
					rt.Fatalf("event %+v, %v; want %+v", e, err, open)
				}
			}
			total := 0
			events, err := b.Events(ctx, ws, m.ID, "", ListQuery{PageSize: 200})
			if err != nil {
				rt.Fatal(err)
			}
			for _, e := range events.Items {
				total += e.Count
			}
			if done, err := b.Events(ctx, ws, "", EventClosed, ListQuery{}); err != nil || done.Total != closed || total != len(counted) {
				rt.Fatalf("%d closed, %d counted, %v; want %d, %d", done.Total, total, err, closed, len(counted))
			}
			if sent, err := b.Deliveries(ctx, ws, DeliveryPending, ListQuery{}); err != nil || sent.Total != notices {
				rt.Fatalf("%d deliveries, %v; want %d", sent.Total, err, notices)
			}
		}
		if err := b.DeleteMonitor(ctx, ws, m.ID); err != nil {
			rt.Fatal(err)
		}
		if n := records(t, b); n != 3 { // workspace, entry, value
			rt.Fatalf("%d records are left", n)
		}
	})
}

func TestMonitorParameters(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	ws := b.workspace(nil)
	good := MonitorSpec{Name: "m", Threshold: 1}
	for param, change := range map[string]func(s *MonitorSpec){
		"name": func(s *MonitorSpec) { s.Name = "" }, "threshold": func(s *MonitorSpec) { s.Threshold = 0 },
		"renotifyCount": func(s *MonitorSpec) { s.RenotifyCount = -1 }, "renotifyAfter": func(s *MonitorSpec) { s.RenotifyAfter = 59 },
		"filter":          func(s *MonitorSpec) { s.Filter.Types = strings.Split(strings.Repeat("x,", 101), ",")[:101] },
		"filter.keywords": func(s *MonitorSpec) { s.Filter.Keywords = []string{""} },
		"webhook":         func(s *MonitorSpec) { s.Webhook = "ftp://x.example" },
	} {
		s := good
		change(&s)
		var p *ParamError
		if _, err := b.CreateMonitor(ctx, ws, s, 0); !errors.As(err, &p) || p.Param != param {
			t.Errorf("%s: %v", param, err)
		}
	}
	for _, u := range []string{"x", "//x.example", "https://", "https://u:p@x.example", "javascript:alert(1)", "https:x", "http://\x00"} {
		if err := checkWebhook(u); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", u, err)
		}
	}
	for i := range maxMonitors {
		if _, err := b.CreateMonitor(ctx, ws, MonitorSpec{Name: fmt.Sprint(i), Threshold: 1}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.CreateMonitor(ctx, ws, good, 0); !errors.Is(err, ErrQuota) {
		t.Error(err)
	}
	page, err := b.Monitors(ctx, ws, ListQuery{Search: "19", PageSize: 200})
	if err != nil || page.Total != 12 { // 19, 119, 190 to 199
		t.Errorf("%d, %v", page.Total, err)
	}
	// Another workspace has none of it, and a scope of nothing finds nothing.
	other := b.workspace(nil)
	if _, err := b.Monitor(ctx, other, page.Items[0].ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if n, err := b.Evaluate(ctx, &fakeStore{seq: hashes(9, 0)}); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := b.Evaluate(ctx, &fakeStore{err: errors.New("broken")}); err == nil {
		t.Error("a broken source")
	}
	if err := b.DeleteWorkspace(ctx, ws); err != nil {
		t.Fatal(err)
	}
	if n := records(t, b); n != 1 {
		t.Errorf("%d records are left", n)
	}
}
