package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

// spoolFlags make a spool quick.
func spoolFlags(in string) []string {
	return []string{"--spool", in, "--spool-interval", "10ms", "--spool-settle", "0s"}
}

// Folders are taken whole, documents and cards from folders of their own; and the
// metrics count them.
func TestSpoolTakesAll(t *testing.T) {
	const pan = "4111111111111111" // the public test number
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	d := start(t, dir, append(spoolFlags(in), "--metrics-listen", "127.0.0.1:0")...)
	done := func(at string) spoolReport {
		t.Helper()
		at = filepath.Join(in, at)
		eventually(t, at+" is there", func() bool { return !missing(at) })
		return report(t, at)
	}

	folder := filepath.Join(in, ".dump") // a dot while it is made
	log := filepath.Join(folder, "DE[0123456789ABCDEF0123456789ABCDEF] [2026-11-02T10_20_30]")
	for path, text := range map[string]string{
		filepath.Join(folder, "list.txt"):   string(lines(0, 10)),
		filepath.Join(log, "Passwords.txt"): "URL: https://log.example/\nUsername: eve@mail.example\nPassword: hunter-log\n===============\n",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(folder, filepath.Join(in, "dump")); err != nil {
		t.Fatal(err)
	}
	if r := done("done/dump"); r.Dataset != "credentials" || r.Ingested != 11 || r.Files != 2 || len(r.Notes) != 0 {
		t.Errorf("%+v", r)
	}
	if missing(filepath.Join(in, "done", "dump", "list.txt")) {
		t.Error("the folder did not come whole")
	}

	put(t, filepath.Join(in, "cards"), "cards.csv", []byte("number,expiry\n"+pan+",2028-01\n"+pan+",2028-01\n1234,2028-01\n"))
	if r := done("cards/done/cards.csv"); r.Dataset != "cards" || r.Ingested != 2 || r.Rejected != 1 || len(r.Rejects) != 1 || r.Rejects[0].Line != 4 || r.Rejects[0].Reason != leaks.RejectCardNumber {
		t.Errorf("%+v", r)
	}
	put(t, filepath.Join(in, "documents"), "docs.jsonl", []byte(`{"name":"plan.pdf","domain":"example.com","url":"https://leak.example/plan.pdf"}`+"\n"))
	if r := done("documents/done/docs.jsonl"); r.Dataset != "documents" || r.Ingested != 1 {
		t.Errorf("%+v", r)
	}
	// What is refused whole is in the wrong place, or no list of these.
	put(t, filepath.Join(in, "documents"), "cards.jsonl", []byte(`{"number":"`+pan+`"}`+"\n"))
	if r := done("documents/failed/cards.jsonl"); r.Rejected != 1 || len(r.Rejects) != 1 || !strings.HasSuffix(r.Rejects[0].File, "cards.jsonl") {
		t.Errorf("%+v", r)
	}
	put(t, filepath.Join(in, "documents"), "none.txt", lines(0, 3))
	if r := done("documents/failed/none.txt"); len(r.Notes) == 0 {
		t.Errorf("%+v", r)
	}

	at := metricsAt.FindStringSubmatch(d.stderr.String())
	if at == nil {
		t.Fatal("no metrics")
	}
	_, metrics := d.get(at[1], "")
	for _, line := range []string{
		`leakd_spool_files_total{dataset="credentials",result="done"} 1`,
		`leakd_spool_files_total{dataset="documents",result="failed"} 2`,
		`leakd_spool_records_total{dataset="credentials",result="ingested"} 11`,
		`leakd_spool_records_total{dataset="cards",result="rejected"} 1`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no %s in\n%s", line, metrics)
		}
	}
	d.end(exitDone)
	// What was planted is nowhere but in what was put there.
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(path, in) && !strings.HasSuffix(path, ".report.json") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, secret := range []string{pan, "hunter"} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
		return err
	})
	if log := d.stderr.String(); err != nil || strings.Contains(log, pan) || strings.Contains(log, "hunter") {
		t.Error(err, log)
	}
}

// A spool moves what it finds, and must find nothing that is to stay.
func TestSpoolElsewhere(t *testing.T) {
	dir := t.TempDir()
	start(t, dir).end(exitDone) // makes store and key
	store := filepath.Join(dir, "store")
	link := filepath.Join(t.TempDir(), "link")
	passwords := filepath.Join(t.TempDir(), "passwords")
	if err := errors.Join(os.Symlink(store, link), os.WriteFile(passwords, []byte("infected\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags []string
		part  string
	}{
		{[]string{"--spool", store}, "inside the store"},
		{[]string{"--spool", link}, "inside the store"},
		{[]string{"--spool", filepath.Join(store, "in")}, "inside the store"},
		{[]string{"--spool", dir}, "has the store in it"},
		{[]string{"--spool", filepath.Dir(passwords), "--spool-passwords", passwords}, "has the passwords in it"},
		{[]string{"--spool", t.TempDir(), "--spool-passwords", filepath.Join(dir, "none")}, "--spool-passwords"},
	} {
		var out, log output
		args := append([]string{"--store", store, "--key-file", filepath.Join(dir, "key"), "--listen", "127.0.0.1:0"}, c.flags...)
		if code := run(t.Context(), args, &out, &log); code != exitFailed || !strings.Contains(log.String(), c.part) {
			t.Errorf("%v: exit code %d: %s", c.flags, code, log.String())
		}
	}
	keys := t.TempDir()
	var out, log output
	args := []string{"--store", filepath.Join(t.TempDir(), "fresh"), "--key-file", filepath.Join(keys, "key"), "--listen", "127.0.0.1:0", "--spool", keys}
	if code := run(t.Context(), args, &out, &log); code != exitFailed || !strings.Contains(log.String(), "key in it") || !missing(args[1]) {
		t.Errorf("exit code %d: %s", code, log.String())
	}
	if n := rowsOf(t, dir); n != 0 { // it opens
		t.Error(n)
	}
}

// What changes while it is ingested is not called done.
func TestSpoolChanges(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	sp, end := quietSpool(t, dir)
	defer end()
	put(t, in, "list.txt", lines(0, 5))
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(in, "list.txt"), old, old); err != nil {
		t.Fatal(err)
	}
	calls := 0
	sp.now = func() time.Time { // asked by sight, then before and after ingesting
		if calls++; calls == 2 {
			if err := os.WriteFile(filepath.Join(in, "list.txt"), lines(0, 9), 0o600); err != nil {
				t.Error(err)
			}
		}
		return time.Now()
	}
	if err := sp.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := report(t, filepath.Join(in, spoolFailed, "list.txt")); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "changed") {
		t.Errorf("%+v", r)
	}
}
