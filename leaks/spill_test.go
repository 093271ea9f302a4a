package leaks

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/internal/segment"
)

// A spill gives back what was put in, part by part and in order, whatever of it
// stands in the file.
func TestSpill(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 9))
		undo := lowerSpills(rng.Int64N(4000), 1+rng.IntN(100), 1)
		size := 8 + rng.IntN(20)
		s := newSpill(size, tempFile)
		want := make([][]uint64, spillParts)
		for range rng.IntN(3000) {
			part, v := rng.IntN(spillParts), rng.Uint64()
			b := s.add(part)
			if len(b) != size {
				t.Fatalf("room of %d bytes for %d", len(b), size)
			}
			binary.LittleEndian.PutUint64(b, v)
			want[part] = append(want[part], v)
		}
		for part := range spillParts {
			var got []uint64
			err := s.each(part, func(records []byte) {
				for ; len(records) > 0; records = records[size:] {
					got = append(got, binary.LittleEndian.Uint64(records))
				}
			})
			if err != nil || !slices.Equal(got, want[part]) {
				t.Fatalf("seed %d, part %d: %d records of %d: %v", seed, part, len(got), len(want[part]), err)
			}
			s.drop(part)
		}
		s.close()
		undo()
	}
}

// A file that cannot be made, or lacks what was written, is an error of the merge.
func TestSpillFails(t *testing.T) {
	defer lowerSpills(0, 1, 1)()
	rows := newRowMaker(1, false).rows(100)
	parts := cut(t, rand.New(rand.NewPCG(1, 1)), rows, 2)
	broken := errors.New("broken")
	merge := func(scratch func() (scratchFile, error)) error {
		_, err := mergeTables(t.Context(), segment.NewWriter(io.Discard), []*table{parts[0].open(t), parts[1].open(t)}, mergeOptions{scratch: scratch})
		return err
	}
	if err := merge(func() (scratchFile, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("no file: %v", err)
	}
	if err := merge(func() (scratchFile, error) { return os.Open(os.DevNull) }); err == nil {
		t.Error("a file that keeps nothing does")
	}
	if err := merge(func() (scratchFile, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) }); err == nil {
		t.Error("a file that loses everything does")
	}
}
