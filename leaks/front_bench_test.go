package leaks_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"

	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// BenchmarkFront measures the way from a file's bytes to the builder, on one
// goroutine and in memory: the first frontBytes of LEAKSCOPE_FRONT, a file of
// bench/cmd/gen. Each part is measured with those before it.
//
//	LEAKSCOPE_FRONT=/tmp/corpus.jsonl go test -run '^$' -bench Front -test.cpu 1 ./leaks/
func BenchmarkFront(b *testing.B) {
	data, s := openFront(b)
	for _, part := range []struct {
		name string
		take func(*leaks.Front, leaks.Block) int
	}{
		{"parse", func(_ *leaks.Front, bl leaks.Block) (n int) {
			bl.Records(func(rec *leaks.Record, _ *leaks.Reject) {
				if rec != nil {
					n++
				}
			})
			bl.Free()
			return n
		}},
		{"prepare", func(f *leaks.Front, bl leaks.Block) int { return f.Take(s, bl, false) }},
		{"intern", func(f *leaks.Front, bl leaks.Block) int { return f.Take(s, bl, true) }},
	} {
		b.Run(part.name, func(b *testing.B) {
			front := leaks.NewFront(s)
			n := 0
			all := func() {
				for bl, err := range formats.Blocks(b.Context(), bytes.NewReader(data), formats.Options{}) {
					if err != nil {
						b.Fatal(err)
					}
					n += part.take(front, bl)
				}
			}
			all() // the builder's memory grows
			n = 0
			for b.Loop() {
				all()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/record")
		})
	}
}

// openFront reads the file and opens a store.
func openFront(b *testing.B) ([]byte, *leaks.Store) {
	b.Helper()
	path := os.Getenv("LEAKSCOPE_FRONT")
	if path == "" {
		b.Skip("LEAKSCOPE_FRONT is not set")
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	data, err := io.ReadAll(io.LimitReader(f, frontBytes))
	f.Close()
	if err != nil {
		b.Fatal(err)
	}
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	s, err := leaks.Open(b.TempDir(), &leaks.Options{Key: [32]byte{1}, NoBackgroundMerge: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return data, s
}

// BenchmarkFrontEncode measures how long a table of the file's first records is
// to encode, and its dictionaries only.
func BenchmarkFrontEncode(b *testing.B) {
	data, s := openFront(b)
	front := leaks.NewFront(s)
	for bl, err := range formats.Blocks(b.Context(), bytes.NewReader(data), formats.Options{}) {
		if err != nil {
			b.Fatal(err)
		}
		if front.Fill(s, bl) {
			break
		}
	}
	for _, part := range []struct {
		name   string
		encode func(context.Context, *segment.Writer) (int, error)
	}{{"table", front.Encode}, {"dicts", front.EncodeDicts}} {
		b.Run(part.name, func(b *testing.B) {
			var buf bytes.Buffer
			n := 0
			for b.Loop() {
				buf.Reset()
				rows, err := part.encode(b.Context(), segment.NewWriter(&buf))
				if err != nil {
					b.Fatal(err)
				}
				n += rows
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/record")
		})
	}
}

const frontBytes = 200 << 20
