package formats

import (
	"context"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeUTF16 returns r, in UTF-8 if r begins with the byte order mark of
// UTF-16: some stealers and Windows editors write it. Without a mark the bytes
// are passed on as they are. Half a surrogate pair becomes U+FFFD.
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
		if u.err != nil {
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

// begin looks at the first two bytes.
func (u *utf16Reader) begin() {
	u.begun = true
	mark := make([]byte, 2)
	var n int
	n, u.err = fill(context.Background(), u.r, mark)
	u.in = mark[:n]
	switch string(u.in) {
	case "\xff\xfe":
		u.order = binary.LittleEndian
	case "\xfe\xff":
		u.order = binary.BigEndian
	default:
		return
	}
	u.in = nil
	u.room = make([]byte, 64<<10)
}

// decode reads once and decodes what is whole.
func (u *utf16Reader) decode() {
	n := copy(u.room, u.in)
	m, err := u.r.Read(u.room[n:])
	if m < 0 || m > len(u.room)-n {
		m, err = 0, errBadRead
	}
	u.in, u.err = u.room[:n+m], err
	u.text = u.text[:0]
	defer func() { u.out = u.text }()
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
