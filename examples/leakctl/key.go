package main

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

// key returns the store's key and the file it is in. When create is set and
// there is no such file, one is made with a fresh key, and said so.
func (e *env) key(create bool) (key [32]byte, file string, err error) {
	store, err := realPath(e.cli.Store)
	if err != nil {
		return key, "", err
	}
	file = e.cli.KeyFile
	if file == "" {
		if file, err = defaultKeyFile(store); err != nil {
			return key, "", err
		}
	}
	real, err := realPath(file)
	if err != nil {
		return key, file, err
	}
	if within(store, real) {
		return key, file, usageErrorf("--key-file: %s lies inside the store: whoever copies the store would have its key", file)
	}

	key, err = readKey(file)
	if !errors.Is(err, os.ErrNotExist) {
		return key, file, err
	}
	if !create {
		return key, file, fmt.Errorf("no key file at %s: if %s is a store, name its key with --key-file", file, e.cli.Store)
	}
	if e.cli.KeyFile == "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return key, file, err
		}
	}
	if key, err = makeKey(file); err != nil {
		return key, file, err
	}
	e.say("made a key for %s in %s: keep it, the store cannot be opened without it", e.cli.Store, file)
	return key, file, nil
}

// defaultKeyFile names the key file of a store, given by its real path, in the
// user's configuration directory.
func defaultKeyFile(store string) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no place for a key file: %w; name one with --key-file", err)
	}
	sum := sha256.Sum256([]byte(store))
	return filepath.Join(dir, "leakscope", filepath.Base(store)+"-"+hex.EncodeToString(sum[:6])+".key"), nil
}

// readKey reads a key file. Its errors never quote the file.
func readKey(file string) (key [32]byte, err error) {
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

// makeKey writes a fresh key to a file that must not exist.
func makeKey(file string) (key [32]byte, err error) {
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

// within reports whether path is dir or lies below it; both are real paths.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
