package main_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBadFiles: what is wrong with one file is said in one line and costs no
// record of another file, nor any before or after it in the same one.
func TestBadFiles(t *testing.T) {
	garbage := make([]byte, 64<<10)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range garbage {
		garbage[i] = byte(r.Uint32())
	}
	const before = `{"username":"before@example.com","password":"canary-b","host":"https://a.example.com/"}` + "\n"
	const after = `{"username":"after@example.com","password":"canary-a","host":"https://a.example.com/"}` + "\n"
	for _, c := range []struct {
		name     string
		make     func(h *house) string
		code     int
		parts    []string // of the line on standard error; none: nothing is said
		ingested int64    // besides the good file's 2
		reason   string
	}{
		{"missing", func(h *house) string { return filepath.Join(h.dir, "none.jsonl") }, 1, []string{"none.jsonl", "no such file"}, 0, ""},
		{"empty", func(h *house) string { return h.write("bad", "") }, 0, nil, 0, ""},
		{"garbage", func(h *house) string { return h.write("bad", string(garbage)) }, 1, []string{"bad", "text"}, 0, ""},
		{"long line", func(h *house) string {
			return h.write("bad.jsonl", before+`{"username":"`+strings.Repeat("x", 100<<20)+`"}`+"\n"+after)
		}, 0, []string{"bad.jsonl", "1 of 3", "line_too_long 1"}, 2, "line_too_long"},
		{"invalid UTF-8", func(h *house) string {
			return h.write("bad.jsonl", before+"{\"username\":\"a\xffb\",\"password\":\"canary\"}\n"+after)
		}, 0, []string{"bad.jsonl", "1 of 3", "invalid_utf8 1"}, 2, "invalid_utf8"},
		{"truncated JSON", func(h *house) string {
			return h.write("bad.jsonl", before+after+`{"username":"cut@example.com","pass`)
		}, 0, []string{"bad.jsonl", "1 of 3", "bad_json 1"}, 2, "bad_json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			good := h.write("good.txt", "https://x.example.com/:u1:canary\nhttps://x.example.com/:u2:canary\n")
			h.run("ingest", h.write("first.txt", "u0@example.com:canary\n")).want(t, 0) // makes the key
			r := h.run("ingest", c.make(h), good)
			r.want(t, c.code, c.parts...)
			if lines := strings.Count(r.stderr, "\n"); lines > 1 || len(c.parts) == 0 && lines > 0 {
				t.Errorf("%d lines on stderr: %s", lines, r.stderr)
			}
			got := r.summary(t)
			if got.Ingested != c.ingested+2 || c.reason != "" && got.RejectReasons[c.reason] != 1 {
				t.Errorf("%+v", got)
			}
			if n := h.total(); n != int(c.ingested)+3 {
				t.Errorf("the store holds %d credentials, want %d", n, c.ingested+3)
			}
			h.checkNoSecret(h.store)
		})
	}
}

