package main_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestIngestLimits: an archive is ingested as far as a limit, and goes on from
// there with a higher one, to the same end as without any; or past it, for good.
func TestIngestLimits(t *testing.T) {
	h := newHouse(t)
	list := func(name string, n int) map[string]string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "https://%s.example/:user%d@mail.example:canary%d\n", name, i, i)
		}
		return map[string]string{name + ".txt": b.String()}
	}
	content := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	inner := content(h.zipped("inner.zip", list("inner", 40), victim(2)))
	deepest := content(h.zipped("deeper.zip", map[string]string{"b-nested.zip": inner}, list("deeper", 20)))
	path := h.zipped("all.zip", list("a", 100), map[string]string{"b.zip": deepest}, victim(1), map[string]string{"y.zip": inner}, list("z", 60))

	key := h.write("key", strings.Repeat("ab", 32))
	run := func(s *house, args ...string) result {
		t.Helper()
		return s.run(append([]string{"--key-file", key}, args...)...)
	}
	ingest := []string{"ingest", "--seen", "2026-11-22", "--source", "s", path}
	facts := func(s *house) string {
		t.Helper()
		return run(s, "--json", "details", "--all", "--identifier-column", "root_domain", "--page-size", "200").quiet(t).stdout
	}
	whole := newStore(h, "whole")
	all := run(whole, ingest...).quiet(t).summary(t)
	if all.Files != 1 || all.Ingested != 100+20+2*42+2+60 {
		t.Fatalf("%+v", all)
	}
	want := facts(whole)

	cuts := [][]string{
		{"--max-depth=1", "--max-depth=1", "--max-depth=2"},
		{"--max-bytes=3000", "--max-bytes=9000", "--max-bytes=12000"},
		{"--max-files=1", "--max-files=5"},
		{"--max-nested=100"},
		{"--max-nested=100", "--max-depth=2"},
	}
	for n := 700; n < 16_000; n += 1300 { // within lists, and within a victim's log
		cuts = append(cuts, []string{fmt.Sprint("--max-bytes=", n)})
	}
	for _, steps := range cuts {
		name := strings.Join(steps, " ")
		s := newStore(h, fmt.Sprintf("s%x", name))
		var n int64
		for _, flag := range steps {
			r := run(s, append(ingest, flag)...)
			r.want(t, 1, "limit")
			r.want(t, 1, "goes on from there")
			got := r.summary(t)
			if n += got.Ingested; got.Files != 0 || got.PartialFiles != 1 || got.Damaged["limit"] != 1 {
				t.Errorf("%s, %s: %+v", name, flag, got)
			}
		}
		got := run(s, ingest...).quiet(t).summary(t)
		if n += got.Ingested; n != all.Ingested || got.Files != 1 || got.PartialFiles != 0 {
			t.Errorf("%s: %d records in all, want %d: %+v", name, n, all.Ingested, got)
		}
		if got := facts(s); got != want {
			t.Errorf("%s: the store differs:\n%s\n%s", name, got, want)
		}
		if again := run(s, ingest...).quiet(t).summary(t); again.SkippedFiles != 1 {
			t.Errorf("%s, again: %+v", name, again)
		}
	}

	past := newStore(h, "past")
	r := run(past, append(ingest, "--max-depth=1", "--past-limits")...)
	r.want(t, 1, "b.zip: limit")
	r.want(t, 1, "y.zip: limit")
	if got := r.summary(t); got.Ingested != 100+2+60 || got.Files != 1 {
		t.Errorf("past: %+v", got)
	}
	if again := run(past, ingest...).quiet(t).summary(t); again.SkippedFiles != 1 {
		t.Errorf("past, again: %+v", again)
	}
	h.checkNoSecret(past.store, whole.store)
}
