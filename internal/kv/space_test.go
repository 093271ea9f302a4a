package kv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestMinFree: with too little free disk every write is refused before it
// starts, what frees disk is not, and nothing is lost.
func TestMinFree(t *testing.T) {
	dir := t.TempDir()
	free := int64(1 << 30)
	opt := testOptions(dir)
	opt.MinFree = 64 << 20
	opt.free = func(string) (int64, error) { return free, nil }
	db := mustOpen(t, opt)
	a := addSegment(t, db, 10, nil)
	b := commitSegment(t, db, 10)
	f, err := db.CreateSegment()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	scratch, err := db.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	before := db.Generation()

	free = 63 << 20
	for name, call := range map[string]func() error{
		"CreateSegment": func() error { _, err := db.CreateSegment(); return err },
		"Write":         func() error { _, err := f.Write(make([]byte, spaceEvery)); return err },
		"Scratch":       func() error { _, err := db.Scratch(); return err },
		"its WriteAt":   func() error { _, err := scratch.WriteAt(make([]byte, spaceEvery), 0); return err },
		"Publish":       func() error { return db.Publish(t.Context(), Edit{Add: []SegmentMeta{b}}) },
		"Publish batch": func() error { return db.Publish(t.Context(), Edit{Batch: &BatchRecord{ID: "b"}}) },
		"SetKeyCheck":   func() error { return db.SetKeyCheck([]byte("k")) },
		"Reclaim":       func() error { return db.Reclaim() },
	} {
		if err := call(); !errors.Is(err, ErrNoSpace) {
			t.Errorf("%s: %v, want ErrNoSpace", name, err)
		}
	}
	if _, err := f.Write([]byte("x")); !errors.Is(err, ErrNoSpace) {
		t.Errorf("the error does not stick: %v", err)
	}
	if _, err := f.Commit(); !errors.Is(err, ErrNoSpace) {
		t.Errorf("Commit: %v, want ErrNoSpace", err)
	}
	if db.Generation() != before {
		t.Error("a refused write changed something")
	}
	if err := db.Publish(t.Context(), Edit{Remove: []uint64{a.ID}}); err != nil {
		t.Errorf("giving up a segment: %v", err)
	}
	if err := db.RemoveFile(a.ID); err != nil {
		t.Error(err)
	}
	free = 1 << 30
	if err := db.Publish(t.Context(), Edit{Add: []SegmentMeta{b}}); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	free = openNeed - 1
	before2 := tree(t, dir)
	if _, err := Open(opt); !errors.Is(err, ErrNoSpace) || strings.Contains(err.Error(), "\n") {
		t.Errorf("open: %v, want ErrNoSpace in one line", err)
	}
	if after := strings.Replace(before2, "/badger/"+ballastName+" -rw-------; ", "", 1); tree(t, dir) != after || after == before2 {
		t.Errorf("open changed more than the ballast: %s, before %s", tree(t, dir), before2)
	}
	if _, err := Open(Options{Dir: filepath.Join(dir, "new"), free: opt.free}); !errors.Is(err, ErrNoSpace) {
		t.Errorf("making a store: %v, want ErrNoSpace", err)
	}
	os.Remove(filepath.Join(dir, "new"))

	free = openNeed // enough to read
	db = mustOpen(t, opt)
	if list, err := db.Segments(); len(list) != 1 || err != nil {
		t.Errorf("%d segments, %v", len(list), err)
	}
}

// A failingSink is a disk that is full, or broken, after some bytes.
type failingSink struct {
	segmentSink
	left int
	err  error
	sync error
}

func (s *failingSink) Write(b []byte) (int, error) {
	if s.left -= len(b); s.left < 0 {
		return 0, s.err
	}
	return s.segmentSink.Write(b)
}

func (s *failingSink) Sync() error {
	if s.sync != nil {
		return s.sync
	}
	return s.segmentSink.Sync()
}

func TestSegmentWriteErrors(t *testing.T) {
	dir := t.TempDir()
	sink := failingSink{}
	opt := testOptions(dir)
	opt.create = func(path string) (segmentSink, error) {
		f, err := createFile(path)
		s := sink
		s.segmentSink = f
		return &s, err
	}
	db := mustOpen(t, opt)
	for _, c := range []struct {
		sink    failingSink
		noSpace bool
	}{
		{failingSink{left: 2 << 20, err: &os.PathError{Op: "write", Path: "p", Err: syscall.ENOSPC}}, true},
		{failingSink{left: 100 << 20, sync: &os.PathError{Op: "sync", Path: "p", Err: syscall.EDQUOT}}, true},
		{failingSink{left: 100 << 20, sync: &os.PathError{Op: "sync", Path: "p", Err: syscall.EIO}}, false},
		{failingSink{left: 0, err: syscall.EIO}, false},
	} {
		sink = c.sink
		f, err := db.CreateSegment()
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			if _, err = f.Write(make([]byte, 1<<20-1)); err != nil {
				break
			}
		}
		_, commitErr := f.Commit()
		if commitErr == nil || (err != nil && commitErr != err) {
			t.Errorf("Write: %v, Commit: %v", err, commitErr)
		}
		if errors.Is(commitErr, ErrNoSpace) != c.noSpace {
			t.Errorf("%v: is ErrNoSpace %v, want %v", commitErr, !c.noSpace, c.noSpace)
		}
		if names := listNames(t, db.path(segmentsDir)); len(names) != 0 {
			t.Errorf("files left: %v", names)
		}
	}
	sink = failingSink{left: 100 << 20}
	addSegment(t, db, 10, nil) // the store goes on
}

