package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

func TestFixed(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, width := range []int{1, 3, 8, 16, 17, 33, 64} {
		per := 1 << fixedShift(width)
		if per*width > fixedChunk || 2*per*width <= fixedChunk {
			t.Errorf("width %d: %d values a chunk", width, per)
		}
		for _, n := range []int{0, 1, 100, per - 1, per, per + 1, 2*per + 5} {
			t.Run(fmt.Sprintf("%d/%d", width, n), func(t *testing.T) {
				all := randomBytes(rng, n*width, 256)
				mem := &codec.MemChunks{}
				w := NewFixedWriter(mem, width)
				for i := range n {
					w.Append(all[i*width:][:width])
				}
				if err := w.Finish(); err != nil || w.Len() != uint64(n) {
					t.Fatal(err, w.Len())
				}
				col, err := OpenFixed(mem, width, uint64(n))
				if err != nil {
					t.Fatal(err)
				}
				k := col.Cursor()
				for i := range n {
					if !bytes.Equal(k.At(uint64(i)), all[i*width:][:width]) {
						t.Fatalf("value %d differs", i)
					}
				}
				var got []byte
				for i := 0; i < n; i = len(got) / width {
					got = append(got, k.From(uint64(i))...)
				}
				if !bytes.Equal(got, all) {
					t.Error("From differs")
				}
				for range min(n, 100) {
					if i := rng.IntN(n); !bytes.Equal(k.At(uint64(i)), all[i*width:][:width]) {
						t.Fatalf("value %d differs", i)
					}
				}
				if k.Err() != nil {
					t.Fatal(k.Err())
				}
				if v := k.At(uint64(n)); !bytes.Equal(v, make([]byte, width)) || !errors.Is(k.Err(), codec.ErrCorrupt) {
					t.Errorf("past the end: %x, %v", v, k.Err())
				}
				if n > 0 && !bytes.Equal(k.At(0), make([]byte, width)) || k.From(0) != nil {
					t.Error("values after an error")
				}
			})
		}
	}
}

func TestFixedMisuse(t *testing.T) {
	for _, width := range []int{-1, 0, 65} {
		w := NewFixedWriter(&codec.MemChunks{}, width)
		w.Append(nil)
		if w.Finish() == nil {
			t.Errorf("width %d was taken", width)
		}
		if _, err := OpenFixed(&codec.MemChunks{}, width, 0); err == nil {
			t.Errorf("width %d was opened", width)
		}
	}
	w := NewFixedWriter(&codec.MemChunks{}, 4)
	w.Append([]byte{1, 2, 3})
	if w.Finish() == nil {
		t.Error("a value of another width was taken")
	}
	mem := &codec.MemChunks{make([]byte, 12)}
	for _, c := range []struct {
		width int
		n     uint64
	}{{4, 4}, {4, 2}, {5, 3}} {
		col, err := OpenFixed(mem, c.width, c.n)
		if err != nil {
			t.Fatal(err)
		}
		k := col.Cursor()
		if k.At(0); !errors.Is(k.Err(), codec.ErrCorrupt) {
			t.Errorf("%+v: %v", c, k.Err())
		}
	}
}
