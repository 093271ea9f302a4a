package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Times of these tests: a limit that is to be met, and one that is not.
const (
	soon  = 150 * time.Millisecond
	later = 30 * time.Second
)

// hostile is a server with short limits, which are to be met.
type hostile struct {
	addr  string
	ended chan error // what the context of /leaks/wait ended with, and the error of /leaks/endless
	log   *syncBuffer
	seen  atomic.Int32
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	hs := &hostile{ended: make(chan error, 10), log: new(syncBuffer)}
	big := strings.Repeat("x", 64<<20)
	h := triedHandler(t, Options{
		BodyTimeout: soon, WriteTimeout: soon, Timeout: later, MaxBodyBytes: 1 << 16,
		Logger:  slog.New(slog.NewTextHandler(hs.log, nil)),
		Observe: func(Observation) { hs.seen.Add(1) },
	},
		route("GET", "/leaks/try", about{api: leaksStyle}, triedTable, echo),
		route("PUT", "/api/v1/try/{id}", about{api: workspaceStyle}, func(in *tried) []*param {
			return []*param{segment("id", &in.ID, "an id"), body(&in.Body, "a body")}
		}, echo),
		route("GET", "/leaks/wait", about{api: leaksStyle}, nothing, func(ctx context.Context, _ *caller, _ *struct{}) (*tried, error) {
			<-ctx.Done()
			hs.ended <- ctx.Err()
			return nil, ctx.Err()
		}),
		route("GET", "/leaks/big", about{api: leaksStyle}, nothing, func(context.Context, *caller, *struct{}) (*tried, error) {
			return &tried{Text: big}, nil
		}),
		streamed("GET", "/leaks/endless", about{api: leaksStyle, lines: []reflect.Type{reflect.TypeFor[tried]()}}, nothing, func(_ context.Context, _ *caller, _ *struct{}, out *lines) error {
			for {
				if err := out.add(tried{}); err != nil {
					hs.ended <- err
					return err
				}
			}
		}))
	srv := Server(h)
	srv.ReadHeaderTimeout, srv.IdleTimeout = soon, soon
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hs.addr = l.Addr().String()
	done := make(chan error)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), later)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Error("a connection hangs:", err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		goleak.VerifyNone(t)
	})
	return hs
}

func (hs *hostile) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", hs.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(later)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

const asMember = " HTTP/1.1\r\nHost: x\r\nX-Api-Key: member-key\r\nAuthorization: Bearer member-key\r\n"

// say sends text and returns what the server answers until it closes; a write
// that fails has been answered before.
func (hs *hostile) say(t *testing.T, text string) string {
	c := hs.dial(t)
	_, _ = io.WriteString(c, text)
	answer, err := io.ReadAll(c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("the connection stays open")
	}
	return string(answer)
}

