package leaks

import (
	"sync/atomic"
	"time"
)

const (
	// courtesyMost is the longest that an ingest or a merge steps aside at a
	// time, courtesyNap how often it looks whether it still has to.
	courtesyMost = 2 * time.Millisecond
	courtesyNap  = 50 * time.Microsecond
	// courtesyRecords is how many records a worker takes between two looks.
	courtesyRecords = 64
)

// A courtesy lets queries go first: what works for long in the background
// pauses while a query runs, which then has the processor's caches, or on a busy
// machine the processor, to itself. It never pauses for longer than it has
// worked since its last pause, so queries without end take at most half of an
// ingest's speed. It is for one goroutine.
type courtesy struct {
	asking *atomic.Int32 // queries that run now
	since  time.Time     // the end of the last pause
}

func (s *Store) courtesy() *courtesy { return &courtesy{&s.asking, time.Now()} }

// yield pauses while queries run. Without any it costs a nanosecond.
func (c *courtesy) yield() {
	if c == nil || c.asking.Load() == 0 {
		return
	}
	start := time.Now()
	limit := min(start.Sub(c.since), courtesyMost)
	for c.asking.Load() > 0 && time.Since(start) < limit {
		time.Sleep(courtesyNap)
	}
	c.since = time.Now()
}

// asks counts a query as running until what it returns is called.
func (s *Store) asks() (done func()) {
	s.asking.Add(1)
	return s.answered
}

func (s *Store) answered() {
	s.asking.Add(-1)
	s.asked.Store(s.sinceOpen())
}

// sinceOpen is the time since the store was opened, by a clock that nobody sets.
func (s *Store) sinceOpen() int64 { return int64(time.Since(s.opened)) }

// askedLately reports whether a query was asked within the last seconds.
func (s *Store) askedLately() bool {
	last := s.asked.Load()
	return s.asking.Load() > 0 || last > 0 && s.sinceOpen()-last < int64(lately)
}

// lately is how long merging remembers that queries are asked.
const lately = 2 * time.Second
