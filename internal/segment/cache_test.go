package segment

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
)

// countingReader counts reads.
type countingReader struct {
	*bytes.Reader
	n int
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	c.n++
	return c.Reader.ReadAt(p, off)
}

// oneSection is a segment of so many chunks of 1,000 bytes in section 1.
func oneSection(t testing.TB, chunks int) []byte {
	t.Helper()
	var file bytes.Buffer
	w := NewWriter(&file)
	s := w.Section(1, Plain)
	for i := range chunks {
		if err := s.WriteChunk(bytes.Repeat([]byte{byte(i)}, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestCacheKeepsWhatIsUsed(t *testing.T) {
	file := oneSection(t, 100)
	disk := &countingReader{Reader: bytes.NewReader(file)}
	cost := heapBytes(1000) + entryBytes
	cache := NewCache(10 * cost)
	r, err := Open(disk, int64(len(file)), "x", cache)
	if err != nil {
		t.Fatal(err)
	}
	s := r.Section(1)
	get := func(i int) {
		t.Helper()
		if b, err := s.Chunk(i); err != nil || b[0] != byte(i) {
			t.Fatal(i, err)
		}
	}
	for range 3 {
		for i := range 10 {
			get(i)
		}
	}
	if want := 3 + 10; disk.n != want { // header, trailer, footer
		t.Errorf("%d reads, want %d", disk.n, want)
	}
	if cache.Used() != 10*cost {
		t.Errorf("%d bytes used, want %d", cache.Used(), 10*cost)
	}
	// A hot chunk outlives a scan of cold ones. It may go once, as long as all
	// the others look as hot.
	disk.n = 0
	for i := 10; i < 100; i++ {
		get(i)
		get(0)
	}
	if disk.n > 91 {
		t.Errorf("%d reads for 90 cold chunks and a hot one", disk.n)
	}
	if cache.Used() > 10*cost {
		t.Errorf("%d bytes used of %d", cache.Used(), 10*cost)
	}
}

func TestCacheTooSmall(t *testing.T) {
	file := oneSection(t, 3)
	for _, cache := range []*Cache{nil, NewCache(0), NewCache(500), NewCache(-1)} {
		r, err := Open(bytes.NewReader(file), int64(len(file)), "x", cache)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if b, err := r.Section(1).Chunk(2); err != nil || b[0] != 2 {
				t.Fatal(err)
			}
		}
		if cache.Used() != 0 {
			t.Errorf("%d bytes used", cache.Used())
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Section(1).Chunk(2); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
}

// TestCacheTogether has goroutines read, evict, close and open over one small
// cache; it is for the race detector above all.
func TestCacheTogether(t *testing.T) {
	const limit = 30_000
	file := oneSection(t, 100)
	cache := NewCache(limit)
	open := func() *Reader {
		r, err := Open(bytes.NewReader(file), int64(len(file)), "x", cache)
		if err != nil {
			t.Error(err)
		}
		return r
	}
	shared := open()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			own := open()
			for i := range 4000 {
				r := own
				if g%2 == 0 {
					r = shared
				}
				n := rng.IntN(1 + rng.IntN(100))
				b, err := r.Section(1).Chunk(n)
				if err != nil || len(b) != 1000 || b[0] != byte(n) || b[999] != byte(n) {
					t.Errorf("chunk %d: %v", n, err)
					return
				}
				if i%500 == 0 {
					if cache.Used() > limit {
						t.Errorf("%d bytes used of %d", cache.Used(), limit)
					}
					own.Close()
					own = open()
				}
			}
			own.Close()
		})
	}
	wg.Wait()
	shared.Close()
	if cache.Used() != 0 || cache.heap.hand != nil {
		t.Errorf("%d bytes used in the end", cache.Used())
	}
}

// TestCloseWhileLoading closes under the feet of readers: they get their chunk
// or ErrClosed, and nothing stays in the cache.
func TestCloseWhileLoading(t *testing.T) {
	file := oneSection(t, 50)
	cache := NewCache(1 << 20)
	for range 50 {
		r, err := Open(bytes.NewReader(file), int64(len(file)), "x", cache)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for g := range 3 {
			wg.Go(func() {
				for i := range 50 {
					if _, err := r.Section(1).Chunk((i + g) % 50); err != nil && !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
				}
			})
		}
		r.Close()
		wg.Wait()
		r.Close()
		if cache.Used() != 0 {
			t.Fatalf("%d bytes used after Close", cache.Used())
		}
	}
}
