package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// openAndVerify is what a whole check of a file's bytes comes to.
func openAndVerify(file []byte) error {
	r, err := Open(bytes.NewReader(file), int64(len(file)), "broken", nil)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Verify(context.Background())
}

func TestEveryChangedByteIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	small, _, _ := build(t, rng, 12)
	for _, file := range [][]byte{writeGolden(t, Plain), writeGolden(t, Small), small} {
		if err := openAndVerify(file); err != nil {
			t.Fatal(err)
		}
		step := max(1, len(file)/3000)
		for at := 0; at < len(file); at += 1 + rng.IntN(step) {
			broken := slices.Clone(file)
			broken[at] ^= byte(1 + rng.IntN(255))
			if err := openAndVerify(broken); !errors.Is(err, codec.ErrCorrupt) {
				t.Fatalf("byte %d of %d changed: %v", at, len(file), err)
			}
		}
		for n := 0; n < len(file); n += 1 + rng.IntN(step) {
			if err := openAndVerify(file[:n]); !errors.Is(err, codec.ErrCorrupt) {
				t.Fatalf("cut to %d of %d bytes: %v", n, len(file), err)
			}
		}
		if err := openAndVerify(append(slices.Clone(file), 0)); !errors.Is(err, codec.ErrCorrupt) {
			t.Fatalf("a byte more: %v", err)
		}
	}
}

func TestVersionToCome(t *testing.T) {
	file := writeGolden(t, Plain)
	file[headLen-1], file[len(file)-1] = 2, 2
	if err := openAndVerify(file); !errors.Is(err, ErrVersion) || errors.Is(err, codec.ErrCorrupt) {
		t.Error(err)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	file, sum, _ := build(t, rand.New(rand.NewPCG(2, 2)), 10)
	file[headLen] ^= 1 // the first chunk
	r, err := Open(bytes.NewReader(file), sum.Size, "00ff.seg", NewCache(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	err = r.Verify(context.Background())
	if err == nil {
		t.Fatal("not found")
	}
	for _, want := range []string{"00ff.seg", "section", "chunk 0", "byte 8"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

// brokenReader fails with an error of its own from offset on.
type brokenReader struct {
	io.ReaderAt
	from int64
}

var errDisk = errors.New("disk on fire")

func (b brokenReader) ReadAt(p []byte, off int64) (int, error) {
	if off < b.from {
		return b.ReaderAt.ReadAt(p, off)
	}
	return 0, errDisk
}

func TestReadErrorsAreNotCorruption(t *testing.T) {
	file := writeGolden(t, Plain)
	for _, from := range []int64{0, 8, int64(len(file)) - tailLen} {
		_, err := Open(brokenReader{bytes.NewReader(file), from}, int64(len(file)), "x", nil)
		if !errors.Is(err, errDisk) || errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("from %d: %v", from, err)
		}
	}
}

func TestVerifyStopsWithContext(t *testing.T) {
	file, sum, _ := build(t, rand.New(rand.NewPCG(2, 3)), 10)
	r, err := Open(bytes.NewReader(file), sum.Size, "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// reseal gives a damaged file a footer checksum and a trailer that are right
// again, so that what lies behind them is reached.
func reseal(file []byte) {
	if len(file) < headLen+tailLen {
		return
	}
	copy(file, headMagic)
	end := uint64(len(file) - tailLen)
	tail := file[end:]
	at := binary.LittleEndian.Uint64(tail)
	if at < headLen || at > end {
		at = headLen + at%(end-headLen+1)
	}
	copy(tail, trailer(int64(at), int(end-at), codec.Checksum(file[at:end])))
}

func FuzzOpen(f *testing.F) {
	f.Add(writeGolden(f, Plain), false)
	f.Add(writeGolden(f, Small), true)
	// Small seeds: the fuzzer spends its time by the byte.
	var file bytes.Buffer
	w := NewWriter(&file)
	a, b := w.Section(1, Small), w.Section(0, Plain)
	for _, s := range []*SectionWriter{a, b, a, a, b} {
		if err := s.WriteChunk(goldenText[:70]); err != nil {
			f.Fatal(err)
		}
	}
	if _, err := w.Finish(nil); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes(), true)
	f.Add([]byte(headMagic+tailMagic), true)
	f.Fuzz(func(t *testing.T, file []byte, seal bool) {
		file = slices.Clone(file)
		if seal {
			reseal(file)
		}
		cache := NewCache(64 << 10)
		r, err := Open(bytes.NewReader(file), int64(len(file)), "fuzz", cache)
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) && !errors.Is(err, ErrVersion) {
				t.Fatal(err)
			}
			return
		}
		stored := int64(len(r.Meta()))
		for info := range r.Sections() {
			stored += info.Stored
			s := r.Section(info.ID)
			if s.Chunks() != info.Chunks {
				t.Fatal("chunks differ")
			}
			for i := range min(info.Chunks, 20) {
				b, err := s.Chunk(i)
				if err != nil && !errors.Is(err, codec.ErrCorrupt) {
					t.Fatal(err)
				}
				if err == nil && len(b) != int(s.infos[i].raw) {
					t.Fatal("length differs")
				}
			}
		}
		if stored > int64(len(file)) {
			t.Fatal("more stored than there is")
		}
		if cache.Used() > 64<<10 {
			t.Fatal("cache over its limit")
		}
		if err := r.Close(); err != nil || cache.Used() != 0 {
			t.Fatal("close")
		}
	})
}

// FuzzDecompress gives the decompressor what only a forged checksum would let
// through: it must not write past the length announced.
func FuzzDecompress(f *testing.F) {
	c, err := newCompressor()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(slices.Clone(c.compress(goldenText)), uint16(len(goldenText)))
	f.Add(slices.Clone(c.compress(make([]byte, 1<<20))), uint16(10))
	c.release()
	f.Fuzz(func(t *testing.T, frame []byte, n uint16) {
		d, err := newDecompressor()
		if err != nil {
			t.Fatal(err)
		}
		defer d.release()
		if out, ok := d.decompress(nil, frame, int(n)); ok && len(out) != int(n) || cap(out) > int(n)+overAlloc {
			t.Fatalf("%d bytes, room for %d, want %d", len(out), cap(out), n)
		}
	})
}
