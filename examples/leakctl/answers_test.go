package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// stealerSample: one credential seen in two places, and another user's.
const stealerSample = `{"username":"Ada@Example.com ","password":"canary-1","host":"https://portal.example.com:443/login","source":"s1","upload_stealed":"2026-11-01T10:00:00","stealer_name":"Lumma","country":"de","ip_address":"192.0.2.7","computer_name":"PC-1","machine_user":"ada"}
{"username":"ada@example.com","password":"canary-1","host":"HTTPS://portal.example.com/other","source":"s2","upload_stealed":"2026-11-03T10:00:00","stealer_name":"Lumma","country":"DE"}
{"username":"ben","password":"canary-2","host":"https://shop.example.org/","source":"s1","upload_stealed":"2026-11-02T10:00:00","country":"FR"}
`

// comboSample: both kinds of lines.
const comboSample = "https://portal.example.com/login:ada@example.com:canary-1\r\neva@example.com:canary-3\n"

// The contract's rows, member by member in its order.
var (
	detailsRow    = strings.Fields("username password types type first_seen last_seen source_count host domain local_part protocol email_domain root_domain upload_date log_date machine_id computer_name hardware_id machine_user ip_address country software stealer_name hash")
	occurrenceRow = strings.Fields("type username password host domain upload_stealed upload_date log_date source stealer_name country ip_address computer_name machine_user machine_id hardware_id software")
	analyticsRow  = strings.Fields("total_leaks unique_usernames unique_passwords unique_leaks unique_sources unique_domains latest_leak_date leaks_by_type leaks_by_day leaks_by_stealer leaks_by_country estimate")
)

// filled returns a house whose store holds both samples.
func filled(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	r := h.run("ingest", "--seen", "2026-11-05", h.write("s.jsonl", stealerSample), h.write("c.txt", comboSample))
	r.want(t, 0, "made a key", h.store)
	if got := r.summary(t); got.Files != 2 || got.Read != 5 || got.Ingested != 5 || got.Rejected != 0 || got.RejectReasons == nil {
		t.Fatalf("summary %+v\n%s", got, r.stderr)
	}
	return h
}