// status is the code of an answer; 0 for none.
func status(answer string) int {
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestHostileRequests(t *testing.T) {
	hs := newHostile(t)
	over := strings.Repeat
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"a query of 1 MB", "GET /leaks/try?size=1&many=" + over("x", 1<<20) + asMember + "\r\n", 431},
		{"a query beyond the limit", "GET /leaks/try?size=1&many=" + over("x", 33<<10) + asMember + "Connection: close\r\n\r\n", 414},
		{"10,000 parameters", "GET /leaks/try?size=1" + over("&a=", 9000) + asMember + "Connection: close\r\n\r\n", 422},
		{"a header of 1 MB", "GET /leaks/try?size=1" + asMember + "X-A: " + over("x", 1<<20) + "\r\n\r\n", 431},
		{"100,000 headers", "GET /leaks/try?size=1" + asMember + over("X-A: b\r\n", 100_000) + "\r\n", 431},
		{"no end of headers", "GET /leaks/try?size=1" + asMember, 0},
		{"nothing", "", 0},
		{"noise", over("\x00\xff", 1000) + "\r\n\r\n", 400},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		{"two lengths", "PUT /api/v1/try/x" + asMember + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}  ", 400},
		{"length and chunks", "PUT /api/v1/try/x" + asMember + "Connection: close\r\nContent-Type: application/json\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"name\":\"n\"}\r\n0\r\n\r\n", 200},
		{"a body that stops", "PUT /api/v1/try/x" + asMember + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{", 408},
		{"a body that is too long", "PUT /api/v1/try/x" + asMember + "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n" + over(" ", 1_000_000), 413},
		{"chunks without end", "PUT /api/v1/try/x" + asMember + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + over("1000\r\n"+over(" ", 0x1000)+"\r\n", 50), 413},
		{"bad chunks", "PUT /api/v1/try/x" + asMember + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
		{"a body nobody reads", "GET /leaks/try?size=1" + asMember + "Content-Length: 1000000\r\n\r\nx", 200},
		{"chunks nobody reads", "GET /leaks/try?size=1" + asMember + "Transfer-Encoding: chunked\r\n\r\n1000\r\n", 200},
		{"a short body nobody reads", "GET /leaks/try?size=1" + asMember + "Content-Length: 10\r\n\r\nx", 200},
		{"a short body for no path", "POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx", 404},
		{"a short body without a key", "PUT /api/v1/try/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx", 401},
		{"a body without a key", "PUT /api/v1/try/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx", 401},
		{"a body for no path", "POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx", 404},
		{"no host", "GET /leaks/try?size=1 HTTP/1.1\r\nX-Api-Key: member-key\r\n\r\n", 400},
		{"HTTP/1.0", "GET /leaks/try?size=1 HTTP/1.0\r\nX-Api-Key: member-key\r\n\r\n", 200},
		{"HTTP/9.9", "GET /leaks/try?size=1 HTTP/9.9\r\nHost: x\r\n\r\n", 505},
		{"above the root", "GET /../../etc/passwd" + asMember + "Connection: close\r\n\r\n", 404},
		{"no slash", "GET leaks/try" + asMember + "\r\n", 400},
		{"whole URL", "GET http://other.example/leaks/try?size=1" + asMember + "Connection: close\r\n\r\n", 200},
		{"star", "GET *" + asMember + "Connection: close\r\n\r\n", 404},
		{"authority", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\nConnection: close\r\n\r\n", 404},
		{"bad escape", "GET /leaks/%zz" + asMember + "\r\n", 400},
		{"a line in the request id", "GET /leaks/nope" + asMember + "X-Request-Id: a\nb: c\r\nConnection: close\r\n\r\n", 404},
		{"idle after an answer", "GET /leaks/try?size=1" + asMember + "\r\n", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answer := hs.say(t, c.text)
			if got := status(answer); got != c.want {
				t.Errorf("got %d, want %d: %.200q", got, c.want, answer)
			}
			if len(answer) > 4096 {
				t.Errorf("an answer of %d bytes", len(answer))
			}
		})
	}
}

// Requests that follow one another in one piece are answered in order.
func TestPipelined(t *testing.T) {
	hs := newHostile(t)
	one := func(page int, more string) string {
		return fmt.Sprintf("GET /leaks/try?size=1&page=%d%s%s\r\n", page, asMember, more)
	}
	answer := hs.say(t, one(1, "")+one(2, "")+one(3, "Connection: close\r\n"))
	last := -1
	for page := 1; page <= 3; page++ {
		at := strings.Index(answer, fmt.Sprintf(`"Page":%d`, page))
		if at <= last {
			t.Fatalf("page %d at %d after %d", page, at, last)
		}
		last = at
	}
}

// A caller who goes ends the work; one who only stops sending gets an answer,
// of whatever kind, at once.
func TestGone(t *testing.T) {
	hs := newHostile(t)
	for _, end := range []func(*net.TCPConn) error{(*net.TCPConn).Close, (*net.TCPConn).CloseWrite} {
		c := hs.dial(t)
		if _, err := io.WriteString(c, "GET /leaks/wait"+asMember+"\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(soon / 3)
		if err := end(c); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-hs.ended:
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		case <-time.After(later):
			t.Fatal("the work goes on")
		}
	}
}

// A body that was read in time does not end the request when its deadline
// passes.
func TestBodyDeadlineIsLifted(t *testing.T) {
	hs := newHostile(t)
	c := hs.dial(t)
	// Two requests on one connection, the second after the deadline of the
	// first one's body.
	put := "PUT /api/v1/try/x" + asMember + "Content-Type: application/json\r\nContent-Length: 12\r\n"
	if _, err := io.WriteString(c, put+"\r\n{\"name\":\"n\"}"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp.StatusCode, err)
	}
	resp.Body.Close()
	if _, err := io.WriteString(c, "GET /leaks/wait"+asMember+"\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-hs.ended:
		t.Fatal("ended early:", err)
	case <-time.After(3 * soon):
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	<-hs.ended
}

// Who does not read is not waited for.
func TestSlowReaders(t *testing.T) {
	hs := newHostile(t)
	c := hs.dial(t)
	if err := c.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET /leaks/endless"+asMember+"\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-hs.ended:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(later):
		t.Fatal("the stream hangs")
	}
	big := hs.dial(t)
	if _, err := io.WriteString(big, "GET /leaks/big"+asMember+"\r\n"); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); hs.seen.Load() < 2; time.Sleep(soon / 10) {
		if time.Since(begin) > later {
			t.Fatal("the answer hangs")
		}
	}
	if n, err := io.Copy(io.Discard, big); err == nil && n > 64<<20 {
		t.Error("the whole answer came")
	}
	if log := hs.log.String(); strings.Contains(log, "goroutine") || strings.Contains(log, "member-key") {
		t.Error(log)
	}
}

// syncBuffer is a buffer for many goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
