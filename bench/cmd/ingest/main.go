// Command ingest measures one ingest of a file into a new store: records a
// second, processor time a record, greatest resident memory, bytes on disk.
// Processor time is the figure to compare on a machine that is shared.
//
//	go run ./cmd/ingest [-digest] [-nomerge] [-compact] [-v] [-cpuprofile F] FILE
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/leakscope/leakscope/bench/internal/harness"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	var (
		format  = flag.String("format", "auto", "auto, jsonl, ulp or combo")
		digest  = flag.Bool("digest", false, "read the file for its digest first, as leakctl does")
		noMerge = flag.Bool("nomerge", false, "no background merges")
		compact = flag.Bool("compact", false, "compact at the end, measured apart")
		rows    = flag.Int("rows", 0, "rows of a fresh segment; 0 is the default")
		budget  = flag.Int64("budget", 0, "memory budget in MiB; 0 is the default")
		fanout  = flag.Int("fanout", 0, "segments merged into one; 0 is the default")
		profile = flag.String("cpuprofile", "", "write a profile of the processor")
		verbose = flag.Bool("v", false, "log merges")
		heap    = flag.String("memprofile", "", "write a profile of what lives on the heap when half is ingested")
	)
	flag.Parse()
	debug.SetGCPercent(30) // as leakctl does
	dir, err := os.MkdirTemp(filepath.Dir(flag.Arg(0)), "ingest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var logger *slog.Logger
	if *verbose {
		logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	s, err := leaks.Open(dir, &leaks.Options{Logger: logger, Key: [32]byte{1}, NoBackgroundMerge: *noMerge, SegmentRows: *rows, MemoryBudget: *budget << 20, MergeFanout: *fanout})
	if err != nil {
		return err
	}
	defer s.Close()
	stop, err := harness.Profile(*profile)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, stop()) }()
	m := start()
	f, err := os.Open(flag.Arg(0))
	if err != nil {
		return err
	}
	defer f.Close()
	if *digest {
		if _, err := s.Digest(context.Background(), f); err != nil {
			return err
		}
		m.print("digest", 0)
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	ctx := context.Background()
	opts := leaks.IngestOptions{Batch: "bench"}
	if *heap != "" {
		opts.Progress = func(r leaks.IngestResult) {
			if r.Read > 2_500_000 && *heap != "" {
				if f, err := os.Create(*heap); err == nil {
					_ = pprof.WriteHeapProfile(f)
					f.Close()
				}
				*heap = ""
			}
		}
	}
	res, err := s.IngestBlocks(ctx, formats.Blocks(ctx, f, formats.Options{Format: formats.Format(*format)}), &opts)
	if err != nil {
		return err
	}
	m.print("ingest", res.Ingested)
	if *compact {
		m = start()
		if err := s.Compact(ctx); err != nil {
			return err
		}
		m.print("compact", res.Ingested)
	}
	info, err := s.Info(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d rows in %d segments, %.1f bytes a row\n", info.Rows, len(info.Segments), float64(info.Bytes)/float64(info.Rows))
	return nil
}

// A meter knows when something began.
type meter struct {
	wall time.Time
	cpu  time.Duration
}

func start() meter { return meter{time.Now(), cpu()} }

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (m meter) print(what string, n int64) {
	wall, used := time.Since(m.wall), cpu()-m.cpu
	n1 := float64(max(n, 1))
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	fmt.Printf("%-8s %8.2f s wall, %8.2f s cpu, %8.0f a second, %6.3f us cpu each; peak RSS %d MiB, heap from system %d MiB, %d collections; load %s\n",
		what, wall.Seconds(), used.Seconds(), n1/wall.Seconds(), used.Seconds()*1e6/n1, peak(), mem.HeapSys>>20, mem.NumGC, load())
}

// peak is the greatest resident memory so far, in MiB.
func peak() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Maxrss >> 10
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:2], " ")
}
