package kv

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestGrowth: many publishes over a store of constant size leave it of constant
// size, and quick to open.
func TestGrowth(t *testing.T) {
	publishes := 20_000
	if testing.Short() {
		publishes = 2_000
	}
	dir := t.TempDir()
	opt := testOptions(dir)
	opt.noSync = true // the number matters here, not the disk
	db := mustOpen(t, opt)
	var last SegmentMeta
	var peak int64
	for i := range publishes {
		e := Edit{Batch: &BatchRecord{ID: fmt.Sprint("batch ", i%50), Records: int64(i), Reasons: map[string]int64{"host": 1, "empty": int64(i)}}}
		if i%4 == 0 { // making files is what takes the time here
			m := commitSegment(t, db, 100)
			e.Add = []SegmentMeta{m}
			if i > 0 {
				e.Remove = []uint64{last.ID}
			}
			last = m
		}
		if err := db.Publish(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for _, id := range e.Remove {
			if err := db.RemoveFile(id); err != nil {
				t.Fatal(err)
			}
		}
		if i%500 == 0 {
			badger, _, err := db.Usage()
			if err != nil {
				t.Fatal(err)
			}
			peak = max(peak, badger)
		}
	}
	if n := len(db.dropped); n > 2 {
		t.Errorf("%d dropped segments are remembered", n)
	}
	if err := db.Reclaim(); err != nil {
		t.Fatal(err)
	}
	badger, segments, err := db.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	db = mustOpen(t, opt)
	t.Logf("%d publishes: catalogue %d KiB at most, %d KiB after Reclaim, segments %d KiB, open in %v",
		publishes, peak>>10, badger>>10, segments>>10, time.Since(start).Round(100*time.Microsecond))
	if peak > 64<<20 {
		t.Errorf("the catalogue took %d MiB", peak>>20)
	}
	if list, err := db.Segments(); err != nil || len(list) != 1 || list[0] != last {
		t.Errorf("segments %+v, %v", list, err)
	}
	if got := db.Generation(); got != uint64(publishes)+1 {
		t.Errorf("generation %d", got)
	}
}

// TestIdleMemory: an open store is small.
func TestIdleMemory(t *testing.T) {
	db := mustOpen(t, testOptions(t.TempDir()))
	addSegment(t, db, 1<<20, nil)
	start := time.Now()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	closing := time.Since(start)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := heap()
	start = time.Now()
	db = mustOpen(t, testOptions(db.opt.Dir))
	opening := time.Since(start)
	after := heap()
	mib := float64(int64(after)-int64(before)) / (1 << 20)
	t.Logf("an open store takes %.1f MiB of heap and stacks; open in %v, close in %v, %d goroutines", mib, opening, closing, runtime.NumGoroutine())
	if mib > 16 {
		t.Errorf("an idle store takes %.1f MiB", mib)
	}
	names, err := os.ReadDir(db.path(badgerDir))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) > 12 {
		t.Errorf("%d files in the catalogue of a new store", len(names))
	}
}
