package kv

import (
	"fmt"
	"os"
)

// A ScratchFile holds for a while what would not fit into memory. Nobody else finds
// it, and nothing of it is left once it is closed.
type ScratchFile struct {
	db      *DB
	file    *os.File
	written int64
	look    int64 // written bytes at which the room is looked at again
}

// Scratch makes a scratch file beside the segments. It fails with ErrNoSpace when
// less than Options.MinFree is free.
func (db *DB) Scratch() (*ScratchFile, error) {
	// Where a file cannot be removed while it is open, and after a crash here, the
	// next open sweeps it, as any segment that was not published.
	_, path, err := db.newFile()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("scratch file: %w", diskError(err))
	}
	_ = os.Remove(path)
	return &ScratchFile{db: db, file: f, look: spaceEvery}, nil
}

// WriteAt is that of a file; it fails with ErrNoSpace when the disk is full or
// nearly so.
func (f *ScratchFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.file.WriteAt(b, at)
	if f.written += int64(n); err == nil && f.written >= f.look {
		f.look = f.written + spaceEvery
		err = f.db.needRoom(f.db.opt.MinFree)
	}
	return n, diskError(err)
}

// ReadAt is that of a file.
func (f *ScratchFile) ReadAt(b []byte, at int64) (int, error) { return f.file.ReadAt(b, at) }

// Close gives its room back.
func (f *ScratchFile) Close() error { return f.file.Close() }
