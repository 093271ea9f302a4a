package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// An appender writes its JSON itself, the same that encoding/json would write.
type appender interface{ AppendJSON([]byte) []byte }

// buffers holds the bytes of answers between requests.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// keepBuffer is the largest buffer that is kept.
const keepBuffer = 256 << 10

func appendJSON(dst []byte, v any) ([]byte, error) {
	if a, ok := v.(appender); ok {
		return a.AppendJSON(dst), nil
	}
	b, err := json.Marshal(v)
	return append(dst, b...), err
}

// answer sends v as JSON, whole, with its length.
func (x *exchange) answer(status int, v any) error {
	buf := buffers.Get().(*[]byte)
	b, err := appendJSON((*buf)[:0], v)
	if err == nil {
		b = append(b, '\n')
		header := x.Header()
		header["Content-Type"] = jsonType
		header["Content-Length"] = []string{strconv.Itoa(len(b))}
		x.begin(status)
		if _, werr := x.Write(b); werr != nil {
			x.cause, x.abort = werr, true // the client has gone, or reads too slowly
		}
	}
	if cap(b) <= keepBuffer {
		*buf = b
		buffers.Put(buf)
	}
	return err
}

var jsonType = []string{"application/json"}

// begin sends the header of an answer.
func (x *exchange) begin(status int) {
	x.deadline()
	if x.r.ContentLength != 0 && !x.taken {
		// Nobody reads this body to its end. The server would read on, for
		// the next request behind it, as long as it takes.
		x.Header()["Connection"] = []string{"close"}
		_ = http.NewResponseController(x.ResponseWriter).SetReadDeadline(time.Now().Add(min(x.h.opts.BodyTimeout, lingering)))
	}
	x.WriteHeader(status)
}

// lingering is how long a connection with an unread body stays open, so that
// its client comes to read the answer.
const lingering = time.Second

// deadline gives the client so long to take what is written next. Where the
// connection has no deadlines, as in a test, the server's own must do.
func (x *exchange) deadline() {
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(time.Now().Add(x.h.opts.WriteTimeout))
}

// lines is an answer of one JSON value a line. They are gathered and sent in
// pieces; each must be taken within the write timeout.
type lines struct {
	x   *exchange
	buf []byte
}

// flushBytes is about how much is sent at once.
const flushBytes = 32 << 10

// add adds a line.
func (l *lines) add(v any) error {
	b, err := appendJSON(l.buf, v)
	if err != nil {
		return err
	}
	l.buf = append(b, '\n')
	if len(l.buf) >= flushBytes {
		return l.flush()
	}
	return nil
}

// flush sends what was gathered.
func (l *lines) flush() error {
	if l.x.status == 0 {
		l.x.Header()["Content-Type"] = linesType
		l.x.begin(http.StatusOK)
	} else {
		l.x.deadline()
	}
	if _, err := l.x.Write(l.buf); err != nil {
		return err
	}
	l.buf = l.buf[:0]
	if err := http.NewResponseController(l.x.ResponseWriter).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// end sends the rest.
func (l *lines) end() error { return l.flush() }

const linesMedia = "application/x-ndjson"

var linesType = []string{linesMedia}

// readBody decodes the request's JSON into what p declares.
func (x *exchange) readBody(p *param) ([]problem, error) {
	media, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, errBodyType
	}
	rc := http.NewResponseController(x.ResponseWriter)
	timed := rc.SetReadDeadline(time.Now().Add(x.h.opts.BodyTimeout)) == nil
	raw, err := io.ReadAll(http.MaxBytesReader(x.ResponseWriter, x.r.Body, x.h.opts.MaxBodyBytes))
	x.taken = err == nil
	if timed && x.taken {
		// A deadline that stands would end the request when it passes: the
		// server listens on while we answer.
		_ = rc.SetReadDeadline(time.Time{})
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, errBodyLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errBodySlow
	case err != nil:
		return nil, &failure{status: http.StatusBadRequest, msg: "The body could not be read", cause: err}
	}
	return decodeBody(raw, p.body), nil
}
