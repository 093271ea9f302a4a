package leaks

import (
	"errors"
	"fmt"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/kv"
	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/watchlist"
)

// The sentinels of this package, for errors.Is. Those of lower rooms are the
// same values.
var (
	// ErrCorrupt: stored bytes are not what was written. The message says in
	// which segment, section and offset, never what stood there.
	ErrCorrupt = codec.ErrCorrupt
	// ErrVersion: a segment of a format that this build does not know.
	ErrVersion = segment.ErrVersion
	// ErrNoSpace: the disk has not enough room to go on safely. Nothing was
	// lost; free some and try again.
	ErrNoSpace = kv.ErrNoSpace
	// ErrLocked: another process, or this one, has the store open.
	ErrLocked = kv.ErrLocked
	// ErrWrongKey: the store was made under another key.
	ErrWrongKey = errors.New("wrong key for this store")
	// ErrNotStore: the directory holds something that is no store.
	ErrNotStore = kv.ErrNotStore
	// ErrFailed: an earlier write ended in doubt; open the store again.
	ErrFailed = kv.ErrFailed
	// ErrClosed: the store was closed.
	ErrClosed = kv.ErrClosed
	// ErrOutside: something lies outside the scope, whether or not it exists.
	ErrOutside = watchlist.ErrOutside
	// ErrNotFound: there is nothing of that name, or nothing in scope.
	ErrNotFound = watchlist.ErrNotFound
	// ErrInvalid: a query or an option is malformed; see [ParamError].
	ErrInvalid = watchlist.ErrInvalid
	// ErrCursor: the snapshot of a cursor is gone; start again. One that is no
	// cursor of this store and query is ErrInvalid.
	ErrCursor = errors.New("cursor is not valid any more")
)

// A ParamError says which parameter of a call is wrong, by its contract name.
// It matches [ErrInvalid].
type ParamError = watchlist.ParamError

func paramErrorf(param, format string, args ...any) error {
	return &ParamError{Param: param, Msg: fmt.Sprintf(format, args...)}
}
