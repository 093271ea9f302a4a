package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/leakscope/leakscope/internal/codec"
)

// describe puts the sentinel's name before an error.
func describe(err error) string {
	for name, sentinel := range map[string]error{"corrupt": codec.ErrCorrupt, "locked": ErrLocked, "no space": ErrNoSpace, "not a store": ErrNotStore} {
		if errors.Is(err, sentinel) {
			return name + ": " + err.Error()
		}
	}
	return "error: " + err.Error()
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testOptions(dir))
	start := time.Now()
	_, err := Open(testOptions(dir))
	if want := "store " + dir + ": store is already open"; !errors.Is(err, ErrLocked) || err.Error() != want {
		t.Errorf("second open in this process: %v, want %q", err, want)
	}
	out, err := child(t, "open", dir).CombinedOutput()
	if want := "locked: store " + dir + ": store is already open\n"; err != nil || string(out) != want {
		t.Errorf("second open in another process: %q, %v, want %q", out, err, want)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v to be refused", d)
	}
	addSegment(t, db, 10, nil) // the refused ones did no harm
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := child(t, "open", dir).CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "open 1 ") {
		t.Errorf("open after close: %q, %v", out, err)
	}
}

func TestForeignDirectory(t *testing.T) {
	for name, put := range map[string]func(dir string) error{
		"a file":            func(dir string) error { return os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600) },
		"a directory":       func(dir string) error { return os.Mkdir(filepath.Join(dir, "photos"), 0o700) },
		"a Badger database": func(dir string) error { return os.WriteFile(filepath.Join(dir, "MANIFEST"), []byte("Bdgr"), 0o600) },
		"badger/ alone":     func(dir string) error { return os.Mkdir(filepath.Join(dir, badgerDir), 0o700) },
		"other marker":      func(dir string) error { return os.WriteFile(filepath.Join(dir, markerName), []byte("hello"), 0o600) },
		"newer format":      func(dir string) error { return os.WriteFile(filepath.Join(dir, markerName), []byte(marker(99)), 0o600) },
		"empty marker":      func(dir string) error { return os.WriteFile(filepath.Join(dir, markerName), nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := put(dir); err != nil {
				t.Fatal(err)
			}
			before := tree(t, dir)
			if _, err := Open(testOptions(dir)); !errors.Is(err, ErrNotStore) {
				t.Errorf("got %v, want ErrNotStore", err)
			} else if strings.Contains(err.Error(), "\n") {
				t.Errorf("message of several lines: %q", err)
			}
			if after := tree(t, dir); after != before {
				t.Errorf("the directory changed from %s to %s", before, after)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testOptions(file)); err == nil {
		t.Error("a plain file was opened as a store")
	}
}

// tree lists dir's content, with sizes of files.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil && path != dir {
			b.WriteString(strings.TrimPrefix(path, dir) + " " + fi.Mode().String() + "; ")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestHalfMade: a crash while a store was made leaves something that the next
// open finishes; the same without a seal is damage.
func TestHalfMade(t *testing.T) {
	dir := t.TempDir()
	if fresh, err := prepareDir(dir); !fresh || err != nil {
		t.Fatal(fresh, err)
	}
	if err := os.WriteFile(filepath.Join(dir, badgerDir, "000001.vlog"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := mustOpen(t, testOptions(dir))
	addSegment(t, db, 10, nil)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	for _, gone := range []string{badgerDir, segmentsDir} {
		if err := os.Rename(filepath.Join(dir, gone), filepath.Join(dir, gone+".away")); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(testOptions(dir)); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("without %s: %v, want ErrCorrupt", gone, err)
		}
		if _, err := os.Stat(filepath.Join(dir, gone)); err == nil {
			t.Errorf("%s was made anew in a store that had lost it", gone)
		}
		if err := os.Rename(filepath.Join(dir, gone+".away"), filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	db = mustOpen(t, testOptions(dir))
	if list, err := db.Segments(); len(list) != 1 || err != nil {
		t.Errorf("%d segments, %v", len(list), err)
	}
}

func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	db := mustOpen(t, testOptions(dir))
	addSegment(t, db, 10, nil)
	check := func() {
		t.Helper()
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			fi, err := d.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			if d.IsDir() {
				want = 0o700
			}
			if d.Name() != "LOCK" && fi.Mode().Perm() != want { // LOCK holds a process number
				t.Errorf("%s has mode %v, want %v", path, fi.Mode().Perm(), want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	check()
}

// Badger's words never get out, and what they meant can be asked for.
func TestOpenError(t *testing.T) {
	for _, c := range []struct {
		cause error
		want  error
		text  string
	}{
		{syscall.EACCES, fs.ErrPermission, "must be writable"},
		{syscall.EROFS, syscall.EROFS, "must be writable"},
		{syscall.EMFILE, syscall.EMFILE, "too many open files"},
		{syscall.ENOSPC, ErrNoSpace, "space"},
		{errors.New("checksum mismatch"), codec.ErrCorrupt, "checksum"},
	} {
		err := openError(fmt.Errorf("Cannot write pid file %q err: %v", "badger/LOCK", c.cause)) // as Badger does
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v", c.cause, err)
		}
	}
}

// TestSweep: files of no manifest go, foreign ones stay.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testOptions(dir))
	kept := addSegment(t, db, 10, nil)
	commitSegment(t, db, 20) // durable, never published
	f, err := db.CreateSegment()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("torn")); err != nil {
		t.Fatal(err)
	}
	dropped := addSegment(t, db, 30, nil)
	if err := db.Publish(t.Context(), Edit{Remove: []uint64{dropped.ID}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f.Abort() // too late: the name may be another process's by now
	seg := filepath.Join(dir, segmentsDir)
	if err := os.WriteFile(filepath.Join(seg, "README"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	// As after a crash between the transaction and the renaming.
	if err := os.Rename(filepath.Join(seg, segmentName(kept.ID, publishedExt)), filepath.Join(seg, segmentName(kept.ID, unpublishedExt))); err != nil {
		t.Fatal(err)
	}
	if n := len(listNames(t, seg)); n != 5 {
		t.Fatalf("%d files before", n)
	}
	db = mustOpen(t, testOptions(dir))
	if got := strings.Join(listNames(t, seg), " "); got != segmentName(kept.ID, publishedExt)+" README" {
		t.Errorf("files after: %s", got)
	}
	if len(readSegment(t, db, kept.ID)) != 10 {
		t.Error("the segment reads differently")
	}
	addSegment(t, db, 10, nil)
	if len(db.dropped) != 0 {
		t.Errorf("the catalogue still remembers %d files that are gone", len(db.dropped))
	}
}

func listNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
