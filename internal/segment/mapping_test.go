package segment

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// openMapped opens a segment in a file that is mapped.
func openMapped(t *testing.T, file []byte, cache *Cache) (*Reader, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "segment")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(f, int64(len(file)), "x", cache)
	if err != nil {
		t.Fatal(err)
	}
	r.Map(f)
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), f.Close()); err != nil {
			t.Error(err)
		}
	})
	return r, path
}

// A mapped segment has the chunks of one that is read, however many goroutines ask,
// whatever the cache keeps of them, and from a chunk that it let go of, too.
func TestMapped(t *testing.T) {
	for _, limit := range []int64{0, 20_000, 1 << 20} {
		rng := rand.New(rand.NewPCG(8, uint64(limit)))
		file, _, want := build(t, rng, 300)
		cache := NewCache(limit)
		r, _ := openMapped(t, file, cache)
		var together sync.WaitGroup
		for seed := range uint64(4) {
			together.Go(func() {
				rng := rand.New(rand.NewPCG(seed, 1))
				for range 2000 {
					for id, chunks := range want {
						i := rng.IntN(len(chunks))
						b, err := r.Section(id).Chunk(i)
						if err != nil || !bytes.Equal(b, chunks[i]) {
							t.Errorf("section %d, chunk %d: %v", id, i, err)
							return
						}
					}
				}
			})
		}
		together.Wait()
		if used, mapped := cache.heap.used, cache.mapped.used; used > limit || mapped > mappedTimes*limit {
			t.Errorf("%d bytes used of %d, %d mapped", used, limit, mapped)
		}
		if limit > 0 && cache.heap.used == 0 {
			t.Error("what is compressed is not kept")
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if cache.heap.used != 0 || cache.mapped.used != 0 {
			t.Errorf("%d and %d bytes used after closing", cache.heap.used, cache.mapped.used)
		}
		if _, err := r.Section(7).Chunk(0); !errors.Is(err, ErrClosed) {
			t.Errorf("after closing: %v", err)
		}
	}
}

// What is damaged or gone before it is first read is an error, not a fault.
func TestMappedDamage(t *testing.T) {
	file := oneSection(t, 100)
	r, path := openMapped(t, file, NewCache(1<<20))
	if b, err := r.Section(1).Chunk(0); err != nil || b[0] != 0 {
		t.Fatal(err)
	}
	damaged := bytes.Clone(file)
	damaged[headLen+5_500] ^= 1
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Section(1).Chunk(5); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("a changed byte: %v", err)
		}
	}
	if err := os.Truncate(path, 50_000); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Section(1).Chunk(90); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("what is cut off: %v", err)
	}
	if b, err := r.Section(1).Chunk(6); err != nil || b[0] != 6 {
		t.Errorf("what is still there: %v", err)
	}
}
