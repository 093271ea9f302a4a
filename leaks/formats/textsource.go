package formats

import (
	"bytes"
	"context"
	"io"
	"unicode/utf8"

	"github.com/leakscope/leakscope/internal/readfull"
)

// chunkSize is how much of a file is read at once. A record holds its whole
// chunk in memory, so small files get small ones.
const chunkSize = 128 << 10

// A textSource hands out the lines of one file, decoded and clean. The lines
// alias memory that is never written again.
type textSource struct {
	ctx     context.Context
	r       io.Reader
	max     int      // longest line
	buf     []byte   // read and not handed out
	err     error    // how the input ended, once it has
	size    int64    // of the file if known
	newline byte     // '\n', or '\r' in files of old Macs
	page    codePage // of lines that are not UTF-8
	held    int64    // bytes of chunks handed out
}

func newTextSource(ctx context.Context, r io.Reader, size int64, maxLine int) *textSource {
	return &textSource{ctx: ctx, r: r, size: size, max: maxLine, newline: '\n'}
}

// sample returns the beginning of the file without consuming it, but for a byte
// order mark. Its lines end in '\n'. It is the first call.
func (t *textSource) sample() ([]byte, error) {
	n := chunkSize
	if 0 <= t.size && t.size < chunkSize {
		n = int(t.size) + 1 // one more, to see the end
	}
	t.read(n)
	if order, _ := orderUTF16(t.buf); order != nil {
		read, err := bytes.NewReader(t.buf), t.err
		t.r, t.buf, t.err = decodeUTF16(io.MultiReader(read, afterError{t.r, err})), nil, nil
		t.read(chunkSize)
	}
	t.buf = bytes.TrimPrefix(t.buf, bom)
	if t.err != nil && t.err != io.EOF && len(t.buf) == 0 {
		return nil, t.err
	}
	if bytes.IndexByte(t.buf, '\n') < 0 && bytes.IndexByte(t.buf, '\r') >= 0 {
		t.newline = '\r'
	}
	sample := t.buf
	if t.newline == '\r' {
		sample = bytes.ReplaceAll(sample, []byte{'\r'}, []byte{'\n'})
	}
	if !isASCII(t.buf) && !utf8.Valid(t.buf) {
		t.page = guessPage(t.buf)
	}
	return sample, nil
}

// rest reads what is left of the file, decoded, from behind the sample on.
func (t *textSource) rest() io.Reader {
	return io.MultiReader(bytes.NewReader(t.buf), afterError{t.r, t.err})
}

// An afterError reads what follows bytes read before, unless they ended in an
// error.
type afterError struct {
	r   io.Reader
	err error
}

func (r afterError) Read(b []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	return r.r.Read(b)
}

// read puts up to n more bytes behind buf, in fresh memory.
func (t *textSource) read(n int) {
	room := make([]byte, len(t.buf)+n)
	k := copy(room, t.buf)
	var m int
	m, t.err = readfull.Read(t.ctx, t.r, room[k:])
	t.buf = room[:k+m]
	t.held += int64(len(room))
}

// next returns the next line without its end, and whether it was too long, in
// which case it is empty. The error is io.EOF behind the last line.
func (t *textSource) next() (line []byte, long bool, err error) {
	from := 0
	for {
		if i := bytes.IndexByte(t.buf[from:], t.newline); i >= 0 {
			line, t.buf = t.buf[:from+i], t.buf[from+i+1:]
			return t.clean(line)
		}
		if t.err != nil {
			break
		}
		if len(t.buf) > t.max {
			t.skip()
			return nil, true, nil
		}
		from = len(t.buf)
		t.read(chunkSize)
	}
	if t.err != io.EOF {
		return nil, false, t.err // nobody knows what it cut off
	}
	if len(t.buf) == 0 {
		return nil, false, io.EOF
	}
	line, t.buf = t.buf, nil
	return t.clean(line)
}

// skip discards the rest of a line too long to hold.
func (t *textSource) skip() {
	for t.err == nil {
		t.buf = nil
		t.read(chunkSize)
		t.held -= chunkSize
		if i := bytes.IndexByte(t.buf, t.newline); i >= 0 {
			t.buf = t.buf[i+1:]
			return
		}
	}
	t.buf = nil
}

// clean decodes a line and takes away what is no text: the carriage return at
// its end, byte order marks left by joining files, control bytes but for tabs.
func (t *textSource) clean(line []byte) ([]byte, bool, error) {
	if len(line) > t.max {
		return nil, true, nil
	}
	for len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	if hasControl(line) {
		line = dropControl(line)
	}
	if !isASCII(line) {
		if line[0] == bom[0] {
			line = bytes.TrimPrefix(line, bom)
		}
		if !utf8.Valid(line) {
			line = t.page.decode(line)
		}
	}
	return line, false, nil
}

// dropControl returns b without control bytes other than tabs.
func dropControl(b []byte) []byte {
	kept := make([]byte, 0, len(b))
	for _, c := range b {
		if c >= ' ' || c == '\t' {
			kept = append(kept, c)
		}
	}
	return kept
}
