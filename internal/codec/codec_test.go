package codec

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestRoundTrip writes random values and reads the same ones.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Writer
		var checks []func(r *Reader) bool
		for range rapid.IntRange(0, 20).Draw(t, "values") {
			switch rapid.IntRange(0, 6).Draw(t, "kind") {
			case 0:
				v := rapid.Uint8().Draw(t, "v")
				w.Uint8(v)
				checks = append(checks, func(r *Reader) bool { return r.Uint8() == v })
			case 1:
				v := rapid.Uint16().Draw(t, "v")
				w.Uint16(v)
				checks = append(checks, func(r *Reader) bool { return r.Uint16() == v })
			case 2:
				v := rapid.Uint32().Draw(t, "v")
				w.Uint32(v)
				checks = append(checks, func(r *Reader) bool { return r.Uint32() == v })
			case 3:
				v := rapid.Uint64().Draw(t, "v")
				w.Uint64(v)
				checks = append(checks, func(r *Reader) bool { return r.Uint64() == v })
			case 4:
				v := rapid.Uint64().Draw(t, "v")
				w.Uvarint(v)
				checks = append(checks, func(r *Reader) bool { return r.Uvarint() == v })
			case 5:
				v := rapid.SliceOf(rapid.Byte()).Draw(t, "v")
				w.Block(v)
				checks = append(checks, func(r *Reader) bool { return bytes.Equal(r.Block(), v) })
			case 6:
				v := rapid.String().Draw(t, "v")
				w.String(v)
				checks = append(checks, func(r *Reader) bool { return r.String() == v })
			}
		}
		if w.Len() != len(w.Bytes()) {
			t.Fatalf("Len %d of %d bytes", w.Len(), len(w.Bytes()))
		}
		r := NewReader(w.Bytes())
		for i, same := range checks {
			if !same(r) {
				t.Fatalf("value %d is another: %v", i, r.Err())
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		// One byte less: some read fails, and everything after it is zero.
		if w.Len() == 0 {
			return
		}
		r = NewReader(w.Bytes()[:w.Len()-1])
		for _, same := range checks {
			same(r)
		}
		if r.Err() == nil && r.Close() == nil {
			t.Fatal("a byte is missing and nobody noticed")
		}
	})
}

// TestReaderIsSticky: after the first error, zero values only, and the first
// error stays.
func TestReaderIsSticky(t *testing.T) {
	r := NewReader([]byte{1, 2, 3})
	if r.Uint32() != 0 || !errors.Is(r.Err(), ErrCorrupt) {
		t.Fatalf("three bytes made a uint32: %v", r.Err())
	}
	first := r.Err()
	r.Fail("something else")
	if r.Uint8() != 0 || r.Uint16() != 0 || r.Uint64() != 0 || r.Uvarint() != 0 || r.Count(1) != 0 ||
		r.Block() != nil || r.String() != "" || r.Raw(0) != nil || r.Left() != 0 || r.Err() != first || r.Close() != first {
		t.Fatal("the reader went on after an error")
	}
}

func TestLeftOverBytes(t *testing.T) {
	r := NewReader([]byte{1, 2})
	if r.Uint8() != 1 || r.Left() != 1 || r.Offset() != 1 {
		t.Fatal("wrong place")
	}
	if err := r.Close(); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("a byte left over: %v", err)
	}
}

// TestCountIsBounded: a count that cannot be there allocates nothing.
func TestCountIsBounded(t *testing.T) {
	for _, c := range []struct {
		count uint64
		elem  int
		rest  int
		ok    bool
	}{
		{3, 1, 3, true}, {4, 1, 3, false}, {2, 8, 16, true}, {2, 8, 15, false},
		{math.MaxUint64, 1, 100, false}, {1 << 62, 4, 100, false}, {0, 8, 0, true}, {5, 0, 5, true}, {5, -1, 4, false},
	} {
		var w Writer
		w.Uvarint(c.count)
		w.Raw(make([]byte, c.rest))
		r := NewReader(w.Bytes())
		n := r.Count(c.elem)
		if (r.Err() == nil) != c.ok || c.ok && uint64(n) != c.count || !c.ok && n != 0 {
			t.Errorf("%+v: %d, %v", c, n, r.Err())
		}
	}
}

func TestMemChunks(t *testing.T) {
	var m MemChunks
	b := []byte("one")
	if err := m.WriteChunk(b); err != nil {
		t.Fatal(err)
	}
	b[0] = 'x' // a copy was kept
	if got, err := m.Chunk(0); err != nil || string(got) != "one" || m.Chunks() != 1 {
		t.Fatalf("%q, %v", got, err)
	}
	for _, i := range []int{-1, 1} {
		if _, err := m.Chunk(i); !errors.Is(err, ErrCorrupt) {
			t.Errorf("chunk %d: %v", i, err)
		}
	}
}

// FuzzReader takes the bytes' first half as a program of reads over the second:
// no read may panic, take more than there is, or allocate beyond it.
func FuzzReader(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		program, data := b[:len(b)/2], b[len(b)/2:]
		r := NewReader(data)
		for _, op := range program {
			before := r.Offset()
			var took int
			switch op % 9 {
			case 0:
				r.Uint8()
			case 1:
				r.Uint16()
			case 2:
				r.Uint32()
			case 3:
				r.Uint64()
			case 4:
				r.Uvarint()
			case 5:
				took = len(r.Block())
			case 6:
				took = len(r.String())
			case 7:
				took = r.Count(int(op)) * int(op)
			case 8:
				took = len(r.Raw(int(int8(op))))
			}
			if r.Offset() < before || r.Offset() > len(data) || took > len(data) {
				t.Fatalf("op %d: from %d to %d of %d, %d taken", op%9, before, r.Offset(), len(data), took)
			}
		}
		if r.Err() != nil && !errors.Is(r.Err(), ErrCorrupt) {
			t.Fatal(r.Err())
		}
	})
}
