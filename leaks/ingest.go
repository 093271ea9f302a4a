package leaks

import (
	"context"
	"errors"
	"iter"
	"maps"
	"sync"
	"time"
)

// IngestOptions configure one call of [Store.Ingest]; nil works.
type IngestOptions struct {
	// Batch identifies the input, for instance by a digest of its bytes. An
	// identity already ingested is skipped; one that was cut short continues
	// after the records that an earlier call committed, provided that the
	// sequence is the same. Empty: no identity, everything is taken.
	Batch string
	// Source is the source of records that bring none.
	Source string
	// Seen is the detection time of records that bring none; the store's
	// clock if zero. A continued batch keeps that of its first call.
	Seen time.Time
	// Reject is called for every reject, in input order, from one goroutine
	// at a time; nil only counts them.
	Reject func(*Reject)
	// Progress is called after each publication with what is committed so
	// far, from one goroutine at a time.
	Progress func(IngestResult)
	// Cards, of an ingest of credentials, gives the payment cards that came up
	// beside them. It is called once, when the sequence has come to its end, and
	// what it gives is published with the last records: all of a batch or
	// nothing, and not again when the batch is skipped. A card that is none
	// counts as a rejected record.
	Cards func() iter.Seq[CardRecord]
}

// An IngestResult counts what a call of [Store.Ingest] made durable.
type IngestResult struct {
	// Skipped says that the batch had been ingested before; the other counts
	// are 0.
	Skipped bool
	// Resumed is how many records an earlier call had committed.
	Resumed int64
	// Read = Ingested + Rejected.
	Read, Ingested, Rejected int64
	Reasons                  map[RejectReason]int64
	// Cards is how many of IngestOptions.Cards were taken.
	Cards int64
}

func (r *IngestResult) count(reason RejectReason) {
	if r.Reasons == nil {
		r.Reasons = make(map[RejectReason]int64)
	}
	r.Read++
	r.Rejected++
	r.Reasons[reason]++
}

func (r *IngestResult) clone() IngestResult {
	v := *r
	v.Reasons = maps.Clone(r.Reasons)
	return v
}

// Ingest takes every record of seq. What it returns as ingested is durable and
// visible; records become visible a segment at a time.
//
// An error of seq that is a *[Reject] counts as one; any other ends the
// ingest: what came before it is committed, and the error returned. When ctx
// ends, or writing fails, the result counts what had been committed, and a
// call with the same Batch continues there. One ingest runs at a time; others
// wait.
func (s *Store) Ingest(ctx context.Context, seq iter.Seq2[Record, error], opts *IngestOptions) (IngestResult, error) {
	return s.ingest(ctx, opts, func(ctx context.Context, w *ingestWriter, send func(Block) bool) error {
		return w.readRecords(ctx, seq, send)
	})
}

// A Block is a run of input that can be turned into records while others do the
// same with other runs. [formats.Blocks] makes them of a file of lines.
//
// [formats.Blocks]: https://pkg.go.dev/github.com/leakscope/leakscope/leaks/formats#Blocks
type Block interface {
	// Records calls yield for each record of the block, or its reject, in
	// order. It is called once, by any goroutine. The record is the yielder's
	// to use again after yield; texts that it points to stay as they are until
	// Free.
	Records(yield func(*Record, *Reject))
	// Free says that nothing of the block is used any more. It is not called
	// for the blocks under way when an ingest fails.
	Free()
}

// IngestBlocks is Ingest of the records of all blocks, one block after the
// other. It is the faster way: records are parsed where they are normalised,
// and not copied.
func (s *Store) IngestBlocks(ctx context.Context, blocks iter.Seq2[Block, error], opts *IngestOptions) (IngestResult, error) {
	return s.ingest(ctx, opts, func(_ context.Context, w *ingestWriter, send func(Block) bool) error {
		w.skip = w.before.Records
		for b, err := range blocks {
			if err != nil {
				return &errSource{err}
			}
			if !send(b) {
				break
			}
		}
		return nil
	})
}

// ingest runs one ingest of the blocks that read sends.
func (s *Store) ingest(ctx context.Context, opts *IngestOptions, read readFunc) (IngestResult, error) {
	return s.runIngest(ctx, setCredentials, opts, func(ctx context.Context, r *ingestRun) error {
		w := &ingestWriter{ingestRun: r}
		return w.run(ctx, read)
	})
}

// errSource wraps the error that ended a sequence, to tell it from our own.
type errSource struct{ err error }

func (e *errSource) Error() string { return e.err.Error() }
func (e *errSource) Unwrap() error { return e.err }

// A readFunc sends all of an input, until send reports that nobody wants more.
type readFunc func(ctx context.Context, w *ingestWriter, send func(Block) bool) error

// run drives the pipeline: the caller's goroutine reads blocks, workers parse
// and normalise them, and the writer takes them in order.
func (w *ingestWriter) run(ctx context.Context, read readFunc) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := w.store.opts.Workers
	var (
		work    = make(chan *parcel, workers)
		ordered = make(chan *parcel, 2*workers)
		written = make(chan error, 1)
		working sync.WaitGroup
	)
	for range workers {
		p := w.store.preparer(w.seen, w.opts.Source)
		working.Go(func() {
			polite := w.store.courtesy()
			for pc := range work {
				pc.prepare(p, polite)
				pc.ready <- struct{}{}
			}
		})
	}
	go func() {
		err := w.consume(ctx, ordered)
		if err != nil {
			cancel(err)
		}
		for range ordered { // let the reader finish its send
		}
		written <- err
	}()
	readErr := read(ctx, w, func(b Block) bool {
		pc := newParcel(b)
		select {
		case ordered <- pc:
		case <-ctx.Done():
			return false
		}
		work <- pc // never blocks for long: workers depend on nobody
		return true
	})
	close(work)
	if ctx.Err() != nil {
		readErr = context.Cause(ctx)
	}
	if readErr == nil || errors.As(readErr, new(*errSource)) {
		// The writer commits what was read, finished or not.
		ordered <- &parcel{last: true, complete: readErr == nil}
	}
	close(ordered)
	working.Wait()
	if err := <-written; err != nil {
		return err
	}
	return readErr
}

// readRecords cuts seq into blocks. What an earlier call committed it leaves
// out.
func (w *ingestWriter) readRecords(ctx context.Context, seq iter.Seq2[Record, error], send func(Block) bool) (err error) {
	var (
		skip = w.before.Records
		b    = newRecordBlock()
	)
	for rec, itemErr := range seq {
		if skip > 0 {
			var reject *Reject
			if itemErr != nil && !errors.As(itemErr, &reject) {
				err = &errSource{itemErr}
				break
			}
			skip--
			if skip%pollRows == 0 && ctx.Err() != nil {
				break
			}
			continue
		}
		if !b.add(&rec, itemErr) {
			err = &errSource{itemErr}
			break
		}
		if b.full() {
			if !send(b) {
				return nil
			}
			b = newRecordBlock()
		}
	}
	if ctx.Err() == nil && len(b.items) > 0 {
		send(b)
	}
	return err
}
