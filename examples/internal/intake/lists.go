package intake

import (
	"context"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// takeList ingests a unit's documents or cards.
func (j *Job) takeList(ctx context.Context, u Unit, opts *leaks.IngestOptions) (leaks.IngestResult, error) {
	if j.Dataset == "documents" {
		return j.Store.IngestDocuments(ctx, listOf(ctx, j, u, formats.Documents), opts)
	}
	return j.Store.IngestCards(ctx, listOf(ctx, j, u, formats.Cards), opts)
}

// listOf reads every list of a unit: the file that was asked for, or those of a
// folder or archive whose names say that they are lists. Of several files one
// that cannot be read is reported, and the others go on.
func listOf[T any](ctx context.Context, j *Job, u Unit,
	read func(context.Context, io.Reader, formats.Options) iter.Seq2[T, error]) iter.Seq2[T, error] {
	var none T
	base := u.Path
	if !u.loose {
		base = filepath.Dir(u.Path)
	}
	return func(yield func(T, error) bool) {
		entries := u.walk(ctx, j.In.Options)
		if u.Path == "-" {
			entries = archives.Stream(ctx, interruptible(ctx, j.In.Stdin), u.Path, j.In.Options)
		}
		for e, err := range entries {
			var damage *formats.Damage
			if errors.As(err, &damage) {
				if err := j.damage(damage); err != nil {
					yield(none, err)
					return
				}
				continue
			}
			if err != nil {
				yield(none, err)
				return
			}
			single := u.Path == "-" || !u.loose && e.Archive == ""
			if !single && !listName(e.Path) {
				continue
			}
			j.found = true
			opts := formats.Options{Format: j.In.Format, File: u.Path, Source: j.In.Source}
			if !single {
				opts.File = filepath.Join(base, e.Place())
			}
			err = readList(ctx, e, opts, read, func(rec T, err error) bool {
				j.Observer.Record()
				return yield(rec, err)
			})
			switch {
			case errors.Is(err, errStopped):
				return
			case err != nil && (single || ctx.Err() != nil):
				yield(none, err)
				return
			case err != nil:
				j.Failed = true
				j.sayPath(opts.File, err)
			}
		}
		if j.locked && !j.found {
			yield(none, errLocked)
		}
	}
}

// errStopped: whoever asked wants no more.
var errStopped = errors.New("stopped")

// readList yields what one file holds; its error is what ended that.
func readList[T any](ctx context.Context, e formats.Entry, opts formats.Options,
	read func(context.Context, io.Reader, formats.Options) iter.Seq2[T, error], yield func(T, error) bool) error {
	f, err := e.Open()
	if err != nil {
		return err
	}
	for rec, err := range read(ctx, f, opts) {
		if err != nil && !errors.As(err, new(*leaks.Reject)) {
			return errors.Join(err, f.Close())
		}
		if !yield(rec, err) {
			f.Close() // what it has to say nobody wants
			return errStopped
		}
	}
	return f.Close()
}

// listName reports whether a file is, by its name, a list.
func listName(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt":
		return true
	}
	return false
}
