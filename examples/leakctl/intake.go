package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// intakeFlags say how raw files are read; ingest and parse share them.
type intakeFlags struct {
	Format       string   `enum:"auto,jsonl,ulp,combo,csv,json,log" default:"auto" help:"What the files hold: ${enum}."`
	Password     []string `sep:"none" placeholder:"P" help:"Password to try on encrypted archives; repeatable. Other users of the machine may see it: prefer --password-file."`
	PasswordFile string   `placeholder:"FILE" help:"File with passwords to try, one a line."`

	MaxFiles  int64         `group:"limits" placeholder:"N" help:"Most files in one archive, nested ones included; default 10,000,000."`
	MaxBytes  int64         `group:"limits" placeholder:"N" help:"Most bytes that one archive may unpack to; default 4 TiB."`
	MaxRatio  int64         `group:"limits" placeholder:"N" help:"Most times its size that an archive may unpack to; default 300."`
	MaxDepth  int           `group:"limits" placeholder:"N" help:"Most archives inside each other; default 5."`
	MaxNested int64         `group:"limits" placeholder:"N" help:"Most bytes of nested archives in memory; default 64 MiB."`
	MaxTime   time.Duration `group:"limits" placeholder:"D" help:"Longest time for one archive, such as 1h; default none."`
}

// intake reads raw files as the flags say.
type intake struct {
	env     *env
	format  formats.Format
	options archives.Options
	source  string
	// damage is told what could not be read.
	damage func(*formats.Damage)
	// only, if set, says of the files in archives which are read.
	only func(formats.Entry) bool
	// pick, if set, says of which files, by their places, what is read is
	// wanted; the others only explain it.
	pick func(place string) bool
	// file, if set, is told of each file.
	file func(place string, kind formats.Kind)
}

func (f *intakeFlags) intake(e *env, source string) (*intake, error) {
	format, err := formats.ParseFormat(f.Format)
	if err != nil {
		return nil, usageErrorf("--format: %v", err)
	}
	passwords, err := f.passwords()
	if err != nil {
		return nil, err
	}
	return &intake{env: e, format: format, source: source, options: archives.Options{
		Passwords: passwords,
		Skip:      formats.Grabbed,
		Except:    e.isStore,
		Limits: archives.Limits{
			Entries: f.MaxFiles, Bytes: f.MaxBytes, Ratio: f.MaxRatio,
			Depth: f.MaxDepth, Nested: f.MaxNested, Time: f.MaxTime,
		},
	}}, nil
}

// passwords are those of the flags, then those of the file.
func (f *intakeFlags) passwords() ([]string, error) {
	list := f.Password
	if f.PasswordFile == "" {
		return list, nil
	}
	file, err := os.Open(f.PasswordFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if p := strings.TrimSuffix(lines.Text(), "\r"); p != "" {
			list = append(list, p)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.PasswordFile, err)
	}
	return list, nil
}

// items yields what a unit holds: a file, a folder, or standard input. Errors
// are rejects, and what ends the input; damages are told as they come. Places
// begin with the unit's path, as it was given.
func (in *intake) items(ctx context.Context, u unit, opts formats.ParseOptions) iter.Seq2[formats.Item, error] {
	path := u.path
	base, single := path, false
	var entries iter.Seq2[formats.Entry, error]
	if path == "-" {
		base = ""
		entries = archives.Stream(ctx, interruptible(ctx, in.env.stdin), path, in.options)
	} else {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			base, single = filepath.Dir(path), true
		}
		entries = u.walk(ctx, in.options)
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
	opts.Format, opts.Source = in.format, in.source
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
		if in.file != nil {
			in.file(prefix+e.Place(), kind)
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
				in.damage(&placed)
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
func (in *intake) picks(item formats.Item, err error) bool {
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
func (in *intake) asked(ctx context.Context, path string, workers int, yield func(formats.Item, error) bool) {
	f, err := os.Open(path)
	if err != nil {
		yield(formats.Item{}, err)
		return
	}
	defer f.Close()
	if in.file != nil {
		in.file(path, formats.KindLines)
	}
	opts := formats.Options{Format: in.format, File: path, Source: in.source, Workers: workers}
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
