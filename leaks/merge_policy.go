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
// one, the first run of at least fanout adjacent segments that are all of that
// tier or a lower one, and together within maxSegmentRows. list is oldest
// first. Merging whole runs of small segments keeps the number of times a row
// is rewritten to about one a tier.
func fullTier(list []kv.SegmentMeta, fanout int) []kv.SegmentMeta {
	highest := tier(maxSegmentRows, fanout)
	for t := 0; t <= highest; t++ {
		for lo := 0; lo < len(list); {
			hi, rows := lo, uint64(0)
			for hi < len(list) && tier(list[hi].Rows, fanout) <= t && rows+list[hi].Rows <= maxSegmentRows {
				rows += list[hi].Rows
				hi++
			}
			if hi-lo >= fanout {
				return list[lo:hi]
			}
			lo = max(hi, lo+1)
		}
	}
	return nil
}

// compactable returns the first run of two or more adjacent segments that fit
// into one.
func compactable(list []kv.SegmentMeta) []kv.SegmentMeta {
	for lo := 0; lo < len(list); lo++ {
		hi, rows := lo, uint64(0)
		for hi < len(list) && rows+list[hi].Rows <= maxSegmentRows {
			rows += list[hi].Rows
			hi++
		}
		if hi-lo >= 2 {
			return list[lo:hi]
		}
	}
	return nil
}