func TestWrongUse(t *testing.T) {
	h := filled(t)
	inside := filepath.Join(h.store, "key")
	list := h.write("list.txt", "wrong@example.com:canary\n")
	for _, c := range []struct {
		args  string
		parts []string
	}{
		{"", []string{"ingest", "details"}},
		{"frobnicate", []string{"frobnicate"}},
		{"ingest", []string{"path"}},
		{"ingest --format xml a", []string{"--format", "xml"}},
		{"ingest --seen yesterday a", []string{"--seen", "yesterday"}},
		{"ingest --no-such-flag a", []string{"--no-such-flag"}},
		{"ingest --max-ratio=-3 a", []string{"--max-ratio", "negative"}},
		{"ingest --seen 1960-01-01 " + list, []string{"--seen: ", "1970"}},
		{"ingest --source " + strings.Repeat("x", 2000) + " " + list, []string{"--source: ", "1024"}},
		{"parse --max-time=-3s a", []string{"--max-time", "negative"}},
		{"documents --domain exa`mple", []string{"--domain: ", "domain name"}},
		{"details --identifier example.com", []string{"--identifier-column"}},
		{"details --identifier-column domain --identifier example.com", []string{"--identifier-column", "domain"}},
		{"details --identifier-column root_domain", []string{"--identifier", "--all"}},
		{"details --identifier-column root_domain --all --identifier x.example", []string{"--all"}},
		{"details --identifier-column root_domain --all --sort-by first_seen", []string{"--sort-by", "first_seen"}},
		{"details --identifier-column root_domain --all --page 0", []string{"--page", "1"}},
		{"details --identifier-column root_domain --all --page x", []string{"--page", "x"}},
		{"details --identifier-column root_domain --all --page-size 0", []string{"--page-size", "200"}},
		{"details --identifier-column root_domain --all --page-size 201", []string{"--page-size", "200"}},
		{"details --identifier-column root_domain --all --type Phish", []string{"--type"}},
		{"details --identifier-column root_domain --all --hash 12", []string{"--hash"}},
		{"details --identifier-column root_domain --all --start-date 2026-13-01", []string{"--start-date"}},
		{"details --identifier-column root_domain --all --min-occurrences -1", []string{"--min-occurrences"}},
		{"details --identifier-column any --identifier exa`mple", []string{"identifier", "domain name"}},
		{"keyword search", []string{"--keyword"}},
		{"keyword search --keyword ab", []string{"--keyword", "3 to 100"}},
		{"keyword search --keyword portal --page 0", []string{"--page", "1"}},
		{"keyword search --keyword portal --own-domain a_b/c", []string{"--own-domain"}},
		{"keyword preview ab", []string{"keyword", "3 to 100"}},
		{"by-hash --identifier-column root_domain --hash zz", []string{"--hash"}},
		{"by-hash --identifier-column root_domain", []string{"--hash"}},
		{"analytics --identifier-column username --domain example.com", []string{"--identifier-column"}},
		{"stats --identifier-column root_domain --all --granularity week", []string{"--granularity"}},
		{"expire --before soon", []string{"--before"}},
		{"info --key-file " + inside, []string{"--key-file", "inside the store"}},
	} {
		r := h.run(strings.Fields(c.args)...)
		r.want(t, 2, c.parts...)
		if strings.Count(r.stderr, "\n") != 1 || r.stdout != "" {
			t.Errorf("%s: stdout %q, stderr %q", c.args, r.stdout, r.stderr)
		}
	}
	// What cannot be meant is not passed over.
	pipe := filepath.Join(h.dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []string{"ingest", "parse"} {
		h.run(cmd, pipe).want(t, 1, pipe, "standard input")
		h.run(cmd, os.DevNull).want(t, 1, os.DevNull, "standard input")
		h.run(cmd, h.store).want(t, 1, h.store, "the store itself")
		h.run(cmd, filepath.Join(h.store, "segments")).want(t, 1, "segments", "the store itself")
	}
	// What is wrong with a file that a flag names is told with the flag.
	h.run("ingest", "--rejects", h.dir, "a").want(t, 1, "--rejects: ", h.dir, "directory")
	h.run("ingest", "--password-file", inside, "a").want(t, 1, "--password-file: ", inside, "no such file")
	if r := h.run("--help"); r.code != 0 || !strings.Contains(r.stdout, "ingest") {
		t.Errorf("--help: exit code %d, %q", r.code, r.stdout)
	}
	// A page past the end is empty, not an error.
	h.run("details", "--identifier-column", "root_domain", "--all", "--page", "99").quiet(t)
}

// TestNoStore: a question does not make a store.
func TestNoStore(t *testing.T) {
	h := newHouse(t)
	for _, cmd := range []string{"info", "compact", "verify", "details --identifier-column username --all"} {
		h.run(strings.Fields(cmd)...).want(t, 1, "no store at", h.store)
	}
	if _, err := os.Stat(h.store); !os.IsNotExist(err) {
		t.Errorf("a store was made: %v", err)
	}
	if _, err := os.Stat(filepath.Join(h.dir, "config")); !os.IsNotExist(err) {
		t.Errorf("a key was made: %v", err)
	}
	// A file is no store, and a folder without anything to ingest is said to be one.
	(&house{h.t, h.dir, h.write("file", "")}).run("info").want(t, 1, "store ", "it is a file")
	if err := os.Mkdir(filepath.Join(h.dir, "books"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.write("books/reader.exe", "")
	newStore(h, "new").run("ingest", filepath.Join(h.dir, "books")).want(t, 0, "nothing to ingest")
	// Somebody else's directory is left alone.
	desk := newStore(h, "desk")
	if err := errors.Join(os.Mkdir(desk.store, 0o700), os.RemoveAll(filepath.Join(h.dir, "config"))); err != nil {
		t.Fatal(err)
	}
	thesis := h.write("desk/thesis.txt", "chapter one")
	desk.run("ingest", thesis).want(t, 1, "no key file", desk.store)
	desk.run("ingest", "--key-file", h.write("k", strings.Repeat("ab", 32)+"\n"), thesis).want(t, 1, desk.store)
	if left, err := os.ReadDir(desk.store); err != nil || len(left) != 1 {
		t.Errorf("left on the desk: %v, %v", left, err)
	}
}

func TestKeys(t *testing.T) {
	h := filled(t)
	keys, err := filepath.Glob(filepath.Join(h.dir, "config", "leakscope", "*.key"))
	if err != nil || len(keys) != 1 {
		t.Fatalf("key files %q, %v", keys, err)
	}
	info, err := os.Stat(keys[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	h.run("--key-file", keys[0], "info").quiet(t)

	other := h.write("other.key", strings.Repeat("0f", 32))
	h.run("--key-file", other, "info").want(t, 1, "wrong key", other)
	h.run("--key-file", h.write("short.key", "abcd"), "info").want(t, 1, "short.key", "64 hex digits")
	h.run("--key-file", h.dir, "info").want(t, 1)
	missing := filepath.Join(h.dir, "missing.key")
	for _, cmd := range []string{"info", "ingest c.txt"} {
		// The store is there, so a fresh key would be a wrong one.
		h.run(append([]string{"--key-file", missing}, strings.Fields(cmd)...)...).want(t, 1, "no key file", missing)
	}
	link := filepath.Join(h.dir, "link")
	if err := os.Symlink(h.store, link); err != nil {
		t.Fatal(err)
	}
	h.run("--key-file", filepath.Join(link, "k"), "info").want(t, 2, "inside the store")
	// The same store by another path has the same key.
	h.store = link
	h.run("info").quiet(t)

	fresh := newStore(h, "fresh")
	fresh.run("--key-file", missing, "ingest", filepath.Join(h.dir, "c.txt")).want(t, 0, "made a key", missing)
	fresh.run("--key-file", missing, "info").quiet(t)
}

// newStore returns the same house with another store.
func newStore(h *house, name string) *house {
	return &house{h.t, h.dir, filepath.Join(h.dir, name)}
}

// TestOpenTwice: a store in use is not opened again.
func TestOpenTwice(t *testing.T) {
	h := filled(t)
	cmd := h.command("ingest", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// More than a pipe holds: once it is written, leakctl is reading, and so
	// has the store open.
	if _, err := io.WriteString(stdin, strings.Repeat("late@example.com:canary\n", 20_000)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"info"}, {"ingest", filepath.Join(h.dir, "c.txt")}} {
		h.run(args...).want(t, 1, "already open")
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if n := h.total(); n != 4 {
		t.Errorf("the store holds %d credentials, want 4", n)
	}
}

// TestInterrupt: Ctrl-C keeps what was committed, and the same command again
// takes the rest and nothing twice.
func TestInterrupt(t *testing.T) {
	h := newHouse(t)
	const records = 1_600_000 // three segments: there is time behind the first
	path := filepath.Join(h.dir, "big.txt")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range records {
		fmt.Fprintf(w, "https://h%d.example.com/:user%d@example.org:canary%d\n", i%997, i, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()

	cmd := h.command("ingest", path)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	interruptWhen(t, h, cmd.Process, done)
	r := result{cmd.Args[1:], stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	h.checkClean(r)
	r.want(t, 1, "interrupted", "again")
	first := r.summary(t)
	if first.Ingested == 0 || first.Ingested >= records {
		t.Errorf("interrupted too early or too late to show anything: %+v", first)
	}

	r = h.run("ingest", path).quiet(t)
	if got := r.summary(t); got.Ingested+first.Ingested != records || got.Files != 1 {
		t.Errorf("first %+v, then %+v: not %d together", first, got, records)
	}
	if n := h.total(); n != records {
		t.Errorf("the store holds %d credentials, want %d", n, records)
	}
	if got := h.run("ingest", path).quiet(t).summary(t); got.SkippedFiles != 1 || got.Ingested != 0 {
		t.Errorf("again: %+v", got)
	}
}

// interruptWhen sends an interrupt once the first segment is there, and waits
// for the end.
func interruptWhen(t *testing.T, h *house, p *os.Process, done chan error) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		select {
		case <-done:
			t.Fatal("the ingest ended before a segment was seen")
		case <-deadline:
			t.Error("no segment after two minutes")
		case <-time.After(2 * time.Millisecond):
			if found, _ := filepath.Glob(filepath.Join(h.store, "segments", "*.seg")); len(found) == 0 {
				continue
			}
		}
		if err := p.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Error("leakctl did not end within 30 s of an interrupt")
			p.Kill()
			<-done
		}
		return
	}
}

// TestInterruptStdin: a pipe that has nothing to say does not keep leakctl.
func TestInterruptStdin(t *testing.T) {
	h := newHouse(t)
	cmd := h.command("ingest", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(stdin, strings.Repeat("ada@example.com:canary\n", 20_000)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		cmd.Process.Kill()
		t.Fatal("leakctl did not end within 30 s of an interrupt")
	}
	r := result{cmd.Args[1:], stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	h.checkClean(r)
	r.want(t, 1, "interrupted", "standard input")
	r.summary(t)
}
