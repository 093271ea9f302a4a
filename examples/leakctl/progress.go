package main

import (
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows how far an ingest is, on a terminal only. A nil bar shows nothing.
type bar struct{ p *progressbar.ProgressBar }

// newBar makes a bar over the bytes of all paths, or nil when w is no
// terminal.
func newBar(w io.Writer, paths []string) *bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	var total int64
	for _, path := range paths {
		info, err := os.Stat(path)
		if path == "-" || err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			total = -1 // no telling: a spinner
			break
		}
		if err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	return &bar{progressbar.NewOptions64(total,
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

// describe says what is being done.
func (b *bar) describe(what string) {
	if b != nil {
		b.p.Describe(shorten(filepath.Base(what), 24))
	}
}

// count makes r advance the bar.
func (b *bar) count(r io.Reader) io.Reader {
	if b == nil {
		return r
	}
	return io.TeeReader(r, b.p)
}

// skip advances the bar by n bytes that need not be read.
func (b *bar) skip(n int64) {
	if b != nil {
		_ = b.p.Add64(n)
	}
}

// clear takes the bar off the line, so that something else can be said there.
func (b *bar) clear() {
	if b != nil {
		_ = b.p.Clear()
	}
}
