package formats

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"path"
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

// ParseOptions say how an input is parsed. The zero value works.
type ParseOptions struct {
	// Format is how all files of the input are written; empty or Auto asks
	// each file's name and content. The other formats read lines; folders that
	// hold victims' own documents are passed over with any of them.
	Format Format
	// Input is the base name of the input. The name of a folder named after a
	// victim's machine says something of the files at its top.
	Input   string
	Source  string // for records that bring none
	Workers int    // goroutines that parse files of lines; 0 means GOMAXPROCS
	MaxLine int    // longest line in bytes; 0 means DefaultMaxLine
	// MaxHeld is how many bytes of credentials may wait for the facts of their
	// machines, 0 means DefaultMaxHeld. Above it the oldest are given without
	// those; a system file that comes later still is reported as a *Damage.
	MaxHeld int64
	// OnFile, if set, is called for each file with what it was taken for.
	OnFile func(Entry, Kind)
}

// DefaultMaxHeld bounds what waits for its machine's facts, in bytes.
const DefaultMaxHeld = 32 << 20

// binarySample is how much of a file is looked at to tell whether it is text.
const binarySample = 4 << 10

// maxVictims bounds how many logs are remembered at once.
const maxVictims = 4096

// Parse returns what the files of an input hold: credentials with the facts of
// their machines, machines without any, cards, and numbers of cookies. Within a
// file records keep their order. The records of a victim's log come together
// when the log ends, or when too many wait.
//
// An error of the sequence is a *leaks.Reject for a line that is no record, a
// *Damage for what could not be read, and after both it goes on; any other
// error ends it: one of entries, of ctx, or [ErrFormat]. The same entries give
// the same sequence. It can be run once.
func Parse(ctx context.Context, entries iter.Seq2[Entry, error], opts ParseOptions) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		p := &parser{ctx: ctx, opts: opts, yield: yield, logs: victimSet{input: opts.Input}}
		if err := p.run(entries); err != nil && err != errStop {
			yield(Item{}, err)
		}
	}
}

// errStop reports that the consumer wants no more.
var errStop = errors.New("stop")

// A parser is the state of one Parse.
type parser struct {
	ctx   context.Context
	opts  ParseOptions
	yield func(Item, error) bool

	logs    victimSet
	last    *victim // of the entry before
	files   int
	entered int
	spare   []heldCredential // room of a log that is done
	record  leaks.Record

	// Of the file being read.
	entry Entry
	place string // clone of its path
}

func (p *parser) run(entries iter.Seq2[Entry, error]) error {
	format, err := ParseFormat(string(p.opts.Format))
	if err != nil {
		return err
	}
	p.opts.Format = format
	p.opts.MaxLine = cmp.Or(max(p.opts.MaxLine, 0), DefaultMaxLine)
	p.opts.MaxHeld = cmp.Or(max(p.opts.MaxHeld, 0), DefaultMaxHeld)
	for e, err := range entries {
		if err == nil {
			err = p.ctx.Err()
		}
		var damage *Damage
		switch {
		case errors.As(err, &damage):
			err = p.give(Item{}, damage)
		case err == nil:
			err = p.file(e)
		}
		if err != nil {
			return err
		}
	}
	return p.closeAll(len(p.logs.order))
}

// file parses one entry.
func (p *parser) file(e Entry) error {
	p.files++
	kind := nameKind(e.Path)
	asked := kind == KindIgnored && !otherExtension(extension(path.Base(e.Path)))
	switch {
	case asked && p.opts.Format != Auto:
		kind = "" // the caller knows better
	case asked && e.Archive == "" && !strings.Contains(e.Path, "/"):
		kind = kindDoubtful
	}
	if kind == KindGrabbed || kind == KindIgnored {
		p.told(e, kind)
		return nil
	}
	p.entry, p.place = e, strings.Clone(e.Path)
	if p.last != nil && p.last.archive != e.Archive && !strings.HasPrefix(e.Archive, p.last.archive+"!/") {
		if err := p.leaveArchive(e.Archive); err != nil {
			return err
		}
	}
	if len(p.logs.order) > maxVictims {
		p.logs.toEnd(p.last)
		if err := p.closeAll(len(p.logs.order) - maxVictims); err != nil {
			return err
		}
	}
	rc, err := e.Open()
	if err != nil {
		return p.damage(err)
	}
	src := newTextSource(p.ctx, rc, e.Size, p.opts.MaxLine)
	err = p.content(src, kind)
	if closeErr := rc.Close(); err == nil {
		err = closeErr
	}
	var inner innerError
	if errors.As(err, &inner) {
		return inner.error
	}
	if err != nil {
		return p.damage(err)
	}
	return nil
}

// An innerError is one that ends the parse, among those of a file, which do not.
type innerError struct{ error }

func (e innerError) Unwrap() error { return e.error }

// told reports what a file was taken for.
func (p *parser) told(e Entry, kind Kind) {
	if p.opts.OnFile != nil {
		p.opts.OnFile(e, kind)
	}
}

// damage yields what hindered the reading of the file.
func (p *parser) damage(err error) error {
	if ctxErr := p.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	var d *Damage
	if !errors.As(err, &d) {
		d = &Damage{Path: p.place, Archive: p.entry.Archive, Trouble: TroubleDamaged, Detail: err.Error(), Err: err}
		if p.entry.Archive == "" {
			d.Trouble = TroubleUnreadable
		}
	}
	return p.give(Item{}, d)
}

// give yields. Its error is errStop.
func (p *parser) give(it Item, err error) error {
	if !p.yield(it, err) {
		return errStop
	}
	return nil
}
