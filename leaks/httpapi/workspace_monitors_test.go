package httpapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// openEvent makes a monitor of a workspace that finds what there is at once, and
// returns it, its event and what is to be delivered of it.
func (hs *house) openEvent(t *testing.T, workspace string) (monitor, event, delivery string) {
	t.Helper()
	ctx := t.Context()
	m, err := hs.store.CreateMonitor(ctx, workspace, watchlist.MonitorSpec{Name: "found", Threshold: 1, Webhook: "https://hooks.example/x"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hs.watch.Evaluate(ctx, hs.store); err != nil {
		t.Fatal(err)
	}
	if m, err = hs.watch.Monitor(ctx, workspace, m.ID); err != nil || m.OpenEvent == "" {
		t.Fatalf("%+v, %v", m, err)
	}
	l, err := hs.watch.Deliveries(ctx, workspace, "", watchlist.ListQuery{PageSize: 200})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range l.Items {
		if v.Event == m.OpenEvent {
			return m.ID, m.OpenEvent, v.ID
		}
	}
	t.Fatal("nothing is to be delivered")
	return
}

// monitorTargets are valid requests of every route of monitors; %d is a number
// and %e an open event of its own.
func (hs *house) monitorTargets(t *testing.T) map[string]struct{ target, body string } {
	monitor, event, delivery := hs.openEvent(t, hs.acme.ID)
	all := map[string]struct{ target, body string }{
		"GET " + monitorsPath:                        {monitorsPath, ""},
		"POST " + monitorsPath:                       {monitorsPath, `{"name":"one of %d"}`},
		"GET " + monitorsPath + "/{id}":              {monitorsPath + "/" + monitor, ""},
		"PUT " + monitorsPath + "/{id}":              {monitorsPath + "/" + monitor, `{"threshold":5}`},
		"POST " + monitorsPath + "/delete":           {monitorsPath + "/delete", `{"ids":["%d"]}`},
		"POST " + monitorsPath + "/{id}/mute":        {monitorsPath + "/" + monitor + "/mute", `{"until":"2026-12-01T00:00:00"}`},
		"POST " + monitorsPath + "/{id}/secret":      {monitorsPath + "/" + monitor + "/secret", ""},
		"GET " + eventsPath:                          {eventsPath + "?state=open", ""},
		"GET " + eventsPath + "/{id}":                {eventsPath + "/" + event, ""},
		"GET " + deliveriesPath:                      {deliveriesPath + "?state=pending", ""},
		"POST " + deliveriesPath + "/{id}/redeliver": {deliveriesPath + "/" + delivery + "/redeliver", ""},
	}
	for _, a := range []string{"acknowledge", "assign", "comment", "close"} {
		all["POST "+eventsPath+"/{id}/"+a] = struct{ target, body string }{eventsPath + "/%e/" + a, `{"text":"x"}`}
	}
	return all
}

// What is malformed, another's or not there: exactly this status and this body.
func TestMonitorRefusals(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	monitor, event, delivery := hs.openEvent(t, hs.acme.ID)
	refused := func(s string) string { return `{"error":"` + s + `"}` }
	type request struct {
		method, target, body string
		status               int
		want                 string
	}
	tries := []request{
		{"POST", "/monitors", `{}`, 400, refused("name: Field required")},
		{"POST", "/monitors", `{"name":""}`, 400, refused("name: must have 1 to 100 characters")},
		{"POST", "/monitors", `{"name":"x","threshold":0}`, 400, refused("threshold: must be from 1 to 1000000")},
		{"POST", "/monitors", `{"name":"x","threshold":1000001}`, 400, refused("threshold: must be from 1 to 1000000")},
		{"POST", "/monitors", `{"name":"x","renotifyAfter":59}`, 400, refused("renotifyAfter: must be 0 or from 60 to 31622400 seconds")},
		{"POST", "/monitors", `{"name":"x","renotifyCount":-1}`, 400, refused("renotifyCount: must be from 0 to 1000000")},
		{"POST", "/monitors", `{"name":"x","webhook":"ftp://hooks.example/"}`, 400, refused("webhook: must be an absolute http or https URL without user-info, of at most 2000 bytes")},
		{"POST", "/monitors", `{"name":"x","filter":{"domains":["a..b"]}}`, 400, refused("filter.domains: must be a domain name")},
		{"POST", "/monitors", `{"name":"x","filter":{"types":["planet"]}}`, 400, refused("filter.types: must be Stealer or Combo")},
		{"POST", "/monitors", `{"name":"x","filter":{"keywords":["ab"]}}`, 400, refused("filter.keywords: must have 3 to 100 characters")},
		{"POST", "/monitors", `{"name":"x","filter":{"colours":["red"]}}`, 400, refused("colours: There is no such field")},
		{"POST", "/monitors", `{"name":"x","mark":5}`, 400, refused("mark: There is no such field")},
		{"POST", "/monitors", `{"name":5}`, 400, refused("name: must be a string")},
		{"POST", "/monitors", ``, 415, refused("The body must be application/json")},
		{"PUT", "/monitors/" + monitor, `{"filter":{"types":["planet"]}}`, 400, refused("filter.types: must be Stealer or Combo")},
		{"PUT", "/monitors/" + monitor, `{"name":""}`, 400, refused("name: must have 1 to 100 characters")},
		{"POST", "/monitors/" + monitor + "/mute", `{"until":"tomorrow"}`, 400, ""},
		{"GET", "/events?state=lost", "", 400, refused("state: must be open, acknowledged or closed")},
		{"GET", "/deliveries?state=lost", "", 400, refused("state: must be dead or pending")},
		{"POST", "/events/" + event + "/comment", `{}`, 400, refused("text: must have 1 to 1000 characters")},
		{"POST", "/events/" + event + "/comment", `{"text":5}`, 400, refused("text: must be a string")},
		{"DELETE", "/monitors", "", 405, refused("Method not allowed")},
	}
	// Another's and nobody's are told apart by nothing.
	for _, id := range []string{"nothing", ""} {
		key := "member"
		m, e, d := id, id, id
		if id == "" {
			key, m, e, d = "rival", monitor, event, delivery
		}
		for _, c := range []request{
			{"GET", "/monitors/" + m, "", 404, notFound},
			{"PUT", "/monitors/" + m, `{"name":"mine"}`, 404, notFound},
			{"POST", "/monitors/" + m + "/mute", `{}`, 404, notFound},
			{"POST", "/monitors/" + m + "/secret", "", 404, notFound},
			{"POST", "/monitors/delete", `{"ids":["` + m + `"]}`, 200, `{"data":{"count":0}}`},
			{"GET", "/events?monitor=" + m, "", 200, `{"data":[],"paging":{"currentPage":1,"pageSize":50,"totalRecords":0,"totalPages":0,"hasMore":false,"nextPage":null}}`},
			{"GET", "/events/" + e, "", 404, notFound},
			{"POST", "/events/" + e + "/acknowledge", `{}`, 404, notFound},
			{"POST", "/events/" + e + "/assign", `{}`, 404, notFound},
			{"POST", "/events/" + e + "/comment", `{"text":"x"}`, 404, notFound},
			{"POST", "/events/" + e + "/close", `{}`, 404, notFound},
			{"POST", "/deliveries/" + d + "/redeliver", "", 404, notFound},
		} {
			if code, body := hs.bearer(h, c.method, key, "/api/v1"+c.target, c.body); code != c.status || body != c.want {
				t.Errorf("%s: %s %s %s: %d %s, want %d %s", key, c.method, c.target, c.body, code, body, c.status, c.want)
			}
		}
	}
	for _, c := range tries {
		if code, body := hs.bearer(h, c.method, "member", "/api/v1"+c.target, c.body); code != c.status || c.want != "" && body != c.want {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.target, c.body, code, body, c.status, c.want)
		}
	}
	// Nothing of that has changed anything.
	if e, err := hs.watch.Event(t.Context(), hs.acme.ID, event); err != nil || e.State != watchlist.EventOpen || len(e.Log) != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	if l, err := hs.watch.Monitors(t.Context(), hs.acme.ID, watchlist.ListQuery{}); err != nil || l.Total != 1 {
		t.Errorf("%+v, %v", l, err)
	}
	// At the limit, and beyond it.
	for i := 1; i < 200; i++ {
		if code, body := hs.bearer(h, "POST", "member", monitorsPath, fmt.Sprintf(`{"name":"m%d"}`, i)); code != 201 {
			t.Fatal(i, code, body)
		}
	}
	const full = `{"error":"quota_monitors_reached","metric":"monitors","used":200,"limit":200,"requestedIncrement":1}`
	if code, body := hs.bearer(h, "POST", "member", monitorsPath, `{"name":"one more"}`); code != 409 || body != full {
		t.Error(code, body)
	}
}

// A monitor's life, as a client leads it.
func TestMonitorsOverHTTP(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	do := func(method, target, body string, want int) map[string]any {
		t.Helper()
		code, text := hs.bearer(h, method, "member", "/api/v1"+target, body)
		var out map[string]any
		if err := json.Unmarshal([]byte(text), &out); err != nil || code != want {
			t.Fatalf("%s %s: %d %s", method, target, code, text)
		}
		return out
	}
	data := func(m map[string]any) map[string]any { return m["data"].(map[string]any) }
	list := func(m map[string]any) []any { return m["data"].([]any) }
	ingest := func(user string) {
		t.Helper()
		r := leaks.Record{Username: user + "@acme.example", Password: "pw", Host: "https://vpn.acme.example/", UploadStealed: today}
		if _, err := hs.store.Ingest(t.Context(), func(yield func(leaks.Record, error) bool) { yield(r, nil) }, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := hs.watch.Evaluate(t.Context(), hs.store); err != nil {
			t.Fatal(err)
		}
	}
	made := data(do("POST", "/monitors", `{"name":"logins","threshold":2,"webhook":"https://hooks.example/x","filter":{"domains":["VPN.acme.example"]}}`, 201))
	id := made["id"].(string)
	if made["workspace"] != hs.acme.ID || made["mark"] == 0.0 {
		t.Errorf("made %v", made)
	}
	if got := data(do("GET", "/monitors/"+id, "", 200)); fmt.Sprint(got) != fmt.Sprint(made) {
		t.Errorf("got %v", got)
	}
	secret := data(do("POST", "/monitors/"+id+"/secret", "", 200))["secret"].(string)
	if want, err := hs.watch.WebhookSecret(t.Context(), hs.acme.ID, id); err != nil || secret != want {
		t.Error(secret, err)
	}
	if code, body := hs.bearer(h, "GET", "member", monitorsPath+"/"+id, ""); code != 200 || strings.Contains(body, secret) {
		t.Error("the secret is shown", code, body)
	}
	ingest("new1")
	if l := list(do("GET", "/events", "", 200)); len(l) != 0 {
		t.Errorf("below the threshold: %v", l)
	}
	ingest("new2")
	events := list(do("GET", "/events?state=open&monitor="+id, "", 200))
	if len(events) != 1 || events[0].(map[string]any)["count"] != 2.0 {
		t.Fatalf("found %v", events)
	}
	event := "/events/" + events[0].(map[string]any)["id"].(string)
	do("POST", event+"/assign", `{"text":"anna"}`, 200)
	do("POST", event+"/acknowledge", `{}`, 200)
	do("POST", event+"/acknowledge", `{}`, 409)
	do("POST", event+"/comment", `{"text":"passwords are reset"}`, 200)
	ingest("new3")
	closed := data(do("POST", event+"/close", `{"text":"done"}`, 200))
	who, err := hs.watch.Verify(t.Context(), hs.keys["member"])
	if err != nil {
		t.Fatal(err)
	}
	log := closed["log"].([]any)
	if closed["state"] != "closed" || closed["count"] != 3.0 || closed["assignee"] != "anna" || len(log) != 4 || log[3].(map[string]any)["by"] != who.Key.ID {
		t.Errorf("closed %v", closed)
	}
	if code, body := hs.bearer(h, "POST", "member", "/api/v1"+event+"/close", `{}`); code != 409 || body != `{"error":"not possible in this state"}` {
		t.Error(code, body)
	}
	do("POST", event+"/comment", `{"text":"afterwards"}`, 200)
	if got := data(do("GET", event, "", 200)); len(got["log"].([]any)) != 5 {
		t.Errorf("got %v", got)
	}
	// What waits for its receiver.
	if l := list(do("GET", "/deliveries", "", 200)); len(l) != 0 {
		t.Errorf("dead: %v", l)
	}
	pending := list(do("GET", "/deliveries?state=pending", "", 200))
	if len(pending) != 1 {
		t.Fatalf("pending: %v", pending)
	}
	if got := data(do("POST", "/deliveries/"+pending[0].(map[string]any)["id"].(string)+"/redeliver", "", 200)); got["state"] != "pending" || got["attempts"] != 0.0 {
		t.Errorf("again: %v", got)
	}
	// Muted, changed, deleted.
	until := today.Add(48 * time.Hour).Format("2006-01-02T15:04:05")
	if got := data(do("POST", "/monitors/"+id+"/mute", `{"until":"`+until+`"}`, 200)); got["mutedUntil"] != until {
		t.Errorf("muted %v", got)
	}
	if got := data(do("POST", "/monitors/"+id+"/mute", `{}`, 200)); got["mutedUntil"] != "" {
		t.Errorf("not muted %v", got)
	}
	got := data(do("PUT", "/monitors/"+id, `{"disabled":true,"name":"off","webhook":null}`, 200))
	if got["disabled"] != true || got["name"] != "off" || got["threshold"] != 2.0 || got["webhook"] != "https://hooks.example/x" || fmt.Sprint(got["filter"]) != "map[domains:[VPN.acme.example]]" {
		t.Errorf("changed %v", got)
	}
	if l := list(do("GET", "/monitors?search=OFF&sortBy=updatedAt", "", 200)); len(l) != 1 {
		t.Errorf("listed %v", l)
	}
	if n := data(do("POST", "/monitors/delete", `{"ids":["`+id+`","`+id+`","nothing"]}`, 200))["count"]; n != 1.0 {
		t.Errorf("deleted %v", n)
	}
	do("GET", event, "", 404)
	// With a backlog all there is counts.
	backlog := data(do("POST", "/monitors", `{"name":"all","backlog":true}`, 201))["id"].(string)
	ingest("new4")
	if l := list(do("GET", "/events?monitor="+backlog, "", 200)); len(l) != 1 || l[0].(map[string]any)["count"].(float64) < 20 {
		t.Errorf("found %v", l)
	}
}
