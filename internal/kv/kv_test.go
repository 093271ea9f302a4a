package kv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// testOptions have no minimum of free space, so that tests run on full machines.
func testOptions(dir string) Options { return Options{Dir: dir, MinFree: 1} }

func mustOpen(t testing.TB, opt Options) *DB {
	t.Helper()
	db, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// bytesOf is the content of a test segment: n bytes that depend on its number.
func bytesOf(id uint64, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(uint64(i)*2654435761>>7 ^ id*37)
	}
	return b
}

// addSegment writes, commits and publishes one segment of n bytes, one row.
func addSegment(t testing.TB, db *DB, n int, batch *BatchRecord) SegmentMeta {
	t.Helper()
	m := commitSegment(t, db, n)
	if err := db.Publish(context.Background(), Edit{Add: []SegmentMeta{m}, Batch: batch}); err != nil {
		t.Fatal(err)
	}
	return m
}

func commitSegment(t testing.TB, db *DB, n int) SegmentMeta {
	t.Helper()
	f, err := db.CreateSegment()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytesOf(f.ID(), n)); err != nil {
		t.Fatal(err)
	}
	size, err := f.Commit()
	if err != nil {
		t.Fatal(err)
	}
	seq := db.NextSeq()
	return SegmentMeta{ID: f.ID(), Size: size, FooterSum: f.ID() * 31, Rows: 1, Groups: 1, FirstSeq: seq, EndSeq: seq + 1, Level: 2, MinSeen: 5, MaxSeen: 9}
}

func readSegment(t testing.TB, db *DB, id uint64) []byte {
	t.Helper()
	f, size, err := db.OpenSegment(id)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, size))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "store")
	db := mustOpen(t, testOptions(dir))
	if _, ok, err := db.KeyCheck(); ok || err != nil {
		t.Fatalf("key check of a new store: %v, %v", ok, err)
	}
	if err := db.SetKeyCheck([]byte("check")); err != nil {
		t.Fatal(err)
	}
	batch := &BatchRecord{ID: "b1", Records: 10, Ingested: 7, Rejected: 3, Reasons: map[string]int64{"host": 2, "empty": 1}, Seen: -5}
	a := addSegment(t, db, 3<<20+17, batch)
	b := addSegment(t, db, 100, nil)
	for range 2 {
		list, err := db.Segments()
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 2 || list[0] != a || list[1] != b {
			t.Fatalf("segments %+v, want %+v and %+v", list, a, b)
		}
		if !bytes.Equal(readSegment(t, db, a.ID), bytesOf(a.ID, 3<<20+17)) || !bytes.Equal(readSegment(t, db, b.ID), bytesOf(b.ID, 100)) {
			t.Fatal("segments read back differently")
		}
		got, ok, err := db.Batch("b1")
		if err != nil || !ok || got.Records != 10 || got.Ingested != 7 || got.Rejected != 3 || got.Seen != -5 || got.Done || got.Reasons["host"] != 2 || got.Reasons["empty"] != 1 {
			t.Fatalf("batch %+v, %v, %v", got, ok, err)
		}
		if _, ok, err := db.Batch("b2"); ok || err != nil {
			t.Fatalf("unknown batch: %v, %v", ok, err)
		}
		if b, ok, err := db.KeyCheck(); string(b) != "check" || !ok || err != nil {
			t.Fatalf("key check %q, %v, %v", b, ok, err)
		}
		if db.NextSeq() != 2 {
			t.Fatalf("next sequence number %d", db.NextSeq())
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Segments(); !errors.Is(err, ErrClosed) {
			t.Fatalf("segments of a closed store: %v", err)
		}
		db = mustOpen(t, testOptions(dir))
	}
	if err := db.SetKeyCheck([]byte("other")); err == nil {
		t.Error("a second key check was taken")
	}

	// A merge: one segment instead of two.
	m := commitSegment(t, db, 50)
	m.FirstSeq, m.EndSeq = 0, 2
	if err := db.Publish(context.Background(), Edit{Add: []SegmentMeta{m}, Remove: []uint64{a.ID, b.ID}}); err != nil {
		t.Fatal(err)
	}
	f, _, err := db.OpenSegment(a.ID)
	if err == nil {
		f.Close()
		t.Error("a removed segment can be opened")
	}
	for _, id := range []uint64{a.ID, b.ID, a.ID} {
		if err := db.RemoveFile(id); err != nil {
			t.Fatal(err)
		}
	}
	names, _ := os.ReadDir(filepath.Join(dir, segmentsDir))
	if len(names) != 1 || names[0].Name() != segmentName(m.ID, publishedExt) {
		t.Fatalf("files left: %v", names)
	}
	if err := db.Reclaim(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = mustOpen(t, testOptions(dir))
	if list, _ := db.Segments(); len(list) != 1 || list[0] != m {
		t.Fatalf("segments after the merge: %+v", list)
	}
}
