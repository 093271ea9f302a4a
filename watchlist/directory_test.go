package watchlist

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// TestFirstSteps goes through what a program does with a directory.
func TestFirstSteps(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	w, err := b.CreateWorkspace(ctx, WorkspaceSpec{Name: " Acme ", Quotas: map[Kind]int{Domain: 2}})
	if err != nil || w.Name != "Acme" || w.ID == "" {
		t.Fatalf("%+v, %v", w, err)
	}
	g, err := b.CreateGroup(ctx, w.ID, GroupSpec{Name: "Main"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := b.CreateEntry(ctx, w.ID, EntrySpec{Kind: Domain, Value: "WWW.Example.com.", Group: g.ID, Label: "l"})
	if err != nil || e.Value != "www.example.com" || !e.Active || e.Group != g.ID || e.Kind != Domain {
		t.Fatalf("%+v, %v", e, err)
	}
	b.entry(w.ID, Executive, "Boss@Example.com")
	b.entry(w.ID, BIN, "412345")
	b.entry(w.ID, Keyword, "Acme  Corp")
	b.entry(w.ID, Asset, "host.example.com")
	b.entry(w.ID, Ransom, "Acme Inc.")
	b.reopen()
	s, err := b.Scope(ctx, w.ID)
	if err != nil || !s.CoversDomain("a.www.example.com") || s.CoversDomain("host.example.com") || s.CoversDomain("example.com") ||
		!s.CoversUsername("boss@example.com") || !s.CoversBIN("41234567") || !s.CoversKeyword("acme corp") {
		t.Errorf("%+v, %v", s, err)
	}
	got, err := b.Entry(ctx, w.ID, "", e.ID)
	if err != nil || got != e {
		t.Errorf("%+v, %v; want %+v", got, err, e)
	}
	off := false
	if _, err := b.UpdateEntry(ctx, w.ID, Domain, e.ID, EntryChange{Active: &off}); err != nil {
		t.Fatal(err)
	}
	if s, err := b.Scope(ctx, w.ID); err != nil || s.CoversDomain("www.example.com") {
		t.Errorf("an inactive domain is in scope: %v", err)
	}
	var exists *ExistsError
	if _, err := b.CreateEntry(ctx, w.ID, EntrySpec{Kind: Domain, Value: "www.example.com"}); !errors.As(err, &exists) || exists.ID != e.ID || exists.Param != "value" {
		t.Errorf("a second of it: %v", err)
	}
	var quota *QuotaError
	_, err = b.CreateEntries(ctx, w.ID, []EntrySpec{{Kind: Domain, Value: "a.test"}, {Kind: Domain, Value: "b.test"}})
	if !errors.As(err, &quota) || *quota != (QuotaError{"domains", 1, 2, 2}) || err.Error() != "quota_domains_reached" {
		t.Errorf("beyond the quota: %v", err)
	}
	if n, err := b.DeleteGroups(ctx, w.ID, []string{g.ID, "nonsense"}); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	stats, err := b.Stats(ctx, w.ID)
	if err != nil || stats.Groups != 0 || stats.Kinds[0] != (KindStats{Domain, 0, 0, 2}) || stats.Kinds[1] != (KindStats{Keyword, 1, 1, 1000}) {
		t.Errorf("%+v, %v", stats, err)
	}
	page, err := b.Entries(ctx, w.ID, ListQuery{Search: "ACME", SortBy: "value"})
	if err != nil || page.Total != 2 || page.Items[0].Value != "Acme Inc." || page.TotalPages() != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	key, secret, err := b.CreateKey(ctx, KeySpec{Workspace: w.ID, Name: "k", Role: Member})
	if err != nil {
		t.Fatal(err)
	}
	who, err := b.Verify(ctx, secret)
	if err != nil || who.Key.ID != key.ID || who.Key.Workspace != w.ID || who.Admin() {
		t.Errorf("%+v, %v", who, err)
	}
	if err := b.RevokeKey(ctx, key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Verify(ctx, secret); !errors.Is(err, ErrKey) || KeyProblem(err) != "revoked" {
		t.Errorf("a revoked key: %v", err)
	}
	if err := b.DeleteWorkspace(ctx, w.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Scope(ctx, w.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the scope of nobody: %v", err)
	}
	b.reopen()
	if n := records(t, b); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

// TestQuotaRace: 64 writers at a quota of 10 leave exactly 10.
func TestQuotaRace(t *testing.T) {
	b := newBench(t)
	ws := b.workspace(map[Kind]int{Domain: 10})
	var wg sync.WaitGroup
	var made, refused atomic.Int32
	for i := range 64 {
		wg.Go(func() {
			_, err := b.CreateEntry(t.Context(), ws, EntrySpec{Kind: Domain, Value: fmt.Sprintf("d%d.test", i)})
			switch {
			case err == nil:
				made.Add(1)
			case errors.Is(err, ErrQuota):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	stats, err := b.Stats(t.Context(), ws)
	if err != nil || made.Load() != 10 || refused.Load() != 54 || stats.Kinds[0].Used != 10 {
		t.Errorf("%d made, %d refused, %+v, %v", made.Load(), refused.Load(), stats, err)
	}
	if page, err := b.Entries(t.Context(), ws, ListQuery{}); err != nil || page.Total != 10 {
		t.Errorf("%d entries, %v", page.Total, err)
	}
}
