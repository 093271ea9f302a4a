package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// bearer asks the workspace API with the key of that name; an empty name is no
// key.
func (hs *house) bearer(h http.Handler, method, key, target, body string) (int, string) {
	var header []string
	if key != "" {
		secret, ok := hs.keys[key]
		if !ok {
			secret = key
		}
		header = append(header, "Authorization: Bearer "+secret)
	}
	if body != "" {
		header = append(header, isJSON)
	}
	w := ask(h, method, target, body, header...)
	return w.Code, strings.TrimSuffix(w.Body.String(), "\n")
}

// fill adds documents and cards of both tenants.
func (hs *house) fill(t *testing.T) {
	t.Helper()
	documents := func(yield func(leaks.DocumentRecord, error) bool) {
		for i := range 40 {
			r := leaks.DocumentRecord{
				Name: fmt.Sprintf("plan %d.pdf", i), Domain: []string{"acme.example", "vpn.acme.example", "rival.example", "nobody.example"}[i%4],
				URL: fmt.Sprintf("https://files.example/%d", i), Source: "feed-1", Size: int64(i),
				DetectedAt: today.AddDate(0, 0, -i),
			}
			if hs.keeps(r.Domain) && !yield(r, nil) {
				return
			}
		}
	}
	cards := func(yield func(leaks.CardRecord, error) bool) {
		for i := range 40 {
			r := leaks.CardRecord{
				BIN: []string{"411111", "41111122", "522222", "555555"}[i%4], Last4: fmt.Sprintf("%04d", i), Country: "DE", Source: "feed-1",
				DetectedAt: today.AddDate(0, 0, -i),
			}
			if hs.keeps(map[string]string{"411111": "acme", "522222": "rival"}[r.BIN[:6]]) && !yield(r, nil) {
				return
			}
		}
	}
	if r, err := hs.store.IngestDocuments(t.Context(), documents, nil); err != nil || hs.only == "" && r.Ingested != 40 {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := hs.store.IngestCards(t.Context(), cards, nil); err != nil || hs.only == "" && r.Ingested != 40 {
		t.Fatalf("%+v, %v", r, err)
	}
	for ws, bin := range map[string]string{hs.acme.ID: "411111", hs.rival.ID: "522222"} {
		if _, err := hs.watch.CreateEntry(t.Context(), ws, watchlist.EntrySpec{Kind: watchlist.BIN, Value: bin}); err != nil {
			t.Fatal(err)
		}
	}
}

// workspaceTargets are valid requests of every route with a key: the query or
// body that the path needs.
func (hs *house) workspaceTargets(t *testing.T) map[string]struct{ target, body string } {
	t.Helper()
	group, err := hs.watch.CreateGroup(t.Context(), hs.acme.ID, watchlist.GroupSpec{Name: "first"})
	if err != nil {
		t.Fatal(err)
	}
	const base = "/api/v1/watchlists"
	all := map[string]struct{ target, body string }{
		"GET " + base:              {base, ""},
		"POST " + base + "/create": {base + "/create", `{"name":"one of %d"}`},
		"PUT " + base + "/{id}":    {base + "/" + group.ID, `{"description":"%d"}`},
		"POST " + base + "/delete": {base + "/delete", `{"ids":["%d"]}`},
		"GET " + base + "/stats":   {base + "/stats", ""},

		"GET /api/v1/dataleaks/credentials":       {"/api/v1/dataleaks/credentials?domain=acme.example", ""},
		"GET /api/v1/dataleaks/credentials/email": {"/api/v1/dataleaks/credentials/email?email=user1@acme.example", ""},
		"GET /api/v1/dataleaks/documents":         {"/api/v1/dataleaks/documents?domain=acme.example", ""},
		"GET /api/v1/dataleaks/paymentcards/bins": {"/api/v1/dataleaks/paymentcards/bins?bin=411111", ""},
		"GET /api/v1/dataleaks/stats":             {"/api/v1/dataleaks/stats?domain=acme.example", ""},
		"GET /api/v1/dataleaks/user":              {"/api/v1/dataleaks/user?id=" + hs.machine(t), ""},
	}
	values := map[watchlist.Kind]string{
		watchlist.Asset: "host%d.acme.example", watchlist.Domain: "acme%d.example", watchlist.BIN: "4000%02d",
		watchlist.Executive: "boss%d@acme.example", watchlist.Keyword: "acme number %d", watchlist.Ransom: "Acme %d",
	}
	for _, k := range kindPaths {
		e, err := hs.watch.CreateEntry(t.Context(), hs.acme.ID, watchlist.EntrySpec{Kind: k.kind, Value: fmt.Sprintf(values[k.kind], 99)})
		if err != nil {
			t.Fatal(err)
		}
		path := base + "/" + k.path
		all["GET "+path] = struct{ target, body string }{path, ""}
		all["POST "+path] = struct{ target, body string }{path, `{"value":"` + values[k.kind] + `"}`}
		all["PUT "+path+"/{id}"] = struct{ target, body string }{path + "/" + e.ID, `{"label":"%d"}`}
		all["POST "+path+"/delete"] = struct{ target, body string }{path + "/delete", `{"ids":["%d"]}`}
	}
	return all
}

// machine is the id of an infected machine with a credential of Acme's.
func (hs *house) machine(t *testing.T) string {
	t.Helper()
	scope, err := hs.watch.Scope(t.Context(), hs.acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	for c, err := range hs.store.Walk(t.Context(), leaks.DetailsQuery{Scope: scope, Column: leaks.RootDomain}) {
		if err != nil {
			t.Fatal(err)
		}
		if c.MachineID != "" {
			return c.MachineID
		}
	}
	t.Fatal("no machine")
	return ""
}

const (
	missingKey = `{"error":"Missing API key"}`
	invalidKey = `{"error":"Invalid or revoked API key"}`
	forbidden  = `{"error":"You don't have permission to view this"}`
	notFound   = `{"error":"Not found"}`
)

// Every route, whoever asks: exactly this status and this body.
func TestWorkspaceKeys(t *testing.T) {
	hs := newHouse(t)
	hs.fill(t)
	targets := hs.workspaceTargets(t)
	maps.Copy(targets, hs.monitorTargets(t))
	h := hs.handler(t, Options{})
	n := 0
	for _, ep := range h.routes {
		if ep.api != workspaceStyle || ep.access == public || ep.access == adminKey {
			continue
		}
		name := ep.method + " " + ep.path
		c, ok := targets[name]
		if !ok {
			t.Errorf("%s is not tried", name)
			continue
		}
		delete(targets, name)
		try := func(key, more string) (int, string) {
			n++
			target, body := c.target, c.body
			if strings.Contains(target, "%e") {
				_, event, _ := hs.openEvent(t, hs.acme.ID)
				target = strings.ReplaceAll(target, "%e", event)
			}
			if more != "" {
				sep := "?"
				if strings.Contains(target, "?") {
					sep = "&"
				}
				target += sep + more
			}
			if strings.Contains(body, "%") {
				body = fmt.Sprintf(body, n%100)
			}
			return hs.bearer(h, ep.method, key, target, body)
		}
		for key, want := range map[string]string{"": missingKey, "nonsense": invalidKey, "revoked": invalidKey, "expired": invalidKey} {
			if code, body := try(key, ""); code != 401 || body != want {
				t.Errorf("%s with key %q: %d %s", name, key, code, body)
			}
		}
		for _, key := range []string{"member", "mssp"} {
			if code, body := try(key, ""); code != orDefault(ep.status, 200) || !strings.HasPrefix(body, `{"data":`) {
				t.Errorf("%s with %s: %d %s", name, key, code, body)
			}
			for _, ws := range []string{hs.rival.ID, "nonsense"} {
				if code, body := try(key, "workspace="+ws); code != 403 || body != forbidden {
					t.Errorf("%s with %s as %s: %d %s", name, key, ws, code, body)
				}
			}
		}
		code, body := try("admin", "")
		if !strings.Contains(ep.path, "dataleaks") {
			if code != 400 || body != `{"error":"workspace: Field required of an administrator's key"}` {
				t.Errorf("%s with admin: %d %s", name, code, body)
			}
		} else if code != 200 {
			t.Errorf("%s with admin: %d %s", name, code, body)
		}
		if code, body := try("admin", "workspace="+hs.acme.ID); code != orDefault(ep.status, 200) {
			t.Errorf("%s with admin as Acme: %d %s", name, code, body)
		}
		if code, body := try("admin", "workspace=nonsense"); code != 404 || body != notFound {
			t.Errorf("%s with admin as nobody: %d %s", name, code, body)
		}
		if code, body := try("member", "colour=red"); code != 400 || body != `{"error":"colour: There is no such parameter"}` {
			t.Errorf("%s with an unknown parameter: %d %s", name, code, body)
		}
	}
	for name := range targets {
		t.Error("there is no route", name)
	}
	// The leaks API's header is not this one's.
	if w := ask(h, "GET", "/api/v1/watchlists", "", "X-Api-Key: "+hs.keys["member"]); w.Code != 401 || w.Header().Get("X-Request-Id") == "" {
		t.Error(w.Code, w.Header())
	}
	if code, body := hs.bearer(h, "GET", "", "/health", ""); code != 200 || body != `{"status":"ok"}` {
		t.Error(code, body)
	}
}

// What is malformed, outside, or not there: exactly this status and this body.
func TestWorkspaceRefusals(t *testing.T) {
	hs := newHouse(t)
	hs.fill(t)
	h := hs.handler(t, Options{})
	foreign, err := hs.watch.Entries(t.Context(), hs.rival.ID, watchlist.ListQuery{Kind: watchlist.Domain})
	if err != nil {
		t.Fatal(err)
	}
	foreignGroup, err := hs.watch.CreateGroup(t.Context(), hs.rival.ID, watchlist.GroupSpec{Name: "theirs"})
	if err != nil {
		t.Fatal(err)
	}
	const leaked = "/api/v1/dataleaks/"
	const lists = "/api/v1/watchlists"
	refused := func(s string) string { return `{"error":"` + s + `"}` }
	for _, c := range []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"GET", leaked + "credentials", "", 400, refused("domain: Field required")},
		{"GET", leaked + "credentials?domain=", "", 400, refused("domain: must be a domain name")},
		{"GET", leaked + "credentials?domain=a..b", "", 400, refused("domain: must be a domain name")},
		{"GET", leaked + "credentials?domain=rival.example", "", 403, forbidden},
		{"GET", leaked + "credentials?domain=nowhere.example", "", 403, forbidden},
		{"GET", leaked + "credentials?domain=example", "", 403, forbidden},
		{"GET", leaked + "credentials?domain=acme.example&domain=acme.example", "", 400, refused("domain: must be given once")},
		{"GET", leaked + "credentials?domain=acme.example&fromDate=2026-11-02&toDate=2026-11-02", "", 400, refused("toDate: must be after fromDate")},
		{"GET", leaked + "credentials?domain=acme.example&fromDate=2026-11-31", "", 400, refused("fromDate: must be a day written YYYY-MM-DD")},
		{"GET", leaked + "credentials?domain=acme.example&pageSize=201&page=0", "", 400, refused("page: must be at least 1; pageSize: must be at most 200")},
		{"GET", leaked + "credentials?domain=acme.example&sortBy=hash", "", 400, refused("sortBy: must be source_count or last_seen")},
		{"GET", leaked + "credentials/email", "", 400, refused("email: Field required")},
		{"GET", leaked + "credentials/email?email=nobody", "", 400, refused("email: must be an e-mail address")},
		{"GET", leaked + "credentials/email?email=a@b@c", "", 400, refused("email: must be an e-mail address")},
		{"GET", leaked + "credentials/email?email=a@b..c", "", 400, refused("email: must be a domain name")},
		{"GET", leaked + "credentials/email?email=user1@rival.example", "", 403, forbidden},
		{"GET", leaked + "credentials/email?email=cfo@private.example", "", 403, forbidden},
		{"GET", leaked + "documents", "", 400, refused("domain: Field required")},
		{"GET", leaked + "documents?domain=a..b", "", 400, refused("domain: must be a domain name")},
		{"GET", leaked + "documents?domain=rival.example", "", 403, forbidden},
		{"GET", leaked + "documents?domain=nowhere.example", "", 403, forbidden},
		{"GET", leaked + "paymentcards/bins", "", 400, refused("bin: Field required")},
		{"GET", leaked + "paymentcards/bins?bin=41111", "", 400, refused("bin: must be 6 to 8 digits")},
		{"GET", leaked + "paymentcards/bins?bin=411111111", "", 400, refused("bin: must be 6 to 8 digits")},
		{"GET", leaked + "paymentcards/bins?bin=522222", "", 403, forbidden},
		{"GET", leaked + "paymentcards/bins?bin=000000", "", 403, forbidden},
		{"GET", leaked + "stats", "", 400, refused("domain: Field required")},
		{"GET", leaked + "stats?domain=rival.example", "", 403, forbidden},
		{"GET", leaked + "user", "", 400, refused("id: Field required")},
		{"GET", leaked + "user?id=nothing", "", 404, notFound},
		{"GET", leaked + "nothing", "", 404, notFound},
		{"DELETE", leaked + "credentials", "", 405, refused("Method not allowed")},

		{"POST", lists + "/domain", `{"value":"com"}`, 400, refused("value: must be a registrable domain or below one, not a public suffix")},
		{"POST", lists + "/domain", `{}`, 400, refused("value: Field required")},
		{"POST", lists + "/domain", `{"VALUE":""}`, 400, refused("value: must not be empty")},
		{"POST", lists + "/domain", `null`, 400, refused("body: must be a JSON object")},
		{"POST", lists + "/domain/delete", `{}`, 400, refused("ids: Field required")},
		{"POST", lists + "/domain", `{"value":5}`, 400, refused("value: must be a string")},
		{"POST", lists + "/domain", `{"value":"a.example","colour":"red"}`, 400, refused("colour: There is no such field")},
		{"POST", lists + "/domain", `{"value":"a.example"`, 400, refused("body: must be JSON")},
		{"POST", lists + "/domain", `{"value":"acme.example"}`, 409, refused("value: exists already")},
		{"POST", lists + "/domain", `{"value":"a.example","watchlistid":"nothing"}`, 404, notFound},
		{"POST", lists + "/domain", `{"value":"a.example","watchlistid":"` + foreignGroup.ID + `"}`, 404, notFound},
		{"POST", lists + "/bin", `{"value":"41111"}`, 400, refused("value: must have 6 to 8 digits")},
		{"POST", lists + "/keyword", `{"value":"ab"}`, 400, refused("value: must have 3 to 100 characters")},
		{"PUT", lists + "/domain/" + foreign.Items[0].ID, `{"label":"mine"}`, 404, notFound},
		{"PUT", lists + "/domain/nothing", `{"label":"mine"}`, 404, notFound},
		{"PUT", lists + "/" + foreignGroup.ID, `{"name":"mine"}`, 404, notFound},
		{"POST", lists + "/domain/delete", `{"ids":["` + foreign.Items[0].ID + `"]}`, 200, `{"data":{"count":0}}`},
		{"POST", lists + "/delete", `{"ids":["` + foreignGroup.ID + `"]}`, 200, `{"data":{"count":0}}`},
		{"POST", lists + "/create", `{"name":""}`, 400, refused("name: must have 1 to 100 characters")},
		{"GET", lists + "/domain?watchlistid=" + foreignGroup.ID, "", 404, notFound},
		{"GET", lists + "/planet", "", 405, refused("Method not allowed")}, // PUT /watchlists/{id}
		{"POST", lists + "/create", "", 415, refused("The body must be application/json")},
	} {
		if code, body := hs.bearer(h, c.method, "member", c.target, c.body); code != c.status || body != c.want {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.target, c.body, code, body, c.status, c.want)
		}
	}
	if l, err := hs.watch.Entries(t.Context(), hs.rival.ID, watchlist.ListQuery{}); err != nil || l.Total != 2 {
		t.Errorf("the rival's entries: %+v, %v", l, err)
	}
}
