package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/leakscope/leakscope/internal/codec"
)

// A Room names a part of the catalogue that belongs to another package. It says
// what is in it; here are only keys and payloads.
type Room byte

// Watchlists is the room of package watchlist.
const Watchlists Room = 'w'

func (r Room) String() string {
	if r == Watchlists {
		return "watchlist"
	}
	return fmt.Sprintf("room %#02x", byte(r))
}

// Records are the records of one room. They are framed as all others of the
// catalogue, so a damaged one is codec.ErrCorrupt, and counted and summed, so one
// that went missing, or came back, is found by [DB.Records].
type Records struct {
	db   *DB
	room Room
}

// Records opens the records of a room, reading them all once to see that none is
// damaged or lost: about a second for each million.
func (db *DB) Records(ctx context.Context, room Room) (*Records, error) {
	db.write.Lock()
	defer db.write.Unlock()
	r := &Records{db, room}
	var want, got roomState
	err := r.View(ctx, func(rd *Reader) (err error) {
		if want, err = rd.state(); err != nil {
			return err
		}
		for rec, err := range rd.All(nil) {
			if err != nil {
				return err
			}
			got.records++
			got.sums ^= rec.sum
			if got.records%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if got.records != want.records || got.sums != want.sums {
		return nil, fmt.Errorf("%w: catalogue: %s: there are %d records and should be %d, or others", codec.ErrCorrupt, room, got.records, want.records)
	}
	db.rooms[room] = want
	return r, nil
}

// A roomState is a room's account of itself, as state is the manifest's.
type roomState struct {
	generation uint64 // transactions so far
	records    uint64
	sums       uint64 // all their checksums, XORed
}

func (s *roomState) encode() []byte {
	var w codec.Writer
	w.Uint64(s.generation)
	w.Uint64(s.records)
	w.Uint64(s.sums)
	return w.Bytes()
}

func decodeRoomState(payload []byte) (roomState, error) {
	r := codec.NewReader(payload)
	s := roomState{r.Uint64(), r.Uint64(), r.Uint64()}
	return s, r.Close()
}

// A Record is one key and what stands under it.
type Record struct {
	Key   []byte
	Value []byte
	sum   uint64
}

// A Reader sees the records of a room as they were when it was made. It is for
// one goroutine, within the call that handed it out.
type Reader struct {
	txn  *badger.Txn
	room Room
}

// View calls fn with a Reader. The function must not write to the store.
func (r *Records) View(ctx context.Context, fn func(*Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.db.views.RLock()
	defer r.db.views.RUnlock() // Close waits
	if err := r.db.readable(); err != nil {
		return err
	}
	txn := r.db.badger.NewTransaction(false)
	defer txn.Discard()
	return fn(&Reader{txn, r.room})
}

// Get returns a copy of what stands under key; ok is false if nothing does.
func (r *Reader) Get(key []byte) (value []byte, ok bool, err error) {
	value, _, ok, err = r.get(keyRecord(r.room, key))
	return value, ok, err
}

func (r *Reader) get(full []byte) (value []byte, sum uint64, ok bool, err error) {
	err = guard(func() error {
		item, err := r.txn.Get(full)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		value, sum, err = readItem(full, item)
		return err
	})
	if err != nil {
		return nil, 0, false, r.damage(full, err)
	}
	return value, sum, ok, nil
}

func (r *Reader) state() (roomState, error) {
	b, _, ok, err := r.get(keyRoom(r.room))
	if err != nil || !ok {
		return roomState{}, err
	}
	s, err := decodeRoomState(b)
	if err != nil {
		return roomState{}, r.damage(keyRoom(r.room), err)
	}
	return s, nil
}

// All yields the records whose keys begin with prefix, in the order of their
// bytes. A Record is valid until the next one.
func (r *Reader) All(prefix []byte) iter.Seq2[Record, error] {
	return r.From(prefix, nil)
}

// From is like All, and begins at the first key that is not less than start.
func (r *Reader) From(prefix, start []byte) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		full := keyRecord(r.room, prefix)
		seek := full
		if bytes.Compare(start, prefix) > 0 {
			seek = keyRecord(r.room, start)
		}
		opt := badger.DefaultIteratorOptions
		opt.Prefix = full
		opt.PrefetchValues = false // they stand beside the keys
		var it *badger.Iterator
		var key []byte
		step := func(move func()) (rec Record, ok bool, err error) {
			err = guard(func() error {
				if it == nil {
					it = r.txn.NewIterator(opt)
				}
				if move(); !it.Valid() {
					return nil
				}
				ok = true
				key = it.Item().KeyCopy(key)
				return it.Item().Value(func(b []byte) (err error) {
					rec.Value, rec.sum, err = unframe(key, b)
					return err
				})
			})
			if err != nil {
				return Record{}, true, r.damage(key, err)
			}
			if ok {
				rec.Key = key[2:]
			}
			return rec, ok, nil
		}
		defer func() {
			if it != nil {
				it.Close()
			}
		}()
		rec, ok, err := step(func() { it.Seek(seek) })
		for ok {
			if !yield(rec, err) || err != nil {
				return
			}
			rec, ok, err = step(func() { it.Next() })
		}
	}
}

// damage says where a record is damaged, by the kind that the first byte of its
// key tells; the rest of a key may be what somebody stored.
func (r *Reader) damage(full []byte, err error) error {
	where := "its state"
	if len(full) > 2 && full[0] == prefixRecord {
		where = fmt.Sprintf("record of kind %q, key of %d bytes", full[2], len(full)-2)
	}
	if !errors.Is(err, codec.ErrCorrupt) {
		err = openError(err)
	}
	return fmt.Errorf("catalogue: %s: %s: %w", r.room, where, err)
}

// readable says whether records may be read.
func (db *DB) readable() error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	switch {
	case db.closed:
		return ErrClosed
	case db.halfway:
		return fmt.Errorf("%w: %w", ErrFailed, db.failed)
	}
	return nil
}
