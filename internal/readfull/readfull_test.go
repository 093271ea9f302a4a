package readfull

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// A reader that answers with what is written down.
type scripted struct {
	n   int
	err error
}

func (s scripted) Read([]byte) (int, error) { return s.n, s.err }

func TestRead(t *testing.T) {
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		r    io.Reader
		want string
		err  error
	}{
		"full":               {t.Context(), strings.NewReader("abcdefgh"), "abcd", nil},
		"byte by byte":       {t.Context(), iotest.OneByteReader(strings.NewReader("abcdefgh")), "abcd", nil},
		"full with the end":  {t.Context(), iotest.DataErrReader(strings.NewReader("abcd")), "abcd", io.EOF},
		"short":              {t.Context(), strings.NewReader("ab"), "ab", io.EOF},
		"empty":              {t.Context(), strings.NewReader(""), "", io.EOF},
		"breaks":             {t.Context(), io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken)), "ab", broken},
		"cut by its account": {t.Context(), io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(io.ErrUnexpectedEOF)), "ab", io.ErrUnexpectedEOF},
		"no end of nothing":  {t.Context(), scripted{}, "", io.ErrNoProgress},
		"less than nothing":  {t.Context(), scripted{n: -1}, "", ErrBadRead},
		"more than asked":    {t.Context(), scripted{n: 5}, "", ErrBadRead},
		"cancelled":          {cancelled, strings.NewReader("abcd"), "", context.Canceled},
	} {
		buf := make([]byte, 4)
		n, err := Read(c.ctx, c.r, buf)
		if string(buf[:n]) != c.want || err != c.err {
			t.Errorf("%s: %q, %v, want %q, %v", name, buf[:n], err, c.want, c.err)
		}
	}
}
