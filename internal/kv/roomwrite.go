package kv

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// A Writer is a transaction over the records of a room. It reads them as they
// are: no other transaction runs beside it.
type Writer struct {
	*Reader
	changes map[string]change // by full key
	order   []string          // in the order of the first change
	before  map[string]uint64 // checksums of what the changes replace
	err     error             // the first misuse
	spare   bool
	then    []func()
}

// Update calls fn with a Writer and, unless it fails, makes all it wrote one
// durable transaction, seen by nobody before it is whole. Transactions of the
// store run one after another, so what fn read is true until it is written; fn
// should be quick and must not write to the store in another way. A function
// that writes nothing costs nothing.
//
// Errors: that of fn, as it is, and then nothing was written, as with
// ErrNoSpace; ErrFailed after a write that ended in doubt; ErrClosed.
func (r *Records) Update(ctx context.Context, fn func(*Writer) error) error {
	db := r.db
	db.write.Lock()
	defer db.write.Unlock()
	if err := db.writable(); err != nil {
		return err
	}
	w := &Writer{changes: map[string]change{}, before: map[string]uint64{}}
	err := r.View(ctx, func(rd *Reader) error {
		w.Reader = rd
		return cmp.Or(fn(w), w.err)
	})
	if err != nil {
		return err
	}
	if err := db.commitRoom(r.room, w); err != nil {
		return err
	}
	for _, fn := range w.then {
		fn()
	}
	return nil
}

// commitRoom writes what a transaction has changed.
func (db *DB) commitRoom(room Room, w *Writer) error {
	st := db.rooms[room]
	st.generation++
	changes := make([]change, 0, len(w.order)+1)
	for _, full := range w.order {
		c := w.changes[full]
		sum, was := w.before[full]
		if was {
			st.records--
			st.sums ^= sum
		}
		if c.payload != nil {
			st.records++
			st.sums ^= recordSum(c)
		} else if !was {
			continue
		}
		changes = append(changes, c)
	}
	if len(changes) == 0 {
		return nil
	}
	changes = append(changes, change{keyRoom(room), st.encode()})
	need := db.opt.MinFree
	if w.spare {
		need = min(need, openNeed)
	}
	if err := db.commitLarge(need, changes); err != nil {
		return err
	}
	db.rooms[room] = st
	return nil
}

func recordSum(c change) uint64 {
	_, sum, err := unframe(c.key, frame(c.key, c.payload))
	if err != nil {
		return 0 // cannot be: it was framed just now
	}
	return sum
}

// Get returns what stands under key, the changes of this transaction included.
func (w *Writer) Get(key []byte) (value []byte, ok bool, err error) {
	full := keyRecord(w.room, key)
	if c, changed := w.changes[string(full)]; changed {
		return slices.Clone(c.payload), c.payload != nil, nil
	}
	return w.Reader.Get(key)
}

// Put writes value under key: of at most 1 KiB and 64 KiB. The iterators of a
// Writer do not see it. It keeps the value.
func (w *Writer) Put(key, value []byte) error {
	if value == nil {
		value = []byte{}
	}
	return w.change(key, value)
}

// Delete removes what stands under key, if anything does.
func (w *Writer) Delete(key []byte) error { return w.change(key, nil) }

// Spare lets the transaction take the last room on a full disk, which is for
// what gives something up, or must not wait: the revocation of a right.
func (w *Writer) Spare() { w.spare = true }

// Then has fn called when the transaction is durable, before the next one begins:
// what is kept in memory beside the records changes in their order. It must not
// use the store.
func (w *Writer) Then(fn func()) { w.then = append(w.then, fn) }

func (w *Writer) change(key, value []byte) error {
	if len(key) == 0 || len(key) > maxRecordKey || len(value) > maxValue {
		w.err = cmp.Or(w.err, fmt.Errorf("catalogue: record of %d bytes under a key of %d; at most %d and 1 to %d are allowed", len(value), len(key), maxValue, maxRecordKey))
		return w.err
	}
	full := keyRecord(w.room, key)
	name := string(full)
	if _, again := w.changes[name]; !again {
		_, sum, ok, err := w.get(full)
		if err != nil {
			w.err = cmp.Or(w.err, err)
			return err
		}
		if ok {
			w.before[name] = sum
		}
		w.order = append(w.order, name)
	}
	w.changes[name] = change{full, value}
	return nil
}
