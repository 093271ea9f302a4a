package kv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/leakscope/leakscope/internal/codec"
)

// badgerOptions are the settings that were measured to be durable and small.
// All values are small and stay in the tree: its log and its blocks carry
// checksums, whereas a damaged value log reads as empty values without an error.
func badgerOptions(dir string, log *badgerLog, sync bool) badger.Options {
	return badger.DefaultOptions(dir).
		WithSyncWrites(sync). // nothing else survives a power cut
		WithMemTableSize(memTableSize).
		WithNumMemtables(2).
		WithValueThreshold(inlineBelow).
		WithValueLogFileSize(vlogFileSize).
		WithNumCompactors(2). // its least
		WithNumLevelZeroTables(2).
		WithNumLevelZeroTablesStall(4).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithDetectConflicts(false). // one writer
		WithMetricsEnabled(false).
		WithChecksumVerificationMode(options.OnTableAndBlockRead).
		WithLogger(log)
}

// openBadger opens the catalogue's database, turning what can be turned into an
// error into one.
func openBadger(dir string, fresh bool, log *badgerLog, sync bool) (db *badger.DB, err error) {
	if !fresh {
		if err := inspectBadger(dir); err != nil {
			return nil, err
		}
	}
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w: catalogue: cannot be opened: %s", codec.ErrCorrupt, oneLine(fmt.Sprint(p)))
		}
	}()
	db, err = badger.Open(badgerOptions(dir, log, sync))
	if err != nil {
		return nil, openError(err)
	}
	if msg := log.alarm(); msg != "" {
		// It goes on without a table that it could not read, and only says so.
		db.Close()
		return nil, fmt.Errorf("%w: catalogue: %s", codec.ErrCorrupt, msg)
	}
	return db, nil
}

func openError(err error) error {
	text := oneLine(err.Error())
	trouble, other := troubleOf(err)
	switch {
	case strings.Contains(text, "Cannot acquire directory lock"):
		return ErrLocked
	case meansNoSpace(err):
		return fmt.Errorf("%w: catalogue: %s", ErrNoSpace, text)
	case other && (errors.Is(trouble, fs.ErrPermission) || trouble == syscall.EROFS):
		return fmt.Errorf("catalogue: a store must be writable, even to be asked: %w", trouble)
	case other:
		return fmt.Errorf("catalogue: cannot be opened: %w", trouble)
	default:
		return fmt.Errorf("%w: catalogue: %s", codec.ErrCorrupt, text)
	}
}

// inspectBadger looks for the kinds of damage that would make Badger end the
// process instead of returning an error: tables too short to be read (it panics
// in a goroutine of its own), and directories or pipes where files belong (it
// calls log.Fatal).
func inspectBadger(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w: catalogue: its directory is missing", codec.ErrCorrupt)
		}
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if !e.Type().IsRegular() {
			return fmt.Errorf("%w: catalogue: %s is not a plain file", codec.ErrCorrupt, name)
		}
		switch filepath.Ext(name) {
		case ".mem", ".vlog":
			if err := inspectLog(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	tables, err := listTables(dir)
	if err != nil {
		return err
	}
	for id := range tables {
		if err := inspectTable(table.NewFilename(id, dir), id); err != nil {
			return err
		}
	}
	return inspectDiscard(filepath.Join(dir, "DISCARD"))
}

// listTables gives the tables of Badger's own manifest. Others may stand in the
// directory after a crash, half written; Badger removes them.
func listTables(dir string) (tables map[uint64]badger.TableManifest, err error) {
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: catalogue: %s is missing", codec.ErrCorrupt, badger.ManifestFilename)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	err = guard(func() error {
		m, _, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(dir))
		tables = m.Tables
		return err
	})
	if err != nil {
		return nil, openError(err)
	}
	return tables, nil
}

// inspectTable reads one table whole, from memory; they are few and of about
// 1 MiB each.
func inspectTable(path string, id uint64) (err error) {
	name := filepath.Base(path)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: catalogue: %s cannot be read as a table", codec.ErrCorrupt, name)
		}
	}()
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: catalogue: %s is missing", codec.ErrCorrupt, name)
	}
	if err != nil {
		return err
	}
	t, err := table.OpenInMemoryTable(b, id, &table.Options{Compression: options.None, ChkMode: options.OnTableAndBlockRead})
	if err == nil {
		err = t.VerifyChecksum()
	}
	if err != nil {
		return fmt.Errorf("%w: catalogue: %s: %s", codec.ErrCorrupt, name, oneLine(err.Error()))
	}
	return nil
}

// inspectLog: a log shorter than its header. One of no bytes at all was created
// a moment before a crash and holds nothing.
func inspectLog(path string) error {
	const header = 20
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	switch {
	case fi.Size() == 0:
		return os.Remove(path)
	case fi.Size() < header:
		return fmt.Errorf("%w: catalogue: %s has %d bytes", codec.ErrCorrupt, filepath.Base(path), fi.Size())
	}
	return nil
}

// inspectDiscard drops a file of statistics on the value log that has a size it
// cannot have: nothing is in that log, so nothing is lost.
func inspectDiscard(path string) error {
	fi, err := os.Stat(path)
	if err != nil || fi.Size() == 0 || fi.Size() == 1<<20 {
		return nil
	}
	return os.Remove(path)
}

// badgerLog passes Badger's messages on and remembers the first that means
// trouble: some of its failures are told nowhere else.
type badgerLog struct {
	log *slog.Logger // may be nil

	mu    sync.Mutex
	first string // guarded by mu
}

func (l *badgerLog) alarm() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

func (l *badgerLog) Errorf(format string, args ...any) {
	msg := oneLine(fmt.Sprintf(format, args...))
	l.mu.Lock()
	if l.first == "" {
		l.first = msg
	}
	l.mu.Unlock()
	if l.log != nil {
		l.log.Error("catalogue: " + msg)
	}
}

func (l *badgerLog) Warningf(format string, args ...any) {
	if l.log != nil {
		l.log.Warn("catalogue: " + oneLine(fmt.Sprintf(format, args...)))
	}
}

// Infof is for those who asked for details: it tells of every flush.
func (l *badgerLog) Infof(format string, args ...any) { l.Debugf(format, args...) }

func (l *badgerLog) Debugf(format string, args ...any) {
	if l.log != nil && l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("catalogue: " + oneLine(fmt.Sprintf(format, args...)))
	}
}

// oneLine makes one line of a message, of at most 300 bytes.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = s[:300] + "..."
	}
	return s
}
