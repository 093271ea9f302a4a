package kv

import (
	"fmt"
	"os"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/leakscope/leakscope/internal/codec"
)

// startCatalogue writes the first record of a new store.
func (db *DB) startCatalogue() error {
	db.state = state{generation: 1, nextSegment: 1}
	db.nextID = 1
	return db.commit(0, []change{{keyState(), db.state.encode()}})
}

// loadCatalogue reads the manifest and checks it against its own account.
func (db *DB) loadCatalogue() error {
	b, ok, err := db.read(keyState())
	if err != nil {
		return fmt.Errorf("catalogue: state: %w", err)
	}
	if !ok {
		return fmt.Errorf("%w: catalogue: it is empty", codec.ErrCorrupt)
	}
	if db.state, err = decodeState(b); err != nil {
		return fmt.Errorf("catalogue: state: %w", err)
	}
	var sums uint64
	err = db.view(func(txn *badger.Txn) error {
		return eachNumber(txn, prefixSegment, func(id uint64, payload []byte, sum uint64) error {
			m, err := decodeSegmentMeta(id, payload)
			if err == nil {
				err = m.check()
			}
			db.segments[id] = m
			sums ^= sum
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("catalogue: segments: %w", err)
	}
	if n := uint64(len(db.segments)); n != db.state.segments || sums != db.state.sums {
		return fmt.Errorf("%w: catalogue: it lists %d segments and should list %d", codec.ErrCorrupt, n, db.state.segments)
	}
	err = db.view(func(txn *badger.Txn) error {
		return eachNumber(txn, prefixDropped, func(id uint64, _ []byte, _ uint64) error {
			db.dropped[id] = dropListed
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("catalogue: dropped segments: %w", err)
	}
	db.nextID = db.state.nextSegment
	return nil
}

// eachNumber visits the records under a one-byte prefix and a number.
func eachNumber(txn *badger.Txn, prefix byte, fn func(id uint64, payload []byte, sum uint64) error) error {
	opt := badger.DefaultIteratorOptions
	opt.Prefix = []byte{prefix}
	opt.PrefetchSize = 16
	it := txn.NewIterator(opt)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		id, ok := keyNumber(key)
		if !ok {
			return fmt.Errorf("%w: key of %d bytes", codec.ErrCorrupt, len(key))
		}
		payload, sum, err := readItem(key, it.Item())
		if err == nil {
			err = fn(id, payload, sum)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", label(id), err)
		}
	}
	return nil
}

// reconcile compares the files with the manifest, first looking at everything,
// then removing what belongs to no one.
//
// A file is named .tmp until the transaction that lists it is durable, and .seg
// after that. A .seg file that is neither listed nor noted as dropped therefore
// was published once, and the catalogue has since lost that: Badger cuts its
// log, silently, at the first damaged byte.
func (db *DB) reconcile() error {
	entries, err := os.ReadDir(db.path(segmentsDir))
	if err != nil {
		if os.IsNotExist(err) {
			return fmt.Errorf("%w: the directory %s is missing", codec.ErrCorrupt, segmentsDir)
		}
		return err
	}
	found := map[uint64][]string{}
	for _, e := range entries {
		id, ext, ok := parseSegmentName(e.Name())
		if !ok || !e.Type().IsRegular() {
			db.warn("file in the store is not ours, left alone", "file", e.Name())
			continue
		}
		found[id] = append(found[id], ext)
	}

	var sweep []string
	var finish []uint64
	for id, exts := range found {
		_, listed := db.segments[id]
		_, dropped := db.dropped[id]
		published := slices.Contains(exts, publishedExt)
		if published && !listed && !dropped {
			return fmt.Errorf("%w: %s was published, but the catalogue does not list it: the catalogue has lost its newest entries", codec.ErrCorrupt, label(id))
		}
		if listed && !published {
			finish = append(finish, id)
			continue
		}
		for _, ext := range exts {
			if !listed || ext != publishedExt {
				sweep = append(sweep, db.segmentPath(id, ext))
			}
		}
	}
	for id, m := range db.segments {
		exts, ok := found[id]
		if !ok {
			return fmt.Errorf("%w: %s: its file is missing", codec.ErrCorrupt, label(id))
		}
		ext := unpublishedExt
		if slices.Contains(exts, publishedExt) {
			ext = publishedExt
		}
		fi, err := os.Stat(db.segmentPath(id, ext))
		if err != nil {
			return err
		}
		if fi.Size() != m.Size {
			return fmt.Errorf("%w: %s: its file has %d bytes and should have %d", codec.ErrCorrupt, label(id), fi.Size(), m.Size)
		}
	}

	for _, id := range finish {
		if err := os.Rename(db.segmentPath(id, unpublishedExt), db.segmentPath(id, publishedExt)); err != nil {
			return err
		}
	}
	for _, path := range sweep {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	if len(finish)+len(sweep)+len(db.dropped) == 0 {
		return nil
	}
	if err := syncDir(db.path(segmentsDir)); err != nil {
		return err
	}
	for id := range db.dropped {
		db.dropped[id] = dropGone
	}
	return nil
}
