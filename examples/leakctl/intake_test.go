package main_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// victim is one invented RedLine log of two credentials.
func victim(n int) map[string]string {
	dir := fmt.Sprintf("DE[%032X] [2024-08-10T07_20_02]", n)
	return map[string]string{
		dir + "/Passwords.txt": fmt.Sprintf("URL: https://www.shop%d.example/login\r\nUsername: user%d@example.com\r\nPassword: canary %d\r\nApplication: Google_[Chrome]_Default\r\n===============\r\n"+
			"URL: https://mail.example/\r\nUsername: second%d\r\nPassword: canaryp\u00e4ss\r\nApplication: Edge\r\n===============\r\n", n, n, n, n),
		dir + "/UserInformation.txt":           fmt.Sprintf("Build ID: test\r\nIP: 192.0.2.%d\r\nUserName: u\r\nMachineName: PC%d\r\nCountry: DE\r\nHWID: %032X\r\nOperation System: Windows 10\r\nLog date: 10.08.2024 7:20:02\r\n", n, n, n),
		dir + "/Cookies/Chrome.txt":            ".example.com\tTRUE\t/\tFALSE\t1999999999\tid\tcanary\r\n",
		dir + "/FileGrabber/passwords.txt":     "https://never.example/:grabbed:canary\r\n",
		dir + "/FileGrabber/archive/never.zip": "PK\x03\x04 broken",
	}
}

// bare is a log without credentials.
func bare() map[string]string {
	return map[string]string{"FR[00] [2024-08-10T07_20_02]/UserInformation.txt": "IP: 192.0.2.200\r\nUserName: nobody\r\nMachineName: EMPTY\r\nCountry: FR\r\nHWID: AB\r\nLog date: 10.08.2024 7:20:02\r\n"}
}

