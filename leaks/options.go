package leaks

import (
	"log/slog"
	"runtime"
	"time"
)

// Options configure a [Store]. Only Key is required.
type Options struct {
	// Key is the store's secret: under it credentials and passwords are
	// hashed. A store made under one key opens under no other. All zeros are
	// refused.
	Key [32]byte
	// MemoryBudget, in bytes, sizes what is kept: three eighths for the rows
	// that an ingest collects (once more while the last ones are written), a
	// half for loaded chunks, an eighth for sorted results. 256 MiB if 0, at
	// least 16 MiB. The process takes more: up to four times as much for what
	// queries use where it stands in the segments' files, which the system takes
	// back when it needs memory; what the collector lets stand (GOGC=30 suits an
	// ingest); and a merge 100 MiB and some 20 bytes a row of what it merges, at
	// most of 25,165,824 rows.
	MemoryBudget int64
	// SegmentRows is the most rows of a freshly ingested segment; 524,288 if
	// 0. The memory budget may end a segment earlier.
	SegmentRows int
	// MergeFanout is how many segments of a size are merged into one; 8 if 0,
	// from 2 to 64.
	MergeFanout int
	// NoBackgroundMerge leaves merging to Merge and Compact.
	NoBackgroundMerge bool
	// Workers is how many goroutines normalise records; GOMAXPROCS if 0.
	Workers int
	// MinFree is how many bytes of free disk are always left; 64 MiB if 0.
	// Below it writes end with ErrNoSpace.
	MinFree int64
	// CursorIdle is how long the snapshot of an unused cursor is kept; 10
	// minutes if 0.
	CursorIdle time.Duration
	// Logger receives what happens in the background; nil is silent.
	Logger *slog.Logger
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

const minMemoryBudget = 16 << 20

// withDefaults returns a validated copy.
func (o *Options) withDefaults() (Options, error) {
	if o == nil || o.Key == [32]byte{} {
		return Options{}, paramErrorf("key", "32 bytes are required, not all zero")
	}
	v := *o
	v.MemoryBudget = orDefault(v.MemoryBudget, 256<<20)
	v.SegmentRows = orDefault(v.SegmentRows, 1<<19)
	v.MergeFanout = orDefault(v.MergeFanout, 8)
	v.Workers = orDefault(v.Workers, runtime.GOMAXPROCS(0))
	v.MinFree = orDefault(v.MinFree, 64<<20)
	v.CursorIdle = orDefault(v.CursorIdle, 10*time.Minute)
	if v.Logger == nil {
		v.Logger = slog.New(slog.DiscardHandler)
	}
	if v.Now == nil {
		v.Now = time.Now
	}
	switch {
	case v.MemoryBudget < minMemoryBudget:
		return v, paramErrorf("memory_budget", "must be at least %d bytes", minMemoryBudget)
	case v.SegmentRows < 1 || v.SegmentRows > maxFreshRows:
		return v, paramErrorf("segment_rows", "must be from 1 to %d", maxFreshRows)
	case v.MergeFanout < 2 || v.MergeFanout > maxFanout:
		return v, paramErrorf("merge_fanout", "must be from 2 to %d", maxFanout)
	case v.Workers < 1:
		return v, paramErrorf("workers", "must be at least 1")
	case v.MinFree < 0:
		return v, paramErrorf("min_free", "must not be negative")
	case v.CursorIdle < 0:
		return v, paramErrorf("cursor_idle", "must not be negative")
	}
	return v, nil
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}
