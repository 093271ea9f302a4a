package formats

import (
	"bytes"
	"context"
	"io"

	"github.com/leakscope/leakscope/internal/readfull"
)

// blockSize is how much input goes to a worker at once: small enough for a
// core's own cache together with the records it gives, large enough that
// handing it over costs nothing.
const blockSize = 256 << 10

// A splitter cuts a file into blocks of whole lines.
type splitter struct {
	r     io.Reader
	size  int    // bytes to read at a time
	max   int    // longest line it holds, without the newline
	carry []byte // bytes read and not handed out, tail of the last buffer
	err   error  // how the input ended, once it has

	// free holds buffers that nobody uses any more; nil when all memory is to
	// be fresh. room is the buffer that the data returned last has to itself
	// but for carry, nil if there is none: to be put into free when data is
	// not used any more.
	free chan []byte
	room []byte
}

// buffer returns n bytes, fresh or free.
func (s *splitter) buffer(n int) []byte {
	select {
	case b := <-s.free:
		if cap(b) >= n {
			return b[:n]
		}
	default:
	}
	if s.free == nil {
		return make([]byte, n)
	}
	return make([]byte, n, max(n, s.size+s.size/4))
}

// peek returns up to n bytes of the beginning without consuming them, but for a
// byte order mark. It is the first call. Like the whole sequence it returns
// once ctx is done, even when a call of Read hangs.
func (s *splitter) peek(ctx context.Context, n int) ([]byte, error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, n)
		n, s.err = readfull.Read(ctx, s.r, buf)
		s.carry = bytes.TrimPrefix(buf[:n], bom)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.err != nil && s.err != io.EOF && n == 0 {
		return nil, s.err
	}
	return s.carry, nil
}

// next returns the next lines. Only the input's last line may lack its newline;
// lines above max may stand in data and are the caller's to refuse, unless they
// are too large to hold: then long is set, and the line is gone. The error is
// io.EOF at the end; of a line cut short by another error nothing is returned.
func (s *splitter) next(ctx context.Context) (data []byte, long bool, err error) {
	s.room = nil
	if len(s.carry) > s.size {
		if i := bytes.LastIndexByte(s.carry[:s.size], '\n'); i >= 0 {
			data, s.carry = s.carry[:i+1], s.carry[i+1:]
			return data, false, nil
		}
	}
	if s.err != nil {
		return s.last()
	}
	// Records alias it for as long as they live. A free buffer may be the very
	// one that carry lies in.
	buf := s.buffer(len(s.carry) + s.size)
	n := copy(buf, s.carry)
	s.carry = nil
	for from := 0; ; {
		var m int
		m, s.err = readfull.Read(ctx, s.r, buf[n:])
		n += m
		if s.err == io.EOF {
			if n == 0 {
				return nil, false, io.EOF
			}
			s.room = buf
			return buf[:n], false, nil
		}
		if i := bytes.LastIndexByte(buf[from:n], '\n'); i >= 0 {
			s.carry, s.room = buf[from+i+1:n], buf
			return buf[:from+i+1], false, nil
		}
		if s.err != nil {
			return nil, false, s.err
		}
		if n > s.max {
			if err := s.skipLine(ctx, buf); err != nil {
				return nil, false, err
			}
			return nil, true, nil
		}
		from = n
		buf = append(buf, make([]byte, s.size)...)
	}
}

// last returns what is left once the input has ended: after an error only the
// whole lines, as nobody knows what the error cut off.
func (s *splitter) last() (data []byte, long bool, err error) {
	rest := s.carry
	s.carry = nil
	if s.err != io.EOF {
		rest = rest[:bytes.LastIndexByte(rest, '\n')+1]
	}
	if len(rest) == 0 {
		return nil, false, s.err
	}
	return rest, false, nil
}

// skipLine discards input to behind the next newline, using buf as room. The
// input's end ends the line too; any other error is returned.
func (s *splitter) skipLine(ctx context.Context, buf []byte) error {
	for s.err == nil {
		var n int
		n, s.err = readfull.Read(ctx, s.r, buf)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			s.carry = buf[i+1 : n]
			return nil
		}
	}
	if s.err == io.EOF {
		return nil
	}
	return s.err
}
