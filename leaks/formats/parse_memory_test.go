package formats_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
)

// TestParseMemory parses many logs, and one large one, none of which ever gets
// a system file, so that all of it waits as long as it may; the heap stays
// bounded.
func TestParseMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 300 MB")
	}
	block := func(n int) string {
		var b strings.Builder
		for i := range 100 {
			fmt.Fprintf(&b, "URL: https://portal.example.com/login\nUsername: user%d\nPassword: p%d\nApplication: Google_[Chrome]_Default\n===============\n", n, i)
		}
		return b.String()
	}
	for _, c := range []struct {
		name   string
		victim func(int) string
		system bool
	}{
		{"many logs", func(n int) string { return fmt.Sprintf("all/v%d/", n) }, false},
		{"many machines", func(n int) string { return fmt.Sprintf("all/v%d/", n) }, true},
		{"one log", func(n int) string { return fmt.Sprintf("v/%c/Default/", 'a'+n%26) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var peak uint64
			entries := func(yield func(formats.Entry, error) bool) {
				for n := range 8000 {
					text := block(n)
					open := func(text string) func() (io.ReadCloser, error) {
						return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
					}
					if !yield(formats.Entry{Path: fmt.Sprintf("%sPasswords%d.txt", c.victim(n), n), Size: int64(len(text)), Open: open(text)}, nil) {
						return
					}
					system := fmt.Sprintf("IP: 192.0.2.1\nHWID: %d\nComputer Name: x\n[Processes]\n%s", n, strings.Repeat("a.exe\n", 1000))
					if c.system && !yield(formats.Entry{Path: c.victim(n) + "System.txt", Size: int64(len(system)), Open: open(system)}, nil) {
						return
					}
					if n%500 == 0 {
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						peak = max(peak, m.HeapAlloc)
					}
				}
			}
			n := 0
			for it, err := range formats.Parse(context.Background(), entries, formats.ParseOptions{}) {
				if err != nil {
					t.Fatal(err)
				}
				if it.Record != nil && (it.Record.HardwareID != "") == c.system {
					n++
				}
			}
			if n != 800_000 {
				t.Errorf("%d records", n)
			}
			t.Logf("heap at most %d MiB", peak>>20)
			if peak > 200<<20 {
				t.Errorf("heap of %d MiB", peak>>20)
			}
		})
	}
}
