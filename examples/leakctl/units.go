package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

func sizeOf(path string) (n int64) {
	volumes, err := archives.Volumes(path)
	if err != nil {
		volumes = []string{path}
	}
	for _, v := range volumes {
		if info, err := os.Stat(v); err == nil {
			n += info.Size()
		}
	}
	return n
}

// identity returns what a unit is, for recognising it when it comes again: the
// SHA-256 of its content, of a folder with its paths, and the format it is in,
// as given or detected.
func (u unit) identity(ctx context.Context, in *intake) (string, error) {
	h := sha256.New()
	format := in.format
	if u.loose {
		if err := u.hashFolder(ctx, in, h); err != nil {
			return "", err
		}
		return hex.EncodeToString(h.Sum(nil)) + "/" + string(format), nil
	}
	volumes, err := archives.Volumes(u.path)
	if err != nil {
		return "", err
	}
	for i, v := range volumes {
		f, err := os.Open(v)
		if err != nil {
			return "", err
		}
		head, err := hashAll(ctx, h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
		if i == 0 && format == formats.Auto {
			// What cannot be told here (UTF-16, say), the reader will tell.
			if detected, err := formats.Detect(head); err == nil {
				format = detected
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)) + "/" + string(format), nil
}

// hashAll hashes r and returns its first 256 KiB.
func hashAll(ctx context.Context, h hash.Hash, r io.Reader) (head []byte, err error) {
	buf := make([]byte, 1<<20) // so large that system calls do not show
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		if first {
			head = append(head, buf[:min(n, 256<<10)]...)
		}
		if errors.Is(err, io.EOF) {
			return head, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// hashFolder hashes the paths and the content of a folder's loose files. What
// cannot be read is no part of it.
func (u unit) hashFolder(ctx context.Context, in *intake, h hash.Hash) error {
	buf := make([]byte, 256<<10)
	for e, err := range u.walk(ctx, in.options) {
		if err != nil {
			if errors.As(err, new(*formats.Damage)) {
				continue
			}
			return err
		}
		one := sha256.New()
		if !formats.Grabbed(e.Path) {
			r, err := e.Open()
			if err == nil {
				_, err = io.CopyBuffer(struct{ io.Writer }{one}, struct{ io.Reader }{r}, buf)
			}
			if err != nil && !errors.As(err, new(*formats.Damage)) {
				return err
			}
		}
		io.WriteString(h, e.Path)
		h.Write(one.Sum([]byte{0}))
	}
	return nil
}

// isFile reports whether a unit can be read twice, and so has an identity.
func (u unit) isFile() bool {
	if u.loose {
		return true
	}
	info, err := os.Stat(u.path)
	return u.path != "-" && err == nil && info.Mode()&fs.ModeType == 0
}
