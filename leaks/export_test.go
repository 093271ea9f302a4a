package leaks

import (
	"context"

	"github.com/leakscope/leakscope/internal/segment"
)

// A Front does on one goroutine what an ingest does with a block before it is
// encoded: for benchmarks of the formats, which import this package.
type Front struct {
	p  *preparer
	tb *tableBuilder
}

// NewFront returns a Front of a new store's settings.
func NewFront(s *Store) *Front {
	return &Front{p: s.preparer(1_700_000_000, ""), tb: newTableBuilder(s.opts.SegmentRows)}
}

// Take turns a block into rows and, if intern is set, adds them to a builder,
// which is emptied when it is as full as an ingest lets it become.
func (f *Front) Take(s *Store, b Block, intern bool) int {
	pc := newParcel(b)
	pc.prepare(f.p, s.courtesy())
	n := len(pc.rows)
	for rows := pc.rows; intern && len(rows) > 0; {
		run := min(len(rows), addBatch)
		f.tb.addRows(rows[:run])
		rows = rows[run:]
		if f.tb.len() >= f.tb.limit-addBatch || f.tb.memory() >= s.opts.MemoryBudget*3/8 {
			f.tb.reset()
		}
	}
	pc.recycle()
	return n
}

// Fill is Take into a builder that is not emptied; it reports whether that is full.
func (f *Front) Fill(s *Store, b Block) bool {
	pc := newParcel(b)
	pc.prepare(f.p, s.courtesy())
	f.tb.addRows(pc.rows)
	pc.recycle()
	return f.tb.len() >= f.tb.limit-addBatch || f.tb.memory() >= s.opts.MemoryBudget*3/8
}

// Encode writes what the builder holds, and returns how many rows that is.
func (f *Front) Encode(ctx context.Context, seg *segment.Writer) (int, error) {
	_, err := f.tb.encode(ctx, seg)
	return f.tb.len(), err
}

// EncodeDicts writes the dictionaries only.
func (f *Front) EncodeDicts(ctx context.Context, seg *segment.Writer) (int, error) {
	w := newTableWriter(seg, f.tb.vote.result(), &f.tb.out.order, false)
	return f.tb.len(), f.tb.encodeDicts(ctx, w, false)
}
