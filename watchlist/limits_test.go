package watchlist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestBadParameters: each is told by its name.
func TestBadParameters(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	ws := b.workspace(nil)
	g, err := b.CreateGroup(ctx, ws, GroupSpec{Name: "g"})
	if err != nil {
		t.Fatal(err)
	}
	e := b.entry(ws, Domain, "a.test")
	long := func(n int) string { return strings.Repeat("é", n+1) }
	ptr := func(s string) *string { return &s }
	bad := Kind("bad")
	list := func(q ListQuery) func() error {
		return func() error { _, err := b.Entries(ctx, ws, q); return err }
	}
	create := func(s ...EntrySpec) func() error {
		return func() error { _, err := b.CreateEntries(ctx, ws, s); return err }
	}
	update := func(c EntryChange) func() error {
		return func() error { _, err := b.UpdateEntry(ctx, ws, "", e.ID, c); return err }
	}
	for i, c := range []struct {
		param string
		call  func() error
	}{
		{"name", func() error { _, err := b.CreateWorkspace(ctx, WorkspaceSpec{}); return err }},
		{"name", func() error { _, err := b.CreateWorkspace(ctx, WorkspaceSpec{Name: long(maxName)}); return err }},
		{"name", func() error { _, err := b.CreateWorkspace(ctx, WorkspaceSpec{Name: "a\x00b"}); return err }},
		{"name", func() error { _, err := b.CreateWorkspace(ctx, WorkspaceSpec{Name: "\xff"}); return err }},
		{"quotas.domain", func() error {
			_, err := b.UpdateWorkspace(ctx, ws, WorkspaceChange{Quotas: map[Kind]int{Domain: -2}})
			return err
		}},
		{"quotas.bin", func() error {
			_, err := b.UpdateWorkspace(ctx, ws, WorkspaceChange{Quotas: map[Kind]int{BIN: MaxQuota + 1}})
			return err
		}},
		{"quotas", func() error {
			_, err := b.UpdateWorkspace(ctx, ws, WorkspaceChange{Quotas: map[Kind]int{bad: 1}})
			return err
		}},
		{"billing.reason", func() error {
			_, err := b.UpdateWorkspace(ctx, ws, WorkspaceChange{Billing: &Billing{Reason: long(maxReason)}})
			return err
		}},
		{"billing.status", func() error {
			_, err := b.UpdateWorkspace(ctx, ws, WorkspaceChange{Billing: &Billing{Status: long(maxReason)}})
			return err
		}},
		{"name", func() error { _, err := b.CreateGroup(ctx, ws, GroupSpec{Name: " "}); return err }},
		{"description", func() error {
			_, err := b.UpdateGroup(ctx, ws, g.ID, GroupChange{Description: ptr(long(maxDescription))})
			return err
		}},
		{"entries", create()},
		{"entries", create(make([]EntrySpec, maxBatch+1)...)},
		{"entries[1].kind", create(EntrySpec{Kind: Domain, Value: "b.test"}, EntrySpec{Kind: bad})},
		{"entries[1].value", create(EntrySpec{Kind: Domain, Value: "b.test"}, EntrySpec{Kind: Domain, Value: "test"})},
		{"entries[0].label", create(EntrySpec{Kind: Domain, Value: "b.test", Label: long(maxLabel)})},
		{"entries[0].note", create(EntrySpec{Kind: Domain, Value: "b.test", Note: long(maxNote)})},
		{"kind", update(EntryChange{Kind: &bad})},
		{"value", update(EntryChange{Value: ptr("")})},
		{"note", update(EntryChange{Note: ptr("\x1b")})},
		{"ids", func() error { _, err := b.DeleteEntries(ctx, ws, "", make([]string, maxBatch+1)); return err }},
		{"ids", func() error { _, err := b.DeleteGroups(ctx, ws, make([]string, maxBatch+1)); return err }},
		{"kind", func() error { _, err := b.DeleteEntries(ctx, ws, bad, nil); return err }},
		{"kind", list(ListQuery{Kind: bad})},
		{"page", list(ListQuery{Page: -1})},
		{"pageSize", list(ListQuery{PageSize: 201})},
		{"pageSize", list(ListQuery{PageSize: -1})},
		{"sortBy", list(ListQuery{SortBy: "id"})},
		{"sortOrder", list(ListQuery{SortOrder: "up"})},
		{"search", list(ListQuery{Search: long(maxSearch)})},
		{"search", list(ListQuery{Search: "\xff"})},
		{"role", func() error { _, _, err := b.CreateKey(ctx, KeySpec{Workspace: ws, Name: "k"}); return err }},
		{"workspace", func() error { _, _, err := b.CreateKey(ctx, KeySpec{Name: "k", Role: Member}); return err }},
		{"workspace", func() error {
			_, _, err := b.CreateKey(ctx, KeySpec{Workspace: ws, Name: "k", Role: Admin})
			return err
		}},
		{"name", func() error { _, _, err := b.CreateKey(ctx, KeySpec{Workspace: ws, Role: Member}); return err }},
		{"expiresAt", func() error {
			_, _, err := b.CreateKey(ctx, KeySpec{Workspace: ws, Name: "k", Role: Member, ExpiresAt: b.clock.now()})
			return err
		}},
		{"overlap", func() error { _, _, err := b.RotateKey(ctx, ws, -1); return err }},
	} {
		err := c.call()
		var p *ParamError
		if !errors.As(err, &p) || p.Param != c.param || !errors.Is(err, ErrInvalid) {
			t.Errorf("%d: %v, want one of %q", i, err, c.param)
		}
	}
	if s, err := b.Stats(ctx, ws); err != nil || s.Kinds[0].Used != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	// A page far past the end is empty.
	for _, page := range []int{2, 1 << 40, 1<<63 - 1} {
		if p, err := b.Entries(ctx, ws, ListQuery{Page: page, PageSize: 200}); err != nil || len(p.Items) != 0 || p.Total != 1 {
			t.Errorf("page %d: %+v, %v", page, p, err)
		}
	}
	for _, id := range []string{"", "x", ws, strings.ToUpper(ws), ws + " ", "00000000-0000-0000-0000-000000000000"} {
		if _, err := b.Entry(ctx, ws, "", id); !errors.Is(err, ErrNotFound) {
			t.Errorf("entry %q: %v", id, err)
		}
		if id == ws {
			continue
		}
		if _, err := b.Scope(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("scope of %q: %v", id, err)
		}
	}
}

