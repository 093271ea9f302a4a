package leaks

import "github.com/leakscope/leakscope/internal/kv"

// tierRows is the size up to which a segment counts as smallest.
const tierRows = 1 << 10

// tier returns the size class of a segment: each holds about fanout times the
// rows of the one below.
func tier(rows uint64, fanout int) int {
	t := 0
	for limit := uint64(tierRows); rows > limit && limit < maxSegmentRows; limit *= uint64(fanout) {
		t++
	}
	return t
}

// fullTier returns the segments to merge next: of the lowest tier that has
// one, the first run of adjacent segments that are all of that tier or a lower
// one, and together within maxRows and maxMergeInputs, if at least fanout of them
// are of that tier itself. list is oldest first.
//
// Segments of lower tiers between those are taken along, as only adjacent ones
// can be merged, but count for less: otherwise every few small segments behind
// a large one would have the large one rewritten. Twice as many of any tier do
// if none has more than half of the rows; and four do if it is maxRows that ends
// the run, and together they come to more than half of that.
func fullTier(list []kv.SegmentMeta, fanout int, maxRows uint64) []kv.SegmentMeta {
	highest := tier(maxSegmentRows, fanout)
	for t := 0; t <= highest; t++ {
		for lo := 0; lo < len(list); {
			hi, rows, largest, full, ended := lo, uint64(0), uint64(0), 0, false
			for hi < len(list) && hi-lo < maxMergeInputs && tier(list[hi].Rows, fanout) <= t {
				if ended = rows+list[hi].Rows > maxRows; ended {
					break
				}
				rows += list[hi].Rows
				largest = max(largest, list[hi].Rows)
				if tier(list[hi].Rows, fanout) == t {
					full++
				}
				hi++
			}
			even := 2*largest <= rows // none has more than half
			if full >= fanout || even && (hi-lo >= 2*fanout || ended && hi-lo >= fewestEnded && 2*rows > maxRows) {
				return list[lo:hi]
			}
			lo = max(hi, lo+1)
		}
	}
	return nil
}

// fewestEnded is how many segments are merged at least where what one may hold
// ends their run.
const fewestEnded = 4

// compactable returns the first run of two or more adjacent segments that fit
// into one of maxRows, at most maxMergeInputs at a time.
func compactable(list []kv.SegmentMeta, maxRows uint64) []kv.SegmentMeta {
	for lo := 0; lo < len(list); lo++ {
		hi, rows := lo, uint64(0)
		for hi < len(list) && hi-lo < maxMergeInputs && rows+list[hi].Rows <= maxRows {
			rows += list[hi].Rows
			hi++
		}
		if hi-lo >= 2 {
			return list[lo:hi]
		}
	}
	return nil
}
