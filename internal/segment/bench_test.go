package segment

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// benchInts is a column of some width in a segment, everything cached.
func benchInts(b *testing.B, vals []uint64) *Ints {
	b.Helper()
	var file bytes.Buffer
	w := NewWriter(&file)
	c := NewIntsWriter(w.Section(1, Plain))
	for _, v := range vals {
		c.Append(v)
	}
	if err := c.Finish(); err != nil {
		b.Fatal(err)
	}
	sum, err := w.Finish(nil)
	if err != nil {
		b.Fatal(err)
	}
	r, err := Open(bytes.NewReader(file.Bytes()), sum.Size, "bench", NewCache(64<<20))
	if err != nil {
		b.Fatal(err)
	}
	col, err := OpenInts(r.Section(1), uint64(len(vals)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(8*float64(sum.Size)/float64(len(vals)), "bits/value")
	return col
}

func benchValues(n int, width int) []uint64 {
	rng := rand.New(rand.NewPCG(1, 1))
	vals := make([]uint64, n)
	for i := range vals {
		if width > 0 {
			vals[i] = rng.Uint64() >> (64 - width)
		}
	}
	return vals
}

func benchStarts(n int) []uint64 {
	rng := rand.New(rand.NewPCG(1, 1))
	vals := make([]uint64, n)
	for i := 1; i < n; i++ {
		vals[i] = vals[i-1] + 1 + rng.Uint64N(3)
	}
	return vals
}

var sink uint64

func BenchmarkIntsAt(b *testing.B) {
	const n = 1 << 18
	b.Run("block", func(b *testing.B) {
		k := benchInts(b, benchValues(n, 17)).Cursor()
		for i := 0; b.Loop(); i++ {
			sink += k.At(uint64(i*7) & 1023)
		}
	})
	b.Run("sequential", func(b *testing.B) {
		k := benchInts(b, benchValues(n, 17)).Cursor()
		for i := 0; b.Loop(); i++ {
			sink += k.At(uint64(i) & (n - 1))
		}
	})
	b.Run("random", func(b *testing.B) {
		k := benchInts(b, benchValues(n, 17)).Cursor()
		for i := 0; b.Loop(); i++ {
			sink += k.At(uint64(i*40_503) & (n - 1))
		}
	})
}

func BenchmarkIntsDecode(b *testing.B) {
	const n = 1 << 18
	for _, width := range []int{0, 1, 4, 5, 8, 11, 13, 16, 17, 20, 31, 32, 40, 64} {
		b.Run(fmt.Sprintf("width%d", width), func(b *testing.B) {
			k := benchInts(b, benchValues(n, width)).Cursor()
			benchDecode(b, k, n)
		})
	}
	b.Run("starts", func(b *testing.B) { benchDecode(b, benchInts(b, benchStarts(n)).Cursor(), n) })
	b.Run("32/width17", func(b *testing.B) {
		k := benchInts(b, benchValues(n, 17)).Cursor()
		var dst []uint32
		for b.Loop() {
			dst = k.Decode32(0, n, dst[:0])
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
	})
}

func benchDecode(b *testing.B, k *IntsCursor, n int) {
	var dst []uint64
	for b.Loop() {
		dst = k.Decode(0, uint64(n), dst[:0])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/value")
}

func BenchmarkIntsSearch(b *testing.B) {
	const n = 1 << 18
	vals := benchStarts(n)
	k := benchInts(b, vals).Cursor()
	for i := 0; b.Loop(); i++ {
		sink += k.Search(0, n, vals[i*40_503&(n-1)])
	}
}

func BenchmarkIntsAppend(b *testing.B) {
	const n = 1 << 18
	for name, vals := range map[string][]uint64{"width17": benchValues(n, 17), "width5": benchValues(n, 5), "starts": benchStarts(n)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := NewIntsWriter(discard{})
				for _, v := range vals {
					w.Append(v)
				}
				if err := w.Finish(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
		})
	}
}

type discard struct{}

func (discard) WriteChunk([]byte) error { return nil }

func BenchmarkFixedAt(b *testing.B) {
	const n = 1 << 16
	rng := rand.New(rand.NewPCG(1, 1))
	mem := &codec.MemChunks{}
	w := NewFixedWriter(mem, 16)
	for range n {
		w.Append(randomBytes(rng, 16, 256))
	}
	if err := w.Finish(); err != nil {
		b.Fatal(err)
	}
	col, err := OpenFixed(mem, 16, n)
	if err != nil {
		b.Fatal(err)
	}
	for _, step := range []int{1, 40_503} {
		b.Run(fmt.Sprintf("step%d", step), func(b *testing.B) {
			k := col.Cursor()
			for i := 0; b.Loop(); i++ {
				sink += uint64(k.At(uint64(i*step) & (n - 1))[0])
			}
		})
	}
}

func BenchmarkChunkCached(b *testing.B) {
	file, sum, _ := build(b, rand.New(rand.NewPCG(1, 1)), 100)
	r, err := Open(bytes.NewReader(file), sum.Size, "bench", NewCache(64<<20))
	if err != nil {
		b.Fatal(err)
	}
	s := r.Section(7)
	n := s.Chunks()
	i := 0
	for b.Loop() {
		c, err := s.Chunk(i)
		if err != nil {
			b.Fatal(err)
		}
		sink += uint64(len(c))
		if i++; i == n {
			i = 0
		}
	}
}

// BenchmarkChunkLoad reads, checks and, if asked to, decompresses chunks of 128
// KiB that are not cached.
func BenchmarkChunkLoad(b *testing.B) {
	for name, packing := range map[string]Packing{"plain": Plain, "small": Small} {
		b.Run(name, func(b *testing.B) {
			var file bytes.Buffer
			w := NewWriter(&file)
			chunk := textChunk(128 << 10)
			if err := w.Section(1, packing).WriteChunk(chunk); err != nil {
				b.Fatal(err)
			}
			sum, err := w.Finish(nil)
			if err != nil {
				b.Fatal(err)
			}
			r, err := Open(bytes.NewReader(file.Bytes()), sum.Size, "bench", nil)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(chunk)))
			for b.Loop() {
				if _, err := r.Section(1).Chunk(0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWriter(b *testing.B) {
	for name, packing := range map[string]Packing{"plain": Plain, "small": Small} {
		b.Run(name, func(b *testing.B) {
			s := NewWriter(io.Discard).Section(1, packing)
			chunk := textChunk(128 << 10)
			b.SetBytes(int64(len(chunk)))
			for b.Loop() {
				if err := s.WriteChunk(chunk); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.w.off)/float64(s.chunks*len(chunk)), "stored/raw")
		})
	}
}

// textChunk looks a little like a column of names.
func textChunk(n int) []byte {
	rng := rand.New(rand.NewPCG(5, 5))
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, "user%d@mail%d.example;", rng.IntN(100_000), rng.IntN(40))
	}
	return b[:n]
}
