package leaks

import (
	"errors"
	"sync"
)

// parcelItems is how many records travel together from the reader through a
// worker to the writer.
const parcelItems = 256

// A parcel is a run of records on its way through an ingest. The reader fills
// items, a worker turns them into rows in place, the writer takes them.
type parcel struct {
	items []parcelItem
	rows  []row
	ready chan struct{} // the worker is done

	last     bool // nothing follows; the parcel is empty
	complete bool // with last: the sequence ended by itself
}

type parcelItem struct {
	record Record
	reject *Reject
}

var parcels = sync.Pool{New: func() any {
	return &parcel{
		items: make([]parcelItem, 0, parcelItems),
		rows:  make([]row, parcelItems),
		ready: make(chan struct{}, 1),
	}
}}

func newParcel() *parcel { return parcels.Get().(*parcel) }

// recycle drops every reference the parcel holds and keeps its memory.
func (p *parcel) recycle() {
	clear(p.items)
	p.items = p.items[:0]
	clear(p.rows)
	parcels.Put(p)
}

// add takes one item of the sequence; false means that err ends it.
func (p *parcel) add(rec *Record, err error) bool {
	if err == nil {
		p.items = append(p.items, parcelItem{record: *rec})
		return true
	}
	var reject *Reject
	if !errors.As(err, &reject) {
		return false
	}
	p.items = append(p.items, parcelItem{reject: reject})
	return true
}

func (p *parcel) full() bool { return len(p.items) == parcelItems }

// prepare normalises every record; one that is no row becomes a reject.
func (p *parcel) prepare(pr *preparer) {
	for i := range p.items {
		it := &p.items[i]
		if it.reject != nil {
			continue
		}
		if reason, detail := pr.prepare(&it.record, &p.rows[i]); reason != "" {
			it.reject = &Reject{Reason: reason, Place: it.record.Place, Detail: detail}
		}
	}
}
