// Package readfull reads pieces of inputs from readers that may be anybody's.
package readfull

import (
	"context"
	"errors"
	"io"
)

// ErrBadRead is returned for a reader that claims to have read less than nothing,
// or more than there was room for.
var ErrBadRead = errors.New("reader returned an impossible count")

// idleReads is after how many reads of nothing in a row a reader is given up.
const idleReads = 100

// Read reads until buf is full. It returns io.EOF and other errors, as they are,
// with the bytes that came before them, and looks at ctx between reads. Unlike
// after io.ReadFull, an input that is cut short by its own account, which is
// io.ErrUnexpectedEOF, is not mistaken for one that ends.
func Read(ctx context.Context, r io.Reader, buf []byte) (n int, err error) {
	for idle := 0; n < len(buf) && err == nil; {
		if err = ctx.Err(); err != nil {
			break
		}
		var m int
		m, err = r.Read(buf[n:])
		if m < 0 || m > len(buf)-n {
			return n, ErrBadRead
		}
		n += m
		if m > 0 {
			idle = 0
		} else if idle++; idle == idleReads && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}
