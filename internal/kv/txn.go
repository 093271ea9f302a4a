package kv

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/leakscope/leakscope/internal/codec"
)

// A change is one key of a transaction; a nil payload deletes it.
type change struct {
	key     []byte
	payload []byte
}

// commit writes the changes in one durable transaction. The write lock must be
// held. After an error that leaves it open what is on disk, no further write is
// taken.
func (db *DB) commit(need int64, changes []change) error {
	if !fits(changes) {
		return fmt.Errorf("%w: %d keys, %d bytes", errBigEdit, len(changes), txnBytes(changes))
	}
	if err := db.needRoom(need); err != nil {
		return err
	}
	if err := db.claimLogs(); err != nil {
		return err
	}
	err := guard(func() error {
		txn := db.badger.NewTransaction(true)
		defer txn.Discard()
		for _, c := range changes {
			var err error
			if c.payload == nil {
				err = txn.Delete(c.key)
			} else {
				err = txn.Set(c.key, frame(c.key, c.payload))
			}
			if err != nil {
				return err
			}
		}
		if db.opt.commit != nil {
			if err := db.opt.commit(); err != nil {
				return err
			}
		}
		return txn.Commit()
	})
	if err == nil {
		err = db.settleNames()
	}
	if err != nil {
		err = fmt.Errorf("catalogue: %s", oneLine(err.Error()))
		if meansNoSpace(err) {
			err = fmt.Errorf("%w: %w", ErrNoSpace, err)
		}
		db.mu.Lock()
		db.failed = err
		db.mu.Unlock()
		return err
	}
	db.attest(changes)
	return nil
}

// fits reports whether changes go into one of Badger's transactions.
func fits(changes []change) bool {
	return len(changes) <= maxTxnKeys && txnBytes(changes) <= maxTxnBytes
}

func txnBytes(changes []change) (n int) {
	for _, c := range changes {
		n += len(c.key) + len(c.payload) + 64
	}
	return n
}

// read returns the checked payload under key, a copy.
func (db *DB) read(key []byte) (payload []byte, ok bool, err error) {
	db.mu.RLock()
	defer db.mu.RUnlock() // Close waits
	if db.closed {
		return nil, false, ErrClosed
	}
	err = db.view(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		payload, _, err = readItem(key, item)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return payload, ok, nil
}

func readItem(key []byte, item *badger.Item) (payload []byte, sum uint64, err error) {
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, 0, err
	}
	return unframe(key, value)
}

// view runs fn in a read transaction. Errors that are not of ours are damage.
func (db *DB) view(fn func(*badger.Txn) error) error {
	err := guard(func() error { return db.badger.View(fn) })
	if err == nil || errors.Is(err, codec.ErrCorrupt) {
		return err
	}
	return openError(err)
}