func TestAnswers(t *testing.T) {
	h := filled(t)
	h.checkNoSecret(h.store, filepath.Join(h.dir, "config"))

	type page struct {
		Data       []map[string]any `json:"data"`
		Total      int              `json:"total"`
		Page       int              `json:"page"`
		PageSize   int              `json:"page_size"`
		TotalPages int              `json:"total_pages"`
	}
	r := h.run("--json", "details", "--identifier-column", "root_domain", "--identifier", "example.com").quiet(t)
	checkOrder(t, r, detailsRow)
	got := decode[page](t, r)
	if got.Total != 1 || got.Page != 1 || got.PageSize != 50 || got.TotalPages != 1 || len(got.Data) != 1 {
		t.Fatalf("details: %s", r.stdout)
	}
	row := got.Data[0]
	for name, want := range map[string]any{
		"username": "ada@example.com", "password": "c****1", "type": "Combo", "source_count": 3.0,
		"first_seen": "2026-11-01T10:00:00", "last_seen": "2026-11-05T00:00:00", "domain": "portal.example.com",
	} {
		if row[name] != want {
			t.Errorf("details: %s is %v, want %v", name, row[name], want)
		}
	}
	hash := row["hash"].(string)

	// Every filter repeats; values are OR-ed, filters AND-ed.
	for _, c := range []struct {
		flags string
		total int
	}{
		{"--type combo", 1},
		{"--type Stealer --type COMBO", 1},
		{"--country fr", 0},
		{"--country FR --country de", 1},
		{"--upload-stealed 2026-11-01 --upload-stealed 2026-11-02", 1},
		{"--start-date 2026-11-06", 0},
		{"--hash " + hash + " --min-occurrences 3", 1},
		{"--search PORTAL.ex --min-occurrences 4", 0},
		{"--local-part ada --ip-address 192.0.2.7 --computer-name PC-1 --machine-user ada", 1},
	} {
		args := append([]string{"--json", "details", "--identifier-column", "root_domain", "--identifier", "example.com"}, strings.Fields(c.flags)...)
		if got := decode[page](t, h.run(args...).quiet(t)); got.Total != c.total {
			t.Errorf("%s: total %d, want %d", c.flags, got.Total, c.total)
		}
	}
	if n := h.total(); n != 3 {
		t.Errorf("the store holds %d credentials, want 3", n)
	}
	r = h.run("--json", "details", "--identifier-column", "username", "--identifier", "ben", "--identifier", "EVA@example.com", "--sort-by", "last_seen").quiet(t)
	if got := decode[page](t, r); got.Total != 2 || got.Data[0]["username"] != "eva@example.com" {
		t.Errorf("two users: %s", r.stdout)
	}

	type list struct {
		Data []map[string]any `json:"data"`
	}
	r = h.run("--json", "by-hash", "--identifier-column", "root_domain", "--hash", hash).quiet(t)
	checkOrder(t, r, occurrenceRow)
	if got := decode[list](t, r); len(got.Data) != 3 || got.Data[0]["type"] != "Combo" || got.Data[2]["source"] != "s1" {
		t.Errorf("by-hash: %s", r.stdout)
	}
	for _, none := range [][]string{
		{"--hash", strings.Repeat("0", 32)},
		{"--hash", hash, "--identifier", "example.org"},
	} {
		r = h.run(append([]string{"--json", "by-hash", "--identifier-column", "root_domain"}, none...)...).quiet(t)
		if got := decode[list](t, r); got.Data == nil || len(got.Data) != 0 {
			t.Errorf("by-hash %q: %s", none, r.stdout)
		}
	}

	r = h.run("--json", "analytics", "--identifier-column", "root_domain", "--domain", "Example.com").quiet(t)
	if got := members(t, r.stdout); !slices.Equal(got, analyticsRow) {
		t.Errorf("analytics: members %q, want %q", got, analyticsRow)
	}
	if got := decode[map[string]any](t, r); got["total_leaks"] != 3.0 || got["unique_leaks"] != 1.0 || got["latest_leak_date"] != "2026-11-05T00:00:00" {
		t.Errorf("analytics: %s", r.stdout)
	}
	r = h.run("--json", "stats", "--identifier-column", "root_domain", "--identifier", "example.com",
		"--start-date", "2026-11-01", "--end-date", "2026-11-30").quiet(t)
	if got := decode[map[string]any](t, r); got["total_leaks"] != 3.0 || got["unique_leaks"] != 1.0 {
		t.Errorf("stats: %s", r.stdout)
	}
}

// checkOrder fails unless the rows of data have the members of want, in order.
func checkOrder(t *testing.T, r result, want []string) {
	t.Helper()
	var answer struct{ Data []json.RawMessage }
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil || len(answer.Data) == 0 {
		t.Fatalf("%q: %v: %s", r.args, err, r.stdout)
	}
	if got := members(t, string(answer.Data[0])); !slices.Equal(got, want) {
		t.Errorf("%q: members %q, want %q", r.args, got, want)
	}
}

