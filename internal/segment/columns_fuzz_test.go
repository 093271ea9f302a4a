package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// chunked cuts data into the chunks of a hostile section.
func chunked(data []byte, cut uint16) *codec.MemChunks {
	mem := &codec.MemChunks{}
	for len(data) > 0 {
		n := min(len(data), int(cut)+1)
		*mem = append(*mem, data[:n])
		data = data[n:]
	}
	return mem
}

// FuzzInts opens arbitrary bytes as a column: whatever way a value is read, it
// is the same, or the column is corrupt.
func FuzzInts(f *testing.F) {
	for _, vals := range [][]uint64{goldenDays, goldenLine, goldenSame, benchValues(1200, 2)} {
		mem := *writeInts(f, vals)
		f.Add(mem[0], uint16(65535), uint64(len(vals)), uint64(1))
	}
	mem := *writeInts(f, make([]uint64, chunkInts+5))
	f.Add(append(bytes.Clone(mem[0]), mem[1]...), uint16(len(mem[0])-1), uint64(chunkInts+5), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, cut uint16, n, v uint64) {
		col, err := OpenInts(chunked(data, cut), n)
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if n > 1<<17 {
			return
		}
		one, many, half := col.Cursor(), col.Cursor(), col.Cursor()
		all := many.Decode(0, n, nil)
		wide := many.Err() != nil
		if uint64(len(all)) != n {
			t.Fatalf("%d values, want %d", len(all), n)
		}
		for i, want := range all {
			if got := one.At(uint64(i)); got != want && one.Err() == nil && many.Err() == nil {
				t.Fatalf("value %d is %d and %d", i, got, want)
			}
			wide = wide || want>>32 != 0
		}
		if (one.Err() == nil) != (many.Err() == nil) {
			t.Fatalf("errors differ: %v, %v", one.Err(), many.Err())
		}
		small := half.Decode32(0, n, nil)
		if (half.Err() != nil) != wide {
			t.Fatalf("Decode32: %v", half.Err())
		}
		for i, got := range small {
			if half.Err() == nil && uint64(got) != all[i] {
				t.Fatalf("value %d is %d and %d", i, got, all[i])
			}
		}
		if got := col.Cursor().Search(0, n, v); got > n {
			t.Fatalf("Search leads to %d of %d", got, n)
		}
		if from := v % (n + 1); one.Err() == nil {
			if got := one.Decode(from, n, nil); len(got) != int(n-from) || len(got) > 0 && got[0] != all[from] {
				t.Fatal("Decode of a part differs")
			}
		}
		for _, err := range []error{one.Err(), many.Err(), half.Err()} {
			if err != nil && !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(err)
			}
		}
	})
}

// FuzzIntsRoundTrip writes values of a chosen width and reads them back.
func FuzzIntsRoundTrip(f *testing.F) {
	f.Add([]byte("some values, eight bytes each, or fewer"), uint8(40), uint64(1), false)
	f.Add(make([]byte, 1030), uint8(64), uint64(86400), true)
	f.Fuzz(func(t *testing.T, data []byte, width uint8, factor uint64, ascend bool) {
		vals := make([]uint64, 0, len(data))
		var word [8]byte
		sum := uint64(0)
		for len(data) > 0 {
			n := copy(word[:], data[:min(len(data), 1+int(width&7))])
			data = data[n:]
			v := binary.LittleEndian.Uint64(word[:]) >> (64 - min(64, uint(width)+1)) * factor
			if ascend {
				sum += v
				v = sum
			}
			vals = append(vals, v)
		}
		col, err := OpenInts(writeInts(t, vals), uint64(len(vals)))
		if err != nil {
			t.Fatal(err)
		}
		k := col.Cursor()
		for i, got := range k.Decode(0, col.Len(), nil) {
			if got != vals[i] || k.At(uint64(i)) != vals[i] {
				t.Fatalf("value %d is %d, want %d", i, got, vals[i])
			}
		}
		if k.Err() != nil {
			t.Fatal(k.Err())
		}
	})
}

func FuzzFixed(f *testing.F) {
	f.Add([]byte("abcdef"), uint16(65535), 3, uint64(2))
	f.Add(make([]byte, 2048), uint16(100), 64, uint64(32))
	f.Fuzz(func(t *testing.T, data []byte, cut uint16, width int, n uint64) {
		col, err := OpenFixed(chunked(data, cut), width, n)
		if err != nil {
			return
		}
		k := col.Cursor()
		for i := range min(n, 1<<17) {
			v := k.At(i)
			if len(v) != width {
				t.Fatalf("%d bytes, want %d", len(v), width)
			}
			if rest := k.From(i); k.Err() == nil && !bytes.HasPrefix(rest, v) {
				t.Fatal("From differs from At")
			}
		}
		if k.Err() == nil && n > 0 && n*uint64(width) != uint64(len(data)) {
			t.Fatal("bytes that are no values were accepted")
		}
		if k.Err() != nil && !errors.Is(k.Err(), codec.ErrCorrupt) {
			t.Fatal(k.Err())
		}
	})
}
