// Package intake takes files, folders and archives into a store, as leakctl ingest
// and the spool of leakd do: each once, and after an interruption from where it was.
package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// A Reader reads raw files: what they are in and what opens them is in its fields.
type Reader struct {
	Format  formats.Format
	Options archives.Options // what it excepts is not looked into: the store
	Source  string           // of records that name none
	Stdin   io.Reader        // what "-" is
	// Damage is told what could not be read. With an error of its own nothing
	// more is read.
	Damage func(*formats.Damage) error
	// File, if set, is told of each file.
	File func(place string, kind formats.Kind)

	// only, if set, says of the files in archives which are read.
	only func(formats.Entry) bool
	// pick, if set, says of which files, by their places, what is read is
	// wanted; the others only explain it.
	pick func(place string) bool
}

// isStore reports whether a folder is none of what is asked for.
func (in *Reader) isStore(info os.FileInfo) bool {
	return in.Options.Except != nil && in.Options.Except(info)
}

// Items yields what a unit holds: a file, a folder, or standard input. Errors
// are rejects, and what ends the input; damages are told as they come. Places
// begin with the unit's path, as it was given.
func (in *Reader) Items(ctx context.Context, u Unit, opts formats.ParseOptions) iter.Seq2[formats.Item, error] {
	path := u.Path
	base, single := path, false
	var entries iter.Seq2[formats.Entry, error]
	if path == "-" {
		base = ""
		entries = archives.Stream(ctx, interruptible(ctx, in.Stdin), path, in.Options)
	} else {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			base, single = filepath.Dir(path), true
		}
		entries = u.walk(ctx, in.Options)
	}
	if in.only != nil {
		entries = only(entries, in.only)
	}
	prefix := base
	if prefix == "." && !strings.HasPrefix(path, ".") || prefix == "" {
		prefix = ""
	} else if !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	opts.Format, opts.Source = in.Format, in.Source
	if opts.Input = filepath.Base(path); path == "." || path == "-" || single {
		opts.Input = ""
	}
	binary := false // it is the file itself that is no text
	passed := ""    // the file itself, if its name says that there is nothing in it
	opts.OnFile = func(e formats.Entry, kind formats.Kind) {
		if single && e.Archive == "" && kind == formats.KindIgnored {
			passed = path
			return
		}
		if single && e.Archive == "" && kind == formats.KindBinary {
			binary = true
		}
		if in.File != nil {
			in.File(prefix+e.Place(), kind)
		}
	}
	return func(yield func(formats.Item, error) bool) {
		for item, err := range formats.Parse(ctx, entries, opts) {
			var damage *formats.Damage
			var reject *leaks.Reject
			if in.pick != nil && !in.picks(item, err) {
				continue
			}
			switch {
			case binary && errors.As(err, &reject):
				err = fmt.Errorf("%s: %w", path, formats.ErrNotText)
			case errors.As(err, &reject):
				placed := *reject
				placed.Place.File = prefix + formats.Entry{Path: reject.Place.File, Archive: item.Archive}.Place()
				err = &placed
			case errors.As(err, &damage):
				placed := *damage
				if placed.Archive == "" {
					placed.Path = prefix + placed.Path
				} else {
					placed.Archive = prefix + placed.Archive
				}
				if err := in.Damage(&placed); err != nil {
					yield(formats.Item{}, err)
					return
				}
				continue
			case err == nil:
				item.File = prefix + formats.Entry{Path: item.File, Archive: item.Archive}.Place()
				if item.Record != nil {
					item.Record.Place.File = item.File
				}
			}
			if !yield(item, err) {
				return
			}
		}
		if passed != "" {
			in.asked(ctx, passed, opts.Workers, yield)
		}
	}
}

// only passes on the entries that take wants, and all errors.
func only(entries iter.Seq2[formats.Entry, error], take func(formats.Entry) bool) iter.Seq2[formats.Entry, error] {
	return func(yield func(formats.Entry, error) bool) {
		for e, err := range entries {
			if err == nil && !take(e) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// picks reports whether an item, or an error, is of a file that is wanted.
// What has no file is.
func (in *Reader) picks(item formats.Item, err error) bool {
	var reject *leaks.Reject
	file := item.File
	switch {
	case errors.As(err, &reject):
		file = reject.Place.File
	case err != nil:
		return true
	}
	return in.pick(formats.Entry{Path: file, Archive: item.Archive}.Place())
}

// asked reads a file whose name promises nothing, but which was asked for.
func (in *Reader) asked(ctx context.Context, path string, workers int, yield func(formats.Item, error) bool) {
	f, err := os.Open(path)
	if err != nil {
		yield(formats.Item{}, err)
		return
	}
	defer f.Close()
	if in.File != nil {
		in.File(path, formats.KindLines)
	}
	opts := formats.Options{Format: in.Format, File: path, Source: in.Source, Workers: workers}
	for record, err := range formats.Read(ctx, f, opts) {
		item := formats.Item{Record: &record, File: path, Line: record.Place.Line}
		if err != nil {
			item.Record = nil
		} else if record.Place.File == "" {
			record.Place.File = path
		}
		if !yield(item, err) {
			return
		}
	}
}

// interruptible makes r end when ctx does, even while a read hangs: a pipe
// that nobody writes to must not keep us.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	pr, pw := io.Pipe()
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{pw}, r, make([]byte, 256<<10))
		pw.CloseWithError(err) // nil is the end
	}()
	context.AfterFunc(ctx, func() { pr.CloseWithError(ctx.Err()) })
	return pr
}
