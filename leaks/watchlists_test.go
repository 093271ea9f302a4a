package leaks

import (
	"errors"
	"testing"

	"github.com/leakscope/leakscope/watchlist"
)

// TestWatchlists: the directory of a store normalises as the store does, stays
// with it, and ends with it.
func TestWatchlists(t *testing.T) {
	dir := t.TempDir()
	opts := &Options{Key: [32]byte{1}, MinFree: 1}
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	d := s.Watchlists()
	w, err := d.CreateWorkspace(ctx, watchlist.WorkspaceSpec{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind     watchlist.Kind
		in, want string
	}{
		{watchlist.Domain, "BÜCHER.Example.", "xn--bcher-kva.example"},
		{watchlist.Domain, "shop.example.co.uk", "shop.example.co.uk"},
		{watchlist.Domain, "co.uk", ""},
		{watchlist.Domain, "github.io", ""},
		{watchlist.Domain, "localhost", ""},
		{watchlist.Domain, "192.0.2.1", ""},
		{watchlist.Domain, "2001:db8::1", ""},
		{watchlist.Domain, "[2001:db8::1]", ""},
		{watchlist.Domain, "https://example.com", ""},
		{watchlist.Executive, " Anna@Example.COM ", "anna@example.com"},
		{watchlist.Executive, "Anna", "Anna"},
		{watchlist.Asset, "VPN.example.com", "vpn.example.com"},
		{watchlist.Asset, "192.0.2.7/24", "192.0.2.0/24"},
	} {
		e, err := d.CreateEntry(ctx, w.ID, watchlist.EntrySpec{Kind: c.kind, Value: c.in})
		if c.want == "" {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s %q: %q, %v", c.kind, c.in, e.Value, err)
			}
		} else if err != nil || e.Value != c.want {
			t.Errorf("%s %q: %q, %v; want %q", c.kind, c.in, e.Value, err, c.want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Scope(ctx, w.ID); !errors.Is(err, watchlist.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if s, err = Open(dir, opts); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scope, err := s.Watchlists().Scope(ctx, w.ID)
	if err != nil || !scope.CoversDomain("a.xn--bcher-kva.example") || !scope.CoversUsername("Anna") {
		t.Errorf("%+v, %v", scope, err)
	}
}

// FuzzWatchedValue: a value is refused, or has a canonical form, which is its own.
func FuzzWatchedValue(f *testing.F) {
	for _, s := range []string{"Example.com.", "B\u00dcCHER.example", "\uff11.2.3.4", "acme corp", "Eva@example.com", "0x7f.1", "a\u2003b.test"} {
		f.Add(s)
	}
	s, err := Open(f.TempDir(), &Options{Key: [32]byte{1}, MinFree: 1})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	f.Fuzz(func(t *testing.T, text string) {
		for _, k := range watchlist.Kinds() {
			v, err := s.Watchlists().Normalize(k, text)
			if err != nil {
				continue
			}
			if again, err := s.Watchlists().Normalize(k, v); err != nil || again != v {
				t.Errorf("%s %q is %q, and that is %q, %v", k, text, v, again, err)
			}
		}
	})
}
