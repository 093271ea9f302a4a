package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// A failure is an answer that is an error. What it says is for the caller, and
// the same whatever lies outside the caller's scope; its cause is for the log.
type failure struct {
	status int
	msg    string
	body   any           // in place of the message, where the workspace API has more to say
	retry  time.Duration // Retry-After, rounded up to seconds; 0 is none
	cause  error         // logged, never shown
}

func (f *failure) Error() string { return f.msg }
func (f *failure) Unwrap() error { return f.cause }

// outside is the one answer to whatever is none of the caller's business,
// whether it exists or not.
const outside = "You don't have permission to view this"

// The failures of the foundation, before the Go API is asked.
var (
	errMissingKey = &failure{status: http.StatusUnauthorized, msg: "Missing API key"}
	errWrongKey   = &failure{status: http.StatusUnauthorized, msg: "Invalid or revoked API key"}
	errRole       = &failure{status: http.StatusForbidden, msg: "The API key's role does not permit this"}
	errPath       = &failure{status: http.StatusNotFound, msg: "Not found"}
	errMethod     = &failure{status: http.StatusMethodNotAllowed, msg: "Method not allowed"}
	errQueryLong  = &failure{status: http.StatusRequestURITooLong, msg: "The URL is too long"}
	errBodyLarge  = &failure{status: http.StatusRequestEntityTooLarge, msg: "The body is too large"}
	errBodySlow   = &failure{status: http.StatusRequestTimeout, msg: "The body took too long"}
	errBodyType   = &failure{status: http.StatusUnsupportedMediaType, msg: "The body must be application/json"}
	errBusy       = &failure{status: http.StatusServiceUnavailable, msg: "Too many requests are being answered", retry: time.Second}
)

// failureOf says what an error of the Go API is over HTTP. It is the only place
// that knows; an error nobody thought of is a 500 that says nothing.
func failureOf(err error) *failure {
	var (
		f       *failure
		quota   *watchlist.QuotaError
		billing *watchlist.BillingError
		exists  *watchlist.ExistsError
	)
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, watchlist.ErrOutside):
		return &failure{status: http.StatusForbidden, msg: outside, cause: err}
	case errors.Is(err, watchlist.ErrKey):
		return &failure{status: http.StatusUnauthorized, msg: errWrongKey.msg, cause: keyProblem(err)}
	case errors.Is(err, watchlist.ErrNotFound):
		return &failure{status: http.StatusNotFound, msg: errPath.msg, cause: err}
	case errors.As(err, &quota):
		return &failure{status: http.StatusConflict, msg: quota.Error(), cause: err,
			body: &quotaText{quota.Error(), quota.Metric, quota.Used, quota.Limit, quota.Requested}}
	case errors.As(err, &billing):
		return &failure{status: http.StatusForbidden, msg: outside, cause: err, body: &forbiddenText{outside, billing.Reason, billing.Status}}
	case errors.As(err, &exists):
		return &failure{status: http.StatusConflict, msg: exists.Error(), cause: err}
	case errors.Is(err, watchlist.ErrState):
		return &failure{status: http.StatusConflict, msg: watchlist.ErrState.Error(), cause: err}
	case errors.Is(err, leaks.ErrCursor):
		return &failure{status: http.StatusGone, msg: "The cursor is not valid any more: start again", cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{status: http.StatusGatewayTimeout, msg: "The answer took too long", cause: err}
	case errors.Is(err, context.Canceled):
		// Nobody is there to read it, but half-closed connections.
		return &failure{status: http.StatusServiceUnavailable, msg: "The request was cancelled", cause: err}
	case errors.Is(err, leaks.ErrClosed), errors.Is(err, watchlist.ErrClosed):
		return &failure{status: http.StatusServiceUnavailable, msg: "The server is shutting down", retry: 5 * time.Second, cause: err}
	case errors.Is(err, leaks.ErrNoSpace):
		return &failure{status: http.StatusInsufficientStorage, msg: "The server has no room left", cause: err}
	}
	return &failure{status: http.StatusInternalServerError, cause: err}
}

// keyProblem is what a log may know of a key that was refused.
func keyProblem(err error) error {
	if p := watchlist.KeyProblem(err); p != "" {
		return errors.New("the key is " + p)
	}
	return err
}

// problemsOf returns what err says of a parameter, if it does.
func problemsOf(err error, in place) []problem {
	var p *leaks.ParamError
	if errors.As(err, &p) {
		return []problem{{[]string{string(in), p.Param}, p.Msg, "value_error"}}
	}
	return nil
}
