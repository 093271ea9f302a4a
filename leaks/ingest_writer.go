package leaks

import (
	"context"
	"errors"
	"sync"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/segment"
)

// An ingestWriter collects rows into tables and publishes them. While one
// table is encoded, the next one is collected, and the one before is made
// durable, for which a processor has nothing to do.
type ingestWriter struct {
	*ingestRun
	skip int64 // records still to be left out, as before covers them

	building *tableBuilder
	spare    *tableBuilder
	flushing *tableFlush // begun last; nil when all have ended
}

// A tableFlush is a table on its way into the store.
type tableFlush struct {
	prior   *tableFlush   // begun before; nil once that has ended
	encoded chan struct{} // closed when its builder is free again
	done    chan struct{} // closed when it has ended, with err
	err     error
}

// wait returns the error of the flush, or of one before it, when it has ended.
func (f *tableFlush) wait() error {
	if f == nil {
		return nil
	}
	<-f.done
	return f.err
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
		if w.building.full() || w.building.memory() >= w.store.opts.MemoryBudget*3/8 {
			if err := w.rotate(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// rotate starts the flush of what was collected, once the one before it has been
// encoded and the one before that has ended.
func (w *ingestWriter) rotate(ctx context.Context) error {
	if before := w.flushing; before != nil {
		<-before.encoded
		if err := before.prior.wait(); err != nil {
			_ = w.wait() // the same error
			return err
		}
		before.prior = nil
	}
	if err := w.store.awaitMerging(ctx); err != nil {
		return err
	}
	full, upTo := w.building, w.pending.clone()
	if w.building = w.spare; w.building == nil {
		w.building = newTableBuilderLike(full) // one is encoded at a time
	}
	w.spare = nil
	f := &tableFlush{prior: w.flushing, encoded: make(chan struct{}), done: make(chan struct{})}
	w.flushing = f
	turn := f.prior.wait
	go func() {
		defer close(f.done)
		free := sync.OnceFunc(func() {
			full.reset()
			w.spare = full
			close(f.encoded)
		})
		defer free() // if it was not encoded
		f.err = w.commit(ctx, upTo, false, turn, credentialPart(ctx, full, free))
	}()
	return nil
}

// wait returns the error of the flushes that run, when they have ended.
func (w *ingestWriter) wait() error {
	err := w.flushing.wait()
	w.flushing = nil
	return err
}

// finish commits what is left and, of an input that came to its end, its cards.
// They are written while the flush before them may still run.
func (w *ingestWriter) finish(ctx context.Context, done bool) error {
	if w.flushing != nil {
		w.building.out = new(encodeScratch) // the other one may be in use
	}
	parts := []segmentPart{credentialPart(ctx, w.building, func() {})}
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

// credentialPart is the segment of what b has collected. It calls encoded when it
// needs b no more.
func credentialPart(ctx context.Context, b *tableBuilder, encoded func()) segmentPart {
	return segmentPart{setCredentials, b.len(), func(sw *segment.Writer) (tableSummary, error) {
		defer encoded()
		return b.encode(ctx, sw)
	}}
}
