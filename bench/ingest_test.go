package bench

import (
	"bytes"
	"testing"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// BenchmarkIngest measures everything between a file's bytes in memory and
// durable segments: parsing, normalising, hashing, sorting, encoding, writing.
func BenchmarkIngest(b *testing.B) {
	const n = 300_000
	c := corpus.New(1, n)
	for _, f := range []formats.Format{formats.JSONL, formats.ULP} {
		b.Run(string(f), func(b *testing.B) {
			var data bytes.Buffer
			write := c.WriteJSONL
			if f == formats.ULP {
				write = c.WriteULP
			}
			if err := write(&data, 0, n); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(data.Len()))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				s, err := leaks.Open(b.TempDir(), &leaks.Options{Key: [32]byte{1}, NoBackgroundMerge: true})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				res, err := s.IngestBlocks(b.Context(), formats.Blocks(b.Context(), bytes.NewReader(data.Bytes()), formats.Options{Format: f}), nil)
				if err != nil || res.Ingested != n {
					b.Fatalf("%+v: %v", res, err)
				}
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
