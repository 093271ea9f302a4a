package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/leakscope/leakscope/examples/internal/intake"
)

// bar shows how far an ingest is, on a terminal only: bytes with the time left,
// files, records a second. A nil bar shows nothing.
type bar struct {
	p       *progressbar.ProgressBar
	units   int
	at      int          // the unit under way, from 0
	left    atomic.Int64 // bytes of it not shown yet
	open    bool         // its size is not known
	records int64
	start   time.Time
	said    time.Time
	name    string
}

// newBar makes a bar over the bytes of all units, or nil when w is no
// terminal.
func newBar(w io.Writer, units []intake.Unit) *bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return drawnOn(w, units)
}

// drawnOn makes the bar.
func drawnOn(w io.Writer, units []intake.Unit) *bar {
	var total int64
	open := false
	for _, u := range units {
		total += u.Size
		open = open || u.Path == "-"
	}
	if open {
		total = -1 // no telling: a spinner
	}
	return &bar{units: len(units), start: time.Now(), open: open, p: progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetPredictTime(total > 0),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionClearOnFinish(),
	)}
}

// A bar that cannot be drawn is no reason to fail an ingest, so the errors of
// drawing are dropped here.

// Begin starts a unit.
func (b *bar) Begin(i int, u intake.Unit) {
	if b != nil {
		b.at = i
		b.left.Store(u.Size)
	}
}

// End makes up for what of a unit was not read.
func (b *bar) End(intake.Unit) {
	if b != nil {
		_ = b.p.Add64(b.left.Swap(0))
	}
}

// Describe says what is being done.
func (b *bar) Describe(what string) {
	if b != nil {
		b.name = shorten(filepath.Base(what), 24)
		b.draw()
	}
}

func (b *bar) draw() {
	b.said = time.Now()
	rate := float64(b.records) / max(b.said.Sub(b.start).Seconds(), 0.001)
	b.p.Describe(fmt.Sprintf("%d/%d files, %s records/s, %s", b.at+1, b.units, number(int64(rate)), b.name))
}

// Record counts one record.
func (b *bar) Record() {
	if b == nil {
		return
	}
	if b.records++; b.records%4096 == 0 && time.Since(b.said) > 200*time.Millisecond {
		b.draw()
	}
}

// Counted returns the records counted so far.
func (b *bar) Counted() int64 {
	if b == nil {
		return 0
	}
	return b.records
}

// Count sets the records counted so far.
func (b *bar) Count(n int64) {
	if b != nil {
		b.records = n
		b.draw()
	}
}

// Read advances the bar by n bytes, but not beyond the unit: parts of an
// archive are read twice.
func (b *bar) Read(n int) {
	if b == nil {
		return
	}
	if b.open {
		_ = b.p.Add(n)
		return
	}
	for {
		left := b.left.Load()
		step := min(left, int64(n))
		if b.left.CompareAndSwap(left, left-step) {
			_ = b.p.Add64(step)
			return
		}
	}
}

// clear takes the bar off the line, so that something else can be said there.
func (b *bar) clear() {
	if b != nil {
		_ = b.p.Clear()
	}
}
