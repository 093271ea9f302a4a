package leaks

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
)

// numbered makes n records of n credentials, a second apart.
func numbered(n int) []Record {
	list := make([]Record, n)
	for i := range list {
		list[i] = Record{
			Username: fmt.Sprintf("u%d@mail.example", i), Password: "hunter2", Host: "https://a.org.example/",
			UploadStealed: worldStart.Add(time.Duration(i) * time.Second), Source: "feed",
		}
	}
	return list
}

// segmentsOf makes the metas of n segments of so many rows.
func segmentsOf(n int, rows uint64) []kv.SegmentMeta {
	list := make([]kv.SegmentMeta, n)
	for i := range list {
		list[i] = kv.SegmentMeta{ID: uint64(i + 1), Rows: rows}
	}
	return list
}

func TestMergesAreBounded(t *testing.T) {
	for _, pick := range []func([]kv.SegmentMeta) []kv.SegmentMeta{
		func(list []kv.SegmentMeta) []kv.SegmentMeta { return compactable(list, maxSegmentRows) },
		func(list []kv.SegmentMeta) []kv.SegmentMeta { return fullTier(list, 8, maxSegmentRows) },
	} {
		if n := len(pick(segmentsOf(10_000, 1))); n != maxMergeInputs {
			t.Errorf("%d segments in one merge", n)
		}
		if n := len(pick(segmentsOf(100, maxSegmentRows))); n != 0 {
			t.Errorf("%d segments merged that are as large as they get", n)
		}
	}
	for _, fanout := range []int{1, maxFanout + 1, 1 << 54} {
		_, err := Open(t.TempDir(), &Options{Key: testKey, MergeFanout: fanout})
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("fanout %d: %v", fanout, err)
		}
	}
}

// More segments than one transaction takes are merged in several.
func TestCompactManySegments(t *testing.T) {
	opts := testOptions()
	opts.SegmentRows = 1
	s := openTest(t, testDir(t), opts)
	const n = 2*maxMergeInputs + 50
	ingestAll(t, s, numbered(n))
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(t.Context())
	if err != nil || len(info.Segments) != 1 || info.Rows != n {
		t.Errorf("%v, %v", info, err)
	}
}

// A merge that is broken off says so once, in one line.
func TestCompactBrokenOff(t *testing.T) {
	opts := testOptions()
	opts.SegmentRows = 1
	s := openTest(t, testDir(t), opts)
	ingestAll(t, s, numbered(3))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Compact(ctx); !errors.Is(err, context.Canceled) || err.Error() != "compact: context canceled" {
		t.Errorf("%q", err)
	}
}

// An ingest goes on when merging ends again and again without having merged.
func TestIngestPassesFailingMerges(t *testing.T) {
	opts := testOptions()
	opts.SegmentRows = 1
	dir := testDir(t)
	s := openTest(t, dir, opts)
	ingestAll(t, s, numbered(maxBacklog))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Now merging is on, but busy for good with something else.
	opts.NoBackgroundMerge = false
	s = openTest(t, dir, opts)
	s.maintaining.lock()
	defer s.maintaining.unlock()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				s.merged.signal() // as after merging in vain
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.awaitMerging(ctx); err != nil {
		t.Error(err)
	}
}
