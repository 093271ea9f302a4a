package kv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// TestDamagedSegment: a segment file that is not as listed is named, and nothing
// is removed.
func TestDamagedSegment(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testOptions(dir))
	addSegment(t, db, 100, nil)
	m := addSegment(t, db, 1000, nil)
	stray := commitSegment(t, db, 10)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	path := db.segmentPath(m.ID, publishedExt)
	for name, damage := range map[string]func() error{
		"missing":   func() error { return os.Remove(path) },
		"cut":       func() error { return os.Truncate(path, 999) },
		"empty":     func() error { return os.Truncate(path, 0) },
		"longer":    func() error { return os.Truncate(path, 1001) },
		"directory": func() error { os.Remove(path); return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := damage(); err != nil {
				t.Fatal(err)
			}
			_, err := Open(testOptions(dir))
			if !errors.Is(err, codec.ErrCorrupt) || !strings.Contains(err.Error(), label(m.ID)) {
				t.Errorf("got %v, want ErrCorrupt with %q", err, label(m.ID))
			}
			if _, err := os.Stat(db.segmentPath(stray.ID, unpublishedExt)); err != nil {
				t.Errorf("something was removed from a damaged store: %v", err)
			}
			os.Remove(path)
			if err := os.WriteFile(path, bytesOf(m.ID, 1000), 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
	db = mustOpen(t, testOptions(dir))
	// Damage while it is open is found when the segment is opened.
	if err := os.Truncate(path, 7); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.OpenSegment(m.ID); !errors.Is(err, codec.ErrCorrupt) || !strings.Contains(err.Error(), label(m.ID)) {
		t.Errorf("open of a cut segment: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.OpenSegment(m.ID); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("open of a missing segment: %v", err)
	}
}

// childFixture makes a store whose catalogue has tables and a log in use: 20
// segments closed properly, 20 more and no close.
func childFixture(dir string) {
	for range 2 {
		db, err := Open(testOptions(dir))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for range 20 {
			f, err := db.CreateSegment()
			if err == nil {
				_, err = f.Write(bytesOf(f.ID(), 10))
			}
			var size int64
			if err == nil {
				size, err = f.Commit()
			}
			if err == nil {
				seq := db.NextSeq()
				err = db.Publish(context.Background(), Edit{Add: []SegmentMeta{{ID: f.ID(), Size: size, FirstSeq: seq, EndSeq: seq + 1}},
					Batch: &BatchRecord{ID: "batch", Records: int64(seq + 1)}})
			}
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
		if db.NextSeq() == 40 {
			os.Exit(0) // as if killed
		}
		if err := db.Close(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// TestDamagedCatalogue breaks each of Badger's files in several ways. A store
// that opens must list everything; otherwise it is ErrCorrupt, and in no case
// the end of the process. What Badger would do to it is seen in a child.
func TestDamagedCatalogue(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fixture")
	if out, err := child(t, "fixture", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	flip := func(at func(n int) int) func(path string, b []byte) error {
		return func(path string, b []byte) error {
			for i := range 16 {
				if p := at(len(b)) + i; p < len(b) {
					b[p] ^= 0xA5
				}
			}
			return os.WriteFile(path, b, 0o600)
		}
	}
	damages := map[string]func(path string, b []byte) error{
		"flip at start":  flip(func(int) int { return 0 }),
		"flip at 20":     flip(func(int) int { return 20 }),
		"flip at 600":    flip(func(n int) int { return min(600, n/3) }),
		"flip at middle": flip(func(n int) int { return n / 2 }),
		"flip at end":    flip(func(n int) int { return n - 16 }),
		"cut to half":    func(path string, b []byte) error { return os.Truncate(path, int64(len(b)/2)) },
		"cut to 600":     func(path string, b []byte) error { return os.Truncate(path, 600) },
		"cut to 7 bytes": func(path string, b []byte) error { return os.Truncate(path, 7) },
		"cut to nothing": func(path string, b []byte) error { return os.Truncate(path, 0) },
		"missing":        func(path string, b []byte) error { return os.Remove(path) },
		"a directory":    func(path string, b []byte) error { os.Remove(path); return os.Mkdir(path, 0o700) },
		"zeros":          func(path string, b []byte) error { clear(b); return os.WriteFile(path, b, 0o600) },
	}
	opened, refused := 0, 0
	for _, name := range listNames(t, filepath.Join(dir, badgerDir)) {
		for what, damage := range damages {
			if testing.Short() && what != "flip at middle" && what != "cut to half" {
				continue
			}
			work := filepath.Join(t.TempDir(), "store")
			copyTree(t, dir, work)
			path := filepath.Join(work, badgerDir, name)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) < 16 {
				b = append(b, make([]byte, 16-len(b))...)
			}
			if err := damage(path, b); err != nil {
				t.Fatal(err)
			}
			cmd := child(t, "open", work)
			out, err := cmd.CombinedOutput()
			line := strings.TrimSpace(string(out))
			switch {
			case err == nil && line == "open 40 41":
				opened++
			case err == nil && strings.HasPrefix(line, "corrupt: ") && !strings.Contains(line, "\n"):
				refused++
				// Segment files are never touched.
				if n := len(listNames(t, filepath.Join(work, segmentsDir))); n != 40 {
					t.Errorf("%s, %s: %d of 40 segment files left", name, what, n)
				}
			default:
				t.Errorf("%s, %s: %v: %.600s", name, what, err, line)
			}
			os.RemoveAll(work)
		}
	}
	t.Logf("%d damaged stores opened with everything in them, %d were refused", opened, refused)
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", "--sparse=always", from, to).CombinedOutput(); err != nil {
		t.Skipf("cp: %v: %s", err, out)
	}
}
