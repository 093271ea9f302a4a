package intake

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// blocks returns the lines of a unit that is one plain file of them, and what
// closes it; nil for any other. It gives what records does, several times as
// fast: large lists are most of what is ingested.
func (j *Job) blocks(ctx context.Context, u Unit) (blocks iter.Seq2[leaks.Block, error], done func() error) {
	if u.loose || u.Path == "-" {
		return nil, nil
	}
	if v, err := archives.Volumes(u.Path); err != nil || len(v) > 1 {
		return nil, nil
	}
	f, err := os.Open(u.Path)
	if err != nil {
		return nil, nil // records will say it
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, nil
	}
	format, ok := formats.Lines(ctx, f, filepath.Base(u.Path), info.Size(), j.In.Format)
	if _, err := f.Seek(0, io.SeekStart); !ok || err != nil {
		f.Close()
		return nil, nil
	}
	if j.In.File != nil {
		j.In.File(u.Path, formats.KindLines)
	}
	opts := formats.Options{Format: format, File: u.Path, Source: j.In.Source}
	return formats.Blocks(ctx, toldReader{f, j.Observer.Read}, opts), f.Close
}

// A toldReader tells how much is read.
type toldReader struct {
	r    io.Reader
	told func(int)
}

func (t toldReader) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	t.told(n)
	return n, err
}

// take ingests a unit's records, the fast way where there is one.
func (j *Job) take(ctx context.Context, u Unit, opts *leaks.IngestOptions) (leaks.IngestResult, error) {
	if j.Dataset != "credentials" {
		return j.takeList(ctx, u, opts)
	}
	blocks, done := j.blocks(ctx, u)
	if blocks == nil {
		opts.Cards = func() iter.Seq[leaks.CardRecord] { return slices.Values(j.cards) }
	}
	if blocks == nil && (opts.Batch == "" || u.loose) {
		return j.Store.Ingest(ctx, j.records(ctx, u), opts)
	}
	if blocks == nil {
		return j.archive(ctx, u, opts)
	}
	j.found = true
	before := j.Observer.Counted()
	opts.Progress = func(r leaks.IngestResult) { j.Observer.Count(before + r.Read) }
	result, err := j.Store.IngestBlocks(ctx, blocks, opts)
	return result, errors.Join(err, done())
}