// members lists the names of a JSON object in their order.
func members(t *testing.T, object string) (names []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

func TestTables(t *testing.T) {
	h := filled(t)
	for _, c := range []struct {
		args  string
		parts []string
	}{
		{"details --identifier-column email_domain --identifier example.com", []string{"USERNAME", "c****1", "both", "2 credentials, page 1 of 1"}},
		{"details --identifier-column root_domain --identifier example.net", []string{"0 credentials"}},
		{"analytics --identifier-column email_domain --domain example.com", []string{"4", "Lumma", "DE", "2026-11-05"}},
		{"stats --identifier-column root_domain --identifier example.com --start-date 2026-11-01 --end-date 2026-11-30", []string{"3"}},
		{"details --identifier-column any --identifier example.com", []string{"c****1", "2 credentials"}},
		{"details --identifier-column root_domain --identifier portal.example.com", []string{"1 credentials"}},
		{"keyword search --keyword PORTAL-example", []string{"KEYWORD", "portal-example", "c****1", "1 credentials"}},
		{"keyword search --keyword shop --keyword portal --own-domain example.com", []string{"shop", "1 credentials"}},
		{"keyword search --keyword port", []string{"0 credentials"}},
		{"keyword stats --keyword portal --start-date 2026-11-01 --end-date 2026-11-30", []string{"3"}},
		{"keyword preview portal", []string{"3 occurrences of 1 credentials, below 1 root domains", "example.com"}},
		{"info", []string{"SEGMENT", "5 rows"}},
		{"verify", []string{"ok"}},
		{"compact", []string{"segments: 1, "}},
		{"expire --before 2026-11-02", []string{"1 rows dropped"}},
	} {
		r := h.run(strings.Fields(c.args)...).quiet(t)
		checkWidth(t, r)
		for _, p := range c.parts {
			if !strings.Contains(r.stdout, p) {
				t.Errorf("%s: no %q in\n%s", c.args, p, r.stdout)
			}
		}
	}
	for _, words := range []string{"search --keyword portal", "stats --keyword portal", "preview portal"} {
		decode[map[string]any](t, h.run(append([]string{"--json", "keyword"}, strings.Fields(words)...)...).quiet(t))
	}
	// What expire dropped, the aggregates still count.
	r := h.run("--json", "analytics", "--identifier-column", "root_domain", "--domain", "example.com").quiet(t)
	if got := decode[map[string]any](t, r); got["total_leaks"] != 3.0 {
		t.Errorf("analytics after expire: %s", r.stdout)
	}
	for _, cmd := range []string{"compact", "info", "verify", "expire --before 2026-11-02"} {
		decode[map[string]any](t, h.run(append([]string{"--json"}, strings.Fields(cmd)...)...).quiet(t))
	}
}

// TestWideValues: whatever the records hold, a table fits a terminal.
func TestWideValues(t *testing.T) {
	h := newHouse(t)
	long := strings.Repeat("long-value-", 20)
	h.run("ingest", h.write("s.jsonl", fmt.Sprintf(`{"username":"%s@%s.example.com","password":"canary","host":"https://%s.example.com/%s","source":"%s","upload_stealed":"2026-11-01","stealer_name":"%s","country":"DE","ip_address":"2001:db8:1111:2222:3333:4444:5555:6666","computer_name":"%s","machine_user":"%s"}`,
		"ada", long[:60], long[:60], long, long, long, long, long)+"\n")).want(t, 0)
	r := h.run("--json", "details", "--identifier-column", "username", "--all")
	var page struct{ Data []struct{ Hash string } }
	if err := json.Unmarshal([]byte(r.stdout), &page); err != nil || len(page.Data) != 1 {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	checkWidth(t, h.run("details", "--identifier-column", "username", "--all").quiet(t))
	checkWidth(t, h.run("by-hash", "--identifier-column", "username", "--hash", page.Data[0].Hash).quiet(t))
	checkWidth(t, h.run("analytics", "--identifier-column", "root_domain", "--domain", "example.com").quiet(t))
	checkWidth(t, h.run("stats", "--identifier-column", "root_domain", "--all", "--start-date", "2026-11-01", "--end-date", "2026-11-02").quiet(t))
}

// TestTerminalSafe: leaked text cannot speak to the terminal.
func TestTerminalSafe(t *testing.T) {
	h := newHouse(t)
	h.run("ingest", h.write("s.jsonl", `{"username":"a\u001b[2Jb\u009bc","password":"canary","host":"https://x.example.com/\u0007"}`+"\n"))
	r := h.run("details", "--identifier-column", "username", "--all").quiet(t)
	if strings.ContainsAny(r.stdout, "\x1b\u009b\a") || !strings.Contains(r.stdout, "b\uFFFDc") {
		t.Errorf("details: %q", r.stdout)
	}
}

func TestSameFileTwice(t *testing.T) {
	h := newHouse(t)
	a, b := h.write("a.jsonl", stealerSample), h.write("b.jsonl", stealerSample)
	if got := h.run("ingest", a, b).summary(t); got.Files != 1 || got.SkippedFiles != 1 || got.Ingested != 3 {
		t.Errorf("first: %+v", got)
	}
	if got := h.run("ingest", b).quiet(t).summary(t); got.Files != 0 || got.SkippedFiles != 1 || got.Ingested != 0 || got.Read != 0 {
		t.Errorf("again: %+v", got)
	}
	// Said to come from elsewhere, it is another batch.
	if got := h.run("ingest", "--source", "other", b).quiet(t).summary(t); got.Files != 1 || got.Ingested != 3 {
		t.Errorf("from elsewhere: %+v", got)
	}
	if n := h.total(); n != 2 {
		t.Errorf("the store holds %d credentials, want 2", n)
	}
}

func TestStdin(t *testing.T) {
	h := newHouse(t)
	r := h.finish(h.command("ingest", "--source", "pipe", "-"), strings.NewReader(comboSample))
	if got := r.summary(t); r.code != 0 || got.Files != 1 || got.Ingested != 2 {
		t.Errorf("exit code %d, %+v\n%s", r.code, got, r.stderr)
	}
	if n := h.total(); n != 2 {
		t.Errorf("the store holds %d credentials, want 2", n)
	}
}

func TestRejectsFile(t *testing.T) {
	h := newHouse(t)
	in := h.write("s.jsonl", stealerSample+`{"username":"x","password":"canary","country":"Germany"}`+"\n{\"username\":\n")
	out := filepath.Join(h.dir, "rejects.ndjson")
	r := h.run("ingest", "--rejects", out, in)
	r.want(t, 0, "s.jsonl", "2 of 5", "country 1", "bad_json 1")
	if got := r.summary(t); got.Ingested != 3 || got.Rejected != 2 || got.RejectReasons["country"] != 1 {
		t.Errorf("%+v", got)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	h.checkNoSecret(out, h.store)
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	var places []int64
	for line := range strings.Lines(string(text)) {
		type reject struct {
			Reason, File, Detail, Excerpt string
			Line                          int64
		}
		got := decode[reject](t, result{stdout: line})
		if got.File != in || got.Reason == "" {
			t.Errorf("line %s", line)
		}
		if want := map[string]string{"bad_json": `{"x":`}[got.Reason]; got.Excerpt != want {
			t.Errorf("line %s has not the excerpt %q", line, want)
		}
		places = append(places, got.Line)
	}
	if !slices.Equal(places, []int64{4, 5}) {
		t.Errorf("rejects of lines %d, want 4 and 5", places)
	}
}

// TestRejectsArchive: of what lies in an archive the place names that, too.
func TestRejectsArchive(t *testing.T) {
	h := newHouse(t)
	archive := h.zipped("a.zip", map[string]string{"list/new.txt": "https://a.example/:u:canary\nhttps://b.example/:u2:canary\nonly canary here\n"})
	for _, command := range []string{"ingest", "parse"} {
		out := filepath.Join(h.dir, command+".ndjson")
		h.run(command, "--rejects", out, archive)
		h.checkNoSecret(out)
		text, err := os.ReadFile(out)
		if want := `"file":"` + archive + `!/list/new.txt","line":3,`; err != nil || !strings.Contains(string(text), want) || !strings.Contains(string(text), `"excerpt":"x"`) {
			t.Errorf("%s: %v, %s lacks %s", command, err, text, want)
		}
	}
}
