package leaks

import (
	"context"
	"errors"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/segment"
)

// An ingestWriter collects rows into tables and publishes them. While one
// table is encoded and written, the next one is collected.
type ingestWriter struct {
	*ingestRun
	skip int64 // records still to be left out, as before covers them

	building *tableBuilder
	spare    *tableBuilder
	flushing chan error // nil when no flush runs
}

// consume takes parcels in order until the last one, and commits.
func (w *ingestWriter) consume(ctx context.Context, ordered <-chan *parcel) (err error) {
	defer func() {
		err = errors.Join(err, w.wait())
	}()
	w.building = newTableBuilder(w.store.opts.SegmentRows)
	for pc := range ordered {
		if pc.last {
			return w.finish(ctx, pc.complete)
		}
		<-pc.ready
		if err := w.take(ctx, pc); err != nil {
			return err
		}
		pc.recycle()
	}
	return nil
}

// take adds the rows of one parcel.
func (w *ingestWriter) take(ctx context.Context, pc *parcel) error {
	at := 0
	for _, r := range pc.rejects {
		if err := w.addRows(ctx, pc.rows[at:r.before]); err != nil {
			return err
		}
		at = r.before
		if w.skip > 0 {
			w.skip--
			continue
		}
		w.refuse(r.reject)
	}
	if err := w.addRows(ctx, pc.rows[at:]); err != nil {
		return err
	}
	return ctx.Err()
}

func (w *ingestWriter) addRows(ctx context.Context, rows []row) error {
	if w.skip > 0 {
		n := min(w.skip, int64(len(rows)))
		w.skip -= n
		rows = rows[n:]
	}
	for len(rows) > 0 {
		room := max(1, w.store.opts.SegmentRows-w.building.len())
		n := min(len(rows), addBatch, room)
		w.building.addRows(rows[:n])
		w.pending.Read += int64(n)
		w.pending.Ingested += int64(n)
		rows = rows[n:]
		if n == room || w.building.memory() >= w.store.opts.MemoryBudget*3/8 {
			if err := w.rotate(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// rotate starts the flush of what was collected, after the one before it.
func (w *ingestWriter) rotate(ctx context.Context) error {
	if err := w.wait(); err != nil {
		return err
	}
	if err := w.store.awaitMerging(ctx); err != nil {
		return err
	}
	full, upTo := w.building, w.pending.clone()
	if w.building = w.spare; w.building == nil {
		w.building = newTableBuilderLike(full) // one flush at a time
	}
	w.spare = nil
	flushed := make(chan error, 1)
	w.flushing = flushed
	go func() {
		err := w.flush(ctx, full, upTo, false)
		full.reset()
		w.spare = full
		flushed <- err
	}()
	return nil
}

// wait returns the end of the flush that runs.
func (w *ingestWriter) wait() error {
	if w.flushing == nil {
		return nil
	}
	err := <-w.flushing
	w.flushing = nil
	return err
}

// flush writes b as a segment and publishes it together with the batch's
// checkpoint: upTo counts everything up to and including b.
func (w *ingestWriter) flush(ctx context.Context, b *tableBuilder, upTo IngestResult, done bool) error {
	return w.commit(ctx, upTo, done, nil, credentialPart(ctx, b))
}

// finish commits what is left and, of an input that came to its end, its cards.
// They are written while the flush before them may still run.
func (w *ingestWriter) finish(ctx context.Context, done bool) error {
	if w.flushing != nil {
		w.building.out = new(encodeScratch) // the other one is in use
	}
	parts := []segmentPart{credentialPart(ctx, w.building)}
	if done && w.opts.Cards != nil {
		cards, err := w.cards()
		if err != nil {
			return err
		}
		parts = append(parts, flatPart(ctx, setCards, cards))
	}
	return w.commit(ctx, w.pending.clone(), done, w.wait, parts...)
}

// cards takes the cards that came up beside the records.
func (w *ingestWriter) cards() (*flat.Builder, error) {
	var (
		b   = flat.NewBuilder(cardSchema)
		p   = w.store.preparer(w.seen, w.opts.Source)
		row flat.Row
	)
	for rec := range w.opts.Cards() {
		if reason, detail := p.card(&rec, &row); reason != "" {
			w.refuse(&Reject{Reason: reason, Place: rec.Place, Detail: detail})
			continue
		}
		if err := b.Add(&row); err != nil {
			return nil, err
		}
		w.pending.Cards++
	}
	return b, nil
}

// credentialPart is the segment of what b has collected.
func credentialPart(ctx context.Context, b *tableBuilder) segmentPart {
	return segmentPart{setCredentials, b.len(), func(sw *segment.Writer) (tableSummary, error) { return b.encode(ctx, sw) }}
}
