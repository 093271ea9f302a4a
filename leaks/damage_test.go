package leaks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/leakscope/leakscope/internal/segment"
)

// A failingReader is a disk that fails from some read on, or answers the reads
// from then on with other bytes.
type failingReader struct {
	io.ReaderAt
	left  atomic.Int64
	wrong bool
}

var errDisk = errors.New("the disk fails")

func (r *failingReader) ReadAt(b []byte, off int64) (int, error) {
	if r.left.Add(-1) >= 0 {
		return r.ReaderAt.ReadAt(b, off)
	}
	if !r.wrong {
		return 0, errDisk
	}
	n, err := r.ReaderAt.ReadAt(b, off)
	if n > 0 {
		b[n/2] ^= 0x10
	}
	return n, err
}

// TestFailingDisk: whatever a query or a merge has read already, when the disk
// fails it ends with that error: no panic, no answer made up.
func TestFailingDisk(t *testing.T) {
	lowerAggregateRows(t, 10)
	lowerTextStrings(t, 1)
	data := encodeRows(t, newRowMaker(1, true).rows(300)).data
	other := encodeRows(t, newRowMaker(2, true).rows(20))
	d, err := compileDetails(t.Context(), &DetailsQuery{Scope: everything, Column: RootDomain, Search: "an"})
	if err != nil {
		t.Fatal(err)
	}
	merge := func(dropBefore uint32) func(tab *table) error {
		return func(tab *table) error {
			_, err := mergeTables(t.Context(), segment.NewWriter(io.Discard), []*table{other.open(t), tab}, mergeOptions{dropBefore: dropBefore})
			return err
		}
	}
	for name, use := range map[string]func(tab *table) error{
		"merge":  merge(0),
		"expire": merge(1_700_000_000 + 20*3607),
		"details": func(tab *table) error {
			sn := &snapshot{segments: []*handle{{reader: tab.seg, table: tab}}}
			_, err := hostileDetails(t.Context(), sn, d)
			return err
		},
		"analytics": func(tab *table) error {
			sn := &snapshot{segments: []*handle{{reader: tab.seg, table: tab}}}
			_, err := sn.analyticsOf(t.Context(), analyticsKey{EmailDomain, "mail.example"})
			return err
		},
	} {
		for _, wrong := range []bool{false, true} {
			for reads := int64(0); ; reads += 1 + reads/40 {
				disk := &failingReader{ReaderAt: bytes.NewReader(data), wrong: wrong}
				disk.left.Store(1 << 40)
				// With no room for a chunk every look is a read.
				r, err := segment.Open(disk, int64(len(data)), "test", segment.NewCache(1))
				if err != nil {
					t.Fatal(err)
				}
				tab, err := openTable(r)
				if err != nil {
					t.Fatal(err)
				}
				disk.left.Store(reads)
				err = use(tab)
				if disk.left.Load() >= 0 {
					if err != nil {
						t.Fatal(err)
					}
					break // it needs no more reads than that
				}
				if want := map[bool]error{false: errDisk, true: ErrCorrupt}[wrong]; !errors.Is(err, want) {
					t.Fatalf("%s, the disk fails after %d reads: %v, want %v", name, reads, err, want)
				}
			}
		}
	}
}

// TestForgedSegments asks segments with wrong values under right checksums
// everything a store may be asked.
func TestForgedSegments(t *testing.T) {
	lowerAggregateRows(t, 10)
	lowerTextStrings(t, 1)
	good := encodeRows(t, newRowMaker(1, true).rows(60))
	other := encodeRows(t, newRowMaker(2, true).rows(5))
	rng := rand.New(rand.NewPCG(6, 6))
	for range fewer(300, 60) {
		p := takeApart(t, good)
		for range 1 + rng.IntN(4) {
			hurt(p, rng)
		}
		useHostile(t, p.assemble(t).data, other)
	}
}

// TestDamagedFile: whichever byte of a segment's file is damaged, opening the
// store or verifying it says so and names the segment; what is answered in
// spite of it is right.
func TestDamagedFile(t *testing.T) {
	lowerAggregateRows(t, 10)
	lowerTextStrings(t, 1)
	dir := testDir(t)
	s := openTest(t, dir, testOptions())
	ingestAll(t, s, newWorld(9).records(150))
	q := DetailsQuery{Scope: everything, Column: RootDomain, Search: "an", PageSize: 200}
	page, err := s.Details(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	want := mustJSON(t, page)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	name := segmentFiles(t, dir)[0]
	path := filepath.Join(dir, "segments", name)
	id := strings.TrimSuffix(name, filepath.Ext(name))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string) {
		t.Helper()
		s, err := Open(dir, testOptions())
		if err == nil {
			page, queryErr := s.Details(t.Context(), q)
			if queryErr == nil && mustJSON(t, page) != want || queryErr != nil && !errors.Is(queryErr, ErrCorrupt) {
				t.Errorf("%s: the query says %v, %v", what, page, queryErr)
			}
			err = s.Verify(t.Context())
			if err := s.Close(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), id) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want ErrCorrupt naming segment %s", what, err, id)
		}
	}
	write := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for at := 0; at < len(good); at += 1 + len(good)/100 {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << (at % 8)
		write(bad)
		try(fmt.Sprintf("byte %d of %d changed", at, len(good)))
	}
	write(good[:len(good)-1])
	try("cut short")
	write(append(bytes.Clone(good), 0))
	try("longer")
	write(make([]byte, len(good)))
	try("zeros")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	try("missing")
	write(good)
	s = openTest(t, dir, testOptions())
	if page, err := s.Details(t.Context(), q); err != nil || mustJSON(t, page) != want {
		t.Errorf("healed: %v", err)
	}
}
