package kv

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
)

// A scratch file gives back what was written, and leaves nothing, not even a name.
func TestScratch(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testOptions(dir))
	kept := addSegment(t, db, 10, nil)
	names := func() (n int) {
		list, err := os.ReadDir(db.path(segmentsDir))
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := names()
	f, err := db.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("scratch"), 1000)
	for _, at := range []int64{5000, 0} {
		if _, err := f.WriteAt(data, at); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, len(data))
	if _, err := f.ReadAt(got, 0); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%v, equal %t", err, bytes.Equal(got, data))
	}
	if n, err := f.ReadAt(got, 11_000); n != 1000 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if n := names(); n != before {
		t.Errorf("%d names among the segments, %d before", n, before)
	}
	if err := errors.Join(f.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(data, 0); err == nil {
		t.Error("written after its end")
	}
	if _, err := db.Scratch(); !errors.Is(err, ErrClosed) {
		t.Errorf("of a closed store: %v", err)
	}
	db = mustOpen(t, testOptions(dir))
	if list, err := db.Segments(); err != nil || len(list) != 1 || list[0].ID != kept.ID {
		t.Errorf("%v, %v", list, err)
	}
}
