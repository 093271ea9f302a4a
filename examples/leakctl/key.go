package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/leakscope/leakscope/examples/internal/storekey"
)

// key returns the store's key and the file it is in. When create is set and
// there is no such file, one is made with a fresh key, and said so.
func (e *env) key(create bool) (key [32]byte, file string, err error) {
	k, err := storekey.Find(e.cli.Store, e.cli.KeyFile, create)
	switch {
	case errors.Is(err, storekey.ErrInside):
		err = usageErrorf("--key-file: %s", err)
	case errors.Is(err, os.ErrNotExist) && !create:
		err = fmt.Errorf("no key file at %s: if %s is a store, name its key with --key-file", k.File, e.cli.Store)
	case k.Made:
		e.say("made a key for %s in %s: keep it, the store cannot be opened without it", e.cli.Store, k.File)
	}
	return k.Key, k.File, err
}
