package main

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// A unit is what is ingested as one batch, with an identity of its own: a file
// with its further volumes, a victim's log, or what is left of a folder when
// its files are units themselves. A folder that grew has units more, while
// those that were ingested are what they were.
type unit struct {
	path  string
	loose bool            // a folder without its archives
	rest  map[string]bool // if not nil: of the folder only these, and nothing below
	size  int64
}

// units cuts what was asked for into units.
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
	for _, a := range list {
		units = append(units, unit{path: a, size: sizeOf(a)})
	}
	loose, err := in.folder(ctx, path, true)
	return append(units, loose...), err
}

// folder returns the units of a folder's loose files. A folder with anything of
// a victim's log in it is one unit with all that is below: its files explain
// each other. In others each file is a unit that can be read alone, and each
// folder is looked at for itself.
func (in *intake) folder(ctx context.Context, path string, top bool) ([]unit, error) {
	entries, err := os.ReadDir(path)
	if err != nil && top {
		return nil, err
	}
	if err != nil || formats.IsLog(filepath.Base(path)) {
		return in.whole(ctx, path), nil
	}
	var below []string
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if info, err := e.Info(); err == nil && in.env.isStore(info) {
			continue
		}
		if formats.InLog(e.Name(), top) {
			return in.whole(ctx, path), nil
		}
		below = append(below, filepath.Join(path, e.Name()))
	}
	var units []unit
	rest := unit{path: path, loose: true, rest: map[string]bool{}}
	untold := false // something cannot be read
	for e, err := range here(ctx, path, in.options) {
		if err != nil {
			if !errors.As(err, new(*formats.Damage)) {
				return nil, err
			}
			untold = true
			continue
		}
		switch formats.BondOf(ctx, e, in.format) {
		case formats.BondNone:
			full := filepath.Join(path, e.Path)
			if _, err := os.Lstat(full); err != nil {
				return in.whole(ctx, path), nil // joined of volumes
			}
			units = append(units, unit{path: full, size: e.Size})
		case formats.BondLog:
			return in.whole(ctx, path), nil
		default:
			rest.rest[e.Path] = true
			rest.size += max(e.Size, 0)
		}
	}
	if len(rest.rest) > 0 || untold {
		units = append(units, rest)
	}
	for _, full := range below {
		more, err := in.folder(ctx, full, false)
		if err != nil {
			return nil, err
		}
		units = append(units, more...)
	}
	return units, nil
}

// whole is a folder with all that is below it but archives, if there is
// anything.
func (in *intake) whole(ctx context.Context, path string) []unit {
	u := unit{path: path, loose: true}
	if u.size = looseSize(ctx, path, in.options); u.size < 0 {
		return nil
	}
	return []unit{u}
}

// walk yields the files of a unit.
func (u unit) walk(ctx context.Context, options archives.Options) iter.Seq2[formats.Entry, error] {
	options.Loose = u.loose
	if u.rest == nil {
		return archives.Walk(ctx, u.path, options)
	}
	return func(yield func(formats.Entry, error) bool) {
		for e, err := range here(ctx, u.path, options) {
			if err == nil && !u.rest[e.Path] {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// here yields the loose files that lie in a folder itself.
func here(ctx context.Context, path string, options archives.Options) iter.Seq2[formats.Entry, error] {
	options.Loose = true
	options.Except = func(os.FileInfo) bool { return true }
	return archives.Walk(ctx, path, options)
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
