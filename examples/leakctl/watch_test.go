package main_test

import (
	"strings"
	"testing"
)

// A list as leakctl prints it.
type listed struct {
	Data       []map[string]any `json:"data"`
	Total      int              `json:"total"`
	Page       int              `json:"page"`
	PageSize   int              `json:"page_size"`
	TotalPages int              `json:"total_pages"`
}

func (l listed) id(i int) string { return l.Data[i]["id"].(string) }

// workspace makes a workspace and returns its id.
func (h *house) workspace(flags ...string) string {
	h.t.Helper()
	r := h.run(append([]string{"--json", "workspace", "create", "Example Org"}, flags...)...)
	r.want(h.t, 0)
	return decode[map[string]any](h.t, r)["id"].(string)
}

func TestWatchlists(t *testing.T) {
	h := newHouse(t)
	w := h.workspace("--quota", "domain=2")
	in := []string{"--workspace", w}
	watch := func(args ...string) result {
		t.Helper()
		return h.run(append(append([]string{"--json", "watch"}, args...), in...)...)
	}

	group := decode[map[string]any](t, watch("group", "create", "VIPs", "--description", "the board").quiet(t))["id"].(string)
	added := decode[listed](t, watch("add", "--kind", "domain", "Example.COM", "shop.example.org").quiet(t))
	if added.Total != 2 || added.Data[0]["value"] != "example.com" {
		t.Errorf("added %v", added)
	}
	watch("add", "--kind", "domain", "example.net").want(t, 1, "quota reached: 2 of 2 domains are used, 1 more")
	vip := decode[listed](t, watch("add", "--kind", "executive", "--group", group, "--label", "chair", "Ada@Example.com").quiet(t))
	watch("add", "--kind", "executive", "ada@example.com").want(t, 1, "exists already")
	watch("add", "--kind", "bin", "411111", "41").want(t, 2, "entries[1].value", "6 to 8 digits")
	watch("add", "--kind", "domains", "example.net").want(t, 2, "--kind", "domains")
	watch("list", "--kind", "domains").want(t, 2, "--kind", "domains")
	watch("list", "--sort-by", "colour").want(t, 2, "--sort-by", "must be one of")

	if got := decode[listed](t, watch("list").quiet(t)); got.Total != 3 {
		t.Errorf("all entries: %v", got)
	}
	if got := decode[listed](t, watch("list", "--group", group).quiet(t)); got.Total != 1 || got.id(0) != vip.id(0) {
		t.Errorf("entries of the group: %v", got)
	}
	if got := decode[map[string]any](t, watch("update", vip.id(0), "--deactivate", "--label", "").quiet(t)); got["active"] != false || got["label"] != "" {
		t.Errorf("updated: %v", got)
	}
	type kinds struct {
		Groups int
		Kinds  []struct {
			Kind                string
			Used, Active, Limit int
		}
	}
	for _, k := range decode[kinds](t, watch("stats").quiet(t)).Kinds {
		if k.Kind == "executive" && (k.Used != 1 || k.Active != 0) || k.Kind == "domain" && (k.Used != 2 || k.Limit != 2) {
			t.Errorf("stats: %+v", k)
		}
	}
	if got := decode[map[string]any](t, watch("delete", added.id(0), added.id(0), "unknown").quiet(t)); got["count"] != 1.0 {
		t.Errorf("deleted: %v", got)
	}
	if got := decode[map[string]any](t, watch("group", "delete", group).quiet(t)); got["count"] != 1.0 {
		t.Errorf("deleted: %v", got)
	}
	if got := decode[listed](t, watch("list").quiet(t)); got.Total != 1 {
		t.Errorf("left: %v", got)
	}

	// Another workspace sees none of it.
	in[1] = h.workspace()
	watch("update", added.id(1), "--label", "x").want(t, 1, "not found")
	if got := decode[listed](t, watch("list").quiet(t)); got.Total != 0 || got.Data == nil {
		t.Errorf("the other workspace: %v", got)
	}
	in[1] = "nowhere"
	watch("list").want(t, 1, "not found")
}

func TestWorkspaces(t *testing.T) {
	h := newHouse(t)
	w := h.workspace()
	h.run("workspace", "update", w, "--billing-reason", "x").want(t, 2, "--block")
	h.run("workspace", "update", w, "--block", "--unblock").want(t, 2, "--unblock")
	h.run("workspace", "update", w, "--quota", "domains=1").want(t, 2, "--quota", "domains")
	h.run("workspace", "update", w, "--quota", "domain=x").want(t, 2, "--quota")
	h.run("workspace", "update", w, "--block", "--billing-reason", "late", "--billing-status", "past_due").quiet(t)
	h.run("watch", "add", "--workspace", w, "--kind", "domain", "example.com").want(t, 1, "billing", "late")
	h.run("workspace", "update", w, "--unblock", "--name", "Example Inc").quiet(t)
	h.run("watch", "add", "--workspace", w, "--kind", "domain", "example.com").quiet(t)
	if r := h.run("workspace", "list", "--search", "INC").quiet(t); !strings.Contains(r.stdout, "Example Inc") || !strings.Contains(r.stdout, "1 workspaces") {
		t.Errorf("list: %s", r.stdout)
	}
	h.run("workspace", "list", "--page", "0").want(t, 2, "--page")
	h.run("workspace", "delete", w).want(t, 2, "--yes")
	h.run("workspace", "delete", w, "--yes").quiet(t)
	h.run("workspace", "delete", w, "--yes").want(t, 1, "not found")
}

func TestAPIKeys(t *testing.T) {
	h := newHouse(t)
	w := h.workspace()
	h.run("key", "create", "siem").want(t, 2, "--workspace=ID or --admin")
	h.run("key", "create", "siem", "--workspace", w, "--admin").want(t, 2, "--workspace=ID or --admin")
	h.run("key", "create", "siem", "--workspace", w, "--expires", "2020-01-01").want(t, 2, "--expires")

	made := decode[map[string]any](t, h.run("--json", "key", "create", "siem", "--workspace", w, "--role", "mssp", "--expires", "2099-01-01").quiet(t))
	secret := made["secret"].(string)
	if len(secret) < 64 || made["role"] != "mssp" || made["expiresAt"] != "2099-01-01T00:00:00" {
		t.Errorf("made %v", made)
	}
	h.checkNot(secret, h.store, h.dir)
	checkWidth(t, h.run("watch", "add", "--kind", "asset", "--workspace", w, "--label", strings.Repeat("x", 100), strings.Repeat("y", 200)).quiet(t))
	r := h.run("key", "list", "--workspace", w).quiet(t)
	if strings.Contains(r.stdout, secret) || !strings.Contains(r.stdout, "siem") {
		t.Errorf("list: %s", r.stdout)
	}
	rotated := decode[map[string]any](t, h.run("--json", "key", "rotate", made["id"].(string), "--overlap", "0s").quiet(t))
	if rotated["secret"] == secret || rotated["role"] != "mssp" {
		t.Errorf("rotated: %v", rotated)
	}
	if got := decode[map[string]any](t, h.run("--json", "key", "revoke", rotated["id"].(string)).quiet(t)); got["revokedAt"] == "" {
		t.Errorf("revoked: %v", got)
	}
	h.run("key", "revoke", "unknown").want(t, 1, "not found")
	if r := h.run("key", "create", "me", "--admin").quiet(t); !strings.Contains(r.stdout, "lks_") {
		t.Errorf("admin: %s", r.stdout)
	}
}
