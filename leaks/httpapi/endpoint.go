package httpapi

import (
	"context"
	"net/http"
	"reflect"
)

// An endpoint is one route: what it takes, who may ask, and the one call of the
// Go API that answers.
type endpoint struct {
	method, path string // the path as net/http.ServeMux has it
	about
	// table is the parameters, over a fresh input; the document is made of it.
	table func() []*param
	// answer is what the body of a 2xx is; nil for a stream.
	answer reflect.Type
	run    func(context.Context, *exchange) error
}

// about is what a route says of itself.
type about struct {
	api     *style
	access  access
	summary string
	doc     string         // more than the summary says, if anything
	status  int            // of success; 200 if 0
	lines   []reflect.Type // of a stream: what a line may be
	errors  []int          // statuses of its own, beside those that its kind brings
}

// scoped are the errors of a route with a scope: outside it, and no such
// workspace.
var scoped = []int{http.StatusForbidden, http.StatusNotFound}

// access is who may call a route.
type access uint8

const (
	keyed    access = iota // whoever has a key
	msspKey                // a key of the role mssp or admin
	adminKey               // a key of the role admin
	public                 // anybody
)

// route declares a route that answers with one JSON value. params returns the
// table over an input; serve is called with the input parsed, valid by the
// table, and answers by one call of the Go API, with its errors as they are.
func route[In, Out any](method, path string, a about, params func(*In) []*param, serve func(context.Context, *caller, *In) (Out, error)) *endpoint {
	return &endpoint{
		method: method, path: path, about: a, answer: reflect.TypeFor[Out](),
		table: func() []*param { return params(new(In)) },
		run: func(ctx context.Context, x *exchange) error {
			var in In
			if done, err := x.read(params(&in)); done || err != nil {
				return err
			}
			var out Out
			err := x.hold(ctx, &x.h.queries, x.h.opts.Timeout, func(ctx context.Context) (err error) {
				out, err = serve(ctx, x.caller, &in)
				return err
			})
			if err != nil {
				return err
			}
			return x.answer(orDefault(a.status, 200), out)
		},
	}
}

// streamed declares a route that answers with lines of JSON. An error before
// the first line is answered like any other; one after it breaks the connection
// off, so that nobody takes a part for the whole.
func streamed[In any](method, path string, a about, params func(*In) []*param, serve func(context.Context, *caller, *In, *lines) error) *endpoint {
	return &endpoint{
		method: method, path: path, about: a,
		table: func() []*param { return params(new(In)) },
		run: func(ctx context.Context, x *exchange) error {
			var in In
			if done, err := x.read(params(&in)); done || err != nil {
				return err
			}
			return x.hold(ctx, &x.h.streams, x.h.opts.StreamTimeout, func(ctx context.Context) error {
				l := &lines{x: x}
				if err := serve(ctx, x.caller, &in, l); err != nil {
					return err
				}
				return l.end()
			})
		},
	}
}

// nothing is the table of a route without parameters.
func nothing(*struct{}) []*param { return nil }

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}
