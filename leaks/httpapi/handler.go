package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

// Options configure a [Handler]. Only Store is required.
type Options struct {
	Store *leaks.Store
	// Logger receives a line for each request, and panics; nil is silent.
	Logger *slog.Logger
	// Observe is told of each request, for metrics; it must be quick and safe
	// for concurrent use. Nil is not told.
	Observe func(Observation)

	// Rate is how many requests a second each key may make, in the long run;
	// 100 if 0, and a negative one is no limit. Burst is how many at once;
	// twice the rate if 0.
	Rate, Burst int
	// Concurrency is how many requests are computed at once; 2 for each
	// processor if 0. Others wait, for MaxWait at most (2 s if 0), and are
	// then told to come again. Streams have twice as many places of their own.
	Concurrency int
	MaxWait     time.Duration
	// Timeout bounds the computing of one answer; 30 s if 0. StreamTimeout is
	// that of a whole stream; an hour if 0.
	Timeout, StreamTimeout time.Duration
	// WriteTimeout is how long the client may take to read an answer, or the
	// next piece of a stream; 30 s if 0. BodyTimeout is how long it may take
	// to send a body; 10 s if 0.
	WriteTimeout, BodyTimeout time.Duration
	// MaxQueryBytes bounds the query string; 32 KiB if 0. MaxBodyBytes bounds
	// a body; 1 MiB if 0.
	MaxQueryBytes int
	MaxBodyBytes  int64
	// Now is the clock of rates and durations; time.Now if nil.
	Now func() time.Time
}

// An Observation is what there is to count of one request.
type Observation struct {
	Method   string // one of HTTP's, or OTHER
	Route    string // the pattern, or unknown: never what was sent
	Status   int
	Duration time.Duration
	Bytes    int64 // of the body sent
}

// The ceilings that are no options.
const (
	maxPathBytes = 1 << 10
	maxKeyBytes  = 256
	maxIDBytes   = 64
)

// A Handler serves both APIs over one store. It is safe for concurrent use.
type Handler struct {
	opts     Options
	log      *slog.Logger
	mux      *http.ServeMux
	routes   []*endpoint
	watch    directory
	limits   *limiters
	queries  slots
	streams  slots
	document []byte
}

// New returns a Handler. It fails if options make no sense.
func New(opts Options) (*Handler, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	h := newHandler(o)
	if err := h.serve(slices.Concat(h.leaksRoutes(), h.workspaceRoutes(), h.ownRoutes())); err != nil {
		return nil, err
	}
	return h, nil
}

// newHandler returns a Handler without routes.
func newHandler(o Options) *Handler {
	return &Handler{
		opts: o, log: o.Logger, mux: http.NewServeMux(), watch: o.Store.Watchlists(),
		limits:  newLimiters(o.Rate, o.Burst),
		queries: newSlots(o.Concurrency, o.MaxWait),
		streams: newSlots(2*o.Concurrency, o.MaxWait),
	}
}

func (o Options) withDefaults() (Options, error) {
	for _, v := range []time.Duration{o.MaxWait, o.Timeout, o.StreamTimeout, o.WriteTimeout, o.BodyTimeout} {
		if v < 0 {
			return o, errors.New("httpapi: a duration must not be negative")
		}
	}
	switch {
	case o.Store == nil:
		return o, errors.New("httpapi: a store is required")
	case o.Concurrency < 0 || o.Burst < 0 || o.MaxQueryBytes < 0 || o.MaxBodyBytes < 0:
		return o, errors.New("httpapi: a limit must not be negative")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Rate = orDefault(o.Rate, 100)
	o.Burst = orDefault(o.Burst, 2*max(o.Rate, 0))
	o.Concurrency = orDefault(o.Concurrency, 2*runtime.GOMAXPROCS(0))
	o.MaxWait = orDefault(o.MaxWait, 2*time.Second)
	o.Timeout = orDefault(o.Timeout, 30*time.Second)
	o.StreamTimeout = orDefault(o.StreamTimeout, time.Hour)
	o.WriteTimeout = orDefault(o.WriteTimeout, 30*time.Second)
	o.BodyTimeout = orDefault(o.BodyTimeout, 10*time.Second)
	o.MaxQueryBytes = orDefault(o.MaxQueryBytes, 32<<10)
	o.MaxBodyBytes = orDefault(o.MaxBodyBytes, 1<<20)
	return o, nil
}

func (h *Handler) now() time.Time { return h.opts.Now() }

// ownRoutes are those of neither API.
func (h *Handler) ownRoutes() []*endpoint {
	return []*endpoint{
		route("GET", "/openapi.json", about{
			api: workspaceStyle, access: public, summary: "This document",
		}, nothing, func(context.Context, *caller, *struct{}) (rawObject, error) {
			return h.document, nil
		}),
	}
}

// rawObject is a JSON object made before.
type rawObject []byte

// AppendJSON writes the object.
func (o rawObject) AppendJSON(dst []byte) []byte { return append(dst, o...) }

// serve gives the routes to the mux, by path: what method a path has is decided
// here, so that the answer to another is in the API's own style.
func (h *Handler) serve(routes []*endpoint) (err error) {
	h.routes = routes
	if h.document, err = document(h.routes); err != nil {
		return err
	}
	paths := make(map[string]map[string]*endpoint)
	for _, ep := range h.routes {
		if paths[ep.path] == nil {
			paths[ep.path] = make(map[string]*endpoint)
		}
		paths[ep.path][ep.method] = ep
	}
	for pattern, methods := range paths {
		allow := slices.Sorted(maps.Keys(methods))
		if get := methods[http.MethodGet]; get != nil {
			allow = append(allow, http.MethodHead)
			methods[http.MethodHead] = get
		}
		allowed := []string{strings.Join(allow, ", ")}
		h.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			x := w.(*exchange)
			if ep := methods[r.Method]; ep != nil {
				x.serve(ep, r)
				return
			}
			x.Header()["Allow"] = allowed
			x.fail(errMethod)
		})
	}
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.(*exchange).fail(errPath)
	})
	return nil
}

// cleanPath reports whether a path is spelled in the one way that it has.
func cleanPath(p string) bool { return p == path.Clean(p) && p != "" && p[0] == '/' }
