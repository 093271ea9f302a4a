package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/leakscope/leakscope/watchlist"
)

// An exchange is one request and what becomes of it. It is the ResponseWriter
// of its own answer, so that it knows what was sent.
type exchange struct {
	http.ResponseWriter
	h      *Handler
	r      *http.Request
	ep     *endpoint // nil where no route matches
	caller *caller   // nil on public routes
	api    *style
	start  time.Time
	id     string
	status int // 0 until the header is written
	bytes  int64
	cause  error // what the log says beside the status
	taken  bool  // the body was read to its end
	abort  bool  // break the connection off
}

// ServeHTTP answers one request. It never panics but with
// [http.ErrAbortHandler], to break off an answer that cannot be finished.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, h: h, r: r, start: h.now(), id: requestID(r)}
	defer x.finish()
	header := w.Header()
	header["X-Request-Id"] = []string{x.id}
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
	x.api = styleOf(r.URL.Path)
	if err := h.admit(r); err != nil {
		x.fail(err)
		return
	}
	h.mux.ServeHTTP(x, r)
}

var (
	noStore = []string{"no-store"}
	noSniff = []string{"nosniff"}
)

// admit refuses what no route should look at.
func (h *Handler) admit(r *http.Request) error {
	switch {
	case len(r.URL.RawQuery) > h.opts.MaxQueryBytes, len(r.URL.Path) > maxPathBytes:
		return errQueryLong
	case !cleanPath(r.URL.Path):
		// ServeMux would redirect, and show the query to whoever logs
		// referrers.
		return errPath
	}
	return nil
}

// Write and WriteHeader count what is sent.
func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	n, err := x.ResponseWriter.Write(p)
	x.bytes += int64(n)
	return n, err
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Unwrap lets an http.ResponseController through.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// serve answers by an endpoint.
func (x *exchange) serve(ep *endpoint, r *http.Request) {
	x.ep, x.r, x.api = ep, r, ep.api
	ctx := r.Context()
	err := x.authorize(ctx)
	if err == nil {
		err = ep.run(ctx, x)
	}
	if err != nil {
		x.fail(err)
	}
}

// authorize finds out who asks, and whether they may and not too often.
func (x *exchange) authorize(ctx context.Context) error {
	if x.ep.access == public {
		return nil
	}
	secret := x.api.secret(x.r)
	if secret == "" {
		return errMissingKey
	}
	if len(secret) > maxKeyBytes {
		return errWrongKey
	}
	who, err := x.h.watch.Verify(ctx, secret)
	if err != nil {
		return err
	}
	c := &caller{who: who, watch: x.h.watch}
	x.caller = c
	// The rate comes before the role: whoever tries what they may not has a
	// rate, too.
	if wait := x.h.limits.take(c.keyID(), x.start); wait > 0 {
		return &failure{status: http.StatusTooManyRequests, msg: "Rate limit exceeded", retry: wait}
	}
	switch {
	case x.ep.access == msspKey && !c.mssp():
		return errRole
	case x.ep.access == adminKey && !who.Admin():
		return watchlist.ErrOutside
	}
	return nil
}

// read parses the request by a table; done means that the answer to what is
// wrong with it has been given.
func (x *exchange) read(table []*param) (done bool, err error) {
	bad := parse(table, x.r)
	for _, p := range table {
		if p.in != inBody {
			continue
		}
		wrong, err := x.readBody(p)
		if err != nil {
			return false, err
		}
		bad = append(bad, wrong...)
	}
	if len(bad) == 0 {
		return false, nil
	}
	return true, x.refuse(bad)
}

func (x *exchange) refuse(bad []problem) error {
	status, body := x.api.refusal(bad)
	return x.answer(status, body)
}

// hold runs f while it holds one of so many places, and for so long at most.
func (x *exchange) hold(ctx context.Context, s *slots, limit time.Duration, f func(context.Context) error) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.put()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}

// fail answers with an error.
func (x *exchange) fail(err error) {
	place := inQuery
	if x.ep != nil && x.ep.method != http.MethodGet {
		place = inBody
	}
	if bad := problemsOf(err, place); bad != nil && x.status == 0 {
		if err = x.refuse(bad); err == nil {
			return
		}
	}
	f := failureOf(err)
	x.cause = f.cause
	if x.status != 0 { // too late to say so
		x.abort = true
		return
	}
	header := x.Header()
	if f.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", x.api.challenge)
	}
	if f.retry > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retry.Seconds()))))
	}
	if f.status == http.StatusInternalServerError {
		f.msg = "Internal error, request " + x.id
	}
	if err := x.answer(f.status, x.api.failure(f)); err != nil {
		x.cause, x.abort = errors.Join(x.cause, err), true
	}
}

// finish ends the exchange whatever happened: a panic becomes a 500, and the
// log and the metrics get their line.
func (x *exchange) finish() {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			x.abort = true
		} else {
			x.h.log.LogAttrs(context.Background(), slog.LevelError, "panic",
				slog.String("id", x.id), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			x.fail(&failure{status: http.StatusInternalServerError, cause: errPanic})
		}
	}
	x.report()
	if x.abort {
		panic(http.ErrAbortHandler)
	}
}

var errPanic = errors.New("panic")

// report writes the access log: neither the query, nor the path as sent, nor
// anything of the key but its id.
func (x *exchange) report() {
	took := x.h.now().Sub(x.start)
	pattern := "unknown"
	if x.ep != nil {
		pattern = x.ep.path
	}
	method := knownMethod(x.r.Method)
	if x.h.opts.Observe != nil {
		x.h.opts.Observe(Observation{Method: method, Route: pattern, Status: x.status, Duration: took, Bytes: x.bytes})
	}
	level := slog.LevelInfo
	if x.status >= 500 || x.abort {
		level = slog.LevelWarn
	}
	ctx := context.Background()
	if !x.h.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs,
		slog.String("id", x.id), slog.String("method", method), slog.String("route", pattern),
		slog.Int("status", x.status), slog.Int64("bytes", x.bytes), slog.Duration("took", took))
	if x.caller != nil {
		attrs = append(attrs, slog.String("key", x.caller.keyID()))
	}
	if x.abort {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	if x.cause != nil {
		attrs = append(attrs, slog.String("error", x.cause.Error()))
	}
	x.h.log.LogAttrs(ctx, level, "request", attrs...)
}

// knownMethod bounds what a log or a metric's label can be made to say.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

// requestID is the caller's own, where it is fit to be logged, or a new one.
func requestID(r *http.Request) string {
	if id := single(r.Header["X-Request-Id"]); id != "" && len(id) <= maxIDBytes && isToken(id) {
		return id
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func isToken(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
