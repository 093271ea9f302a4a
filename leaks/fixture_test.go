package leaks

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/stats"
)

// The fixtures are what a store and a segment of format 1 look like. Builds to
// come must open the store and answer as its golden file says; they are written
// anew, with this flag, only while no release has the format.
var update = flag.Bool("update", false, "write the fixtures in testdata anew")

const (
	fixtureStore   = "testdata/store-v1"
	fixtureAnswers = "testdata/store-v1.golden"
	fixtureSegment = "testdata/segment-v1.golden"
)

// TestFixtureStore: a store that an earlier build made opens, unharmed, and
// answers what it answered then.
func TestFixtureStore(t *testing.T) {
	if *update {
		writeFixtureStore(t)
	}
	dir := filepath.Join(testDir(t), "store")
	if err := os.CopyFS(dir, os.DirFS(fixtureStore)); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, dir, fixtureOptions())
	if err := s.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := fixtureText(t, s)
	if *update {
		if err := os.WriteFile(fixtureAnswers, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	checkGolden(t, fixtureAnswers, got)

	// It is a store like any other: what was cut short goes on, all of it
	// merges.
	list := fixtureRecords()
	if res, err := s.Ingest(t.Context(), seqOf(list[:100]), &IngestOptions{Batch: "first"}); err != nil || !res.Skipped {
		t.Errorf("the batch that is done: %+v, %v", res, err)
	}
	res, err := s.Ingest(t.Context(), seqOf(list[100:]), &IngestOptions{Batch: "second"})
	if err != nil || res.Resumed != 50 || res.Read != int64(len(list))-150 {
		t.Errorf("the batch that was cut: %+v, %v", res, err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole := fixtureStoreOf(t, testDir(t))
	if _, err := whole.Ingest(t.Context(), seqOf(list[100:]), &IngestOptions{Batch: "second"}); err != nil {
		t.Fatal(err)
	}
	if got, want := fixtureText(t, s), fixtureText(t, whole); got != want {
		t.Errorf("continued by this build: %s", firstDifference(got, want))
	}
}

func fixtureOptions() *Options {
	opts := testOptions()
	opts.Key = [32]byte{'f', 'i', 'x', 't', 'u', 'r', 'e'}
	opts.SegmentRows = 40
	return opts
}

func fixtureRecords() []Record { return newWorld(1).records(250) }

// fixtureStoreOf makes a store with a batch that is done, one that was cut,
// segments fresh and merged, and analytics that outlived their rows.
func fixtureStoreOf(t *testing.T, dir string) *Store {
	lowerAggregateRows(t, 20)
	lowerTextStrings(t, 1)
	lowerTops(t, 10)
	s := openTest(t, dir, fixtureOptions())
	list := fixtureRecords()
	if _, err := s.Ingest(t.Context(), seqOf(list[:100]), &IngestOptions{Batch: "first"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Expire(t.Context(), worldStart.AddDate(0, 0, 3)); err != nil || n == 0 {
		t.Fatalf("%d rows expired, %v", n, err)
	}
	stop := func() error { return errOutside }
	if res, _ := s.Ingest(t.Context(), cutSeq(list[100:], 50, stop), &IngestOptions{Batch: "second"}); res.Read != 50 {
		t.Fatalf("%+v", res)
	}
	return s
}

func writeFixtureStore(t *testing.T) {
	dir := filepath.Join(testDir(t), "store")
	if err := fixtureStoreOf(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	// What an open store makes for itself, and holds nothing.
	for _, name := range []string{"ballast", "DISCARD", "LOCK"} {
		if err := os.RemoveAll(filepath.Join(dir, "badger", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(fixtureStore); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(fixtureStore, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
}

// fixtureText is what a store answers, and the analytics of domains all of
// whose rows may have expired.
func fixtureText(t *testing.T, s *Store) string {
	var b strings.Builder
	b.WriteString(answers(t, s))
	w := newWorld(1)
	for _, by := range []struct {
		column Column
		names  []string
	}{{RootDomain, w.roots}, {EmailDomain, []string{"mail.example", "post.example", "org0.example"}}} {
		for _, name := range by.names {
			a, err := s.Analytics(t.Context(), everything, by.column, name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %s %s\n", by.column, name, mustJSON(t, a))
		}
	}
	return b.String()
}

func checkGolden(t *testing.T, path, got string) {
	t.Helper()
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as in %s: %s", path, firstDifference(got, string(want)))
	}
}

// TestFixtureSegment: the same rows make the same sections, today and in every
// later build of this format. Sections are compared as they are before
// compression, which may get better.
func TestFixtureSegment(t *testing.T) {
	lowerAggregateRows(t, 20)
	lowerTextStrings(t, 1)
	rows := newRowMaker(3, true).rows(400)
	first := encodeRows(t, rows)
	if again := encodeRows(t, rows); !bytes.Equal(first.data, again.data) {
		t.Fatal("the same rows make different segments")
	}
	lowerTops(t, 10)
	other := encodeRows(t, distinct(rand.New(rand.NewPCG(1, 1)), newRowMaker(4, false).rows(300)))
	got := "fresh\n" + sectionsOf(t, first) + "merged\n" + sectionsOf(t, mergeStored(t, mergeOptions{firstSeq: []uint64{7}}, other))
	if *update {
		if err := os.WriteFile(fixtureSegment, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	checkGolden(t, fixtureSegment, got)
}

// sectionsOf lists the meta and the sections of a segment.
func sectionsOf(t *testing.T, s stored) string {
	t.Helper()
	tab := s.open(t)
	var b strings.Builder
	fmt.Fprintf(&b, "meta %x\n", tab.seg.Meta())
	for info := range tab.seg.Sections() {
		var raw []byte
		section := tab.seg.Section(info.ID)
		for i := range section.Chunks() {
			chunk, err := section.Chunk(i)
			if err != nil {
				t.Fatal(err)
			}
			raw = append(raw, chunk...)
		}
		fmt.Fprintf(&b, "%04x %-24s %d chunks %6d bytes xxhash %016x %x\n",
			info.ID, sectionName(info.ID), section.Chunks(), len(raw), stats.Hash(raw), raw[:min(24, len(raw))])
	}
	return b.String()
}