// tree writes files below dir.
func (h *house) tree(dir string, files ...map[string]string) string {
	h.t.Helper()
	for _, m := range files {
		for name, content := range m {
			full := filepath.Join(h.dir, dir, name)
			if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
				h.t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	return filepath.Join(h.dir, dir)
}

// zipped makes a zip.
func (h *house) zipped(name string, files ...map[string]string) string {
	h.t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, m := range files {
		names := make([]string, 0, len(m))
		for name := range m {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			f, err := w.Create(name)
			if err != nil {
				h.t.Fatal(err)
			}
			if _, err := f.Write([]byte(m[name])); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		h.t.Fatal(err)
	}
	return h.write(name, buf.String())
}

// encrypted makes a zip with Info-ZIP's zip, or adds to one; without a password
// it encrypts nothing.
func (h *house) encrypted(name, dir, password string) string {
	h.t.Helper()
	if _, err := exec.LookPath("zip"); err != nil {
		h.t.Skip("no zip to make an encrypted archive with")
	}
	full := filepath.Join(h.dir, name)
	args := []string{"-q", "-r", full, "."}
	if password != "" {
		args = append([]string{"-P", password}, args...)
	}
	cmd := exec.Command("zip", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	return full
}

// TestParse is item 6 of the issue on raw formats: NDJSON without a store.
func TestParse(t *testing.T) {
	h := newHouse(t)
	for _, root := range []string{h.tree("logs", victim(1), bare()), h.zipped("logs.zip", victim(1), bare())} {
		cmd := exec.Command(binary, "parse", root)
		cmd.Env = append(os.Environ(), "HOME="+h.dir)
		r := h.finish(cmd, nil)
		r.want(t, 0)
		var records, machines, last []map[string]any
		for line := range strings.Lines(r.stdout) {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			switch {
			case m["machine"] != nil:
				machines = append(machines, m["machine"].(map[string]any))
			case m["summary"] != nil:
				last = append(last, m["summary"].(map[string]any))
			default:
				records = append(records, m)
			}
		}
		if len(records) != 2 || len(machines) != 1 || len(last) != 1 {
			t.Fatalf("%s", r.stdout)
		}
		sep := "/"
		if strings.HasSuffix(root, ".zip") {
			sep = "!/"
		}
		for key, want := range map[string]any{
			"username": "user1@example.com", "password": "c****1", "password_length": 8.0, "domain": "www.shop1.example",
			"root_domain": "shop1.example", "email_domain": "example.com", "country": "DE", "ip_address": "192.0.2.1", "computer_name": "PC1",
			"line": 1.0, "file": root + sep + "DE[00000000000000000000000000000001] [2024-08-10T07_20_02]/Passwords.txt", "type": "Stealer",
			"log_date": "2024-08-10T07:20:02",
		} {
			if got := records[0][key]; got != want && key != "line" {
				t.Errorf("%s: %s is %v, want %v", root, key, got, want)
			}
		}
		if records[1]["password"] != "c****s" || records[1]["password_length"] != 10.0 {
			t.Errorf("%v", records[1])
		}
		if m := machines[0]; m["computer_name"] != "EMPTY" || m["country"] != "FR" {
			t.Errorf("%v", m)
		}
		s := last[0]
		if len(s) != 6 || s["records"] != 2.0 || s["rejected"] != 0.0 || s["cookies"] != 1.0 || s["cards"] != 0.0 || s["files"].(float64) < 3 {
			t.Errorf("%v", s)
		}
		if _, err := os.Stat(h.store); err == nil {
			t.Error("a store was made")
		}
	}
}

// TestIngestTree: a folder of logs and archives, once; again, nothing; with
// one archive more, only that.
func TestIngestTree(t *testing.T) {
	h := newHouse(t)
	dir := h.tree("in", victim(1), victim(2), bare())
	h.zipped("in/more.zip", victim(3), victim(4))
	r := h.run("ingest", "--source", "s", dir)
	r.want(t, 0)
	if s := r.summary(t); s.Ingested != 8 || s.Machines != 1 || s.Cookies != 4 || s.Rejected != 0 {
		t.Errorf("%+v %s", s, r.stderr)
	}
	if n := h.total(); n != 8 {
		t.Errorf("the store holds %d credentials", n)
	}
	if err := os.Mkdir(filepath.Join(dir, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.zipped("in/x/later.zip", victim(5))
	again := h.run("ingest", "--source", "s", dir).summary(t)
	if again.Ingested != 2 || again.SkippedFiles == 0 {
		t.Errorf("again: %+v", again)
	}
	h.checkNoSecret(h.store)
}

// TestIngestGrown: of a folder that grew only what is new is ingested, lists,
// logs and archives alike.
func TestIngestGrown(t *testing.T) {
	h := newHouse(t)
	list := func(name string) string {
		return "https://a.example/:" + name + ":canary\nhttps://b.example/:" + name + ":canary\n"
	}
	dir := h.tree("in", map[string]string{
		"one.txt": list("one"), "sub/two.txt": list("two"), "sub/three.csv": "url,username,password\nhttps://c.example,three,canary\n",
		"sub/readme.txt": "nothing\n", "picture.jpg": "\xff\xd8\x00",
	})
	h.tree("in/logs", victim(1), victim(2))
	// A log whose files lie apart, and have to stay together.
	h.tree("in/logs/apart", map[string]string{
		"Browser/Chrome.txt": "URL: https://d.example/\nUsername: four\nPassword: canary\n",
		"info/System.txt":    "nothing\n", "UserInformation.txt": "IP: 192.0.2.9\nMachineName: APART\nCountry: DE\nHWID: 00FF\n",
	})
	first := h.run("ingest", dir)
	first.want(t, 0)
	if s := first.summary(t); s.Ingested != 10 || s.Files != 6 || s.SkippedFiles != 0 {
		t.Errorf("first: %+v", s)
	}
	if s := h.run("ingest", dir).summary(t); s.Read != 0 || s.Files != 0 || s.SkippedFiles != 6 {
		t.Errorf("again: %+v", s)
	}
	h.tree("in", map[string]string{"later.txt": list("later"), "sub/later/picture.png": "\x89PNG", "sub/readme2.txt": "nothing\n"})
	h.tree("in/logs", victim(3))
	grown := h.run("ingest", dir)
	grown.want(t, 0)
	if s := grown.summary(t); s.Ingested != 4 || s.Read != 4 || s.Files != 2 || s.SkippedFiles != 6 {
		t.Errorf("grown: %+v", s)
	}
	if n := h.total(); n != 14 {
		t.Errorf("the store holds %d credentials, want 14", n)
	}
	out := h.run("--json", "details", "--identifier-column", "username", "--identifier", "four", "--computer-name", "APART").stdout
	if !strings.Contains(out, `"username": "four"`) && !strings.Contains(out, `"username":"four"`) {
		t.Errorf("the log that lies apart lost its machine: %s", out)
	}
	h.checkNoSecret(h.store)
}

// TestIngestStray: a file as in logs lies in a folder of lists and logs. When
// the folder grows, that file's log alone stays what it is, and so do all others.
func TestIngestStray(t *testing.T) {
	h := newHouse(t)
	dir := h.tree("in", victim(1), map[string]string{
		"Passwords.txt":           "URL: https://a.example/\nUsername: stray\nPassword: canary\n",
		"Chrome/Passwords.txt":    "URL: https://b.example/\nUsername: beside\nPassword: canary\n",
		"lists/one.txt":           "https://a.example/:one:canary\nhttps://b.example/:one:canary\n",
		"two.txt":                 "https://a.example/:two:canary\nhttps://b.example/:two:canary\n",
		"m/UserInformation.txt":   "IP: 192.0.2.9\nMachineName: ABOVE\nCountry: DE\nHWID: 00FF\n",
		"m/sub/All Passwords.txt": "URL: https://d.example/\nUsername: below\nPassword: canary\n",
	})
	h.tree("in/m", victim(2))
	if s := h.run("ingest", dir).summary(t); s.Ingested != 11 || s.Files != 6 {
		t.Errorf("first: %+v", s)
	}
	h.tree("in", victim(3), map[string]string{"three.txt": "https://a.example/:three:canary\nhttps://b.example/:three:canary\n"})
	h.tree("in/m", victim(4))
	if s := h.run("ingest", dir).summary(t); s.Ingested != 6 || s.Files != 3 || s.SkippedFiles != 6 {
		t.Errorf("grown: %+v", s)
	}
	if n := h.total(); n != 17 {
		t.Errorf("the store holds %d credentials, want 17", n)
	}
	out := h.run("--json", "details", "--identifier-column", "username", "--identifier", "below", "--computer-name", "ABOVE").stdout
	if !strings.Contains(out, "below") {
		t.Errorf("a file below its machine's lost it: %s", out)
	}
}

// TestIngestEncrypted: an encrypted archive waits for its password.
func TestIngestEncrypted(t *testing.T) {
	h := newHouse(t)
	archive := h.encrypted("e.zip", h.tree("plain", victim(1)), "open canary")
	r := h.run("ingest", archive)
	r.want(t, 1, "e.zip", "encrypted", "no password given")
	if s := r.summary(t); s.Ingested != 0 || s.Files != 0 || s.Damaged["encrypted"] != 1 {
		t.Errorf("%+v", s)
	}
	h.run("ingest", "--password", "wrong", archive).want(t, 1, "e.zip", "does not fit")
	list := h.write("passwords", "wrong\r\nopen canary\r\n")
	r = h.run("ingest", "--password-file", list, archive)
	r.want(t, 0)
	if s := r.summary(t); s.Ingested != 2 || s.Files != 1 {
		t.Errorf("%+v", s)
	}
	if s := h.run("ingest", "--password-file", list, archive).summary(t); s.SkippedFiles != 1 {
		t.Errorf("%+v", s)
	}
}

// TestIngestPartly: an archive that lies open in part and has two passwords, in
// the order in which they become known. Nothing is taken twice.
func TestIngestPartly(t *testing.T) {
	h := newHouse(t)
	h.encrypted("inner.zip", h.tree("inner", victim(4)), "second canary")
	inner, err := os.ReadFile(filepath.Join(h.dir, "inner.zip"))
	if err != nil {
		t.Fatal(err)
	}
	card := func(last int) map[string]string { // numbers for tests, which every bank refuses
		return map[string]string{fmt.Sprintf("DE[%032X] [2024-08-10T07_20_02]/CC.txt", last): []string{"", "4111111111111111|09|27|x\n", "5555555555554444|09|27|x\n"}[last]}
	}
	archive := h.encrypted("e.zip", h.tree("open", victim(1), card(1), map[string]string{"more/inner.zip": string(inner)}), "")
	h.encrypted("e.zip", h.tree("a", victim(2), card(2)), "first canary")
	h.encrypted("e.zip", h.tree("b", victim(3)), "second canary")
	for i, step := range []struct {
		passwords []string
		ingested  int64
		total     int
		whole     bool
		skipped   int
	}{
		{nil, 2, 2, false, 0},
		{nil, 0, 2, false, 0},
		{[]string{"wrong"}, 0, 2, false, 0},
		{[]string{"first canary"}, 2, 4, false, 0},
		{[]string{"x", "first canary"}, 0, 4, false, 0},
		{[]string{"second canary"}, 4, 8, false, 0},
		{[]string{"second canary", "first canary"}, 0, 8, true, 1},
		{nil, 0, 8, true, 1},
	} {
		args := []string{"ingest"}
		for _, p := range step.passwords {
			args = append(args, "--password", p)
		}
		r := h.run(append(args, archive)...)
		code := 1
		if step.whole {
			code = 0
		}
		r.want(t, code)
		s := r.summary(t)
		if s.Ingested != step.ingested || s.SkippedFiles != step.skipped || (s.PartialFiles == 0) != step.whole {
			t.Errorf("step %d: %+v %s", i, s, r.stderr)
		}
		if !step.whole && !strings.Contains(r.stderr, "ingested in part") {
			t.Errorf("step %d: %s", i, r.stderr)
		}
		if n := h.total(); n != step.total {
			t.Errorf("step %d: the store holds %d credentials, want %d", i, n, step.total)
		}
	}
	if out := h.run("--json", "cards").stdout; strings.Count(out, `"last4"`) != 2 || !strings.Contains(out, "4444") || !strings.Contains(out, "1111") {
		t.Errorf("cards: %s", out)
	}
	out := h.run("--json", "details", "--identifier-column", "username", "--identifier", "user4@example.com", "--computer-name", "PC4").stdout
	if !strings.Contains(out, "user4@example.com") {
		t.Errorf("a log that was opened later lost its machine: %s", out)
	}
	h.checkNoSecret(h.store)
}

// TestIngestDamaged: what stands before the damage is kept, and the damage is
// told.
func TestIngestDamaged(t *testing.T) {
	h := newHouse(t)
	whole, err := os.ReadFile(h.zipped("whole.zip", victim(1), victim(2), victim(3)))
	if err != nil {
		t.Fatal(err)
	}
	cut := h.write("cut.zip", string(whole[:len(whole)/2]))
	r := h.run("ingest", cut)
	if r.code != 1 || !strings.Contains(r.stderr, "damaged") {
		t.Errorf("%d %s", r.code, r.stderr)
	}
	if s := r.summary(t); s.Ingested < 2 || s.Damaged["damaged"] == 0 {
		t.Errorf("%+v", s)
	}
}

// TestInterruptArchive: an archive cut short by Ctrl-C goes on where it was.
func TestInterruptArchive(t *testing.T) {
	h := newHouse(t)
	const victims, each = 60, 6000
	files := make([]map[string]string, victims)
	for v := range files {
		var creds strings.Builder
		for i := range each {
			fmt.Fprintf(&creds, "URL: https://www.shop%d.example/\nUsername: u%d@example.com\nPassword: canary %d\n==========\n", i, v*each+i, i)
		}
		files[v] = map[string]string{fmt.Sprintf("DE[%032X] [2024-08-10T07_20_02]/Passwords.txt", v): creds.String()}
	}
	archive := h.zipped("big.zip", files...)
	cmd := h.command("ingest", archive)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(h.store, "segments", "*.seg")); len(found) > 0 {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	first := cmd.Wait()
	r := h.run("ingest", archive)
	r.want(t, 0)
	if s := r.summary(t); first != nil && (s.Ingested == 0 || s.Ingested == victims*each) {
		t.Errorf("%+v after %s %s", s, stdout.String(), stderr.String())
	}
	if n := h.total(); n != victims*each {
		t.Errorf("the store holds %d credentials, want %d", n, victims*each)
	}
}
