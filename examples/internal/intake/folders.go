package intake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// A Unit is what is ingested as one batch, with an identity of its own: a file
// with its further volumes, a victim's log, or what is left of a folder when
// its files are units themselves. A folder that grew has units more, while
// those that were ingested are what they were.
type Unit struct {
	Path     string
	loose    bool            // a folder without its archives
	only     map[string]bool // if not nil: of the folder's own files only these,
	below    []string        // and of the folders in it only these
	leftover bool            // nothing is expected of it; it counts as no file
	Size     int64
}

// units cuts what was asked for into units.
func (in *Reader) units(ctx context.Context, path string) ([]Unit, error) {
	if path == "-" {
		return []Unit{{Path: path}}, nil
	}
	if err := in.Check(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []Unit{{Path: path, Size: info.Size()}}, nil
	}
	list, err := archives.Archives(ctx, path, in.Options)
	if err != nil {
		return nil, err
	}
	var units []Unit
	for _, a := range list {
		units = append(units, Unit{Path: a, Size: sizeOf(a)})
	}
	loose, err := in.folder(ctx, path, true)
	return append(units, loose...), err
}

// Check refuses what was asked for and cannot be meant: the store itself, and what
// is neither a file nor a folder, since it cannot be read twice.
func (in *Reader) Check(path string) error {
	if path == "-" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: neither a file nor a folder: a pipe is read as standard input, -", path)
	}
	at, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	for !in.isStore(info) {
		if filepath.Dir(at) == at {
			return nil
		}
		at = filepath.Dir(at)
		if info, err = os.Stat(at); err != nil {
			return nil // it may be read all the same, as its parents may not
		}
	}
	return fmt.Errorf("%s: it is the store itself, or in it", path)
}

// folder returns the units of a folder's loose files. What hangs together is
// one unit: files of a victim's log with the folders of a log beside them, and
// where one of them is about the machine with all that is below and is no log
// of its own. Other files are units that can be read alone, and other folders
// are looked at for themselves.
func (in *Reader) folder(ctx context.Context, path string, top bool) ([]Unit, error) {
	entries, err := os.ReadDir(path)
	if err != nil && top {
		return nil, err
	}
	if err != nil || formats.IsLog(filepath.Base(path)) {
		return in.whole(ctx, path), nil
	}
	var parts, others []string // names of folders: of a log here, and others
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if info, err := e.Info(); err == nil && in.isStore(info) {
			continue
		}
		if formats.InLog(e.Name(), top) {
			parts = append(parts, e.Name())
		} else {
			others = append(others, e.Name())
		}
	}
	var alone []Unit
	log := Unit{Path: path, loose: true, only: map[string]bool{}}
	rest := Unit{Path: path, loose: true, only: map[string]bool{}, leftover: true}
	system, untold := false, false // untold: something cannot be read
	for e, err := range here(ctx, path, in.Options) {
		if err != nil {
			if !errors.As(err, new(*formats.Damage)) {
				return nil, err
			}
			untold = true
			continue
		}
		bond := formats.BondOf(ctx, e, in.Format)
		if bond == formats.BondNone {
			full := filepath.Join(path, e.Path)
			if _, err := os.Lstat(full); err == nil {
				alone = append(alone, Unit{Path: full, Size: e.Size})
				continue
			}
			bond = formats.BondLog // joined of volumes
		}
		to := &log
		if bond == formats.BondRest {
			to = &rest
		}
		to.only[e.Path] = true
		to.Size += max(e.Size, 0)
		system = system || bond == formats.BondSystem
	}
	if system {
		// The machine's facts are those of lists beside them, too.
		for _, u := range alone {
			log.only[filepath.Base(u.Path)] = true
			log.Size += u.Size
		}
		alone = nil
		others = slices.DeleteFunc(others, func(name string) bool {
			if formats.IsLog(name) || in.hasSystem(ctx, filepath.Join(path, name)) {
				return false
			}
			parts = append(parts, name)
			return true
		})
	}
	units := alone
	for _, name := range parts {
		if n := looseSize(ctx, filepath.Join(path, name), in.Options); n >= 0 {
			log.below = append(log.below, name)
			log.Size += n
		}
	}
	if len(log.only) > 0 || len(log.below) > 0 {
		units = append(units, log)
	}
	if len(rest.only) > 0 || untold {
		units = append(units, rest)
	}
	for _, name := range others {
		more, err := in.folder(ctx, filepath.Join(path, name), false)
		if err != nil {
			return nil, err
		}
		units = append(units, more...)
	}
	return units, nil
}

// hasSystem reports whether a folder has a file about a machine itself.
func (in *Reader) hasSystem(ctx context.Context, path string) bool {
	for e, err := range here(ctx, path, in.Options) {
		if err == nil && formats.BondOf(ctx, e, in.Format) == formats.BondSystem {
			return true
		}
	}
	return false
}

// whole is a folder with all that is below it but archives, if there is
// anything.
func (in *Reader) whole(ctx context.Context, path string) []Unit {
	u := Unit{Path: path, loose: true}
	if u.Size = looseSize(ctx, path, in.Options); u.Size < 0 {
		return nil
	}
	return []Unit{u}
}

// walk yields the files of a unit.
func (u Unit) walk(ctx context.Context, options archives.Options) iter.Seq2[formats.Entry, error] {
	options.Loose = u.loose
	if u.only == nil {
		return archives.Walk(ctx, u.Path, options)
	}
	return func(yield func(formats.Entry, error) bool) {
		for e, err := range here(ctx, u.Path, options) {
			if !u.leftover && errors.As(err, new(*formats.Damage)) {
				continue // told with what is left
			}
			if err == nil && !u.only[e.Path] {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
		for _, name := range u.below {
			for e, err := range archives.Walk(ctx, filepath.Join(u.Path, name), options) {
				var damage *formats.Damage
				if errors.As(err, &damage) {
					placed := *damage
					placed.Path = name + "/" + placed.Path
					err = &placed
				}
				e.Path = name + "/" + e.Path
				if !yield(e, err) {
					return
				}
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
