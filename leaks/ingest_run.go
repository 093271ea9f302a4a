package leaks

import (
	"context"
	"fmt"

	"github.com/leakscope/leakscope/internal/kv"
	"github.com/leakscope/leakscope/internal/segment"
)

// An ingestRun is one ingest of any data set: what it was asked for, how far it
// and earlier ones of its batch have come, and the publication of its segments.
type ingestRun struct {
	store  *Store
	set    dataset
	opts   *IngestOptions
	batch  string // the identity under which the catalogue keeps it; may be empty
	seen   uint32
	before kv.BatchRecord // what earlier calls committed

	pending   IngestResult // everything taken so far
	committed IngestResult // what publications have made durable
}

// batchID is the identity of a batch in the catalogue. Each data set has
// identities of its own.
func batchID(set dataset, batch string) string {
	if batch == "" || set == setCredentials {
		return batch
	}
	return "\x00" + set.String() + "\x00" + batch
}

// runIngest runs one ingest, alone, unless its batch is done already.
func (s *Store) runIngest(ctx context.Context, set dataset, opts *IngestOptions, run func(context.Context, *ingestRun) error) (IngestResult, error) {
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
	r := &ingestRun{store: s, set: set, opts: &o, batch: batchID(set, o.Batch), seen: seen}
	switch {
	case len(r.batch) > maxFactBytes:
		return IngestResult{}, paramErrorf("batch", "must have at most %d bytes", maxFactBytes-(len(r.batch)-len(o.Batch)))
	case o.Batch != "" && o.Batch[0] == 0:
		return IngestResult{}, paramErrorf("batch", "must not begin with a zero byte")
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

	if r.batch != "" {
		rec, found, err := s.db.Batch(r.batch)
		if err != nil {
			return IngestResult{}, fmt.Errorf("ingest: %w", err)
		}
		if found && rec.Done {
			return IngestResult{Skipped: true}, nil
		}
		if found {
			r.before = rec
			r.seen = uint32(rec.Seen)
			r.pending.Resumed, r.committed.Resumed = rec.Records, rec.Records
		}
	}
	s.ingests.Add(1)
	defer func() {
		s.ingests.Add(-1)
		s.poke()
	}()
	err := ended(ctx, run(ctx, r))
	if err != nil {
		err = fmt.Errorf("ingest: %w", err)
	}
	return r.committed, err
}

// refuse counts a reject and tells the caller.
func (r *ingestRun) refuse(reject *Reject) {
	r.pending.count(reject.Reason)
	if r.opts.Reject != nil {
		r.opts.Reject(reject)
	}
}

// A segmentPart is a segment to be published.
type segmentPart struct {
	set  dataset
	rows int // none: no segment
	fill func(*segment.Writer) (tableSummary, error)
}

// commit writes segments and publishes them together with the batch's
// checkpoint: upTo counts everything up to and including them. It is not called
// while another one runs, unless turn makes it wait for that one's end before it
// publishes.
func (r *ingestRun) commit(ctx context.Context, upTo IngestResult, done bool, turn func() error, parts ...segmentPart) (err error) {
	var (
		edit  kv.Edit
		added []*handle
	)
	defer func() {
		if err != nil {
			for _, h := range added {
				r.store.discard(h)
			}
		}
	}()
	for _, p := range parts {
		if p.rows == 0 {
			continue
		}
		h, err := r.store.write(ctx, p.set, p.fill)
		if err != nil {
			return err
		}
		added = append(added, h)
	}
	if turn != nil {
		if err := turn(); err != nil {
			return err
		}
	}
	seq := r.store.db.NextSeq() // only this ingest takes sequence numbers
	for _, h := range added {
		h.meta.FirstSeq = seq
		h.meta.EndSeq = seq + h.meta.Rows
		seq = h.meta.EndSeq
		edit.Add = append(edit.Add, h.meta)
	}
	if r.batch != "" {
		edit.Batch = r.checkpoint(upTo, done)
	}
	if len(added) > 0 || edit.Batch != nil {
		if err := r.store.publish(ctx, edit, added); err != nil {
			return err
		}
	}
	r.committed = upTo
	if r.opts.Progress != nil {
		r.opts.Progress(upTo)
	}
	r.store.poke()
	return nil
}

// checkpoint is the batch's record once upTo is committed.
func (r *ingestRun) checkpoint(upTo IngestResult, done bool) *kv.BatchRecord {
	rec := &kv.BatchRecord{
		ID: r.batch, Done: done, Seen: int64(r.seen),
		Records:  r.before.Records + upTo.Read,
		Ingested: r.before.Ingested + upTo.Ingested,
		Rejected: r.before.Rejected + upTo.Rejected,
		Reasons:  make(map[string]int64),
	}
	for reason, n := range r.before.Reasons {
		rec.Reasons[reason] += n
	}
	for reason, n := range upTo.Reasons {
		rec.Reasons[string(reason)] += n
	}
	return rec
}
