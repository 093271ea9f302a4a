package httpapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// today is when these tests happen.
var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A house is a store with two tenants, and keys of every sort.
type house struct {
	store *leaks.Store
	watch *watchlist.Directory
	now   time.Time
	// acme watches acme.example and an executive; rival watches rival.example.
	acme, rival watchlist.Workspace
	// only is the tenant whose data alone is there: acme or rival; empty for
	// everybody's.
	only string
	// secrets by name: member, mssp and admin; rival; revoked and expired ones
	// of acme.
	keys map[string]string
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOf(t, "")
}

// newHouseOf is a house with the data of one tenant only.
func newHouseOf(t testing.TB, only string) *house {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "leakscope-test-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	hs := &house{only: only, now: today, keys: map[string]string{}}
	hs.store, err = leaks.Open(dir, &leaks.Options{
		Key: [32]byte{1}, NoBackgroundMerge: true, MinFree: 1, MemoryBudget: 16 << 20,
		Now: func() time.Time { return hs.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hs.store.Close(); err != nil {
			t.Error(err)
		}
	})
	hs.watch = hs.store.Watchlists()
	hs.acme = hs.workspace(t, "Acme", map[watchlist.Kind][]string{
		watchlist.Domain: {"acme.example"}, watchlist.Executive: {"ceo@private.example"}, watchlist.Keyword: {"acme-corp"},
	})
	hs.rival = hs.workspace(t, "Rival", map[watchlist.Kind][]string{watchlist.Domain: {"rival.example"}})
	hs.key(t, "member", watchlist.Member, hs.acme.ID, time.Time{})
	hs.key(t, "mssp", watchlist.MSSP, hs.acme.ID, time.Time{})
	hs.key(t, "rival", watchlist.Member, hs.rival.ID, time.Time{})
	hs.key(t, "admin", watchlist.Admin, "", time.Time{})
	revoked := hs.key(t, "revoked", watchlist.Admin, "", time.Time{})
	if err := hs.watch.RevokeKey(t.Context(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	hs.key(t, "expired", watchlist.MSSP, hs.acme.ID, today.Add(time.Hour))
	hs.now = today.Add(2 * time.Hour)
	kept := func(yield func(leaks.Record, error) bool) {
		for r := range records() {
			if hs.keeps(r.Username, r.Host) && !yield(r, nil) {
				return
			}
		}
	}
	if res, err := hs.store.Ingest(t.Context(), kept, &leaks.IngestOptions{Source: "feed-1", Seen: today}); err != nil || only == "" && res.Ingested != houseRows {
		t.Fatalf("%+v, %v", res, err)
	}
	return hs
}

// keeps reports whether a record with these values is in the house: everybody's
// or the one tenant's, whose name they have or whose executive's they are.
func (hs *house) keeps(values ...string) bool {
	all := strings.Join(values, " ")
	return strings.Contains(all, hs.only) || hs.only == "acme" && strings.Contains(all, "private.example")
}

const houseRows = 400

// records are those of both tenants, and of nobody.
func records() iter.Seq2[leaks.Record, error] {
	return func(yield func(leaks.Record, error) bool) {
		rng := rand.New(rand.NewPCG(7, 7))
		pick := func(v ...string) string { return v[rng.IntN(len(v))] }
		for i := range houseRows {
			user, org := rng.IntN(40), pick("acme", "acme", "rival", "nobody")
			r := leaks.Record{
				Username:      fmt.Sprintf("user%d@%s.example", user, pick(org, "mail", org)),
				Password:      fmt.Sprintf("S3cret!%d", user%7),
				Host:          fmt.Sprintf("https://%s.%s.example/login?a=<b>&c", pick("www", "vpn", "portal"), org),
				Source:        pick("feed-1", "feed-2", "feed-3"),
				UploadStealed: today.Add(-time.Duration(rng.IntN(30*24)) * time.Hour),
			}
			switch {
			case i%20 == 0:
				r.Username = "ceo@private.example"
			case i%25 == 1:
				r.Host = fmt.Sprintf("https://acme-corp-jobs.vendor%d.example/", i%3)
			}
			if rng.IntN(2) == 0 {
				r.MachineID, r.ComputerName, r.MachineUser = fmt.Sprintf("m%d", user), fmt.Sprintf("PC-%d", user), "Anna"
				r.IPAddress, r.Country, r.StealerName = fmt.Sprintf("192.0.2.%d", user), pick("DE", "FR"), pick("RedLine", "Vidar")
				r.LogDate = r.UploadStealed.Add(-48 * time.Hour)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (hs *house) workspace(t testing.TB, name string, entries map[watchlist.Kind][]string) watchlist.Workspace {
	t.Helper()
	w, err := hs.watch.CreateWorkspace(t.Context(), watchlist.WorkspaceSpec{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	for kind, values := range entries {
		for _, v := range values {
			if _, err := hs.watch.CreateEntry(t.Context(), w.ID, watchlist.EntrySpec{Kind: kind, Value: v}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

func (hs *house) key(t testing.TB, name string, role watchlist.Role, workspace string, expires time.Time) watchlist.Key {
	t.Helper()
	k, secret, err := hs.watch.CreateKey(t.Context(), watchlist.KeySpec{Workspace: workspace, Name: name, Role: role, ExpiresAt: expires})
	if err != nil {
		t.Fatal(err)
	}
	hs.keys[name] = secret
	return k
}

func (hs *house) handler(t testing.TB, opts Options) *Handler {
	t.Helper()
	opts.Store, opts.Rate = hs.store, -1
	h, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Everything is granted to administrators who do not name a workspace, and to
// nobody else.
func TestScopes(t *testing.T) {
	hs := newHouse(t)
	for _, c := range []struct {
		key, workspace string
		domains        string
		all            bool
		err            error
	}{
		{key: "member", domains: "acme.example"},
		{key: "member", workspace: hs.acme.ID, domains: "acme.example"},
		{key: "member", workspace: hs.rival.ID, err: watchlist.ErrOutside},
		{key: "member", workspace: "nonsense", err: watchlist.ErrOutside},
		{key: "mssp", domains: "acme.example"},
		{key: "mssp", workspace: hs.rival.ID, err: watchlist.ErrOutside},
		{key: "rival", domains: "rival.example"},
		{key: "admin", all: true},
		{key: "admin", workspace: hs.rival.ID, domains: "rival.example"},
		{key: "admin", workspace: "nonsense", err: watchlist.ErrNotFound},
	} {
		who, err := hs.watch.Verify(context.Background(), hs.keys[c.key])
		if err != nil {
			t.Fatal(err)
		}
		s, err := (&caller{who, hs.watch}).scope(t.Context(), c.workspace)
		if c.err == nil && err != nil || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s as %q: %v, want %v", c.key, c.workspace, err, c.err)
		}
		if s.All() != c.all || strings.Join(s.Domains(), ",") != c.domains {
			t.Errorf("%s as %q: all %t, domains %q", c.key, c.workspace, s.All(), s.Domains())
		}
	}
}
