package leaks

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"testing"
)

// testBlocks cuts records into blocks of n, every fifth record a reject.
func testBlocks(records []Record, n int, end error) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		for lo := 0; lo < len(records); lo += n {
			b := &recordBlock{}
			for i, r := range records[lo:min(lo+n, len(records))] {
				var err error
				if (lo+i)%5 == 4 {
					err = &Reject{Reason: RejectNotARecord, Place: Place{Line: int64(lo + i)}}
				}
				b.add(&r, err)
			}
			if !yield(b, nil) {
				return
			}
		}
		if end != nil {
			yield(nil, end)
		}
	}
}

func blockRecords(n int) []Record {
	records := make([]Record, n)
	for i := range records {
		records[i] = Record{
			Username: fmt.Sprintf("u%d@example.com", i), Password: "Winter!2024",
			Host: fmt.Sprintf("https://h%d.example.net/", i%7),
		}
	}
	return records
}

// TestIngestBlocksGoesOn: cut short anywhere and given again in other blocks,
// a batch is ingested once, its rejects reported once and in order.
func TestIngestBlocksGoesOn(t *testing.T) {
	const n = 1000
	records := blockRecords(n)
	broken := errors.New("broken")
	for _, cut := range []int{1, 99, 100, 500, n} {
		s, err := Open(t.TempDir(), &Options{Key: [32]byte{1}, SegmentRows: 64})
		if err != nil {
			t.Fatal(err)
		}
		var lines []int64
		opts := &IngestOptions{Batch: "b", Reject: func(r *Reject) { lines = append(lines, r.Place.Line) }}
		first, err := s.IngestBlocks(context.Background(), testBlocks(records[:cut], 13, broken), opts)
		if !errors.Is(err, broken) || first.Read != int64(cut) {
			t.Fatalf("cut at %d: %+v, %v", cut, first, err)
		}
		second, err := s.IngestBlocks(context.Background(), testBlocks(records, 7, nil), opts)
		if err != nil || second.Resumed != int64(cut) || second.Read != int64(n-cut) {
			t.Fatalf("cut at %d: %+v, %v", cut, second, err)
		}
		third, err := s.IngestBlocks(context.Background(), testBlocks(records, 50, nil), opts)
		if err != nil || !reflect.DeepEqual(third, IngestResult{Skipped: true}) {
			t.Fatalf("cut at %d: the whole again gives %+v, %v", cut, third, err)
		}
		if got := first.Rejected + second.Rejected; got != n/5 || len(lines) != n/5 {
			t.Fatalf("cut at %d: %d rejects counted, %d reported", cut, got, len(lines))
		}
		for i, line := range lines {
			if line != int64(5*i+4) {
				t.Fatalf("cut at %d: reject %d is that of record %d", cut, i, line)
			}
		}
		info, err := s.Info(context.Background())
		if err != nil || info.Rows != n-n/5 {
			t.Fatalf("cut at %d: %+v, %v", cut, info, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
