package leaks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/leakscope/leakscope/internal/normalize"
)

// TestDigest: it is what its definition says, however the bytes come.
func TestDigest(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	h := normalize.NewHasher(testOptions().Key)
	seen := map[[32]byte]int{}
	for _, n := range []int{0, 1, 1000, digestPiece - 1, digestPiece, digestPiece + 1, 5*digestPiece + 77} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i * i >> 7)
		}
		var tags []byte
		for from := 0; from < n; from += digestPiece {
			var err error
			if tags, err = h.AppendPiece(tags, uint64(from/digestPiece), data[from:min(from+digestPiece, n)]); err != nil {
				t.Fatal(err)
			}
		}
		want := h.Input(tags)
		for name, r := range map[string]io.Reader{
			"whole": bytes.NewReader(data), "halves": iotest.HalfReader(bytes.NewReader(data)),
			"with the end": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			if got, err := s.Digest(t.Context(), r); err != nil || got != want {
				t.Errorf("%d bytes, %s: %x, %v, want %x", n, name, got, err, want)
			}
		}
		if before, ok := seen[want]; ok {
			t.Errorf("%d bytes have the digest of %d", n, before)
		}
		seen[want] = n
	}
}

// TestDigestTells: inputs that differ a little, or have the same pieces in
// another order, and equal inputs in stores with other keys, differ.
func TestDigestTells(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	digest := func(s *Store, data []byte) [32]byte {
		t.Helper()
		sum, err := s.Digest(t.Context(), bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	data := bytes.Repeat([]byte{1}, 3*digestPiece)
	sum := digest(s, data)
	for _, at := range []int{0, 1, digestPiece - 1, digestPiece, 3*digestPiece - 1} {
		data[at] ^= 4
		if digest(s, data) == sum {
			t.Errorf("a bit of byte %d makes no difference", at)
		}
		data[at] ^= 4
	}
	if digest(s, data[:len(data)-1]) == sum || digest(s, append(data, 0)) == sum {
		t.Error("the length makes no difference")
	}
	data[0], data[digestPiece] = 7, 8
	sum = digest(s, data)
	data[0], data[digestPiece] = 8, 7
	if digest(s, data) == sum {
		t.Error("the order of pieces makes no difference")
	}
	other := testOptions()
	other.Key[5]++
	if digest(openTest(t, testDir(t), other), data) == digest(s, data) {
		t.Error("the key makes no difference")
	}
}

// TestDigestFromWhereItStands: what was read before is no part of the input.
func TestDigestFromWhereItStands(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	data := make([]byte, 3*digestPiece+5)
	for i := range data {
		data[i] = byte(i * i >> 9)
	}
	r := bytes.NewReader(data)
	if _, err := r.Seek(77, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	got, err := s.Digest(t.Context(), r)
	want, err2 := s.Digest(t.Context(), iotest.OneByteReader(bytes.NewReader(data[77:])))
	if err != nil || err2 != nil || got != want {
		t.Errorf("%x, %v, want %x, %v", got, err, want, err2)
	}
}

// A damagedFile cannot be read from some place on.
type damagedFile struct {
	*bytes.Reader
	from int64
	err  error
}

func (f *damagedFile) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= f.from {
		return f.Reader.ReadAt(p, off)
	}
	n, _ := f.Reader.ReadAt(p[:max(0, f.from-off)], off)
	return n, f.err
}

func TestDigestFails(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	broken := errors.New("broken")
	for _, before := range []int{0, 10, 3 * digestPiece} {
		for _, err := range []error{broken, io.ErrUnexpectedEOF} {
			r := io.MultiReader(bytes.NewReader(make([]byte, before)), iotest.ErrReader(err))
			if sum, got := s.Digest(t.Context(), r); !errors.Is(got, err) || sum != [32]byte{} {
				t.Errorf("after %d bytes: %x, %v, want %v", before, sum, got, err)
			}
		}
	}
	for _, before := range []int64{0, 10, 3 * digestPiece, 3*digestPiece + 10} {
		r := &damagedFile{bytes.NewReader(make([]byte, 5*digestPiece)), before, broken}
		if sum, got := s.Digest(t.Context(), r); !errors.Is(got, broken) || sum != [32]byte{} {
			t.Errorf("file damaged at %d: %x, %v", before, sum, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Digest(ctx, bytes.NewReader(make([]byte, 10))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
