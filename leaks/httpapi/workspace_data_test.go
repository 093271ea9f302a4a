package httpapi

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// An answer is what the Go API answers, in the envelope.
func TestWorkspaceEqualsGo(t *testing.T) {
	hs := newHouse(t)
	hs.fill(t)
	h := hs.handler(t, Options{})
	ctx := t.Context()
	acme, err := hs.watch.Scope(ctx, hs.acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	same := func(target string, want any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := hs.bearer(h, "GET", "member", "/api/v1/dataleaks/"+target, ""); code != 200 || body != string(b) {
			t.Errorf("%s: %d\n got %.300s\nwant %.300s", target, code, body, b)
		}
	}
	credentials := func(target string, q leaks.DetailsQuery) {
		t.Helper()
		p, err := hs.store.Details(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if p.Total == 0 && !strings.Contains(target, "none") {
			t.Errorf("%s: nothing", target)
		}
		same(target, envelope(p.Data, p.Page, p.PageSize, p.Total), nil)
	}
	only := func(domain string) watchlist.Scope {
		s, err := acme.OnlyDomains(domain)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ceo, err := acme.OnlyUsernames("ceo@private.example")
	if err != nil {
		t.Fatal(err)
	}
	credentials("credentials?domain=acme.example", leaks.DetailsQuery{Scope: only("acme.example"), Column: leaks.AnyColumn})
	credentials("credentials?domain=VPN.acme.example&page=2&pageSize=3&sortBy=last_seen&search=user1", leaks.DetailsQuery{
		Scope: only("vpn.acme.example"), Column: leaks.AnyColumn, Page: 2, PageSize: 3, SortBy: leaks.ByLastSeen, Search: "user1",
	})
	credentials("credentials?domain=acme.example&fromDate=2026-11-10&toDate=2026-11-15", leaks.DetailsQuery{
		Scope: only("acme.example"), Column: leaks.AnyColumn, Filters: leaks.Filters{StartDate: "2026-11-10", EndDate: "2026-11-14"},
	})
	credentials("credentials/email?email=USER1@acme.example", leaks.DetailsQuery{
		Scope: only("acme.example"), Column: leaks.EmailDomain, Filters: leaks.Filters{Username: []string{"user1@acme.example"}},
	})
	credentials("credentials/email?email=none@acme.example", leaks.DetailsQuery{
		Scope: only("acme.example"), Column: leaks.EmailDomain, Filters: leaks.Filters{Username: []string{"none@acme.example"}},
	})
	credentials("credentials/email?email=ceo@private.example", leaks.DetailsQuery{Scope: ceo, Column: leaks.Username})

	for target, q := range map[string]leaks.DocumentsQuery{
		"domain=acme.example": {Domain: "acme.example", Descending: true},
		"domain=vpn.acme.example&sortBy=name&pageSize=3&page=2":                   {Domain: "vpn.acme.example", SortBy: "name", PageSize: 3, Page: 2},
		"domain=acme.example&sortBy=size&sortOrder=asc&search=PLAN":               {Domain: "acme.example", SortBy: "size", Search: "PLAN"},
		"domain=acme.example&fromDate=2026-11-01&toDate=2026-11-15&sortBy=domain": {Domain: "acme.example", From: "2026-11-01", To: "2026-11-15", SortBy: "domain"},
	} {
		q.Scope = acme
		p, err := hs.store.Documents(ctx, q)
		if err != nil || p.Total == 0 {
			t.Fatalf("%s: %+v, %v", target, p, err)
		}
		same("documents?"+target, envelope(p.Data, p.Page, p.PageSize, p.Total), nil)
	}
	for target, q := range map[string]leaks.CardsQuery{
		"bin=411111": {BIN: "411111", Descending: true},
		"bin=41111122&sortBy=last4&sortOrder=desc&pageSize=1": {BIN: "41111122", SortBy: "last4", Descending: true, PageSize: 1},
		"bin=4111112&fromDate=2026-11-01&sortOrder=asc":       {BIN: "4111112", From: "2026-11-01", SortBy: "detectedAt"},
	} {
		q.Scope = acme
		p, err := hs.store.Cards(ctx, q)
		if err != nil || p.Total == 0 {
			t.Fatalf("%s: %+v, %v", target, p, err)
		}
		same("paymentcards/bins?"+target, envelope(p.Data, p.Page, p.PageSize, p.Total), nil)
	}
	st, err := hs.store.DataStats(ctx, acme, "acme.example")
	same("stats?domain=acme.example", one[*leaks.DataStats]{st}, err)
	id := hs.machine(t)
	m, err := hs.store.Machine(ctx, acme, id)
	same("user?id="+url.QueryEscape(id), one[*leaks.Machine]{m}, err)
}

// The window of a query has no day too many and none too few.
func TestWindow(t *testing.T) {
	for _, c := range []struct {
		w    window
		want leaks.Filters
	}{
		{window{}, leaks.Filters{}},
		{window{from: "2026-11-02"}, leaks.Filters{StartDate: "2026-11-02"}},
		{window{to: "2026-03-01"}, leaks.Filters{EndDate: "2026-02-28"}},
		{window{"2024-02-29", "2024-03-01"}, leaks.Filters{StartDate: "2024-02-29", EndDate: "2024-02-29"}},
	} {
		var f leaks.Filters
		if err := c.w.filter(&f); err != nil || f.StartDate != c.want.StartDate || f.EndDate != c.want.EndDate {
			t.Errorf("%+v: %+v, %v", c.w, f, err)
		}
	}
}
