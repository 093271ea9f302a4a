package httpapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/watchlist"
)

// Quotas and billing.
func TestWorkspaceQuotas(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	_, err := hs.watch.UpdateWorkspace(t.Context(), hs.acme.ID, watchlist.WorkspaceChange{Quotas: map[watchlist.Kind]int{watchlist.Domain: 1, watchlist.Keyword: 1, watchlist.BIN: watchlist.NoEntries}})
	if err != nil {
		t.Fatal(err)
	}
	post := func(kind, value string) (int, string) {
		return hs.bearer(h, "POST", "member", "/api/v1/watchlists/"+kind, fmt.Sprintf(`{"value":%q}`, value))
	}
	for kind, c := range map[string][2]string{
		"domain":  {"a.example", `{"error":"quota_domains_reached","metric":"domains","used":1,"limit":1,"requestedIncrement":1}`},
		"keyword": {"other", `{"error":"quota_keywords_reached","metric":"keywords","used":1,"limit":1,"requestedIncrement":1}`},
		"bin":     {"400000", `{"error":"quota_bins_reached","metric":"bins","used":0,"limit":0,"requestedIncrement":1}`},
	} {
		if code, body := post(kind, c[0]); code != 409 || body != c[1] {
			t.Errorf("%s: %d %s", kind, code, body)
		}
	}
	_, err = hs.watch.UpdateWorkspace(t.Context(), hs.acme.ID, watchlist.WorkspaceChange{Billing: &watchlist.Billing{Blocked: true, Reason: "subscription_inactive", Status: "past_due"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ kind, value string }{{"domain", "a.example"}, {"keyword", "other"}, {"bin", "400000"}} {
		const want = `{"error":"You don't have permission to view this","reason":"subscription_inactive","status":"past_due"}`
		if code, body := post(c.kind, c.value); code != 403 || body != want {
			t.Errorf("%s: %d %s", c.kind, code, body)
		}
	}
	if code, body := post("asset", "x"); code != 405 && code != 404 {
		t.Error(code, body)
	}
	if code, body := post("executive", "cto@acme.example"); code != 201 {
		t.Error(code, body)
	}
}

// Making, listing, changing and deleting, as a client would.
func TestWorkspaceWatchlists(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	do := func(method, target, body string, want int) map[string]any {
		t.Helper()
		code, text := hs.bearer(h, method, "member", "/api/v1/watchlists"+target, body)
		var out map[string]any
		if err := json.Unmarshal([]byte(text), &out); err != nil || code != want {
			t.Fatalf("%s %s: %d %s", method, target, code, text)
		}
		return out
	}
	data := func(m map[string]any) map[string]any { return m["data"].(map[string]any) }
	group := data(do("POST", "/create", `{"name":"Board","description":"all of them"}`, 201))["id"].(string)
	made := data(do("POST", "/executive", `{"value":" CTO@Acme.example","watchlistid":"`+group+`","label":"tech"}`, 201))
	if made["value"] != "cto@acme.example" || made["watchlistid"] != group || made["active"] != true || made["kind"] != "executive" {
		t.Errorf("made %v", made)
	}
	inert := data(do("POST", "/domain", `{"value":"rival.example","active":false}`, 201))
	if code, body := hs.bearer(h, "GET", "member", "/api/v1/dataleaks/credentials?domain=rival.example", ""); code != 403 {
		t.Error("an inactive entry grants:", code, body)
	}
	// An entry grants, and does not grant, at once.
	for active, want := range map[string]int{"true": 200, "false": 403} {
		do("PUT", "/domain/"+inert["id"].(string), `{"active":`+active+`}`, 200)
		if code, body := hs.bearer(h, "GET", "member", "/api/v1/dataleaks/credentials?domain=rival.example", ""); code != want {
			t.Errorf("active %s: %d %s", active, code, body)
		}
	}
	list := do("GET", "/executive?watchlistid="+group, "", 200)
	want := map[string]any{"currentPage": 1.0, "pageSize": 50.0, "totalRecords": 1.0, "totalPages": 1.0, "hasMore": false, "nextPage": nil}
	if p := list["paging"].(map[string]any); fmt.Sprint(p) != fmt.Sprint(want) {
		t.Errorf("paging %v", p)
	}
	for i := range 5 {
		do("POST", "/assets", fmt.Sprintf(`{"value":"server-%d","label":"rack"}`, i), 201)
	}
	var seen []string
	for page := 1; page != 0; {
		l := do("GET", fmt.Sprintf("/assets?pageSize=2&page=%d&sortBy=value&sortOrder=desc&search=RACK", page), "", 200)
		for _, e := range l["data"].([]any) {
			seen = append(seen, e.(map[string]any)["value"].(string))
		}
		p := l["paging"].(map[string]any)
		next, more := p["nextPage"].(float64)
		if p["hasMore"] != more || p["totalRecords"] != 5.0 || p["totalPages"] != 3.0 {
			t.Errorf("paging %v", p)
		}
		page = int(next)
	}
	if !slices.Equal(seen, []string{"server-4", "server-3", "server-2", "server-1", "server-0"}) {
		t.Errorf("walked %q", seen)
	}
	if l := do("GET", "/assets?page=9", "", 200); fmt.Sprint(l["data"]) != "[]" {
		t.Errorf("past the end: %v", l)
	}
	if got := data(do("PUT", "/executive/"+made["id"].(string), `{"watchlistid":"","note":"n"}`, 200)); got["watchlistid"] != "" || got["note"] != "n" || got["label"] != "tech" {
		t.Errorf("changed %v", got)
	}
	do("PUT", "/domain/"+made["id"].(string), `{"note":"n"}`, 404) // another kind's
	if n := data(do("POST", "/executive/delete", `{"ids":["`+made["id"].(string)+`","nothing"]}`, 200))["count"]; n != 1.0 {
		t.Errorf("deleted %v", n)
	}
	if got := data(do("GET", "/stats", "", 200)); got["groups"] != 1.0 {
		t.Errorf("stats %v", got)
	}
	if got := data(do("PUT", "/"+group, `{"name":"The board"}`, 200)); got["name"] != "The board" || got["description"] != "all of them" {
		t.Errorf("changed %v", got)
	}
	if n := data(do("POST", "/delete", `{"ids":["`+group+`"]}`, 200))["count"]; n != 1.0 {
		t.Errorf("deleted %v", n)
	}
}
