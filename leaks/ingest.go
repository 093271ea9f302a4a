package leaks

import (
	"context"
	"errors"
	"fmt"
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
	var o IngestOptions
	if opts != nil {
		o = *opts
	}
	if o.Seen.IsZero() {
		o.Seen = s.now()
	}
	seen, ok := unixSeconds(o.Seen)
	if !ok {
		return IngestResult{}, paramErrorf("seen", "must be from 1970-01-02 to 2106-02-07")
	}
	if len(o.Source) > maxFactBytes {
		return IngestResult{}, paramErrorf("source", "must have at most %d bytes", maxFactBytes)
	}
	if len(o.Batch) > maxFactBytes {
		return IngestResult{}, paramErrorf("batch", "must have at most %d bytes", maxFactBytes)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.ingesting.lockContext(ctx); err != nil {
		return IngestResult{}, fmt.Errorf("ingest: %w", err)
	}
	defer s.ingesting.unlock()
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return IngestResult{}, ErrClosed
	}

	w := &ingestWriter{store: s, opts: &o, seen: seen}
	if o.Batch != "" {
		rec, found, err := s.db.Batch(o.Batch)
		if err != nil {
			return IngestResult{}, fmt.Errorf("ingest: %w", err)
		}
		if found && rec.Done {
			return IngestResult{Skipped: true}, nil
		}
		if found {
			w.before = rec
			w.seen = uint32(rec.Seen)
			w.pending.Resumed, w.committed.Resumed = rec.Records, rec.Records
		}
	}
	s.ingests.Add(1)
	defer func() {
		s.ingests.Add(-1)
		s.poke()
	}()
	err := ended(ctx, w.run(ctx, seq))
	if err != nil {
		err = fmt.Errorf("ingest: %w", err)
	}
	return w.committed, err
}

// errSource wraps the error that ended a sequence, to tell it from our own.
type errSource struct{ err error }

func (e *errSource) Error() string { return e.err.Error() }
func (e *errSource) Unwrap() error { return e.err }

// run drives the pipeline: the caller's goroutine reads seq into parcels,
// workers normalise them, and the writer takes them in order.
func (w *ingestWriter) run(ctx context.Context, seq iter.Seq2[Record, error]) error {
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
			for pc := range work {
				pc.prepare(p)
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
	readErr := w.read(ctx, seq, work, ordered)
	close(work)
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

// read cuts seq into parcels and hands each to a worker and to the writer.
func (w *ingestWriter) read(ctx context.Context, seq iter.Seq2[Record, error], work, ordered chan<- *parcel) error {
	var (
		skip = w.before.Records
		pc   = newParcel()
		err  error
	)
	send := func() bool {
		if len(pc.items) == 0 {
			return true
		}
		select {
		case ordered <- pc:
		case <-ctx.Done():
			return false
		}
		work <- pc // never blocks for long: workers depend on nobody
		pc = newParcel()
		return true
	}
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
		if !pc.add(&rec, itemErr) {
			err = &errSource{itemErr}
			break
		}
		if pc.full() && !send() {
			break
		}
	}
	if ctx.Err() == nil {
		send()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
