// Package badgerkv runs Badger as a peer: what an afternoon's code on a
// key-value store comes to. Every row is a key, with a second and a third one
// for its e-mail domain and its username.
package badgerkv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"

	badger "github.com/dgraph-io/badger/v4"

	"github.com/leakscope/leakscope/bench/peers"
)

// Engine is Badger.
type Engine struct{}

// Name is "badger".
func (Engine) Name() string { return "badger" }

// Describe returns the version.
func (Engine) Describe(context.Context) (string, []string, error) {
	version := "Badger"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "github.com/dgraph-io/badger/v4" {
				version += " " + m.Version
			}
		}
	}
	return version, []string{
		"keys: (root domain, hash, row) → row; (e-mail domain, root domain, hash, row) and (username, root domain, hash, row) → detection time, source",
		"load: WriteBatch, SyncWrites off, Sync at the end; Flatten before the queries",
		"defaults but for: conflict detection off, block cache 1 GiB for queries",
	}, nil
}

func options(dir string) badger.Options {
	return badger.DefaultOptions(dir).WithLogger(nil).WithDetectConflicts(false).WithMetricsEnabled(false)
}

// The first byte of a key.
const (
	byRoot = 'r'
	byMail = 'm'
	byUser = 'u'
)

// tail is the length of the hash and the row at the end of a key.
const tail = 16 + 4

// appendPrefix appends the part of a key that names a scope: the zero byte ends
// a name, which has none.
func appendPrefix(b []byte, kind byte, name string) []byte {
	return append(append(append(b, kind), name...), 0)
}

// appendIndex appends what comes before the tail of a second or third key.
func appendIndex(b []byte, kind byte, name, root string) []byte {
	return append(append(appendPrefix(b, kind, name), root...), 0)
}

func appendTail(b []byte, r *peers.Row) []byte {
	return binary.BigEndian.AppendUint32(append(b, r.Hash[:]...), r.Seq)
}

// Load writes all keys.
func (Engine) Load(ctx context.Context, dir string, in peers.Input) (*peers.Loaded, error) {
	db, err := badger.Open(options(dir))
	if err != nil {
		return nil, err
	}
	l := new(peers.Loaded)
	err = l.Time("write batch, Sync", func() error {
		return errors.Join(fill(ctx, db, in), db.Sync())
	})
	if err == nil {
		err = l.Time("Flatten, close", func() error { return errors.Join(db.Flatten(2), db.Close()) })
		l.Stages[1].Compaction = true
	} else {
		err = errors.Join(err, db.Close())
	}
	return l, err
}

func fill(ctx context.Context, db *badger.DB, in peers.Input) error {
	wb := db.NewWriteBatch()
	defer wb.Cancel()
	for r, err := range peers.Facts(in.Facts) {
		if err == nil && r.Seq%4096 == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		root, mail := r.Text[peers.Root], r.Text[peers.Mail]
		// The batch keeps keys and values.
		err = wb.Set(appendTail(appendPrefix(nil, byRoot, root), r), peers.AppendFact(nil, r))
		if err != nil {
			return err
		}
		stealer := byte(0)
		if r.Stealer {
			stealer = 1
		}
		short := append(append(binary.BigEndian.AppendUint32(nil, r.Seen), stealer), r.Text[peers.Source]...)
		if err := wb.Set(appendTail(appendIndex(nil, byUser, r.Text[peers.Username], root), r), short); err != nil {
			return err
		}
		if mail == "" {
			continue
		}
		if err := wb.Set(appendTail(appendIndex(nil, byMail, mail, root), r), short); err != nil {
			return err
		}
	}
	return wb.Flush()
}

// Open opens the database for reading.
func (Engine) Open(_ context.Context, dir string) (peers.Session, error) {
	db, err := badger.Open(options(dir).WithBlockCacheSize(1 << 30).WithReadOnly(true))
	if err != nil {
		return nil, fmt.Errorf("badger: %w", err)
	}
	return &session{db}, nil
}
