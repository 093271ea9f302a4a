package kv

import "errors"

// The sentinels of this room; package leaks re-exports them by identity.
// Damage is reported as codec.ErrCorrupt.
var (
	// ErrNoSpace: too little free disk to write without risk.
	ErrNoSpace = errors.New("not enough free disk space")
	// ErrLocked: the store is open elsewhere.
	ErrLocked = errors.New("store is already open")
	// ErrNotStore: the directory holds something, but no store of ours, or
	// one of a format this build does not read.
	ErrNotStore = errors.New("not a leakscope store")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
	// ErrFailed: an earlier write ended in doubt, so no more are taken; what is
	// there can be read, and opening the store again settles the doubt.
	ErrFailed = errors.New("an earlier write failed, open the store again")
)
