package leaks

import (
	"math/rand/v2"
	"testing"

	"github.com/leakscope/leakscope/internal/kv"
)

// simulateMerging adds segments of the given sizes one after another and merges
// as the background does. It returns what is left, and the rows written by
// merges.
func simulateMerging(sizes []uint64, fanout int, maxRows uint64) (list []kv.SegmentMeta, written uint64) {
	id := uint64(0)
	for _, rows := range sizes {
		id++
		list = append(list, kv.SegmentMeta{ID: id, Rows: rows})
		for {
			run := fullTier(list, fanout, maxRows)
			if run == nil {
				break
			}
			merged := kv.SegmentMeta{ID: run[0].ID}
			for _, m := range run {
				merged.Rows += m.Rows
			}
			written += merged.Rows
			at := 0
			for list[at].ID != run[0].ID {
				at++
			}
			rest := append([]kv.SegmentMeta{merged}, list[at+len(run):]...)
			list = append(list[:at:at], rest...)
		}
	}
	return list, written
}

func TestMergePolicyBoundsRewritesAndSegments(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name         string
		size         func() uint64
		rewrites     float64 // of each row, at most
		segmentsMost int
	}{
		{"full", func() uint64 { return 1 << 19 }, 2, 100},
		{"cut by memory", func() uint64 { return 130_000 + rng.Uint64N(20_000) }, 3, 16},
		{"small", func() uint64 { return 1 + rng.Uint64N(1000) }, 4, 40},
		{"mixed", func() uint64 { return 1 << rng.IntN(18) }, 4, 60},
	} {
		sizes, total := make([]uint64, 400), uint64(0)
		for i := range sizes {
			sizes[i] = c.size()
			total += sizes[i]
		}
		for _, maxRows := range []uint64{maxSegmentRows, 2 << 20, 1 << 20} {
			list, written := simulateMerging(sizes, 8, maxRows)
			if r := float64(written) / float64(total); r > c.rewrites {
				t.Errorf("%s to %d: each row is rewritten %.1f times, want at most %v", c.name, maxRows, r, c.rewrites)
			}
			if most := max(c.segmentsMost, int(2*total/maxRows)+1); len(list) > most {
				t.Errorf("%s to %d: %d segments are left of %d, want at most %d", c.name, maxRows, len(list), len(sizes), most)
			}
			rows := uint64(0)
			for _, m := range list {
				rows += m.Rows
				if m.Rows > maxRows {
					t.Errorf("%s to %d: a segment of %d rows", c.name, maxRows, m.Rows)
				}
			}
			if rows != total {
				t.Errorf("%s to %d: %d rows of %d are left", c.name, maxRows, rows, total)
			}
		}
	}
}
