package kv

import "errors"

// The sentinels of this room; package leaks re-exports them by identity.
var (
	// ErrNoSpace: too little free disk to write without risk.
	ErrNoSpace = errors.New("not enough free disk space")
	// ErrLocked: the store is open elsewhere.
	ErrLocked = errors.New("store is already open")
)
