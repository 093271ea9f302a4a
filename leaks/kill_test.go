package leaks

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The corpus of the kill test: files of a deterministic world, ingested one
// after another, so that what is committed is always a prefix of them all.
const killSeed = 41

func killFiles(short bool) [][]Record {
	sizes := []int{700, 1, 399, 800, 600}
	if short {
		sizes = []int{200, 1, 150, 250}
	}
	list := newWorld(killSeed).records(2500)
	var files [][]Record
	for _, n := range sizes {
		files = append(files, list[:n])
		list = list[n:]
	}
	return files
}

func killOptions() *Options {
	opts := testOptions()
	opts.NoBackgroundMerge = false
	opts.SegmentRows = 12
	opts.MergeFanout = 3
	return opts
}

func killBatch(file int) string { return "file-" + strconv.Itoa(file) }

// childIngest ingests the corpus with merging beside it, from wherever earlier
// children came to, compacts, and reports each step once it is durable.
func childIngest(dir string, short bool) {
	s, err := Open(dir, killOptions())
	childFailed(err)
	for i, list := range killFiles(short) {
		_, err := s.Ingest(context.Background(), seqOf(list), &IngestOptions{
			Batch:    killBatch(i),
			Progress: func(r IngestResult) { fmt.Printf("committed %d %d\n", i, r.Resumed+r.Read) },
			Cards:    func() iter.Seq[CardRecord] { return slices.Values(killCards(i)) },
		})
		childFailed(err)
		_, err = s.IngestDocuments(context.Background(), listSeq(killDocuments(i)), &IngestOptions{Batch: killBatch(i)})
		childFailed(err)
	}
	childFailed(s.Compact(context.Background()))
	childFailed(s.Close())
	fmt.Println("done")
}

// runAndKill runs a child for at most delay and returns, by file, the count it
// reported last, and whether it came to its end.
func runAndKill(t *testing.T, dir string, delay time.Duration) (reported map[int]int64, done bool) {
	t.Helper()
	part := "ingest"
	if testing.Short() {
		part = "ingest-short"
	}
	cmd := child(part, dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
	defer killer.Stop()
	reported = make(map[int]int64)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var file int
		var n int64
		switch line := lines.Text(); {
		case line == "done":
			done = true
		case strings.HasPrefix(line, "failed"):
			t.Fatal(line)
		default:
			if _, err := fmt.Sscanf(line, "committed %d %d", &file, &n); err == nil {
				reported[file] = n
			}
		}
	}
	if err := cmd.Wait(); err != nil && !strings.Contains(err.Error(), "killed") {
		t.Fatal(err)
	}
	return reported, done
}

// storedRows counts every row of a store, as stored.
func storedRows(t testing.TB, s *Store) map[row]int {
	t.Helper()
	sn, err := s.acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer s.release(sn)
	rows := make(map[row]int)
	for _, h := range sn.segments {
		for _, r := range readRows(t, h.table.cursor()) {
			rows[r]++
		}
	}
	return rows
}

// checkCommitted opens the store a killed child left: every file holds exactly
// the rows up to its checkpoint, each as often as the file has it, and the
// checkpoint is not behind what the child reported.
func checkCommitted(t *testing.T, dir string, files [][]Record, reported map[int]int64) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "segments")); os.IsNotExist(err) && len(reported) == 0 {
		return // killed before there was a store
	}
	opts := killOptions()
	opts.NoBackgroundMerge = true
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := s.preparer(0, "")
	want := make(map[row]int)
	for i, list := range files {
		rec, _, err := s.db.Batch(killBatch(i))
		if err != nil {
			t.Fatal(err)
		}
		if rec.Records < reported[i] {
			t.Fatalf("file %d: %d records were reported as committed, %d are", i, reported[i], rec.Records)
		}
		if rec.Done && rec.Records != int64(len(list)) || rec.Records > int64(len(list)) {
			t.Fatalf("file %d of %d records: checkpoint %+v", i, len(list), rec)
		}
		ingested := int64(0)
		for _, r := range list[:rec.Records] {
			var out row
			if reason, _ := p.prepare(&r, &out); reason == "" {
				want[normal(out)]++
				ingested++
			}
		}
		if rec.Ingested != ingested || rec.Rejected != rec.Records-ingested {
			t.Fatalf("file %d: %d of %d are rows, the checkpoint says %+v", i, ingested, rec.Records, rec)
		}
	}
	got := storedRows(t, s)
	for r, n := range want {
		if got[r] != n {
			t.Fatalf("a row stands in the store %d times, and %d times in what is committed: %+v", got[r], n, r)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d different rows are in the store, %d are committed", len(got), len(want))
	}
	checkCommittedFlat(t, s, len(files))
}

// answers is every answer over a whole store, as one text.
func answers(t testing.TB, s *Store) string {
	t.Helper()
	var b strings.Builder
	roots, mails := map[string]bool{}, map[string]bool{}
	add := func(v any, err error) {
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(mustJSON(t, v))
		b.WriteByte('\n')
	}
	for _, sort := range []Sort{BySourceCount, ByLastSeen} {
		for c, err := range s.Walk(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain, SortBy: sort}) {
			add(c, err)
			if sort == ByLastSeen {
				continue
			}
			roots[c.RootDomain], mails[c.EmailDomain] = true, true
			add(s.Occurrences(t.Context(), everything, RootDomain, c.Hash))
		}
	}
	for _, by := range []struct {
		column Column
		names  map[string]bool
	}{{RootDomain, roots}, {EmailDomain, mails}} {
		for _, name := range slices.Sorted(maps.Keys(by.names)) {
			if name != "" {
				add(s.Analytics(t.Context(), everything, by.column, name))
			}
		}
	}
	add(s.Stats(t.Context(), StatsQuery{Scope: everything, Column: RootDomain, Filters: Filters{StartDate: "2024-05-30"}}))
	return b.String()
}

// TestKill: a process that ingests, with merging beside it, is killed at random
// points, as a power cut would end it. Nothing it reported is lost, nothing is
// there twice, and whoever continues gets to the answers of a run that nobody
// interrupted.
func TestKill(t *testing.T) {
	kills := fewer(100, 10)
	files := killFiles(testing.Short())
	whole := openTest(t, testDir(t), killOptions())
	for _, list := range files {
		ingestAll(t, whole, list)
	}
	want := answers(t, whole)

	dir := filepath.Join(testDir(t), "store")
	start := time.Now()
	if _, done := runAndKill(t, dir, time.Minute); !done {
		t.Fatal("an undisturbed child does not come to its end")
	}
	span := time.Since(start)
	reset := func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	reset()
	rng := rand.New(rand.NewPCG(killSeed, uint64(kills)))
	completed := 0
	for killed := 0; killed < kills || completed == 0; {
		// Each child continues where the one before it was killed, so the
		// points spread over the whole run and some of its continuations.
		delay := time.Duration(rng.Int64N(int64(span / 2)))
		if killed >= kills {
			delay = time.Minute // let the last one finish
		}
		reported, done := runAndKill(t, dir, delay)
		checkCommitted(t, dir, files, reported)
		if !done {
			killed++
			continue
		}
		s := openTest(t, dir, killOptions())
		if got := answers(t, s); got != want {
			t.Fatalf("after %d kills the answers are not those of an undisturbed run:\n%s", killed, firstDifference(got, want))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		completed++
		reset()
	}
	t.Logf("%d kills over a run of %v, %d runs completed, %v in all", kills, span.Round(time.Millisecond), completed, time.Since(start).Round(time.Millisecond))
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
