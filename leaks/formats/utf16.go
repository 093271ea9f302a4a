package formats

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/leakscope/leakscope/internal/readfull"
)

// decodeUTF16 returns r, in UTF-8 if r begins with the byte order mark of
// UTF-16, or without one looks like it: some stealers and Windows editors write
// it. Other bytes are passed on as they are. Half a surrogate pair becomes
// U+FFFD.
func decodeUTF16(r io.Reader) io.Reader { return &utf16Reader{r: r} }

type utf16Reader struct {
	r     io.Reader
	begun bool
	order binary.ByteOrder // nil: not UTF-16
	in    []byte           // bytes read and not decoded yet
	room  []byte           // what in lies in
	text  []byte           // what out lies in
	out   []byte           // decoded and not handed out yet
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	if !u.begun {
		u.begin()
	}
	if u.order == nil {
		if len(u.in) > 0 {
			n := copy(p, u.in)
			u.in = u.in[n:]
			return n, nil
		}
		if u.err != nil {
			return 0, u.err
		}
		return u.r.Read(p)
	}
	for len(u.out) == 0 {
		if u.err != nil && len(u.in) == 0 {
			return 0, u.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		u.decode()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

// utf16Sample is how many bytes are looked at where no mark tells.
const utf16Sample = 4 << 10

// begin looks at the first bytes.
func (u *utf16Reader) begin() {
	u.begun = true
	sample := make([]byte, utf16Sample)
	var n int
	n, u.err = readfull.Read(context.Background(), u.r, sample)
	u.in = sample[:n]
	var mark int
	if u.order, mark = orderUTF16(u.in); u.order == nil {
		return
	}
	u.in = u.in[mark:]
	u.room = make([]byte, max(64<<10, n))
}

// orderUTF16 returns the byte order of a file that begins with b, nil if it is
// not UTF-16, and the length of its mark.
func orderUTF16(b []byte) (binary.ByteOrder, int) {
	switch {
	case len(b) >= 2 && b[0] == 0xFF && b[1] == 0xFE:
		return binary.LittleEndian, 2
	case len(b) >= 2 && b[0] == 0xFE && b[1] == 0xFF:
		return binary.BigEndian, 2
	}
	return guessUTF16(b[:min(len(b), utf16Sample)]), 0
}

// guessUTF16 returns the byte order of UTF-16 without a mark, nil for what is
// not. In text of any language the ASCII characters in it (blanks, digits, line
// ends, keys) have a zero for one byte, and no character has it for the other.
func guessUTF16(b []byte) binary.ByteOrder {
	pairs := len(b) / 2
	if pairs < 4 || bytes.IndexByte(b, 0) < 0 {
		return nil
	}
	var zeros [2]int
	for i := 0; i+1 < len(b); i += 2 {
		for j := range zeros {
			if b[i+j] == 0 {
				zeros[j]++
			}
		}
	}
	switch {
	case zeros[1]*10 >= 4*pairs && zeros[0]*50 <= pairs:
		return binary.LittleEndian
	case zeros[0]*10 >= 4*pairs && zeros[1]*50 <= pairs:
		return binary.BigEndian
	}
	return nil
}

// decode reads once and decodes what is whole.
func (u *utf16Reader) decode() {
	n := copy(u.room, u.in)
	m, err := 0, u.err
	if err == nil {
		if m, err = u.r.Read(u.room[n:]); m < 0 || m > len(u.room)-n {
			m, err = 0, readfull.ErrBadRead
		}
	}
	u.in, u.err = u.room[:n+m], err
	u.text = u.text[:0]
	defer func() {
		u.out = u.text
		if err != nil {
			u.in = nil // half a unit at the end
		}
	}()
	for len(u.in) >= 2 {
		r := rune(u.order.Uint16(u.in))
		size := 2
		if utf16.IsSurrogate(r) {
			if len(u.in) < 4 && err == nil {
				return // its other half is still to come
			}
			high := r
			r = utf8.RuneError
			if len(u.in) >= 4 {
				if r = utf16.DecodeRune(high, rune(u.order.Uint16(u.in[2:]))); r != utf8.RuneError {
					size = 4
				}
			}
		}
		u.text = utf8.AppendRune(u.text, r)
		u.in = u.in[size:]
	}
}
