package httpapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/watchlist"
)

// Administration: who may, what it does, and what it refuses.
func TestAdmin(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	const workspaces, keys = "/api/v1/admin/workspaces", "/api/v1/admin/keys"
	n := 0
	for _, ep := range h.routes {
		if ep.access != adminKey {
			continue
		}
		n++
		target := strings.ReplaceAll(ep.path, "{id}", hs.rival.ID)
		for key, want := range map[string]string{
			"": missingKey, "nonsense": invalidKey, "revoked": invalidKey, "expired": invalidKey,
			"member": forbidden, "mssp": forbidden, "rival": forbidden,
		} {
			code, body := hs.bearer(h, ep.method, key, target, "{}")
			if status := map[bool]int{true: 403, false: 401}[want == forbidden]; code != status || body != want {
				t.Errorf("%s %s with key %q: %d %s", ep.method, ep.path, key, code, body)
			}
		}
	}
	if n != 8 {
		t.Errorf("%d routes of administration", n)
	}

	do := func(method, target, body string, want int) map[string]any {
		t.Helper()
		code, text := hs.bearer(h, method, "admin", target, body)
		var out struct {
			Data   any
			Paging map[string]any
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil || code != want {
			t.Fatalf("%s %s: %d %s", method, target, code, text)
		}
		if m, ok := out.Data.(map[string]any); ok {
			return m
		}
		return map[string]any{"list": out.Data, "total": out.Paging["totalRecords"]}
	}
	made := do("POST", workspaces, `{"name":"Third","quotas":{"domain":1}}`, 201)
	id := made["id"].(string)
	if made["name"] != "Third" || made["createdAt"] != hs.now.Format("2006-01-02T15:04:05") {
		t.Errorf("made %v", made)
	}
	if l := do("GET", workspaces+"?search=THIRD", "", 200); l["total"] != 1.0 {
		t.Errorf("listed %v", l)
	}
	do("POST", "/api/v1/watchlists/domain?workspace="+id, `{"value":"third.example"}`, 201)
	do("POST", "/api/v1/watchlists/domain?workspace="+id, `{"value":"fourth.example"}`, 409)
	do("PUT", workspaces+"/"+id, `{"quotas":{"domain":2}}`, 200)
	do("POST", "/api/v1/watchlists/domain?workspace="+id, `{"value":"fourth.example"}`, 201)

	key := do("POST", keys, `{"workspace":"`+id+`","name":"siem","role":"member","expiresAt":"2099-01-01T00:00:00"}`, 201)
	if key["expiresAt"] != "2099-01-01T00:00:00" || key["role"] != "member" {
		t.Errorf("made %v", key)
	}
	hs.keys["third"] = key["secret"].(string)
	if code, body := hs.bearer(h, "GET", "third", "/api/v1/watchlists/stats", ""); code != 200 {
		t.Error(code, body)
	}
	if l := do("GET", keys+"?workspace="+id, "", 200); l["total"] != 1.0 || strings.Contains(fmt.Sprint(l), hs.keys["third"]) {
		t.Errorf("listed %v", l)
	}
	rotated := do("POST", keys+"/"+key["id"].(string)+"/rotate", `{"overlapSeconds":60}`, 201)
	hs.keys["rotated"] = rotated["secret"].(string)
	for _, step := range []struct {
		wait         time.Duration
		old, rotated int
	}{{0, 200, 200}, {time.Hour, 401, 200}} {
		hs.now = hs.now.Add(step.wait)
		for name, want := range map[string]int{"third": step.old, "rotated": step.rotated} {
			if code, body := hs.bearer(h, "GET", name, "/api/v1/watchlists/stats", ""); code != want {
				t.Errorf("%s after %s: %d %s", name, step.wait, code, body)
			}
		}
	}
	if revoked := do("POST", keys+"/"+rotated["id"].(string)+"/revoke", "", 200); revoked["revokedAt"] == "" {
		t.Errorf("revoked %v", revoked)
	}
	if code, body := hs.bearer(h, "GET", "rotated", "/api/v1/watchlists/stats", ""); code != 401 || body != invalidKey {
		t.Error(code, body)
	}
	do("DELETE", workspaces+"/"+id, "", 200)

	for _, c := range []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"DELETE", workspaces + "/" + id, "", 404, notFound},
		{"PUT", workspaces + "/" + id, `{"name":"x"}`, 404, notFound},
		{"POST", workspaces, `{}`, 400, `{"error":"name: must have 1 to 100 characters"}`},
		{"POST", workspaces, `{"name":"x","quotas":{"planet":1}}`, 400, ""},
		{"GET", keys + "?workspace=" + id, "", 404, notFound},
		{"POST", keys, `{"name":"x","role":"member"}`, 400, ""},
		{"POST", keys, `{"name":"x","role":"king"}`, 400, ""},
		{"POST", keys, `{"name":"x","role":"admin","expiresAt":"tomorrow"}`, 400, ""},
		{"POST", keys, `{"name":"x","role":"admin","expiresAt":"2020-01-01T00:00:00"}`, 400, ""},
		{"POST", keys, `{"name":"x","role":"member","workspace":"` + id + `"}`, 404, notFound},
		{"POST", keys + "/nothing/revoke", "", 404, notFound},
		{"POST", keys + "/nothing/rotate", `{}`, 404, notFound},
		{"POST", keys + "/nothing/rotate", `{"overlapSeconds":-1}`, 400, `{"error":"overlapSeconds: must be from 0 to 7776000"}`},
	} {
		if code, body := hs.bearer(h, c.method, "admin", c.target, c.body); code != c.status || c.want != "" && body != c.want {
			t.Errorf("%s %s %s: %d %s", c.method, c.target, c.body, code, body)
		}
	}
	if l, err := hs.watch.Workspaces(t.Context(), watchlist.ListQuery{}); err != nil || l.Total != 2 {
		t.Errorf("left: %+v, %v", l, err)
	}
}
