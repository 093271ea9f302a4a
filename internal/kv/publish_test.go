package kv

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
)

// TestPublishRefuses: an edit that breaks a rule changes nothing.
func TestPublishRefuses(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testOptions(dir))
	a := addSegment(t, db, 10, nil)
	good := commitSegment(t, db, 10)
	with := func(change func(*SegmentMeta)) Edit {
		m := good
		change(&m)
		return Edit{Add: []SegmentMeta{m}, Batch: &BatchRecord{ID: "b"}}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	many := make(map[string]int64)
	for i := range maxReasons + 1 {
		many[strings.Repeat("x", i+1)] = 1
	}
	before := db.Generation()
	for name, e := range map[string]Edit{
		"never committed":    with(func(m *SegmentMeta) { m.ID = 99 }),
		"other size":         with(func(m *SegmentMeta) { m.Size++ }),
		"added twice":        {Add: []SegmentMeta{good, good}},
		"published already":  {Add: []SegmentMeta{a}},
		"range upside down":  with(func(m *SegmentMeta) { m.EndSeq = m.FirstSeq - 1 }),
		"shared sequence":    with(func(m *SegmentMeta) { m.FirstSeq = a.FirstSeq }),
		"unknown removal":    {Remove: []uint64{good.ID}},
		"removed twice":      {Remove: []uint64{a.ID, a.ID}},
		"batch without name": {Batch: &BatchRecord{}},
		"batch, long name":   {Batch: &BatchRecord{ID: strings.Repeat("x", maxBatchID+1)}},
		"batch, reasons":     {Batch: &BatchRecord{ID: "b", Reasons: many}},
	} {
		if err := db.Publish(t.Context(), e); err == nil {
			t.Errorf("%s: taken", name)
		} else if errors.Is(err, ErrFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := db.Publish(canceled, Edit{Add: []SegmentMeta{good}}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if err := db.RemoveFile(a.ID); err == nil {
		t.Error("the file of a listed segment was removed")
	}
	if got := db.Generation(); got != before {
		t.Errorf("generation went from %d to %d", before, got)
	}
	if _, ok, err := db.Batch("b"); ok || err != nil {
		t.Errorf("batch of a refused edit: %v, %v", ok, err)
	}
	if err := db.Publish(t.Context(), Edit{Add: []SegmentMeta{good}}); err != nil {
		t.Error(err)
	}
}

func TestAbort(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testOptions(dir))
	for _, commit := range []bool{false, true} {
		f, err := db.CreateSegment()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(make([]byte, writeBuffer+1)); err != nil {
			t.Fatal(err)
		}
		if commit {
			if _, err := f.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		f.Abort()
		f.Abort()
		if _, err := f.Write([]byte("x")); err == nil {
			t.Error("write after abort")
		}
		if _, err := f.Commit(); err == nil {
			t.Error("commit after abort")
		}
	}
	f, err := db.CreateSegment()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Commit(); err == nil {
		t.Error("an empty segment was committed")
	}
	if names := listNames(t, db.path(segmentsDir)); len(names) != 0 {
		t.Errorf("files left: %v", names)
	}
	// Abort after Publish keeps the file.
	f, err = db.CreateSegment()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("kept")); err != nil {
		t.Fatal(err)
	}
	size, err := f.Commit()
	if err != nil {
		t.Fatal(err)
	}
	early, _, err := db.OpenSegment(f.ID()) // before it is published
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	if err := db.Publish(t.Context(), Edit{Add: []SegmentMeta{{ID: f.ID(), Size: size, EndSeq: 1}}}); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	if got := readSegment(t, db, f.ID()); string(got) != "kept" {
		t.Errorf("read %q", got)
	}
}

// TestReadersOutliveRemoval: an open segment stays readable.
func TestReadersOutliveRemoval(t *testing.T) {
	db := mustOpen(t, testOptions(t.TempDir()))
	m := addSegment(t, db, 1000, nil)
	f, _, err := db.OpenSegment(m.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := db.Publish(t.Context(), Edit{Remove: []uint64{m.ID}}); err != nil {
		t.Fatal(err)
	}
	if err := db.RemoveFile(m.ID); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != string(bytesOf(m.ID, 1000)) {
		t.Errorf("reading a removed segment: %v", err)
	}
	if _, _, err := db.OpenSegment(m.ID); err == nil {
		t.Error("a removed segment was opened")
	}
}

// TestConcurrent: writers, publishers and readers at once; meant for -race.
func TestConcurrent(t *testing.T) {
	dir := t.TempDir()
	opt := testOptions(dir)
	opt.noSync = true
	db := mustOpen(t, opt)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards seq
	var seq uint64
	for w := range 4 {
		wg.Go(func() {
			for i := range 10 {
				f, err := db.CreateSegment()
				if err != nil {
					t.Error(err)
					return
				}
				defer f.Abort()
				if _, err := f.Write(bytesOf(f.ID(), 100)); err != nil {
					t.Error(err)
				}
				size, err := f.Commit()
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				m := SegmentMeta{ID: f.ID(), Size: size, FirstSeq: seq, EndSeq: seq + 1}
				seq++
				mu.Unlock()
				rec := &BatchRecord{ID: string(rune('a' + w)), Records: int64(i + 1)}
				if err := db.Publish(t.Context(), Edit{Add: []SegmentMeta{m}, Batch: rec}); err != nil {
					t.Error(err)
				}
				if i%2 == 1 {
					if err := db.Publish(t.Context(), Edit{Remove: []uint64{m.ID}}); err != nil {
						t.Error(err)
					}
					if err := db.RemoveFile(m.ID); err != nil {
						t.Error(err)
					}
				}
			}
		})
		wg.Go(func() {
			for range 30 {
				list, err := db.Segments()
				if err != nil {
					t.Error(err)
				}
				for _, m := range list {
					f, _, err := db.OpenSegment(m.ID)
					if err != nil {
						continue // removed meanwhile
					}
					b := make([]byte, m.Size)
					if _, err := f.ReadAt(b, 0); err != nil || string(b) != string(bytesOf(m.ID, 100)) {
						t.Errorf("%s reads differently: %v", label(m.ID), err)
					}
					f.Close()
				}
				if _, _, err := db.Batch("a"); err != nil {
					t.Error(err)
				}
				if _, _, err := db.Usage(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = mustOpen(t, opt)
	list, err := db.Segments()
	if err != nil || len(list) != 20 {
		t.Errorf("%d segments, %v", len(list), err)
	}
	for w := range 4 {
		if rec, ok, err := db.Batch(string(rune('a' + w))); err != nil || !ok || rec.Records != 10 {
			t.Errorf("batch %d: %+v, %v, %v", w, rec, ok, err)
		}
	}
	if db.NextSeq() != 40 {
		t.Errorf("next sequence number %d", db.NextSeq())
	}
}

// TestClosed: everything says so, nothing breaks.
func TestClosed(t *testing.T) {
	db := mustOpen(t, testOptions(t.TempDir()))
	m := addSegment(t, db, 10, nil)
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, call := range map[string]func() error{
		"Segments":      func() error { _, err := db.Segments(); return err },
		"CreateSegment": func() error { _, err := db.CreateSegment(); return err },
		"OpenSegment":   func() error { _, _, err := db.OpenSegment(m.ID); return err },
		"Publish":       func() error { return db.Publish(t.Context(), Edit{Remove: []uint64{m.ID}}) },
		"RemoveFile":    func() error { return db.RemoveFile(m.ID) },
		"Batch":         func() error { _, _, err := db.Batch("b"); return err },
		"KeyCheck":      func() error { _, _, err := db.KeyCheck(); return err },
		"SetKeyCheck":   func() error { return db.SetKeyCheck([]byte("k")) },
		"Reclaim":       func() error { return db.Reclaim() },
	} {
		if err := call(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

// TestIDsAreNotReused: an id that was published never comes back.
func TestIDsAreNotReused(t *testing.T) {
	dir := t.TempDir()
	seen := map[uint64]bool{}
	for range 3 {
		db := mustOpen(t, testOptions(dir))
		for range 3 {
			commitSegment(t, db, 5) // takes an id and gives it up
			m := addSegment(t, db, 5, nil)
			if seen[m.ID] {
				t.Fatalf("id %d twice; published so far: %v", m.ID, seen)
			}
			seen[m.ID] = true
			if err := db.Publish(t.Context(), Edit{Remove: []uint64{m.ID}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
