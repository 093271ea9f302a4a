package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/leakscope/leakscope/internal/codec"
)

// A SegmentFile is a segment being written: a buffered io.Writer. It is for one
// goroutine. End it with Commit or Abort; Abort after a Commit removes the file
// as long as it is not published, so a deferred Abort is always right.
type SegmentFile struct {
	db   *DB
	id   uint64
	path string
	sink segmentSink
	buf  []byte
	size int64 // accepted by Write
	look int64 // at this size free space is looked at again
	err  error // sticky
	open bool
}

func createFile(path string) (segmentSink, error) {
	// O_EXCL: an id is never used twice.
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// CreateSegment starts a segment under an id of its own. Many may be written at
// a time. It fails with ErrNoSpace when less than Options.MinFree is free.
func (db *DB) CreateSegment() (*SegmentFile, error) {
	id, path, err := db.newFile()
	if err != nil {
		return nil, err
	}
	sink, err := db.opt.create(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label(id), diskError(err))
	}
	return &SegmentFile{db: db, id: id, path: path, sink: sink, look: spaceEvery, open: true}, nil
}

// newFile takes an id for a file that is not published, and says where to make it,
// if there is room for one.
func (db *DB) newFile() (id uint64, path string, err error) {
	if err := db.writable(); err != nil {
		return 0, "", err
	}
	if err := db.needRoom(db.opt.MinFree); err != nil {
		return 0, "", err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	id = db.nextID
	db.nextID++
	return id, db.segmentPath(id, unpublishedExt), nil
}

// ID is the segment's id.
func (f *SegmentFile) ID() uint64 { return f.id }

// Size is how many bytes were written so far.
func (f *SegmentFile) Size() int64 { return f.size }

// Write appends b. Errors stick: ErrNoSpace when the disk is full or nearly so.
func (f *SegmentFile) Write(b []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	if !f.open {
		return 0, fmt.Errorf("%s: write after its end", label(f.id))
	}
	n := len(b)
	for len(b) > 0 {
		if len(f.buf) == 0 && len(b) >= writeBuffer {
			if f.put(b); f.err != nil {
				return 0, f.err
			}
			break
		}
		k := min(len(b), writeBuffer-len(f.buf))
		f.buf = append(f.buf, b[:k]...) // grows no further than is written
		b = b[k:]
		if len(f.buf) == writeBuffer {
			if f.put(f.buf); f.err != nil {
				return 0, f.err
			}
			f.buf = f.buf[:0]
		}
	}
	f.size += int64(n)
	if f.size >= f.look {
		f.look = f.size + spaceEvery
		if f.err = f.db.needRoom(f.db.opt.MinFree); f.err != nil {
			return 0, f.err
		}
	}
	return n, nil
}

func (f *SegmentFile) put(b []byte) {
	if _, err := f.sink.Write(b); err != nil {
		f.err = fmt.Errorf("%s: %w", label(f.id), diskError(err))
	}
}

// Commit makes the file durable, bytes and name; it is not part of the store
// until Publish names it. After an error the file is gone.
func (f *SegmentFile) Commit() (size int64, err error) {
	if !f.open {
		return 0, fmt.Errorf("%s: commit after its end", label(f.id))
	}
	if f.err == nil && len(f.buf) > 0 {
		f.put(f.buf)
	}
	if f.err == nil && f.size == 0 {
		f.err = fmt.Errorf("%s: nothing was written", label(f.id))
	}
	if f.err == nil && !f.db.opt.noSync {
		f.note(f.sink.Sync())
	}
	f.open, f.buf = false, nil
	f.note(f.sink.Close())
	if f.err == nil {
		f.note(f.db.syncSegments())
	}
	if f.err != nil {
		f.db.discard(f.path)
		return 0, f.err
	}
	f.db.mu.Lock()
	f.db.committed[f.id] = f.size
	f.db.mu.Unlock()
	return f.size, nil
}

func (f *SegmentFile) note(err error) {
	if f.err == nil && err != nil {
		f.err = fmt.Errorf("%s: %w", label(f.id), diskError(err))
	}
}

// Abort removes the file, unless it is published.
func (f *SegmentFile) Abort() {
	if f.open {
		f.open, f.buf = false, nil
		f.err = fmt.Errorf("%s: aborted", label(f.id))
		_ = f.sink.Close()
		f.db.discard(f.path)
		return
	}
	f.db.write.Lock() // not in the middle of a Publish
	defer f.db.write.Unlock()
	f.db.mu.Lock()
	_, waiting := f.db.committed[f.id]
	if f.db.failed != nil {
		waiting = false // it may be listed: the next Open knows
	}
	delete(f.db.committed, f.id)
	f.db.mu.Unlock()
	if waiting {
		f.db.discard(f.path)
	}
}

// discard removes an unpublished file, but not after Close: its name may by then
// be that of another process's.
func (db *DB) discard(path string) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if !db.closed {
		_ = os.Remove(path)
	}
}

