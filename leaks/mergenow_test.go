package leaks

import (
	"context"
	"errors"
	"testing"
)

// TestMerge: many small ingests end in few segments, and answer the same.
func TestMerge(t *testing.T) {
	opts := testOptions()
	opts.MergeFanout = 4
	s, o := openTest(t, testDir(t), opts), &oracle{}
	w := newWorld(11)
	p := s.preparer(uint32(s.now().Unix()), "")
	for range 30 {
		list := w.records(5)
		ingestAll(t, s, list)
		for _, r := range list {
			o.add(p, r)
		}
	}
	if err := s.Merge(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(t.Context())
	if err != nil || len(info.Segments) >= 8 {
		t.Fatalf("%d segments are left: %v", len(info.Segments), err)
	}
	w.compareQueries(t, s, o, 5)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Merge(context.Background()); !errors.Is(err, ErrClosed) {
		t.Fatalf("merging a closed store: %v", err)
	}
}
