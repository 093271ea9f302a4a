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
	"path/filepath"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// A unit is what is ingested as one batch, with an identity of its own: a file
// with its further volumes, an archive of a folder, or the loose files of one.
type unit struct {
	path  string
	loose bool // a folder without its archives
	size  int64
}

// units cuts what was asked for into units. A folder's archives are units; so
// are its loose files together, for a victim's log is many files. Where a
// folder holds nothing but folders, each of those has its loose files for
// itself.
func (in *intake) units(ctx context.Context, path string) ([]unit, error) {
	if path == "-" {
		return []unit{{path: path}}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []unit{{path: path, size: info.Size()}}, nil
	}
	list, err := archives.Archives(ctx, path, in.options)
	if err != nil {
		return nil, err
	}
	var units []unit
	known := make(map[string]bool, len(list))
	for _, a := range list {
		known[a] = true
		units = append(units, unit{path: a, size: sizeOf(a)})
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var folders []unit
	for _, e := range entries {
		full := filepath.Join(path, e.Name())
		switch {
		case e.IsDir():
			if info, err := e.Info(); err == nil && in.env.isStore(info) {
				continue
			}
			folders = append(folders, unit{path: full, loose: true})
		case !known[full]:
			// Something stands beside the folders: it may be one log.
			folders = []unit{{path: path, loose: true}}
		}
		if len(folders) == 1 && folders[0].path == path {
			break
		}
	}
	for _, u := range folders {
		if u.size = looseSize(ctx, u.path, in.options); u.size >= 0 {
			units = append(units, u)
		}
	}
	return units, nil
}

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

// looseSize is how large the loose files of a folder are, -1 if there are none
// nor anything to be told of it.
func looseSize(ctx context.Context, path string, options archives.Options) int64 {
	options.Loose = true
	n := int64(-1)
	for e, err := range archives.Walk(ctx, path, options) {
		n = max(n, 0)
		if err == nil {
			n += max(e.Size, 0)
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
	options := in.options
	options.Loose = true
	buf := make([]byte, 256<<10)
	for e, err := range archives.Walk(ctx, u.path, options) {
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