// syncSegments makes the names of the segment files durable, and with them the
// removals so far.
func (db *DB) syncSegments() error {
	db.mu.RLock()
	var unlinked []uint64
	for id, stage := range db.dropped {
		if stage == dropUnlinked {
			unlinked = append(unlinked, id)
		}
	}
	db.mu.RUnlock()
	if !db.opt.noSync {
		if err := syncDir(db.path(segmentsDir)); err != nil {
			return err
		}
	}
	db.mu.Lock()
	for _, id := range unlinked {
		if _, ok := db.dropped[id]; ok {
			db.dropped[id] = dropGone
		}
	}
	db.mu.Unlock()
	return nil
}

// OpenSegment opens the file of a segment that is published, or committed and
// about to be, for reading with ReadAt. It stays readable after RemoveFile. A
// file that is missing or has not the manifest's size is codec.ErrCorrupt.
func (db *DB) OpenSegment(id uint64) (f *os.File, size int64, err error) {
	db.mu.RLock()
	m, listed := db.segments[id]
	want, waiting := db.committed[id]
	closed := db.closed
	db.mu.RUnlock()
	switch {
	case closed:
		return nil, 0, ErrClosed
	case listed:
		want = m.Size
	case !waiting:
		return nil, 0, fmt.Errorf("%s is not in the store", label(id))
	}
	// The name changes while it is published, once and in this direction.
	f, err = os.Open(db.segmentPath(id, unpublishedExt))
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.Open(db.segmentPath(id, publishedExt))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("%w: %s: its file is missing", codec.ErrCorrupt, label(id))
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", label(id), err)
	}
	fi, err := f.Stat()
	if err == nil && fi.Size() != want {
		err = fmt.Errorf("%w: its file has %d bytes and should have %d", codec.ErrCorrupt, fi.Size(), want)
	}
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("%s: %w", label(id), err)
	}
	return f, want, nil
}

// RemoveFile gives back the disk of a segment that an Edit has removed, once no
// new reader will ask for it. Calling it again is harmless.
func (db *DB) RemoveFile(id uint64) error {
	db.mu.RLock()
	_, listed := db.segments[id]
	stage, dropped := db.dropped[id]
	closed := db.closed
	db.mu.RUnlock()
	switch {
	case closed:
		return ErrClosed
	case listed:
		return fmt.Errorf("%s is in the store and cannot be removed", label(id))
	case !dropped || stage != dropListed:
		return nil
	}
	for _, ext := range []string{publishedExt, unpublishedExt} {
		if err := os.Remove(db.segmentPath(id, ext)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", label(id), err)
		}
	}
	db.mu.Lock()
	if stage, ok := db.dropped[id]; ok && stage == dropListed {
		db.dropped[id] = dropUnlinked
	}
	db.mu.Unlock()
	return nil
}
