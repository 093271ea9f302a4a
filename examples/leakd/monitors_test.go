package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leakscope/leakscope/examples/internal/storekey"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// A receiver is a webhook that checks what it gets.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	status int
	got    []watchlist.Notice
	bad    []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		body, err := io.ReadAll(req.Body)
		var n watchlist.Notice
		if err == nil {
			err = watchlist.CheckWebhook(r.secret, req.Header, body, time.Now(), time.Minute)
		}
		if err == nil {
			err = json.Unmarshal(body, &n)
		}
		if err != nil {
			r.bad = append(r.bad, err.Error())
		} else {
			r.got = append(r.got, n)
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) notices(t *testing.T) []watchlist.Notice {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.bad) > 0 {
		t.Errorf("bad requests: %q", r.bad)
	}
	return append([]watchlist.Notice(nil), r.got...)
}

// openStore opens the store of dir as leakd does.
func openStore(t *testing.T, dir string, fresh bool) *leaks.Store {
	t.Helper()
	store := filepath.Join(dir, "store")
	key, err := storekey.Find(store, filepath.Join(dir, "key"), fresh)
	if err != nil {
		t.Fatal(err)
	}
	s, err := leaks.Open(store, &leaks.Options{Key: key.Key})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *leaks.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// ingest takes credentials of a domain into a store.
func ingest(t *testing.T, s *leaks.Store, domain string, from, n int) {
	t.Helper()
	_, err := s.Ingest(t.Context(), func(yield func(leaks.Record, error) bool) {
		for i := range n {
			if !yield(leaks.Record{Username: fmt.Sprintf("user%d", from+i), Password: "canary-word", Host: "https://" + domain}, nil) {
				return
			}
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// monitored makes a store with a monitor of example.com that sends to url, and
// credentials that came after it.
func monitored(t *testing.T, dir, url string) (secret string) {
	t.Helper()
	s := openStore(t, dir, true)
	defer closeStore(t, s)
	ctx, d := t.Context(), s.Watchlists()
	w, err := d.CreateWorkspace(ctx, watchlist.WorkspaceSpec{Name: "Example Org"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = d.CreateEntry(ctx, w.ID, watchlist.EntrySpec{Kind: watchlist.Domain, Value: "example.com"}); err != nil {
		t.Fatal(err)
	}
	ingest(t, s, "www.example.com", 0, 5) // known before
	from, err := s.NextSequence(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.CreateMonitor(ctx, w.ID, watchlist.MonitorSpec{Name: "all", Threshold: 3, Webhook: url}, from)
	if err != nil {
		t.Fatal(err)
	}
	ingest(t, s, "www.example.com", 2, 7) // 4 of them are new
	ingest(t, s, "www.example.net", 0, 50)
	if secret, err = d.WebhookSecret(ctx, w.ID, m.ID); err != nil {
		t.Fatal(err)
	}
	return secret
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

// TestMonitors: what came in before the start is told once, signed, and not again
// after a restart; what comes after opens nothing new while the event is open.
func TestMonitors(t *testing.T) {
	dir, r := t.TempDir(), newReceiver(t)
	r.secret = monitored(t, dir, r.URL+"/hook")
	flags := []string{"--monitor-interval", "20ms", "--webhook-private"}
	d := start(t, dir, flags...)
	waitFor(t, "a webhook", func() bool { return len(r.notices(t)) > 0 })
	time.Sleep(100 * time.Millisecond)
	d.end(exitDone)
	if log := d.stderr.String(); !strings.Contains(log, "msg=monitors notices=1 delivered=1 failed=0") || strings.Contains(log, r.secret) || strings.Contains(log, "canary") || strings.Contains(log, "/hook") {
		t.Errorf("log: %s", log)
	}

	s := openStore(t, dir, false)
	ingest(t, s, "www.example.com", 100, 2)
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	d = start(t, dir, flags...)
	time.Sleep(200 * time.Millisecond)
	d.end(exitDone)
	got := r.notices(t)
	if len(got) != 1 || got[0].Type != watchlist.NoticeOpened || got[0].Count != 4 || got[0].Name != "all" {
		t.Fatalf("received %+v", got)
	}
	s = openStore(t, dir, false)
	defer closeStore(t, s)
	e, err := s.Watchlists().Event(t.Context(), got[0].Workspace, got[0].Event)
	if err != nil || e.Count != 6 || e.State != watchlist.EventOpen {
		t.Errorf("the event is %+v, %v", e, err)
	}
}

// TestMonitorsPrivate: without the flag nothing goes to a private address; what
// fails is kept, and sent once it can be.
func TestMonitorsPrivate(t *testing.T) {
	dir, r := t.TempDir(), newReceiver(t)
	r.secret = monitored(t, dir, r.URL)
	d := start(t, dir, "--monitor-interval", "20ms", "--metrics-listen", "127.0.0.1:0")
	waitFor(t, "a failure", func() bool { return strings.Contains(d.stderr.String(), "delivered=0 failed=1") })
	d.end(exitDone)
	if got := r.notices(t); len(got) > 0 {
		t.Fatalf("received %+v", got)
	}
	s := openStore(t, dir, false)
	defer closeStore(t, s)
	ws, err := s.Watchlists().Workspaces(t.Context(), watchlist.ListQuery{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Watchlists().Deliveries(t.Context(), ws.Items[0].ID, watchlist.DeliveryPending, watchlist.ListQuery{})
	if err != nil || l.Total != 1 || l.Items[0].Problem != "webhook: http is not allowed" {
		t.Errorf("pending: %+v, %v", l.Items, err)
	}
}

// TestMonitorsOff: an interval of 0 looks at nothing.
func TestMonitorsOff(t *testing.T) {
	dir, r := t.TempDir(), newReceiver(t)
	r.secret = monitored(t, dir, r.URL)
	d := start(t, dir, "--monitor-interval", "0", "--webhook-private")
	time.Sleep(100 * time.Millisecond)
	d.end(exitDone)
	if got := r.notices(t); len(got) > 0 {
		t.Errorf("received %+v", got)
	}
}
