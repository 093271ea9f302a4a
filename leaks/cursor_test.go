package leaks

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
	"time"
)

// pages walks by cursor and returns every page; between is called after each.
func pages(t testing.TB, s *Store, q DetailsQuery, between func(page int)) []Credential {
	t.Helper()
	out := []Credential{}
	first := 0 // page number of the first answer
	if q.Cursor == "" {
		q.Cursor = StartCursor
	}
	for n := 0; q.Cursor != ""; n++ {
		page, err := s.Details(t.Context(), q)
		if err != nil {
			t.Fatalf("page %d: %v", n, err)
		}
		if n == 0 {
			first = page.Page
		}
		if page.Page != first+n {
			t.Fatalf("page %d says it is page %d", first+n, page.Page)
		}
		out = append(out, page.Data...)
		q.Cursor = page.NextCursor
		if between != nil {
			between(n)
		}
	}
	return out
}

func firstCursor(t testing.TB, s *Store, q DetailsQuery) string {
	t.Helper()
	q.Cursor = StartCursor
	page, err := s.Details(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if page.NextCursor == "" {
		t.Fatal("the first page has no cursor of a second")
	}
	return page.NextCursor
}

func cursorStore(t testing.TB, dir string, opts *Options) (*Store, *oracle, *world) {
	opts.SegmentRows = 50
	s, o, w := openTest(t, dir, opts), &oracle{}, newWorld(11)
	w.ingestRandomly(t, s, o, w.records(300))
	return s, o, w
}

// TestCursorWhileIngesting: a walk by cursor sees what was there at its first
// page, each credential once, whatever is ingested, merged or dropped meanwhile.
func TestCursorWhileIngesting(t *testing.T) {
	s, o, w := cursorStore(t, testDir(t), testOptions())
	for _, sort := range []Sort{BySourceCount, ByLastSeen} {
		q := DetailsQuery{Scope: everything, Column: RootDomain, SortBy: sort, PageSize: 13}
		want := mustJSON(t, o.credentials(&q))
		got := pages(t, s, q, func(n int) {
			w.ingestRandomly(t, s, o, w.records(20))
			switch n {
			case 1:
				if err := s.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			case 2:
				if _, err := s.Expire(t.Context(), worldStart.AddDate(0, 0, 1)); err != nil {
					t.Fatal(err)
				}
				kept := o.rows[:0]
				for _, r := range o.rows {
					if int64(r.seen) >= worldStart.AddDate(0, 0, 1).Unix() {
						kept = append(kept, r)
					}
				}
				o.rows = kept
			}
		})
		if g := mustJSON(t, got); g != want {
			t.Fatalf("walk by cursor, %s:\n got %s\nwant %s", sort, g, want)
		}
	}
	if q := (DetailsQuery{Scope: everything, Column: RootDomain, PageSize: 200}); mustJSON(t, pages(t, s, q, nil)) != mustJSON(t, o.credentials(&q)) {
		t.Fatal("a new walk does not see what is there now")
	}
}

// TestCursorIsBound: a cursor serves the query and the store it was made for.
func TestCursorIsBound(t *testing.T) {
	s, _, w := cursorStore(t, testDir(t), testOptions())
	q := DetailsQuery{Scope: everything, Column: RootDomain, PageSize: 10}
	good := firstCursor(t, s, q)
	refused := func(what string, s *Store, q DetailsQuery) {
		t.Helper()
		_, err := s.Details(t.Context(), q)
		var pe *ParamError
		if !errors.Is(err, ErrInvalid) || errors.Is(err, ErrCursor) || !errors.As(err, &pe) || pe.Param != "cursor" {
			t.Errorf("%s: %v, want ErrInvalid for cursor", what, err)
		}
	}
	with := func(change func(q *DetailsQuery)) DetailsQuery {
		v := q
		v.Cursor = good
		change(&v)
		return v
	}
	refused("another sort", s, with(func(q *DetailsQuery) { q.SortBy = ByLastSeen }))
	refused("another search", s, with(func(q *DetailsQuery) { q.Search = "a" }))
	refused("another column", s, with(func(q *DetailsQuery) { q.Column = EmailDomain }))
	refused("another scope", s, with(func(q *DetailsQuery) { q.Scope = only("org0.test") }))
	refused("a filter", s, with(func(q *DetailsQuery) { q.Country = []string{"DE"} }))
	refused("a day", s, with(func(q *DetailsQuery) { q.EndDate = "2024-06-01" }))
	refused("min_occurrences", s, with(func(q *DetailsQuery) { q.MinOccurrences = 2 }))
	if _, err := s.Details(t.Context(), with(func(q *DetailsQuery) { q.PageSize = 7; q.SortBy = BySourceCount })); err != nil {
		t.Errorf("another page size, and the default sort by name: %v", err)
	}
	if _, err := s.Details(t.Context(), with(func(q *DetailsQuery) { q.Page = 2 })); !errors.Is(err, ErrInvalid) {
		t.Errorf("a page beside a cursor: %v", err)
	}

	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		bad := append([]byte{}, raw...)
		bad[i] ^= 1 << (i % 8)
		refused("a changed byte", s, with(func(q *DetailsQuery) { q.Cursor = base64.RawURLEncoding.EncodeToString(bad) }))
		if i > 0 { // nothing at all is no cursor, and fine
			refused("a cut", s, with(func(q *DetailsQuery) { q.Cursor = base64.RawURLEncoding.EncodeToString(raw[:i]) }))
		}
	}
	for _, text := range []string{"x", "**", " ", good + "A", "é", string(make([]byte, 5000))} {
		refused("text that is none", s, with(func(q *DetailsQuery) { q.Cursor = text }))
	}
	opts := testOptions()
	opts.Key[31] = 9
	other := openTest(t, testDir(t), opts)
	w.ingestRandomly(t, other, &oracle{}, w.records(10))
	refused("the store of another key", other, with(func(*DetailsQuery) {}))
}

