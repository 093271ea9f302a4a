package kv

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/dgraph-io/badger/v4"
)

// Options say where a store is and how it is kept.
type Options struct {
	Dir     string       // required; made, with its parents, when missing
	Logger  *slog.Logger // nil: silent
	MinFree int64        // bytes of free disk below which nothing more is written; 0: DefaultMinFree

	// For tests.
	free   func(dir string) (int64, error)        // what is free; nil asks the disk
	create func(path string) (segmentSink, error) // where segment files come from; nil: the disk
	commit func() error                           // is asked before each transaction; nil: all may be made
	noSync bool                                   // no durability, more speed
}

// segmentSink is what a segment file is written to.
type segmentSink interface {
	io.Writer
	Sync() error
	Close() error
}

// A DB is an open store directory. It is safe for concurrent use.
type DB struct {
	opt    Options
	dir    string
	lock   *os.File // holds the directory's lock
	badger *badger.DB
	log    *badgerLog

	// write makes the transactions one after another; it is taken before mu and
	// guards the fields below it.
	write   sync.Mutex
	known   []string        // names in badgerDir whose entries are durable
	wals    map[string]bool // logs whose blocks are claimed
	rooms   map[Room]roomState
	witness witness

	// views is held for reading by whoever reads the records of a room, and
	// for writing while a large transaction is made, or Badger is closed.
	views sync.RWMutex

	// mu guards the rest.
	mu        sync.RWMutex
	closed    bool
	failed    error // the write that ended in doubt
	halfway   bool  // a large transaction is made in part: nothing can be read
	state     state
	segments  map[uint64]SegmentMeta
	dropped   map[uint64]dropStage
	nextID    uint64           // of the next segment file
	committed map[uint64]int64 // files written and durable, not published: their sizes
}

// dropStage is how far the file of a dropped segment is on its way out.
type dropStage uint8

const (
	dropListed   dropStage = iota // the file is there, readers may need it
	dropUnlinked                  // removed, which may not be durable yet
	dropGone                      // durably removed: the catalogue may forget it
)

// Open opens the store in Options.Dir, or makes one there if the directory is
// missing or empty. The manifest is checked against the files: each segment must
// be there with its exact size. Files that no manifest names are removed.
//
// Errors: ErrLocked when the store is open, here or in another process;
// ErrNotStore for a directory with something else in it, which is left alone;
// ErrNoSpace when there is not even room to open; codec.ErrCorrupt, naming the
// segment or file, for damage, after which nothing has been removed.
func Open(opt Options) (*DB, error) {
	if opt.Dir == "" {
		return nil, errors.New("no store directory given")
	}
	if opt.MinFree == 0 {
		opt.MinFree = DefaultMinFree
	}
	if opt.free == nil {
		opt.free = freeBytes
	}
	if opt.create == nil {
		opt.create = createFile
	}
	dir, err := filepath.Abs(opt.Dir)
	if err != nil {
		return nil, err
	}
	db := &DB{opt: opt, dir: dir, log: &badgerLog{log: opt.Logger}, wals: map[string]bool{}, rooms: map[Room]roomState{},
		segments: map[uint64]SegmentMeta{}, dropped: map[uint64]dropStage{}, committed: map[uint64]int64{}}
	if err := db.open(); err != nil {
		if db.badger != nil {
			db.badger.Close()
		}
		db.witness.close()
		if db.lock != nil {
			db.lock.Close()
		}
		return nil, fmt.Errorf("store %s: %w", opt.Dir, diskError(err))
	}
	return db, nil
}

