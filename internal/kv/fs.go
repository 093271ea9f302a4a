package kv

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return cmp.Or(f.Sync(), f.Close())
}

// writeFile creates path with b in it, durable but for its name.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return cmp.Or(err, f.Close())
}

// diskError adds ErrNoSpace to an error of the operating system that means it.
func diskError(err error) error {
	if err == nil || errors.Is(err, ErrNoSpace) {
		return err
	}
	if meansNoSpace(err) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return err
}

var noSpaceErrnos = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}

func meansNoSpace(err error) bool {
	for _, e := range noSpaceErrnos {
		// Badger keeps the text of an error and drops its type.
		if errors.Is(err, e) || strings.Contains(err.Error(), e.Error()) {
			return true
		}
	}
	return false
}

// otherTrouble are errors of the machine, not of the bytes stored.
var otherTrouble = []syscall.Errno{syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EIO}

// troubleOf finds such an error, of which Badger keeps the text and drops the type.
func troubleOf(err error) (syscall.Errno, bool) {
	for _, e := range otherTrouble {
		if errors.Is(err, e) || strings.Contains(err.Error(), e.Error()) {
			return e, true
		}
	}
	return 0, false
}

// dirBytes is what the plain files in dir take on disk. Files that go away
// meanwhile are passed over.
func dirBytes(dir string) (int64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, e := range entries {
		fi, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		n += diskBytes(fi)
	}
	return n, nil
}
