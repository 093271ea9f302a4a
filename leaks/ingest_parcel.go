package leaks

import (
	"errors"
	"sync"
)

// A parcel is a block on its way through an ingest: the reader makes it, a
// worker turns its records into rows, the writer takes those.
type parcel struct {
	block   Block
	rows    []row
	rejects []parcelReject
	ready   chan struct{} // the worker is done

	last     bool // nothing follows; the parcel is empty
	complete bool // with last: the sequence ended by itself
}

type parcelReject struct {
	before int // rows that precede it
	reject *Reject
}

var parcels = sync.Pool{New: func() any { return &parcel{ready: make(chan struct{}, 1)} }}

func newParcel(b Block) *parcel {
	p := parcels.Get().(*parcel)
	p.block = b
	return p
}

// recycle lets the block go and keeps the parcel's memory. Rows are not
// cleared, so they may hold on to texts of the block until they are written
// again; of a password they have nothing but the mask.
func (p *parcel) recycle() {
	p.block.Free()
	p.block = nil
	p.rows = p.rows[:0]
	clear(p.rejects)
	p.rejects = p.rejects[:0]
	parcels.Put(p)
}

// prepare normalises every record; one that is no row becomes a reject.
func (p *parcel) prepare(pr *preparer, c *courtesy) {
	n := 0
	p.block.Records(func(rec *Record, reject *Reject) {
		if n++; n%courtesyRecords == 0 {
			c.yield()
		}
		if reject == nil {
			n := len(p.rows)
			if n == cap(p.rows) {
				p.rows = append(p.rows, row{})
			}
			p.rows = p.rows[:n+1]
			reason, detail := pr.prepareLate(rec, &p.rows[n])
			if reason == "" {
				return
			}
			p.rows = p.rows[:n]
			reject = &Reject{Reason: reason, Place: rec.Place, Detail: detail}
		}
		p.rejects = append(p.rejects, parcelReject{len(p.rows), reject})
	})
}

// recordRun is how many records of a sequence travel together.
const recordRun = 256

// A recordBlock is a run of records that were ready-made when they came.
type recordBlock struct{ items []recordItem }

type recordItem struct {
	record Record
	reject *Reject
}

var recordBlocks = sync.Pool{New: func() any {
	return &recordBlock{items: make([]recordItem, 0, recordRun)}
}}

func newRecordBlock() *recordBlock { return recordBlocks.Get().(*recordBlock) }

// add takes one item of a sequence; false means that err ends it.
func (b *recordBlock) add(rec *Record, err error) bool {
	if err == nil {
		b.items = append(b.items, recordItem{record: *rec})
		return true
	}
	var reject *Reject
	if !errors.As(err, &reject) {
		return false
	}
	b.items = append(b.items, recordItem{reject: reject})
	return true
}

func (b *recordBlock) full() bool { return len(b.items) == recordRun }

// Records implements [Block].
func (b *recordBlock) Records(yield func(*Record, *Reject)) {
	for i := range b.items {
		yield(&b.items[i].record, b.items[i].reject)
	}
}

// Free implements [Block].
func (b *recordBlock) Free() {
	clear(b.items) // so that it holds no password
	b.items = b.items[:0]
	recordBlocks.Put(b)
}
