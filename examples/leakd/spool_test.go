package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it never came that", what)
}

// put makes a file in a spool, by renaming.
func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	temp := filepath.Join(dir, "."+name)
	if err := errors.Join(os.WriteFile(temp, content, 0o600), os.Rename(temp, filepath.Join(dir, name))); err != nil {
		t.Fatal(err)
	}
}

// report reads what lies beside a file that was taken.
func report(t *testing.T, path string) (r spoolReport) {
	t.Helper()
	b, err := os.ReadFile(path + ".report.json")
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// lines is a list of credentials of its own.
func lines(from, to int) []byte {
	var b bytes.Buffer
	for i := range to - from {
		fmt.Fprintf(&b, "https://spool.example/:user%d@mail.example:hunter%d\n", from+i, from+i)
	}
	return b.Bytes()
}

// What comes while the server runs is ingested, once, and told in a report.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	d := start(t, dir, "--spool", in, "--spool-interval", "10ms", "--spool-settle", "0s", "--spool-source", "feed-7")
	key := secretForm.FindString(d.stdout.String())
	total := func() int {
		code, body := d.get(d.url+"/leaks/details?identifier_column=root_domain&root_domain=spool.example&page_size=1", key)
		var page struct{ Total int }
		if err := json.Unmarshal([]byte(body), &page); err != nil || code != 200 {
			t.Fatal(code, body)
		}
		return page.Total
	}
	gone := func(name, to string) {
		t.Helper()
		eventually(t, name+" is in "+to, func() bool { return !missing(filepath.Join(in, to, name)) })
	}
	put(t, in, "first.txt", lines(0, 100))
	gone("first.txt", spoolDone)
	if r := report(t, filepath.Join(in, spoolDone, "first.txt")); r.Ingested != 100 || r.Files != 1 || r.File != "first.txt" || r.Finished.IsZero() {
		t.Errorf("%+v", r)
	}
	if n := total(); n != 100 {
		t.Errorf("%d credentials", n)
	}
	// The same bytes again, under this name and another: known.
	for _, name := range []string{"first.txt", "second.txt"} {
		put(t, in, name, lines(0, 100))
		eventually(t, name+" is taken", func() bool { return missing(filepath.Join(in, name)) })
	}
	gone("first.txt.2", spoolDone)
	gone("second.txt", spoolDone)
	if r := report(t, filepath.Join(in, spoolDone, "second.txt")); r.SkippedFiles != 1 || r.Ingested != 0 {
		t.Errorf("%+v", r)
	}
	// A broken archive, and what is not complete.
	put(t, in, "broken.zip", append([]byte("PK\x03\x04"), bytes.Repeat([]byte{7}, 4000)...))
	gone("broken.zip", spoolFailed)
	if r := report(t, filepath.Join(in, spoolFailed, "broken.zip")); len(r.Notes) == 0 {
		t.Errorf("%+v", r)
	}
	for _, name := range []string{".hidden.txt", "coming.txt.part", "coming.tmp"} {
		if err := os.WriteFile(filepath.Join(in, name), lines(500, 600), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(in, spoolDone, "first.txt"), filepath.Join(in, "link.txt")); err != nil {
		t.Fatal(err)
	}
	put(t, in, "last.txt", lines(100, 150))
	gone("last.txt", spoolDone)
	if n := total(); n != 150 {
		t.Errorf("%d credentials", n)
	}
	d.end(exitDone)
	for _, name := range []string{".hidden.txt", "coming.txt.part", "coming.tmp", "link.txt"} {
		if missing(filepath.Join(in, name)) {
			t.Errorf("%s was taken", name)
		}
	}
	// Neither the log nor a report holds what was ingested.
	err := filepath.WalkDir(in, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".json") {
			b, err := os.ReadFile(path)
			if err != nil || bytes.Contains(b, []byte("hunter")) || bytes.Contains(b, []byte("user1")) {
				t.Errorf("%s: %v\n%s", path, err, b)
			}
		}
		return err
	})
	if log := d.stderr.String(); err != nil || strings.Contains(log, "hunter") || strings.Contains(log, "user1") || !strings.Contains(log, "file=first.txt to=done") {
		t.Error(err, log)
	}
}