func (db *DB) open() error {
	if err := os.MkdirAll(db.dir, 0o700); err != nil {
		return err
	}
	var err error
	if db.lock, err = lockDir(db.dir); err != nil {
		return err
	}
	if err := db.roomToOpen(); err != nil {
		return err
	}
	fresh, err := prepareDir(db.dir)
	if err != nil {
		return err
	}
	if db.badger, err = openBadger(db.path(badgerDir), fresh, db.log, !db.opt.noSync); err != nil {
		return err
	}
	if fresh {
		if err := db.startCatalogue(); err != nil {
			return err
		}
	} else {
		if err := db.finishJournal(); err != nil {
			return err
		}
		if err := db.loadCatalogue(); err != nil {
			return err
		}
	}
	if err := db.openWitness(); err != nil {
		return err
	}
	if err := db.settleNames(); err != nil {
		return err
	}
	if fresh {
		if err := sealDir(db.dir); err != nil {
			return err
		}
		// The directory's own name; a parent that may not be read is not ours.
		if err := syncDir(filepath.Dir(db.dir)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	} else if err := db.reconcile(); err != nil {
		return err
	}
	db.keepBallast()
	return nil
}

// Close ends the use of the store and gives the directory free. Segment files
// that were opened stay readable.
func (db *DB) Close() error {
	db.write.Lock()
	defer db.write.Unlock()
	db.mu.Lock()
	was := db.closed
	db.closed = true
	db.mu.Unlock()
	if was {
		return nil
	}
	db.views.Lock() // waits for readers
	defer db.views.Unlock()
	db.roomToClose()
	err := cmp.Or(guard(db.badger.Close), db.witness.close())
	// The lock last: until then nobody else may look.
	if e := db.lock.Close(); err == nil && e != nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("store %s: closing: %w", db.opt.Dir, diskError(err))
	}
	return nil
}

// Segments lists the manifest, ordered by FirstSeq.
func (db *DB) Segments() ([]SegmentMeta, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return nil, ErrClosed
	}
	list := make([]SegmentMeta, 0, len(db.segments))
	for _, m := range db.segments {
		list = append(list, m)
	}
	slices.SortFunc(list, compareSegments)
	return list, nil
}

// NextSeq is the first ingest sequence number that no published segment covers.
func (db *DB) NextSeq() uint64 {
	db.mu.RLock()
	defer db.mu.RUnlock()
	return db.state.nextSeq
}

// Generation counts the transactions of the store's life that changed its
// manifest, its batches or its key check; it grows by one with each.
func (db *DB) Generation() uint64 {
	db.mu.RLock()
	defer db.mu.RUnlock()
	return db.state.generation
}

// Usage is what the store takes on disk, in bytes: the catalogue, and the
// segment files, unpublished and dropped ones included.
func (db *DB) Usage() (badgerBytes, segmentBytes int64, err error) {
	if badgerBytes, err = dirBytes(db.path(badgerDir)); err != nil {
		return 0, 0, err
	}
	segmentBytes, err = dirBytes(db.path(segmentsDir))
	return badgerBytes, segmentBytes, err
}

// Reclaim gives back the disk that overwritten records of the catalogue still
// take, as far as they are out of its log. It is worth a call after many
// publishes; without it the catalogue stays within some MiB as well.
func (db *DB) Reclaim() error {
	db.write.Lock()
	defer db.write.Unlock()
	if err := db.writable(); err != nil {
		return err
	}
	if err := db.needRoom(db.opt.MinFree); err != nil {
		return err
	}
	if err := guard(func() error { return db.badger.Flatten(1) }); err != nil {
		return fmt.Errorf("catalogue: %w", openError(err))
	}
	return db.settleNames()
}

func (db *DB) path(elem ...string) string {
	return filepath.Join(append([]string{db.dir}, elem...)...)
}

func (db *DB) segmentPath(id uint64, ext string) string {
	return db.path(segmentsDir, segmentName(id, ext))
}

// writable says whether a write may start.
func (db *DB) writable() error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	switch {
	case db.closed:
		return ErrClosed
	case db.failed != nil:
		return fmt.Errorf("%w: %w", ErrFailed, db.failed)
	}
	if msg := db.log.alarm(); msg != "" {
		return fmt.Errorf("%w: catalogue: %s", ErrFailed, msg)
	}
	return nil
}

func (db *DB) warn(msg string, args ...any) {
	if db.opt.Logger != nil {
		db.opt.Logger.Warn(msg, args...)
	}
}

// guard turns a panic of Badger's in this goroutine into an error.
func guard(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("catalogue: %s", oneLine(fmt.Sprint(p)))
		}
	}()
	return fn()
}
