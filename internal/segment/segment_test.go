package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

func randomBytes(rng *rand.Rand, n, alphabet int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.IntN(alphabet))
	}
	return b
}

// build writes a segment of interleaved sections and returns what each holds.
func build(t testing.TB, rng *rand.Rand, chunks int) ([]byte, Summary, map[uint16][][]byte) {
	t.Helper()
	var file bytes.Buffer
	w := NewWriter(&file)
	ids := []uint16{7, 3, 40_000, 0}
	var sections []*SectionWriter
	for i, id := range ids {
		sections = append(sections, w.Section(id, Packing(i%3)))
	}
	want := map[uint16][][]byte{}
	for range chunks {
		i := rng.IntN(len(ids) - 1) // the last stays empty
		b := randomBytes(rng, rng.IntN(5000), 1+rng.IntN(256))
		if err := sections[i].WriteChunk(b); err != nil {
			t.Fatal(err)
		}
		want[ids[i]] = append(want[ids[i]], b)
	}
	sum, err := w.Finish([]byte("meta"))
	if err != nil {
		t.Fatal(err)
	}
	if sum.Size != int64(file.Len()) {
		t.Fatalf("size is %d, file has %d", sum.Size, file.Len())
	}
	return file.Bytes(), sum, want
}

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, chunks := range []int{0, 1, 200} {
		for _, limit := range []int64{0, 20_000, 1 << 20} {
			t.Run(fmt.Sprintf("%d/%d", chunks, limit), func(t *testing.T) {
				file, sum, want := build(t, rng, chunks)
				cache := NewCache(limit)
				r, err := Open(bytes.NewReader(file), sum.Size, "test", cache)
				if err != nil {
					t.Fatal(err)
				}
				if string(r.Meta()) != "meta" || r.FooterSum() != sum.FooterSum {
					t.Error("meta or footer checksum differs")
				}
				for id, chunks := range want {
					s := r.Section(id)
					if s.Chunks() != len(chunks) {
						t.Fatalf("section %d has %d chunks, want %d", id, s.Chunks(), len(chunks))
					}
					for range 3 * len(chunks) {
						i := rng.IntN(len(chunks))
						if got, err := s.Chunk(i); err != nil || !bytes.Equal(got, chunks[i]) {
							t.Fatalf("section %d chunk %d: differs, %v", id, i, err)
						}
						if used := cache.Used(); used > limit {
							t.Fatalf("cache uses %d of %d", used, limit)
						}
					}
				}
				seen := 0
				for info := range r.Sections() {
					var raw int64
					for _, c := range want[info.ID] {
						raw += int64(len(c))
					}
					if info.Raw != raw || info.Stored > raw || info.Chunks != len(want[info.ID]) {
						t.Errorf("section %d: %+v, raw %d", info.ID, info, raw)
					}
					seen++
				}
				if seen != 4 {
					t.Errorf("%d sections", seen)
				}
				if err := r.Verify(context.Background()); err != nil {
					t.Error(err)
				}
				if err := r.Close(); err != nil || cache.Used() != 0 {
					t.Errorf("after Close: %v, cache uses %d", err, cache.Used())
				}
				for id := range want {
					if _, err := r.Section(id).Chunk(0); !errors.Is(err, ErrClosed) {
						t.Errorf("after Close: %v", err)
					}
				}
			})
		}
	}
}

func TestMissingSection(t *testing.T) {
	file, sum, _ := build(t, rand.New(rand.NewPCG(1, 1)), 5)
	r, err := Open(bytes.NewReader(file), sum.Size, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := r.Section(99)
	if _, err := s.Chunk(0); s.Chunks() != 0 || !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("%d chunks, %v", s.Chunks(), err)
	}
	if _, err := r.Section(3).Chunk(-1); !errors.Is(err, codec.ErrCorrupt) {
		t.Error(err)
	}
}
