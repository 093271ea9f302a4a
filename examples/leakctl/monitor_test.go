package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestMonitors(t *testing.T) {
	var requests atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer hook.Close()
	h := newHouse(t)
	w := h.workspace()
	in := []string{"--workspace", w}
	monitor := func(args ...string) result {
		t.Helper()
		return h.run(append(append([]string{"--json", "monitor"}, args...), in...)...)
	}
	type object = map[string]any
	h.run("watch", "add", "--workspace", w, "--kind", "domain", "example.com").quiet(t)
	ingest := func(from, to int) {
		t.Helper()
		var text strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&text, "https://www.example.com/login:user%d:%s%d\n", i, secret, i)
		}
		h.run("ingest", h.write(fmt.Sprint(from, ".txt"), text.String())).want(t, 0)
	}
	ingest(0, 5)

	monitor("create", "all", "--threshold", "0").want(t, 2, "--threshold")
	monitor("create", "all", "--keyword", "x").want(t, 2, "--keyword", "3 to 100")
	monitor("create", "all", "--domain", "not a domain").want(t, 2, "--domain")
	monitor("create", "all", "--type", "other").want(t, 2, "--type")
	monitor("create", "all", "--webhook", "ftp://example.com").want(t, 2, "--webhook")
	monitor("create", "all", "--renotify-after", "1500ms").want(t, 2, "--renotify-after")
	monitor("create", "all", "--renotify-after", "1s").want(t, 2, "--renotify-after", "60")
	m := decode[object](t, monitor("create", "all", "--threshold", "3", "--type", "combo", "--webhook", hook.URL).quiet(t))["id"].(string)
	past := decode[object](t, monitor("create", "past", "--backlog").quiet(t))["id"].(string)

	ran := func(args ...string) object {
		t.Helper()
		return decode[object](t, h.run(append([]string{"--json", "monitor", "run"}, args...)...).quiet(t))
	}
	if got := ran(); got["notices"] != 1.0 || got["delivered"] != 0.0 {
		t.Errorf("the past: %v", got)
	}
	if got := decode[listed](t, monitor("events", "--monitor", past).quiet(t)); got.Total != 1 || got.Data[0]["count"] != 5.0 {
		t.Errorf("events of the past: %v", got)
	}
	ingest(3, 8) // 3 are new
	if got := ran("--no-deliver"); got["notices"] != 1.0 {
		t.Errorf("run: %v", got)
	}
	if got := ran(); got["failed"] != 1.0 || requests.Load() != 0 {
		t.Errorf("to a private address: %v, %d requests", got, requests.Load())
	}
	pending := decode[listed](t, monitor("dead-letters", "--pending").quiet(t))
	if pending.Total != 1 || !strings.Contains(pending.Data[0]["problem"].(string), "not allowed") {
		t.Fatalf("pending: %v", pending)
	}
	if got := decode[listed](t, monitor("dead-letters").quiet(t)); got.Total != 0 {
		t.Errorf("dead: %v", got)
	}
	monitor("redeliver", pending.id(0)).quiet(t)
	monitor("redeliver", "unknown").want(t, 1, "not found")
	if got := ran("--allow-private"); got["delivered"] != 1.0 || requests.Load() != 1 {
		t.Errorf("allowed: %v, %d requests", got, requests.Load())
	}

	events := decode[listed](t, monitor("events", "--monitor", m, "--state", "open").quiet(t))
	if events.Total != 1 || events.Data[0]["count"] != 3.0 {
		t.Fatalf("events: %v", events)
	}
	event := events.id(0)
	monitor("events", "--state", "odd").want(t, 2, "--state")
	monitor("assign", event, "Ada", "--by", "bob").quiet(t)
	monitor("comment", event, "").want(t, 2, "text")
	monitor("comment", event, "looking").quiet(t)
	if got := decode[object](t, monitor("ack", event).quiet(t)); got["state"] != "acknowledged" || got["assignee"] != "Ada" {
		t.Errorf("acknowledged: %v", got)
	}
	monitor("ack", event).want(t, 1, "state")
	r := h.run("monitor", "close", event, "--workspace", w, "--text", "passwords were changed").quiet(t)
	checkWidth(t, r)
	for _, want := range []string{"closed", "Ada", "looking", "passwords were changed", "bob"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in %s", want, r.stdout)
		}
	}

	if got := decode[object](t, monitor("mute", m, "--for", "1h").quiet(t)); got["mutedUntil"] == "" {
		t.Errorf("muted: %v", got)
	}
	if r := h.run("monitor", "list", "--workspace", w).quiet(t); !strings.Contains(r.stdout, "muted") {
		t.Errorf("list: %s", r.stdout)
	}
	monitor("mute", m).want(t, 2, "--off")
	monitor("mute", m, "--off").quiet(t)
	monitor("update", m, "--clear-filter", "--type", "combo").want(t, 2, "--clear-filter")
	if got := decode[object](t, monitor("update", m, "--name", "some", "--clear-filter", "--disable").quiet(t)); got["name"] != "some" || got["disabled"] != true || fmt.Sprint(got["filter"]) != "map[]" {
		t.Errorf("updated: %v", got)
	}
	if got := decode[object](t, monitor("secret", m).quiet(t))["secret"].(string); !strings.HasPrefix(got, "whs_") {
		t.Errorf("secret: %s", got)
	}
	monitor("delete", m).want(t, 2, "--yes")
	monitor("delete", m, "--yes").quiet(t)
	monitor("delete", m, "--yes").want(t, 1, "not found")
	if got := decode[listed](t, monitor("list").quiet(t)); got.Total != 1 {
		t.Errorf("left: %v", got)
	}
	in[1] = h.workspace()
	monitor("update", past, "--name", "x").want(t, 1, "not found")
}