// TestFailedCommit: when a transaction ends in doubt, no further one is taken.
func TestFailedCommit(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testOptions(dir))
	a := addSegment(t, db, 10, nil)
	b := commitSegment(t, db, 10)
	if err := db.badger.Close(); err != nil { // stands for a disk that fails
		t.Fatal(err)
	}
	err := db.Publish(t.Context(), Edit{Add: []SegmentMeta{b}})
	if err == nil || errors.Is(err, ErrFailed) {
		t.Fatalf("got %v", err)
	}
	for name, call := range map[string]func() error{
		"Publish":       func() error { return db.Publish(t.Context(), Edit{Remove: []uint64{a.ID}}) },
		"SetKeyCheck":   func() error { return db.SetKeyCheck([]byte("k")) },
		"CreateSegment": func() error { _, err := db.CreateSegment(); return err },
	} {
		if err := call(); !errors.Is(err, ErrFailed) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want ErrFailed in one line", name, err)
		}
	}
	if list, err := db.Segments(); len(list) != 1 || err != nil {
		t.Errorf("%d segments, %v", len(list), err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = mustOpen(t, testOptions(dir))
	if list, err := db.Segments(); len(list) != 1 || list[0] != a || err != nil {
		t.Errorf("segments %v, %v", list, err)
	}
}

// TestFullDisk fills a real, small file system. The store is used in a child,
// so that a SIGBUS would be seen for what it is.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux, to mount a tmpfs: the real full disk was NOT tested, only the simulated one")
	}
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=32m,mode=0700", "leakscope-test", disk).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s: the real full disk was NOT tested, only the simulated one", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	out, err := child(t, "fill", filepath.Join(disk, "store")).CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "done\n") {
		t.Fatalf("%v: %s", err, out)
	}
	t.Log(strings.TrimSpace(string(out)))
}

// childFill drives a store on a disk of 32 MiB to its end and back.
func childFill(dir string) {
	fail := func(what string, err error) {
		if err != nil {
			fmt.Println(what+":", err)
			os.Exit(1)
		}
	}
	expect := func(what string, err error) {
		if !errors.Is(err, ErrNoSpace) {
			fmt.Printf("%s: %v, want ErrNoSpace\n", what, err)
			os.Exit(1)
		}
	}
	opt := Options{Dir: dir, MinFree: 6 << 20}
	db, err := Open(opt)
	fail("open", err)
	add := func() error {
		f, err := db.CreateSegment()
		if err != nil {
			return err
		}
		defer f.Abort()
		if _, err := f.Write(bytesOf(f.ID(), 256<<10)); err != nil {
			return err
		}
		size, err := f.Commit()
		if err != nil {
			return err
		}
		seq := db.NextSeq()
		return db.Publish(context.Background(), Edit{Add: []SegmentMeta{{ID: f.ID(), Size: size, FirstSeq: seq, EndSeq: seq + 1}}})
	}
	n := 0
	for ; err == nil; n++ {
		err = add()
	}
	n--
	expect("filling", err)
	fmt.Println(n, "segments of 256 KiB fit")

	// Somebody else takes all the rest.
	filler := filepath.Join(filepath.Dir(dir), "filler")
	fill := func() {
		f, err := os.OpenFile(filler, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		fail("filler", err)
		for size := 64 << 10; size > 0; {
			if _, err := f.Write(make([]byte, size)); err != nil {
				size /= 2
			}
		}
		fail("filler", f.Close())
	}
	check := func() {
		list, err := db.Segments()
		fail("segments", err)
		if len(list) != n {
			fail("segments", fmt.Errorf("%d, want %d", len(list), n))
		}
		for _, m := range list {
			f, size, err := db.OpenSegment(m.ID)
			fail("open segment", err)
			b := make([]byte, size)
			if _, err := f.ReadAt(b, 0); err != nil || string(b) != string(bytesOf(m.ID, 256<<10)) {
				fail("read", fmt.Errorf("%s differs: %v", label(m.ID), err))
			}
			f.Close()
		}
	}
	fill()
	expect("add on a full disk", add())
	expect("batch on a full disk", db.Publish(context.Background(), Edit{Batch: &BatchRecord{ID: "b"}}))
	check()
	fail("close on a full disk", db.Close())
	fill() // and what the ballast gave
	_, err = Open(opt)
	expect("open on a full disk without ballast", err)

	fail("filler", os.Remove(filler))
	db, err = Open(opt)
	fail("open with room, to get ballast", err)
	if _, err := os.Stat(db.path(badgerDir, ballastName)); err != nil {
		// MinFree and ballast do not fit beside the segments: make room.
		list, err := db.Segments()
		fail("segments", err)
		for _, m := range list[:n/2] {
			fail("drop", db.Publish(context.Background(), Edit{Remove: []uint64{m.ID}}))
			fail("remove", db.RemoveFile(m.ID))
		}
		n -= n / 2
		fail("close", db.Close())
		db, err = Open(opt)
		fail("open again", err)
		_, err = os.Stat(db.path(badgerDir, ballastName))
		fail("ballast", err)
	}
	fail("close", db.Close())
	fill()
	db, err = Open(opt)
	fail("open on a full disk with ballast", err)
	check()
	fail("close", db.Close())

	fail("filler", os.Remove(filler))
	db, err = Open(opt)
	fail("open with room", err)
	check()
	fail("add with room", add())
	fail("close", db.Close())
	fmt.Println("done")
}
