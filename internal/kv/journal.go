package kv

import (
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/leakscope/leakscope/internal/codec"
)

// A transaction that is too large for one of Badger's goes through the journal:
// its changes are written into records of their own, one small transaction
// (the seal) says that they are all there, and from then on it is durable; then
// they are made, and the journal is removed in the last transaction of that, which
// also has the new state. An unsealed journal is nothing; a sealed one is made
// again, from the beginning, when the store is opened. Until all is made nobody
// reads.

// journalParts cuts changes into the payloads of journal records.
func journalParts(changes []change) ([][]byte, error) {
	var parts [][]byte
	var w codec.Writer
	total := 0
	for _, c := range changes {
		if n := w.Len() + len(c.key) + len(c.payload) + 16; w.Len() > 0 && n > maxJournalPart {
			parts = append(parts, w.Bytes())
			w = codec.Writer{}
		}
		w.Block(c.key)
		if c.payload == nil {
			w.Uint8(0)
		} else {
			w.Uint8(1)
			w.Block(c.payload)
		}
		total += len(c.key) + len(c.payload) + 16
	}
	parts = append(parts, w.Bytes())
	if total > maxEditBytes || len(parts) > maxTxnKeys/2 {
		return nil, fmt.Errorf("%w: %d changes, %d MiB", errBigEdit, len(changes), total>>20)
	}
	return parts, nil
}

func decodeJournalPart(b []byte) ([]change, error) {
	var changes []change
	for r := codec.NewReader(b); r.Left() > 0 || r.Err() != nil; {
		c := change{key: r.Block()}
		switch r.Uint8() {
		case 0:
		case 1:
			c.payload = append([]byte{}, r.Block()...)
		default:
			r.Fail("neither a record nor its removal")
		}
		if len(c.key) == 0 {
			r.Fail("no key")
		}
		if err := r.Err(); err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// commitLarge is commit for any number of changes, the last of which is that of
// the state.
func (db *DB) commitLarge(need int64, changes []change) error {
	if fits(changes) {
		return db.commit(need, changes)
	}
	parts, err := journalParts(changes)
	if err != nil {
		return err
	}
	size := int64(0)
	var seal codec.Writer
	var sums uint64
	for i, part := range parts {
		size += int64(len(part))
		sums ^= recordSum(change{keyJournal(i), part})
	}
	seal.Uint32(uint32(len(parts)))
	seal.Uint64(sums)
	if err := db.needRoom(need + 3*size); err != nil {
		return err
	}
	for i, part := range parts {
		if err := db.commit(need, []change{{keyJournal(i), part}}); err != nil {
			return err
		}
	}
	if err := db.commit(need, []change{{keySeal(), seal.Bytes()}}); err != nil {
		return err
	}
	db.views.Lock() // readers see all of it or nothing
	defer db.views.Unlock()
	if err := db.applyJournal(len(parts), changes); err != nil {
		// It is durable, and will be made at the next open; until then what is
		// there is neither the old nor the new.
		db.mu.Lock()
		defer db.mu.Unlock()
		db.failed, db.halfway = err, true
		return err
	}
	return nil
}

// applyJournal makes the changes of a sealed journal and removes it.
func (db *DB) applyJournal(parts int, changes []change) error {
	last := len(changes) - 1
	for rest := changes[:last]; len(rest) > 0; {
		n := 1
		for n < len(rest) && fits(rest[:n+1]) {
			n = min(2*n, len(rest))
		}
		for !fits(rest[:n]) {
			n--
		}
		if err := db.commit(0, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	end := []change{changes[last], {key: keySeal()}}
	for i := range parts {
		end = append(end, change{key: keyJournal(i)})
	}
	return db.commit(0, end)
}

// finishJournal does at open what a crash has left: it makes a sealed journal, and
// removes an unsealed one.
func (db *DB) finishJournal() error {
	seal, sealed, err := db.read(keySeal())
	if err != nil {
		return fmt.Errorf("catalogue: journal: %w", err)
	}
	want, sum := 0, uint64(0)
	if sealed {
		r := codec.NewReader(seal)
		want, sum = int(r.Uint32()), r.Uint64()
		if err := r.Close(); err != nil {
			return fmt.Errorf("catalogue: journal: %w", err)
		}
	}
	var stale, changes []change // parts of an earlier journal, never sealed; what is to be made
	found, sums := 0, uint64(0)
	err = db.view(func(txn *badger.Txn) error {
		opt := badger.DefaultIteratorOptions
		opt.Prefix = []byte{prefixJournal}
		opt.PrefetchValues = false
		it := txn.NewIterator(opt)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			key := it.Item().KeyCopy(nil)
			if len(key) != 5 {
				return fmt.Errorf("%w: key of %d bytes", codec.ErrCorrupt, len(key))
			}
			if int(binary.BigEndian.Uint32(key[1:])) >= want {
				stale = append(stale, change{key: key})
				continue
			}
			payload, one, err := readItem(key, it.Item())
			if err != nil {
				return err
			}
			some, err := decodeJournalPart(payload)
			if err != nil {
				return err
			}
			changes = append(changes, some...)
			sums ^= one
			found++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("catalogue: journal: %w", err)
	}
	if found != want || sums != sum || sealed && len(changes) == 0 {
		return fmt.Errorf("%w: catalogue: journal: there are %d parts and should be %d, or others", codec.ErrCorrupt, found, want)
	}
	if sealed {
		if err := db.applyJournal(want, changes); err != nil {
			return err
		}
	}
	if len(stale) > 0 {
		return db.commit(0, stale)
	}
	return nil
}
