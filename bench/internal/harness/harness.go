// Package harness has what the commands that measure stores share.
package harness

import (
	"encoding/hex"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
)

// ReadKey reads the key of a store: a file of 64 hex digits.
func ReadKey(path string) (key [32]byte, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return key, err
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != len(key) {
		return key, fmt.Errorf("%s: not a key file", path)
	}
	return [32]byte(b), nil
}

// Profile begins to write a profile of the processor's time to a file, none if
// path is empty, until stop is called.
func Profile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