// TestBilling: what is blocked, and what is not.
func TestBilling(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	ws := b.workspace(nil)
	asset := b.entry(ws, Asset, "one")
	domain := b.entry(ws, Domain, "a.test")
	if _, err := b.UpdateWorkspace(ctx, ws, WorkspaceChange{Billing: &Billing{true, "subscription_inactive", "past_due"}}); err != nil {
		t.Fatal(err)
	}
	for k, v := range map[Kind]string{Domain: "b.test", Keyword: "acme", BIN: "411111", Executive: "eva", Asset: "two", Ransom: "Acme"} {
		_, err := b.CreateEntry(ctx, ws, EntrySpec{Kind: k, Value: v})
		var billing *BillingError
		if blocked := k == Domain || k == Keyword || k == BIN; blocked != errors.As(err, &billing) || !blocked && err != nil {
			t.Errorf("%s: %v", k, err)
		} else if blocked && *billing != (BillingError{"subscription_inactive", "past_due"}) {
			t.Errorf("%s: %+v", k, billing)
		}
	}
	k, v := Domain, "c.test"
	if _, err := b.UpdateEntry(ctx, ws, "", asset.ID, EntryChange{Kind: &k, Value: &v}); !errors.Is(err, ErrBilling) {
		t.Errorf("an asset that becomes a domain: %v", err)
	}
	if _, err := b.UpdateEntry(ctx, ws, "", domain.ID, EntryChange{Label: &v}); err != nil {
		t.Errorf("a label: %v", err)
	}
	if n, err := b.DeleteEntries(ctx, ws, Domain, []string{domain.ID}); n != 1 || err != nil {
		t.Errorf("deleting: %d, %v", n, err)
	}
}

