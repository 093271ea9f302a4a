package leaks

import (
	"context"
	"errors"
	"iter"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/segment"
)

// A flatPreparer makes a row of a flat data set from a record. A reason other
// than "" says why it is none; detail never holds a value of the record.
type flatPreparer[T any] func(p *preparer, rec *T, out *flat.Row) (reason RejectReason, detail string)

// ingestFlat takes every record of seq into a data set.
func ingestFlat[T any](ctx context.Context, s *Store, set dataset, seq iter.Seq2[T, error], opts *IngestOptions,
	place func(*T) Place, prepare flatPreparer[T]) (IngestResult, error) {
	return s.runIngest(ctx, set, opts, func(ctx context.Context, r *ingestRun) error {
		w := &flatWriter{ingestRun: r, building: flat.NewBuilder(set.schema())}
		err := takeFlat(ctx, w, seq, place, prepare)
		if errSeq := (*errSource)(nil); err == nil || errors.As(err, &errSeq) {
			// What was read is committed, finished or not.
			return errors.Join(w.finish(ctx, err == nil), err)
		}
		return errors.Join(err, w.wait())
	})
}

func takeFlat[T any](ctx context.Context, w *flatWriter, seq iter.Seq2[T, error], place func(*T) Place, prepare flatPreparer[T]) error {
	var (
		p    = w.store.preparer(w.seen, w.opts.Source)
		skip = w.before.Records
		row  flat.Row
		n    int
	)
	for rec, err := range seq {
		if n++; n%pollRows == 0 && ctx.Err() != nil {
			break
		}
		var reject *Reject
		switch {
		case err != nil && !errors.As(err, &reject):
			return &errSource{err}
		case skip > 0:
			skip--
			continue
		case err == nil:
			reason, detail := prepare(p, &rec, &row)
			if reason == "" {
				if err := w.add(ctx, &row); err != nil {
					return err
				}
				continue
			}
			reject = &Reject{Reason: reason, Place: place(&rec), Detail: detail}
		}
		w.refuse(reject)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// A flatWriter collects rows and publishes them. While one table is encoded and
// written, the next one is collected.
type flatWriter struct {
	*ingestRun
	building *flat.Builder
	flushing chan error // nil when no flush runs
}

func (w *flatWriter) add(ctx context.Context, row *flat.Row) error {
	if err := w.building.Add(row); err != nil {
		return err
	}
	w.pending.Read++
	w.pending.Ingested++
	// A row costs as much again while it is encoded.
	if w.building.Len() < w.store.opts.SegmentRows && w.building.Memory() < w.store.opts.MemoryBudget/4 {
		return nil
	}
	if err := w.wait(); err != nil {
		return err
	}
	if err := w.store.awaitMerging(ctx); err != nil {
		return err
	}
	full, upTo := w.building, w.pending.clone()
	w.building = flat.NewBuilder(w.set.schema())
	flushed := make(chan error, 1)
	w.flushing = flushed
	go func() { flushed <- w.flush(ctx, full, upTo, false) }()
	return nil
}

// finish commits what is left.
func (w *flatWriter) finish(ctx context.Context, done bool) error {
	if err := w.wait(); err != nil {
		return err
	}
	return w.flush(ctx, w.building, w.pending.clone(), done)
}

// wait returns the end of the flush that runs.
func (w *flatWriter) wait() error {
	if w.flushing == nil {
		return nil
	}
	err := <-w.flushing
	w.flushing = nil
	return err
}

func (w *flatWriter) flush(ctx context.Context, b *flat.Builder, upTo IngestResult, done bool) error {
	return w.commit(ctx, upTo, done, nil, flatPart(ctx, w.set, b))
}

// flatPart is the segment of what b has collected.
func flatPart(ctx context.Context, set dataset, b *flat.Builder) segmentPart {
	return segmentPart{set, b.Len(), func(sw *segment.Writer) (tableSummary, error) {
		return flatSummary(b.Encode(ctx, sw))
	}}
}
