package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"github.com/leakscope/leakscope/leaks/formats"
)

// input is one file to ingest.
type input struct {
	io.Reader
	name string // for progress and places
	size int64  // bytes; 0 when unknown
	// file is set when the input can be read twice, and so has an identity.
	file  *os.File
	close func() error
}

// openInput opens a file, or standard input for "-".
func openInput(path string, stdin io.Reader) (*input, error) {
	if path == "-" {
		return &input{Reader: stdin, name: path, close: func() error { return nil }}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in := &input{Reader: f, name: path, close: f.Close}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, errors.Join(err, f.Close())
	case info.IsDir():
		return nil, errors.Join(errors.New("is a directory"), f.Close())
	case info.Mode().IsRegular():
		in.file, in.size = f, info.Size()
	}
	return in, nil
}

// Close closes the file; standard input stays open.
func (in *input) Close() error { return in.close() }

// identity returns what the input is, for recognising it when it comes again:
// the SHA-256 of the content, and the format it is in, as given or detected.
// It rewinds.
func (in *input) identity(ctx context.Context, format formats.Format) (string, error) {
	h := sha256.New()
	buf := make([]byte, 1<<20) // so large that system calls do not show
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := in.file.Read(buf)
		h.Write(buf[:n])
		if first && format == formats.Auto {
			// What cannot be told here (UTF-16, say), the reader will tell.
			if detected, err := formats.Detect(buf[:min(n, 256<<10)]); err == nil {
				format = detected
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
	}
	_, err := in.file.Seek(0, io.SeekStart)
	return hex.EncodeToString(h.Sum(nil)) + "/" + string(format), err
}
