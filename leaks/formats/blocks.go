package formats

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/leakscope/leakscope/leaks"
)

// ingestBlock is how much input a block of Blocks holds: the rows that a
// million lines a second give must stay in a core's own cache.
const ingestBlock = 64 << 10

// spareBuffers bounds the buffers kept for the next blocks: more than an ingest
// has under way.
const spareBuffers = 64

// Blocks returns the lines of r for [leaks.Store.IngestBlocks], which parses
// them. They give the same records and rejects as [Read], and the sequence ends
// as that of Read does; Options.Workers means nothing here.
func Blocks(ctx context.Context, r io.Reader, opts Options) iter.Seq2[leaks.Block, error] {
	return func(yield func(leaks.Block, error) bool) {
		if err := blocks(ctx, r, opts, yield); err != nil {
			yield(nil, fmt.Errorf("read %s: %w", cmp.Or(opts.File, "input"), err))
		}
	}
}

func blocks(parent context.Context, r io.Reader, opts Options, yield func(leaks.Block, error) bool) error {
	split, parser, err := openLines(parent, r, opts, ingestBlock)
	if err != nil {
		return err
	}
	split.free = make(chan []byte, spareBuffers)
	lines := &lineReader{file: opts.File, free: split.free, parsers: sync.Pool{New: func() any { return parser() }}}
	// Reading has a goroutine of its own, so that a call of Read that hangs
	// does not keep the sequence from ending with its context.
	ctx, cancel := context.WithCancel(parent)
	cut := make(chan *lineBlock, 2)
	var readErr error
	go func() {
		defer close(cut)
		readErr = lines.cut(ctx, split, cut)
	}()
	defer func() {
		cancel()
		for parent.Err() == nil {
			select {
			case _, more := <-cut:
				if !more {
					return
				}
			case <-parent.Done():
			}
		}
	}()
	for {
		select {
		case b, ok := <-cut:
			if !ok {
				return readErr
			}
			if !yield(b, nil) {
				return nil
			}
		case <-parent.Done():
			return parent.Err()
		}
	}
}

// A lineReader is what the blocks of one input share.
type lineReader struct {
	file    string
	free    chan []byte
	parsers sync.Pool
}

// cut sends the blocks of s until its end, its error or that of ctx.
func (l *lineReader) cut(ctx context.Context, s *splitter, to chan<- *lineBlock) error {
	line := int64(1)
	for {
		data, long, err := s.next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b := &lineBlock{reader: l, data: data, long: long, line: line, room: s.room}
		line += int64(bytes.Count(data, newline))
		if n := len(data); n > 0 && data[n-1] != '\n' {
			line++
		}
		if long {
			line++
		}
		select {
		case to <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var newline = []byte{'\n'}

// A lineBlock is a run of lines.
type lineBlock struct {
	reader *lineReader
	data   []byte
	long   bool  // after data stands one line that was too long to hold
	line   int64 // number of the first line
	room   []byte
}

// Records implements [leaks.Block].
func (b *lineBlock) Records(yield func(*leaks.Record, *leaks.Reject)) {
	p := b.reader.parsers.Get().(*blockParser)
	defer b.reader.parsers.Put(p)
	place := leaks.Place{File: b.reader.file, Line: b.line}
	var rec leaks.Record
	p.each(b.data, b.long, func(line []byte) {
		rec = leaks.Record{}
		ok, reason, detail := p.line(line, &rec)
		switch {
		case ok:
			rec.Place = place
			yield(&rec, nil)
		case reason != "":
			yield(nil, &leaks.Reject{Reason: reason, Place: place, Detail: detail, Excerpt: excerpt(line)})
		}
		place.Line++
	}, func() {
		yield(nil, &leaks.Reject{Reason: leaks.RejectLineTooLong, Place: place})
		place.Line++
	})
}

// Free implements [leaks.Block].
func (b *lineBlock) Free() {
	if b.room == nil {
		return
	}
	select {
	case b.reader.free <- b.room:
	default:
	}
	b.room, b.data = nil, nil
}
