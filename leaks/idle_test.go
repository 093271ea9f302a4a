package leaks

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// openFiles lists the files below dir that this process has open, removed ones
// included.
func openFiles(t testing.TB, dir string) []string {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files cannot be listed here")
	}
	var names []string
	for _, fd := range fds {
		if name, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name())); err == nil && strings.HasPrefix(name, dir) {
			names = append(names, name)
		}
	}
	return names
}

// TestDiskIsGivenBack: after many ingests and merges a store takes about what
// one that was ingested in one go takes, and holds no file but its own.
func TestDiskIsGivenBack(t *testing.T) {
	n := fewer(20_000, 3_000)
	opts := testOptions()
	opts.SegmentRows, opts.MergeFanout, opts.NoBackgroundMerge = 500, 3, false
	one := openTest(t, testDir(t), testOptions())
	if _, err := one.Ingest(t.Context(), bigCorpus(2, n), nil); err != nil {
		t.Fatal(err)
	}

	dir := testDir(t)
	s := openTest(t, dir, opts)
	if _, err := s.Ingest(t.Context(), bigCorpus(2, n), nil); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		if err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		ingestAll(t, s, []Record{{Username: "one", Password: "more", Host: "org1.test"}})
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Background merging may have been in the middle of something.
	s.maintaining.lock()
	files := segmentFiles(t, dir)
	open := openFiles(t, filepath.Join(dir, "segments"))
	s.maintaining.unlock()
	if len(files) != 1 || len(open) != 1 {
		t.Errorf("after Compact there are the files %v, and open are %v", files, open)
	}
	got, err := s.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, err := one.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows != uint64(n)+30 || len(got.Segments) != 1 {
		t.Errorf("%d rows, segments %+v", got.Rows, got.Segments)
	}
	if got.SegmentBytes > want.SegmentBytes*13/10 { // a merged table has lists and signatures besides
		t.Errorf("%d bytes of segments, ingested in one go they are %d", got.SegmentBytes, want.SegmentBytes)
	}
	if got.CatalogBytes > want.CatalogBytes+8<<20 {
		t.Errorf("%d bytes of catalogue, of a fresh store they are %d", got.CatalogBytes, want.CatalogBytes)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if open := openFiles(t, dir); len(open) != 0 {
		t.Errorf("after Close there are open %v", open)
	}
}

// TestReadersHoldTheirFiles: a walk that has begun ends, whatever is merged
// meanwhile, and only then the disk of what it reads is free.
func TestReadersHoldTheirFiles(t *testing.T) {
	dir, opts := testDir(t), testOptions()
	opts.SegmentRows = 100
	s := openTest(t, dir, opts)
	if _, err := s.Ingest(t.Context(), bigCorpus(3, 1000), nil); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range s.Walk(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			if err := s.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			if files := segmentFiles(t, dir); len(files) != 1 {
				t.Errorf("files %v", files)
			}
			if open := openFiles(t, filepath.Join(dir, "segments")); len(open) != 11 {
				t.Errorf("open during the walk: %v", open)
			}
		}
	}
	if want := storedRows(t, s); n < len(want)/2 || n > len(want) {
		t.Errorf("the walk saw %d credentials of %d rows", n, len(want))
	}
	if open := openFiles(t, filepath.Join(dir, "segments")); len(open) != 1 {
		t.Errorf("open after the walk: %v", open)
	}
}

// TestIdle: a store nobody asks holds little memory, and after its end none,
// nor goroutines.
func TestIdle(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC() // and what the pools kept
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	ignore := goleak.IgnoreCurrent()
	before := heap()
	dir := testDir(t)
	s := bigStore(t, dir, bigRows())
	if _, err := s.Details(t.Context(), DetailsQuery{Scope: only("org0.test"), Column: RootDomain}); err != nil {
		t.Fatal(err)
	}
	ingested := heap() - before
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	opts := testOptions()
	opts.NoBackgroundMerge = false
	s = openTest(t, dir, opts)
	if _, err := s.Details(t.Context(), DetailsQuery{Scope: only("org0.test"), Column: RootDomain}); err != nil {
		t.Fatal(err)
	}
	opened := heap() - before
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	closed := heap() - before
	t.Logf("heap of an idle store of %d rows: %d KiB after ingesting and a query, %d KiB opened and after a query, %d KiB closed",
		bigRows(), ingested>>10, opened>>10, closed>>10)
	if ingested > 32<<20 || opened > 32<<20 || closed > 4<<20 {
		t.Error("that is too much")
	}
	if err := goleak.Find(ignore); err != nil {
		t.Error(err)
	}
	runtime.KeepAlive(s)
}
