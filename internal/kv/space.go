package kv

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Badger writes through memory maps into files with holes, and a hole that meets
// a full disk kills the process. So there is always a look at the disk before it
// writes, the blocks of its log are claimed ahead where the file system can do
// that, and a ballast file keeps room to open and close.

// needRoom fails with ErrNoSpace when fewer than n bytes are free.
func (db *DB) needRoom(n int64) error {
	free, err := db.opt.free(db.dir)
	if err != nil {
		return err
	}
	if free < n {
		return fmt.Errorf("%w: %d MiB are free, %d MiB are needed", ErrNoSpace, free>>20, (n+1<<20-1)>>20)
	}
	return nil
}

// roomToOpen asks for what opening may write; the ballast is given up for it.
func (db *DB) roomToOpen() error {
	err := db.needRoom(openNeed)
	if _, e := os.Lstat(db.path(markerName)); e != nil {
		return err // not a store, or not yet: nothing here is ours to remove
	}
	if errors.Is(err, ErrNoSpace) && os.Remove(db.path(badgerDir, ballastName)) == nil {
		err = db.needRoom(openNeed)
	}
	return err
}

func (db *DB) roomToClose() {
	if err := db.needRoom(openNeed); errors.Is(err, ErrNoSpace) {
		_ = os.Remove(db.path(badgerDir, ballastName))
	}
}

// keepBallast makes the ballast while there is plenty. Without it the store
// works as well, until the disk is full to the last MiB.
func (db *DB) keepBallast() {
	path := db.path(badgerDir, ballastName)
	if _, err := os.Lstat(path); err == nil || db.needRoom(db.opt.MinFree+ballastSize) != nil {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = cmp.Or(claim(f, ballastSize), f.Close())
	}
	if err != nil {
		db.warn("no ballast file", "error", err)
	}
}

// claimLogs claims the blocks of logs that Badger has made since the last look.
func (db *DB) claimLogs() error {
	paths, err := filepath.Glob(db.path(badgerDir, "*.mem"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if db.wals[path] {
			continue
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // flushed meanwhile
		}
		if err != nil {
			return err
		}
		if err := cmp.Or(claim(f, walReserve), f.Close()); err != nil {
			return diskError(err)
		}
		db.wals[path] = true
	}
	for path := range db.wals {
		if !slices.Contains(paths, path) {
			delete(db.wals, path)
		}
	}
	return nil
}

// settleNames makes the names of Badger's files durable, which it leaves out for
// new ones, and the files private. Cheap when there is no new name.
func (db *DB) settleNames() error {
	dir := db.path(badgerDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.Name() != "LOCK" {
			names = append(names, e.Name())
		}
	}
	changed := false
	for _, name := range names {
		if _, old := slices.BinarySearch(db.known, name); old {
			continue
		}
		changed = true
		if err := os.Chmod(filepath.Join(dir, name), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if changed {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	db.known = names
	return nil
}