// TestScopeFollows: what a returned call has written is in the next scope, however
// many read and write.
func TestScopeFollows(t *testing.T) {
	b := newBench(t)
	ws := b.workspace(nil)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := b.Scope(t.Context(), ws); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for j := range 25 {
				d := fmt.Sprintf("d%d-%d.test", i, j)
				e, err := b.CreateEntry(t.Context(), ws, EntrySpec{Kind: Domain, Value: d})
				if err != nil {
					t.Error(err)
					return
				}
				if s, err := b.Scope(t.Context(), ws); err != nil || !s.CoversDomain(d) {
					t.Errorf("%s is not in scope: %v", d, err)
				}
				if j%2 == 0 {
					continue
				}
				if _, err := b.DeleteEntries(t.Context(), ws, Domain, []string{e.ID}); err != nil {
					t.Error(err)
				}
				if s, err := b.Scope(t.Context(), ws); err != nil || s.CoversDomain(d) {
					t.Errorf("%s is in scope: %v", d, err)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	wg.Wait()
}

func TestScopeCacheIsBounded(t *testing.T) {
	var c scopeCache
	for i := range maxScopes + 50 {
		ws := id{byte(i), byte(i >> 8)}
		_, version, _ := c.get(ws)
		c.put(ws, version, Scope{})
	}
	if c.kept != maxScopes {
		t.Errorf("%d are kept", c.kept)
	}
	kept := 0
	for _, item := range c.items {
		if item.kept {
			kept++
		}
	}
	if kept != c.kept {
		t.Errorf("%d are kept, %d are counted", kept, c.kept)
	}
}

// TestFullBatch: as many entries at once as may be, as long as they may be, which
// no one transaction of the database holds; and all of them out again.
func TestFullBatch(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	ws := b.workspace(map[Kind]int{Asset: maxBatch})
	specs := make([]EntrySpec, maxBatch)
	for i := range specs {
		specs[i] = EntrySpec{Kind: Asset, Value: fmt.Sprintf("%d %s", i, strings.Repeat("é", maxAsset-5)), Label: strings.Repeat("é", maxLabel), Note: strings.Repeat("é", maxNote)}
	}
	made, err := b.CreateEntries(ctx, ws, specs)
	if err != nil || len(made) != maxBatch {
		t.Fatal(err)
	}
	b.reopen()
	if s, err := b.Stats(ctx, ws); err != nil || s.Kinds[Asset.index()].Used != maxBatch {
		t.Errorf("%+v, %v", s, err)
	}
	ids := make([]string, len(made))
	for i := range made {
		ids[i] = made[i].ID
	}
	if n, err := b.DeleteEntries(ctx, ws, Asset, ids); n != maxBatch || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n := records(t, b); n != 1 {
		t.Errorf("%d records are left", n)
	}
}

func TestClosed(t *testing.T) {
	b := newBench(t)
	ws := b.workspace(nil)
	_, secret := b.key(KeySpec{Workspace: ws, Role: Member})
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	ctx := context.Background()
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, err := b.Workspace(ctx, ws)
	_, err2 := b.CreateWorkspace(ctx, WorkspaceSpec{Name: "x"})
	_, err3 := b.Verify(ctx, secret)
	_, err4 := b.Scope(ctx, ws)
	for i, err := range []error{err, err2, err3, err4} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%d: %v", i, err)
		}
	}
	b.reopen()
	if _, err := b.Entries(done, ws, ListQuery{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := b.CreateWorkspace(done, WorkspaceSpec{Name: "x"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestIDs(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	s := idSource{now: func() time.Time { return now }, rand: zeros{}}
	last := ""
	for i := range 10_000 {
		if i == 5000 {
			now = now.Add(-time.Hour) // clocks do
		}
		i, err := s.next()
		if err != nil {
			t.Fatal(err)
		}
		text := i.String()
		if text <= last || text[14] != '7' || text[19] != '8' {
			t.Fatalf("%s after %s", text, last)
		}
		if back, ok := parseID(text); !ok || back != i {
			t.Fatalf("%s is read as %v", text, back)
		}
		last = text
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