// TestCursorAfterItsPin: when the snapshot of a cursor is gone, the cursor goes
// on if the contents are what they were, however they are stored, and says so
// if they are not.
func TestCursorAfterItsPin(t *testing.T) {
	dir, opts := testDir(t), testOptions()
	s, o, w := cursorStore(t, dir, opts)
	q := DetailsQuery{Scope: everything, Column: RootDomain, PageSize: 10}
	rest := o.credentials(&q)[10:]
	q.Cursor = firstCursor(t, s, q)
	same := func(what string) {
		t.Helper()
		if g, w := mustJSON(t, pages(t, s, q, nil)), mustJSON(t, rest); g != w {
			t.Fatalf("%s:\n got %s\nwant %s", what, g, w)
		}
	}
	reopen := func() {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openTest(t, dir, opts)
	}
	same("at once")
	unpinAll(s)
	same("without its pin")
	reopen()
	same("after a restart")
	reopen()
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	same("after a restart and a compaction")

	q.Cursor = ""
	q.Cursor = firstCursor(t, s, q) // the old one's pin went with the first process
	w.ingestRandomly(t, s, o, []Record{{Username: "late", Password: "comer", Host: "org0.test"}})
	same("pinned, after an ingest")
	unpinAll(s)
	gone := func(what string) {
		t.Helper()
		if _, err := s.Details(t.Context(), q); !errors.Is(err, ErrCursor) || errors.Is(err, ErrInvalid) {
			t.Fatalf("%s: %v, want ErrCursor", what, err)
		}
	}
	gone("without its pin, after an ingest")
	q.Cursor = StartCursor
	q.Cursor = firstCursor(t, s, q)
	unpinAll(s)
	if n, err := s.Expire(t.Context(), worldStart.AddDate(0, 0, 1)); err != nil || n == 0 {
		t.Fatalf("%d rows expired, %v", n, err)
	}
	gone("without its pin, after an expiry")
}

func unpinAll(s *Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.pins {
		s.unpinLocked(id)
	}
}

// TestCursorPinsAreBounded: forgotten walks hold no more than so many
// snapshots, and none for longer than CursorIdle.
func TestCursorPinsAreBounded(t *testing.T) {
	opts := testOptions()
	opts.CursorIdle = time.Hour
	s, o, w := cursorStore(t, testDir(t), opts)
	q := DetailsQuery{Scope: everything, Column: RootDomain, PageSize: 5}
	var cursors []string
	for range maxPins + 10 {
		cursors = append(cursors, firstCursor(t, s, q))
		w.ingestRandomly(t, s, o, []Record{w.record()})
	}
	s.mu.Lock()
	pins := len(s.pins)
	s.mu.Unlock()
	if pins != maxPins {
		t.Fatalf("%d snapshots are pinned, %d are allowed", pins, maxPins)
	}
	q.Cursor = cursors[0]
	if _, err := s.Details(t.Context(), q); !errors.Is(err, ErrCursor) {
		t.Errorf("the oldest cursor: %v, want ErrCursor", err)
	}
	q.Cursor = cursors[len(cursors)-1]
	if _, err := s.Details(t.Context(), q); err != nil {
		t.Errorf("the newest cursor: %v", err)
	}
	s.opts.CursorIdle = 0
	s.dropIdlePins()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pins) != 0 {
		t.Errorf("%d idle snapshots are still pinned", len(s.pins))
	}
}

// TestCursorOfAnotherStore: the same key and the same records make another
// store, whose cursors this one does not take.
func TestCursorOfAnotherStore(t *testing.T) {
	list := newWorld(5).records(50)
	q := DetailsQuery{Scope: everything, Column: RootDomain, PageSize: 2, Cursor: StartCursor}
	var stores [2]*Store
	for i := range stores {
		stores[i] = openTest(t, testDir(t), testOptions())
		ingestAll(t, stores[i], list)
	}
	page, err := stores[0].Details(t.Context(), q)
	if err != nil || page.NextCursor == "" {
		t.Fatal(page, err)
	}
	q.Cursor = page.NextCursor
	if _, err := stores[1].Details(t.Context(), q); !errors.Is(err, ErrInvalid) {
		t.Fatalf("another store took the cursor: %v", err)
	}
	if _, err := stores[0].Details(t.Context(), q); err != nil {
		t.Fatal(err)
	}
}

// A cursor shows nothing of what is in it: of two stores of other sizes, those
// of the same query share no more than chance has it.
func TestCursorIsSealed(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, numbered(20))
	cu := cursor{contents: contents{seq: 0x1122334455667788, rows: 0x99aabbccddeeff00}, pin: 7}
	text := cu.encode(s)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{{0x11, 0x22, 0x33}, {0x88, 0x77, 0x66}, {0x99, 0xaa, 0xbb}, {0, 0xff, 0xee}, make([]byte, 4)} {
		if bytes.Contains(raw, part) {
			t.Errorf("%x stands in %x", part, raw)
		}
	}
	back, err := s.decodeCursor(text)
	if err != nil || *back != cu {
		t.Errorf("%+v, %v", back, err)
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if _, err := s.decodeCursor(base64.RawURLEncoding.EncodeToString(bad)); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
	}
	cu.contents.rows++
	other, err := base64.RawURLEncoding.DecodeString(cu.encode(s))
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i := range raw {
		if raw[i] == other[i] {
			same++
		}
	}
	if same > 8 {
		t.Errorf("%d of %d bytes are the same", same, len(raw))
	}
}
