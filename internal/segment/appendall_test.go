package segment

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// Values appended in pieces of any length are the same column.
func TestAppendAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		n, shift := rng.IntN(60_000), rng.IntN(32)
		vals := make([]uint32, n)
		for i := range vals {
			vals[i] = rng.Uint32() >> shift
		}
		one, all := new(codec.MemChunks), new(codec.MemChunks)
		ints, pieces := NewIntsWriter(one), NewIntsWriter(all)
		oneFixed, allFixed := new(codec.MemChunks), new(codec.MemChunks)
		fixed, fixedPieces := NewFixedWriter(oneFixed, 4), NewFixedWriter(allFixed, 4)
		for _, v := range vals {
			ints.Append(uint64(v))
			fixed.Append(binary.LittleEndian.AppendUint32(nil, v))
		}
		for rest := vals; len(rest) > 0; {
			n := min(len(rest), rng.IntN(1<<rng.IntN(17)))
			if n == 1 {
				pieces.Append(uint64(rest[0]))
			} else {
				pieces.AppendAll(rest[:n])
			}
			var b []byte
			for _, v := range rest[:n] {
				b = binary.LittleEndian.AppendUint32(b, v)
			}
			fixedPieces.AppendAll(b)
			rest = rest[n:]
		}
		if pieces.Len() != uint64(n) || fixedPieces.Len() != uint64(n) {
			t.Fatalf("%d and %d values, want %d", pieces.Len(), fixedPieces.Len(), n)
		}
		for _, finish := range []func() error{ints.Finish, pieces.Finish, pieces.Finish, fixed.Finish, fixedPieces.Finish} {
			if err := finish(); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(one, all) {
			t.Fatal("integers in pieces differ")
		}
		if !reflect.DeepEqual(oneFixed, allFixed) {
			t.Fatal("fixed values in pieces differ")
		}
	}
	w := NewFixedWriter(new(codec.MemChunks), 4)
	if w.AppendAll(make([]byte, 7)); w.Finish() == nil {
		t.Error("half a value was taken")
	}
}
