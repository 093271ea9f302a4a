package watchlist

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/kv"
)

// Options configure a [Directory].
type Options struct {
	Rules  Rules                     // required
	Now    func() time.Time          // the clock; time.Now if nil
	Rand   io.Reader                 // where ids and keys come from; crypto/rand.Reader if nil. It must be safe for concurrent use
	Derive func(label string) []byte // a secret of the store for a label, always the same; nil: there are no webhooks
	Logger *slog.Logger              // what fails in the background; nil is silent

	// after calls a function once some time has passed; time.AfterFunc if nil.
	after func(time.Duration, func()) stopper
}

type stopper interface{ Stop() bool }

// A Directory holds the workspaces, watchlists and API keys of one store. It is
// safe for concurrent use.
//
// Ids are opaque. One that is not of this directory, or of another workspace, is
// ErrNotFound. Times have seconds and are UTC. A method that fails has changed
// nothing, unless its error is that of a write in doubt (ErrFailed of package
// leaks).
type Directory struct {
	opts    Options
	records *kv.Records
	ids     idSource
	keys    keyring
	scopes  scopeCache

	closed atomic.Bool
}

// Open opens the directory in a store's database, which must outlive it.
// Programs get it from the Watchlists method of a store. It reads all records
// once; damaged or lost ones are corruption.
func Open(ctx context.Context, db *kv.DB, opts Options) (*Directory, error) {
	if opts.Rules.Domain == nil || opts.Rules.Root == nil || opts.Rules.Username == nil {
		return nil, paramErrorf("rules", "are incomplete")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.after == nil {
		opts.after = func(d time.Duration, fn func()) stopper { return time.AfterFunc(d, fn) }
	}
	records, err := db.Records(ctx, kv.Watchlists)
	if err != nil {
		return nil, fmt.Errorf("open watchlists: %w", err)
	}
	d := &Directory{opts: opts, records: records, ids: idSource{now: opts.Now, rand: opts.Rand}}
	if err := d.loadKeys(ctx); err != nil {
		return nil, fmt.Errorf("open watchlists: %w", err)
	}
	return d, nil
}

// Close writes what is still to be written: when keys were last used. It ends the
// use of the directory, not that of the database. A second Close does nothing.
func (d *Directory) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	return d.keys.stop(d)
}

// usable says whether a call may begin.
func (d *Directory) usable(ctx context.Context) error {
	if d.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// now is the clock, to the second.
func (d *Directory) now() time.Time { return d.opts.Now().UTC().Truncate(time.Second) }

// view runs fn over the records as they are.
func (d *Directory) view(ctx context.Context, fn func(*kv.Reader) error) error {
	if err := d.usable(ctx); err != nil {
		return err
	}
	return d.records.View(ctx, fn)
}

// update runs fn as one transaction.
func (d *Directory) update(ctx context.Context, fn func(*kv.Writer) error) error {
	if err := d.usable(ctx); err != nil {
		return err
	}
	return d.records.Update(ctx, fn)
}

// getter is what reads records, in a transaction or not.
type getter interface {
	Get(key []byte) (value []byte, ok bool, err error)
}

func getWorkspace(r getter, workspace string) (*workspaceRecord, error) {
	ws, ok := parseID(workspace)
	if !ok {
		return nil, missing("workspace")
	}
	b, ok, err := r.Get(workspaceKey(ws))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, missing("workspace")
	}
	return decodeWorkspace(ws, b)
}

// A poll looks at a context now and then.
type poll struct {
	ctx context.Context
	n   int
}

func (p *poll) err() error {
	if p.n++; p.n%pollRecords == 0 {
		return p.ctx.Err()
	}
	return nil
}

// scanEntries calls fn for the entries of a workspace of one kind, or of all if
// kind is -1, in the order of their creation within a kind.
func scanEntries(ctx context.Context, r *kv.Reader, ws id, kind int, fn func(*entryRecord) error) error {
	prefix := joinKey(recEntry, ws)
	if kind >= 0 {
		prefix = kindPrefix(ws, kind)
	}
	p := poll{ctx: ctx}
	for rec, err := range r.All(prefix) {
		if err == nil {
			err = p.err()
		}
		if err != nil {
			return err
		}
		if len(rec.Key) != 1+16+1+16 || int(rec.Key[17]) >= len(kinds) {
			return fmt.Errorf("%w: watchlist: an entry under a key of %d bytes", codec.ErrCorrupt, len(rec.Key))
		}
		e, err := decodeEntry(lastID(rec.Key), int(rec.Key[17]), rec.Value)
		if err == nil {
			err = fn(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