// TestLeakdItself is not a test: TestSpoolKilled runs it to have a process that it
// can kill.
func TestLeakdItself(t *testing.T) {
	args := os.Getenv("LEAKD_TEST_ARGS")
	if args == "" {
		t.Skip("for TestSpoolKilled")
	}
	run(context.Background(), strings.Split(args, "\n"), os.Stdout, os.Stderr)
}

// Killed in the middle of a file, leakd goes on with it when it is started again,
// and takes nothing twice; nor when it is stopped, or does not get to move it.
func TestSpoolKilled(t *testing.T) {
	const n = 400_000
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.MkdirAll(in, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, in, "large.txt", lines(0, n))
	args := []string{"--store", filepath.Join(dir, "store"), "--key-file", filepath.Join(dir, "key"), "--listen", "127.0.0.1:0",
		"--spool", in, "--spool-interval", "10ms", "--spool-settle", "0s"}
	cmd := exec.Command(os.Args[0], "-test.run=^TestLeakdItself$")
	cmd.Env = append(os.Environ(), "LEAKD_TEST_ARGS="+strings.Join(args, "\n"))
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it serves", func() bool { return strings.Contains(out.String(), "msg=serving") })
	time.Sleep(150 * time.Millisecond) // somewhere within the file, or behind it
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as it says
	t.Logf("killed: moved %t", missing(filepath.Join(in, "large.txt")))

	// Stopped in the middle: it ends well.
	flags := []string{"--spool", in, "--spool-interval", "10ms", "--spool-settle", "0s"}
	d := start(t, dir, flags...)
	time.Sleep(50 * time.Millisecond)
	d.end(exitDone)
	t.Logf("stopped: moved %t", missing(filepath.Join(in, "large.txt")))

	d = start(t, dir, flags...)
	eventually(t, "it is done", func() bool { return !missing(filepath.Join(in, spoolDone, "large.txt")) })
	// As if it had been killed before the file was moved.
	if err := os.Rename(filepath.Join(in, spoolDone, "large.txt"), filepath.Join(in, "large.txt")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is done again", func() bool { return !missing(filepath.Join(in, spoolDone, "large.txt")) })
	d.end(exitDone)
	k, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil || len(k) == 0 {
		t.Fatal(err)
	}
	if rows := rowsOf(t, dir); rows != n {
		t.Errorf("%d rows of %d", rows, n)
	}
}

// rowsOf is how many occurrences a store holds that nobody has open.
func rowsOf(t *testing.T, dir string) uint64 {
	t.Helper()
	opt := &options{Store: filepath.Join(dir, "store"), KeyFile: filepath.Join(dir, "key"), Memory: "64M"}
	s, err := opt.open(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(t.Context())
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return info.Rows
}

// quietSpool is a spool of dir that nobody looks at, and what closes its store.
func quietSpool(t *testing.T, dir string) (*spool, func()) {
	t.Helper()
	s, err := leaks.Open(filepath.Join(dir, "store"), &leaks.Options{Key: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	opt := &options{Spool: filepath.Join(dir, "in"), SpoolSettle: 10 * time.Second}
	spools, err := opt.openSpools(s, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	return spools[0], func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A file is complete when it has not changed for long enough; the clock is the
// test's.
func TestSpoolSettles(t *testing.T) {
	dir := t.TempDir()
	sp, end := quietSpool(t, dir)
	defer end()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	sp.now = func() time.Time { return now }
	path := filepath.Join(sp.dir, "list.txt")
	write := func(n int, at time.Time) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, lines(0, n), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	look := func(after time.Duration, taken bool) {
		t.Helper()
		now = now.Add(after)
		if err := sp.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if missing(path) != taken {
			t.Errorf("at %s: taken %t", now.Format(time.TimeOnly), !taken)
		}
	}
	write(1, now)
	look(0, false)
	look(9*time.Second, false)
	write(2, now)
	look(2*time.Second, false) // it has grown since
	look(10*time.Second, true)
	write(3, now.Add(-time.Minute)) // renamed in, complete for long
	look(0, true)
	write(4, now.Add(time.Hour)) // somebody's clock is ahead
	look(0, false)
	look(10*time.Second, true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	write(5, now.Add(-time.Minute))
	if err := sp.look(ctx); !errors.Is(err, context.Canceled) || missing(path) {
		t.Errorf("stopped: %v, taken %t", err, missing(path))
	}
}
