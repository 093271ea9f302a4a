package formats

import (
	"unsafe"

	"github.com/leakscope/leakscope/leaks"
)

// A block is a run of whole lines on its way through the pipeline: cut by the
// splitter, parsed by one worker, yielded by the reader's goroutine.
type block struct {
	data []byte // owned by the block, never written again: records alias it
	long bool   // after data stands one line that was too long to hold

	lines   int64 // lines in data, and the long one
	records []leaks.Record
	rejects []reject
	done    chan struct{} // closed when the block is parsed
}

// A reject of a block, without what only the pipeline knows.
type reject struct {
	before  int   // records that precede it
	line    int64 // in the block, from 0
	reason  leaks.RejectReason
	detail  string
	excerpt string
}

// next returns a cleared record at the end of b's, to be filled or dropped.
func (b *block) next() *leaks.Record {
	n := len(b.records)
	if n < cap(b.records) {
		b.records = b.records[:n+1] // the spare room is kept clear
	} else {
		b.records = append(b.records, leaks.Record{})
	}
	return &b.records[n]
}

// drop takes back the record of the last next.
func (b *block) drop() {
	n := len(b.records) - 1
	b.records[n] = leaks.Record{}
	b.records = b.records[:n]
}

func (b *block) reject(reason leaks.RejectReason, detail, excerpt string) {
	b.rejects = append(b.rejects, reject{len(b.records), b.lines, reason, detail, excerpt})
}

// text returns b as a string without copying it. It is right only for bytes
// that nobody writes again, which is what a block promises; one copy of each
// block less is worth a tenth of the reader's speed.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
