package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// copyBuffer is how many bytes move at a time: enough that a system call does
// not show.
const copyBuffer = 1 << 20

// input is one file to ingest.
type input struct {
	name string // for progress and places
	size int64  // bytes; 0 when unknown
	// file is set when the input can be read twice, and so has an identity.
	file  *os.File
	read  io.Reader
	close func() error
}

// openInput opens a file, or standard input for "-".
func openInput(ctx context.Context, path string, stdin io.Reader) (*input, error) {
	if path == "-" {
		return stream(ctx, "-", stdin, func() error { return nil }), nil
	}
	f, err := os.Open(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err // the caller says the path
		}
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, errors.Join(err, f.Close())
	case info.IsDir():
		return nil, errors.Join(errors.New("is a directory"), f.Close())
	case !info.Mode().IsRegular():
		return stream(ctx, path, f, f.Close), nil
	}
	return &input{name: path, size: info.Size(), file: f, read: f, close: f.Close}, nil
}

// stream makes an input of a pipe or terminal. A read that waits there cannot
// be interrupted, so it waits in a goroutine of its own; at worst that one
// lives until the process ends.
func stream(ctx context.Context, name string, r io.Reader, close func() error) *input {
	pr, pw := io.Pipe()
	stop := context.AfterFunc(ctx, func() { pw.CloseWithError(context.Cause(ctx)) })
	go func() {
		_, err := io.CopyBuffer(pw, struct{ io.Reader }{r}, make([]byte, copyBuffer))
		pw.CloseWithError(err)
	}()
	return &input{name: name, read: pr, close: func() error {
		stop()
		return errors.Join(pr.Close(), close())
	}}
}

// Read reads the content.
func (in *input) Read(p []byte) (int, error) { return in.read.Read(p) }

// Close closes the file; standard input stays open.
func (in *input) Close() error { return in.close() }

// digest returns the SHA-256 of the content in hex, and rewinds.
func (in *input) digest(ctx context.Context) (string, error) {
	h := sha256.New()
	buf := make([]byte, copyBuffer)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := in.file.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
	}
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("rewinding: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
