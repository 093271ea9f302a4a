package formats

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/zeebo/blake3"
)

// TestDigest: it is what its definition says, however the bytes come.
func TestDigest(t *testing.T) {
	for _, n := range []int{0, 1, 1000, digestPiece - 1, digestPiece, digestPiece + 1, 5*digestPiece + 77} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i * i >> 7)
		}
		var sums []byte
		for from := 0; from < n; from += digestPiece {
			sum := blake3.Sum256(data[from:min(from+digestPiece, n)])
			sums = append(sums, sum[:]...)
		}
		want := blake3.Sum256(sums)
		for name, r := range map[string]io.Reader{
			"whole": bytes.NewReader(data), "halves": iotest.HalfReader(bytes.NewReader(data)),
			"with the end": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			if got, err := Digest(t.Context(), r); err != nil || got != want {
				t.Errorf("%d bytes, %s: %x, %v, want %x", n, name, got, err, want)
			}
		}
	}
}

func TestDigestFails(t *testing.T) {
	broken := errors.New("broken")
	for _, before := range []int{0, 10, 3 * digestPiece} {
		r := io.MultiReader(bytes.NewReader(make([]byte, before)), iotest.ErrReader(broken))
		if sum, err := Digest(t.Context(), r); !errors.Is(err, broken) || sum != [32]byte{} {
			t.Errorf("after %d bytes: %x, %v", before, sum, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Digest(ctx, bytes.NewReader(make([]byte, 10))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
