package formats

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"
	"sync"
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks"
)

// DefaultMaxLine is the longest line taken where Options say nothing, in bytes.
const DefaultMaxLine = 1 << 20

// Options say how a file is read. The zero value works.
type Options struct {
	Format  Format // empty means Auto
	File    string // the file's name, for rejects and errors
	Source  string // for records that bring none
	Workers int    // parsing goroutines; 0 means GOMAXPROCS
	MaxLine int    // longest line in bytes, without its newline; 0 means DefaultMaxLine

	blockSize int      // for tests; 0 means blockSize
	page      codePage // of lines that are not UTF-8; 0 asks the sample
}

// Read returns the records of r in their order, and among them, with a
// *leaks.Reject for an error, the lines that are none. Any other error ends the
// sequence, after all whole lines before it: that of r or of ctx, wrapped and
// naming the file, [ErrNotText] or [ErrFormat].
//
// The sequence can be run once. When it ends, by itself or because its consumer
// stops, its goroutines have ended and r is not touched any more; only after
// ctx is done it does not wait for a call of r.Read that hangs.
func Read(ctx context.Context, r io.Reader, opts Options) iter.Seq2[leaks.Record, error] {
	return func(yield func(leaks.Record, error) bool) {
		if err := read(ctx, r, opts, yield); err != nil {
			yield(leaks.Record{}, fmt.Errorf("read %s: %w", cmp.Or(opts.File, "input"), err))
		}
	}
}

// read yields all of r. It returns the error that ended it, nil if that was the
// end of r or the consumer.
func read(ctx context.Context, r io.Reader, opts Options, yield func(leaks.Record, error) bool) error {
	split, parser, err := openLines(ctx, r, opts, blockSize)
	if err != nil {
		return err
	}
	workers := opts.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := newPipeline(ctx, split, workers, parser)
	defer p.stop()
	line := int64(1)
	for {
		b, err := p.next()
		if err != nil || b == nil {
			return err
		}
		if !b.yield(opts.File, line, yield) {
			return nil
		}
		line += b.lines
		b.free()
	}
}

// openLines looks at the beginning of r and returns what cuts it into blocks of
// about size bytes, and what makes the parsers that fit it.
func openLines(ctx context.Context, r io.Reader, opts Options, size int) (*splitter, func() *blockParser, error) {
	format, err := ParseFormat(string(opts.Format))
	if err == nil && (format == CSV || format == JSON || format == Log) {
		err = fmt.Errorf("%w: Read reads lines, and %q is for Parse", ErrFormat, format)
	}
	if err != nil {
		return nil, nil, err
	}
	split := &splitter{r: decodeUTF16(r), size: cmp.Or(opts.blockSize, size), max: opts.MaxLine}
	if split.max <= 0 {
		split.max = DefaultMaxLine
	}
	sample, err := split.peek(ctx, sampleSize)
	if err != nil {
		return nil, nil, err
	}
	format, dialect, err := detect(sample, format)
	if err != nil {
		return nil, nil, err
	}
	page := opts.page
	if page == pageUnknown && format != JSONL && !utf8.Valid(sample) {
		page = guessPage(sample)
	}
	return split, func() *blockParser {
		return &blockParser{
			jsonl:   format == JSONL,
			maxLine: split.max,
			source:  opts.Source,
			page:    page,
			lines:   lineParser{dialect: dialect},
		}
	}, nil
}

// yield yields what b holds, whose first line is the file's number line. It
// reports whether the consumer wants more.
func (b *block) yield(file string, line int64, yield func(leaks.Record, error) bool) bool {
	for i := range b.records {
		place := &b.records[i].Place
		place.File, place.Line = file, line+place.Line
	}
	at := 0
	for _, r := range b.rejects {
		for ; at < r.before; at++ {
			if !yield(b.records[at], nil) {
				return false
			}
		}
		place := leaks.Place{File: file, Line: line + r.line}
		if !yield(leaks.Record{}, &leaks.Reject{Reason: r.reason, Place: place, Detail: r.detail, Excerpt: r.excerpt}) {
			return false
		}
	}
	for ; at < len(b.records); at++ {
		if !yield(b.records[at], nil) {
			return false
		}
	}
	return true
}

// A pipeline parses the blocks of a splitter in parallel and hands them out in
// order. One goroutine cuts, some parse; how many blocks are under way is
// bounded by the room in order.
type pipeline struct {
	parent context.Context
	ctx    context.Context // done when parent is, or when the consumer stops
	cancel context.CancelFunc
	order  chan *block   // all blocks, in order
	work   chan *block   // the same, for whoever is free
	cut    chan struct{} // closed when the cutting has ended
	err    error         // how; nil for the input's end. Guarded by cut.
	group  sync.WaitGroup
}

func newPipeline(ctx context.Context, s *splitter, workers int, parser func() *blockParser) *pipeline {
	p := &pipeline{
		parent: ctx,
		order:  make(chan *block, workers+1),
		work:   make(chan *block),
		cut:    make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	go p.split(s)
	for range workers {
		p.group.Go(func() {
			parser := parser()
			for {
				select {
				case b, ok := <-p.work:
					if !ok {
						return
					}
					parser.parse(b)
					close(b.done)
				case <-p.ctx.Done():
					return
				}
			}
		})
	}
	return p
}

// split cuts blocks until the input or the consumer ends.
func (p *pipeline) split(s *splitter) {
	defer close(p.cut)
	defer close(p.order)
	defer close(p.work)
	for {
		data, long, err := s.next(p.ctx)
		if err != nil {
			if err != io.EOF {
				p.err = err
			}
			return
		}
		b := newBlock(data, long)
		select {
		case p.order <- b:
		case <-p.ctx.Done():
			p.err = p.ctx.Err()
			return
		}
		select {
		case p.work <- b:
		case <-p.ctx.Done():
			p.err = p.ctx.Err()
			return
		}
	}
}

// next returns the next block, parsed; nil at the end.
func (p *pipeline) next() (*block, error) {
	if err := p.parent.Err(); err != nil {
		return nil, err
	}
	select {
	case b, ok := <-p.order:
		if !ok {
			<-p.cut
			return nil, p.err
		}
		select {
		case <-b.done:
			return b, nil
		case <-p.parent.Done():
		}
	case <-p.parent.Done():
	}
	return nil, p.parent.Err()
}

// stop ends the goroutines.
func (p *pipeline) stop() {
	p.cancel()
	p.group.Wait()
	select {
	case <-p.cut:
	case <-p.parent.Done():
	}
}

// recordRooms recycles the records of blocks: ten times the size of their text,
// they would be most of what the collector has to clear up.
var recordRooms sync.Pool

func newBlock(data []byte, long bool) *block {
	b := &block{data: data, long: long, done: make(chan struct{})}
	if room, ok := recordRooms.Get().(*[]leaks.Record); ok {
		b.records = *room
	}
	return b
}

// free gives the room for records back, cleared, so that it holds no password
// longer than its consumer does.
func (b *block) free() {
	clear(b.records)
	room := b.records[:0]
	b.records = nil
	recordRooms.Put(&room)
}
