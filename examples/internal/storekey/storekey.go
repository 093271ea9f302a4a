// Package storekey keeps the key of a store in a file: 64 hex digits, readable
// by its owner, outside the store, so that a copy of the store is not a copy of
// the key.
package storekey

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ErrInside reports a key file within the store.
var ErrInside = errors.New("lies inside the store: whoever copies the store would have its key")

// A Key is a store's key and where it was found.
type Key struct {
	Key  [32]byte
	File string
	Made bool // by this call
}

// Find returns the key of a store. file is where it is; if empty, it is a file
// of the user's configuration directory, named after the store. When create is
// set and there is no such file, one is made with a fresh key. The File of the
// answer is right even beside an error, once it is known. Errors never quote the
// file's content; a file that is missing is os.ErrNotExist.
func Find(store, file string, create bool) (Key, error) {
	k := Key{File: file}
	store, err := realPath(store)
	if err != nil {
		return k, err
	}
	if k.File == "" {
		if k.File, err = defaultFile(store); err != nil {
			return k, err
		}
	}
	real, err := realPath(k.File)
	if err != nil {
		return k, err
	}
	if within(store, real) {
		return k, fmt.Errorf("%s %w", k.File, ErrInside)
	}
	if k.Key, err = read(k.File); !errors.Is(err, os.ErrNotExist) || !create {
		return k, err
	}
	if file == "" {
		if err := os.MkdirAll(filepath.Dir(k.File), 0o700); err != nil {
			return k, err
		}
	}
	k.Key, err = generate(k.File)
	k.Made = err == nil
	return k, err
}

// defaultFile names the key file of a store, given by its real path, in the
// user's configuration directory.
func defaultFile(store string) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no place for a key file: %w; name one with --key-file", err)
	}
	sum := sha256.Sum256([]byte(store))
	return filepath.Join(dir, "leakscope", filepath.Base(store)+"-"+hex.EncodeToString(sum[:6])+".key"), nil
}

// read reads a key file. Its errors never quote the file.
func read(file string) (key [32]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return key, err
	}
	defer f.Close()
	// A little more than a key and its newline, to see that nothing follows.
	text, err := io.ReadAll(io.LimitReader(f, 256))
	if err != nil {
		return key, err
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != len(key) {
		return key, fmt.Errorf("%s is no key file: it must hold 64 hex digits", file)
	}
	return [32]byte(raw), nil
}

// generate writes a fresh key to a file that must not exist.
func generate(file string) (key [32]byte, err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return key, err
	}
	if _, err := rand.Read(key[:]); err != nil {
		return key, errors.Join(err, f.Close(), os.Remove(file))
	}
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	// A store must not outlive its key in a power cut.
	err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(file)))
	if err != nil {
		return key, errors.Join(err, os.Remove(file))
	}
	return key, nil
}

// syncDir makes the entries of a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// realPath returns the absolute path of a file without symbolic links, whether
// or not the file exists yet.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for dir, rest := abs, ""; ; {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, os.ErrNotExist) || parent == dir {
			return "", err
		}
		dir, rest = parent, filepath.Join(filepath.Base(dir), rest)
	}
}

// Inside reports whether path is dir or lies below it, wherever symbolic links
// lead; neither needs to exist.
func Inside(dir, path string) (bool, error) {
	dir, err := realPath(dir)
	if err != nil {
		return false, err
	}
	path, err = realPath(path)
	return err == nil && within(dir, path), err
}

// within is Inside of real paths.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
