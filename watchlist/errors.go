package watchlist

import (
	"errors"
	"fmt"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/kv"
)

// The sentinels of this package, for errors.Is; see also [ErrOutside].
var (
	// ErrNotFound: there is no such thing in that workspace. Whether it exists
	// in another one is not told.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: a parameter is malformed; see [ParamError].
	ErrInvalid = errors.New("invalid parameter")
	// ErrExists: the workspace has an entry of that kind and value, or a group
	// of that name.
	ErrExists = errors.New("exists already")
	// ErrQuota: a quota does not allow it; see [QuotaError].
	ErrQuota = errors.New("quota reached")
	// ErrBilling: the workspace's billing does not allow it; see [BillingError].
	ErrBilling = errors.New("blocked by billing")
	// ErrKey: an API key that grants nothing: unknown, revoked or expired,
	// which is not told.
	ErrKey = errors.New("invalid or revoked API key")
	// ErrClosed: the directory was closed, or its store.
	ErrClosed = kv.ErrClosed
)

// A ParamError says which parameter of a call is wrong. It matches [ErrInvalid].
type ParamError struct {
	Param string // "page_size", "entries[3].value"
	Msg   string // "must be from 1 to 200"
}

// Error describes the problem in one line.
func (e *ParamError) Error() string { return e.Param + ": " + e.Msg }

// Is makes errors.Is(err, ErrInvalid) true.
func (e *ParamError) Is(target error) bool { return target == ErrInvalid }

func paramErrorf(param, format string, args ...any) error {
	return &ParamError{Param: param, Msg: fmt.Sprintf(format, args...)}
}

// An ExistsError says which parameter names what exists already. It matches
// [ErrExists].
type ExistsError struct {
	Param string // "value", "entries[3].value", "name"
	ID    string // of what exists; empty if it stands in the same call
}

// Error describes the problem in one line.
func (e *ExistsError) Error() string { return e.Param + ": " + ErrExists.Error() }

// Is makes errors.Is(err, ErrExists) true.
func (e *ExistsError) Is(target error) bool { return target == ErrExists }

// A QuotaError is a refusal to go beyond a quota. It matches [ErrQuota].
type QuotaError struct {
	Metric    string // what is counted: [Kind.Metric]
	Used      int    // entries there are
	Limit     int    // entries there may be
	Requested int    // entries the call would have added
}

// Error is the contract's name for it, such as quota_domains_reached.
func (e *QuotaError) Error() string { return "quota_" + e.Metric + "_reached" }

// Is makes errors.Is(err, ErrQuota) true.
func (e *QuotaError) Is(target error) bool { return target == ErrQuota }

// A BillingError is a refusal because of a workspace's [Billing]. It matches
// [ErrBilling].
type BillingError struct {
	Reason string
	Status string
}

// Error describes the problem in one line.
func (e *BillingError) Error() string {
	return fmt.Sprintf("%v: %s (%s)", ErrBilling, e.Reason, e.Status)
}

// Is makes errors.Is(err, ErrBilling) true.
func (e *BillingError) Is(target error) bool { return target == ErrBilling }

// missing is ErrNotFound of a kind of thing.
func missing(what string) error { return fmt.Errorf("%s: %w", what, ErrNotFound) }

func isMissing(err error) bool { return errors.Is(err, ErrNotFound) }

// damaged says which record could not be read.
func damaged(what string, i id, err error) error {
	return fmt.Errorf("watchlist: %s %s: %w", what, i, err)
}

func corrupt(what string, i id, msg string) error {
	return damaged(what, i, fmt.Errorf("%w: %s", codec.ErrCorrupt, msg))
}
