package leaks

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leakscope/leakscope/watchlist"
)

// A faultWorld is a store of several segments, all that can be asked of it, and what
// it says.
type faultWorld struct {
	s       *Store
	dir     string
	queries map[string]func(context.Context) (any, error)
	want    map[string]string
}

func newFaultWorld(t *testing.T) *faultWorld {
	lowerAggregateRows(t, 50)
	lowerTextStrings(t, 1)
	f := &faultWorld{dir: testDir(t), want: make(map[string]string)}
	opts := testOptions()
	opts.SegmentRows = 3000
	s := openTest(t, f.dir, opts)
	f.s = s
	w := newWorld(11)
	w.deep = true
	ingestAll(t, s, w.records(9000))
	ingestAll(t, s, numbered(50)) // below a root that no other segment has
	var (
		docs  []DocumentRecord
		cards []CardRecord
	)
	for range 3000 {
		docs, cards = append(docs, w.document()), append(cards, w.card())
	}
	for range 2 {
		if _, err := s.IngestDocuments(t.Context(), listSeq(docs), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.IngestCards(t.Context(), listSeq(cards), nil); err != nil {
			t.Fatal(err)
		}
	}
	first, err := s.Details(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain})
	if err != nil || len(first.Data) == 0 {
		t.Fatal(err)
	}
	one := first.Data[0]
	next, err := s.NextSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	details := func(q DetailsQuery) func(context.Context) (any, error) {
		return func(ctx context.Context) (any, error) {
			p, err := s.Details(ctx, q)
			if p != nil {
				p.NextCursor = ""
			}
			return p, err
		}
	}
	f.queries = map[string]func(context.Context) (any, error){
		"details":        details(DetailsQuery{Scope: everything, Column: RootDomain, PageSize: 50}),
		"details domain": details(DetailsQuery{Scope: only(w.roots[0]), Column: RootDomain}),
		"details other":  details(DetailsQuery{Scope: only("org.example"), Column: RootDomain}),
		"details mail":   details(DetailsQuery{Scope: only("mail.example"), Column: EmailDomain, SortBy: ByLastSeen}),
		"details search": details(DetailsQuery{Scope: everything, Column: RootDomain, Search: "an"}),
		"details filter": details(DetailsQuery{Scope: everything, Column: RootDomain, Filters: Filters{Country: []string{"FR"}}}),
		"details deep":   details(DetailsQuery{Scope: everything, Column: RootDomain, Page: 100}),
		"details cursor": details(DetailsQuery{Scope: everything, Column: RootDomain, Cursor: StartCursor}),
		"walk": func(ctx context.Context) (any, error) {
			var all []Credential
			for c, err := range s.Walk(ctx, DetailsQuery{Scope: everything, Column: RootDomain}) {
				if err != nil {
					return nil, err
				}
				all = append(all, c)
			}
			return all, nil
		},
		"occurrences": func(ctx context.Context) (any, error) {
			return s.Occurrences(ctx, everything, RootDomain, one.Hash)
		},
		"exposed": func(ctx context.Context) (any, error) {
			return s.Exposed(ctx, "nobody@mail.example", "nothing", w.roots[0])
		},
		"analytics": func(ctx context.Context) (any, error) {
			return s.Analytics(ctx, everything, RootDomain, w.roots[0])
		},
		"stats": func(ctx context.Context) (any, error) {
			return s.Stats(ctx, StatsQuery{Scope: everything, Column: RootDomain, Filters: Filters{StartDate: Day(worldStart.Format(time.DateOnly))}})
		},
		"keyword search": func(ctx context.Context) (any, error) {
			return s.KeywordSearch(ctx, KeywordQuery{Scope: everything, Keywords: []string{"acme"}})
		},
		"keyword stats": func(ctx context.Context) (any, error) {
			return s.KeywordStats(ctx, KeywordStatsQuery{Scope: everything, Keywords: []string{"acme"}})
		},
		"keyword occurrences": func(ctx context.Context) (any, error) {
			return s.KeywordOccurrences(ctx, everything, []string{"login"}, one.Hash)
		},
		"keyword preview": func(ctx context.Context) (any, error) { return s.KeywordPreview(ctx, "acme") },
		"machine":         func(ctx context.Context) (any, error) { return s.Machine(ctx, everything, "machine-1") },
		"data stats":      func(ctx context.Context) (any, error) { return s.DataStats(ctx, everything, "") },
		"new credentials": func(ctx context.Context) (any, error) {
			n := 0
			for _, err := range s.NewCredentials(ctx, everything, watchlist.MonitorFilter{Countries: []string{"fr"}}, 0, next) {
				if err != nil {
					return nil, err
				}
				n++
			}
			return n, nil
		},
		"documents": func(ctx context.Context) (any, error) {
			return s.Documents(ctx, DocumentsQuery{Scope: everything, Search: "pdf"})
		},
		"cards": func(ctx context.Context) (any, error) { return s.Cards(ctx, CardsQuery{Scope: everything}) },
		"info": func(ctx context.Context) (any, error) {
			_, err := s.Info(ctx)
			return nil, err
		},
	}
	f.ask(t, func(name string, got any, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f.want[name] = mustJSON(t, got)
	})
	return f
}

// ask asks everything anew, so that what is stored is read for it.
func (f *faultWorld) ask(t *testing.T, answer func(name string, got any, err error)) {
	for name, query := range f.queries {
		f.s.results.clear()
		f.s.current.analyticsMu.Lock()
		f.s.current.analytics = nil
		f.s.current.analyticsMu.Unlock()
		got, err := query(t.Context())
		answer(name, got, err)
	}
}

// cut cuts a segment's file short behind the store's back.
func (f *faultWorld) cut(t *testing.T, h *handle, size int64) {
	t.Helper()
	for _, name := range segmentFiles(t, f.dir) {
		if strings.HasPrefix(name, segmentName(h.meta.ID)) {
			if err := os.Truncate(filepath.Join(f.dir, "segments", name), size); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("no such file")
}

// TestVanishedPages: what was read before, and goes away, is an error of whoever
// needs it that names the segment; nobody else notices.
func TestVanishedPages(t *testing.T) {
	page := int64(os.Getpagesize())
	for _, cut := range []struct {
		name string
		keep func(size int64) int64
		must []string // what cannot be answered any more
		can  []string // what still can: it needs nothing of what is gone
	}{
		{"half", func(size int64) int64 { return size / 2 / page * page }, nil, []string{"documents", "cards", "info", "details other"}},
		{"all", func(int64) int64 { return 0 }, []string{
			"details", "details domain", "details filter", "walk", "stats", "keyword search", "keyword preview", "new credentials", "occurrences", "exposed",
		}, []string{"documents", "cards", "info"}},
	} {
		t.Run(cut.name, func(t *testing.T) {
			f := newFaultWorld(t)
			h := f.s.current.segments[1]
			f.cut(t, h, cut.keep(h.meta.Size))
			failed, faults := make(map[string]bool), 0
			answer := func(name string, got any, err error) {
				if err == nil {
					if mustJSON(t, got) != f.want[name] {
						t.Errorf("%s: a wrong answer", name)
					}
					return
				}
				if failed[name] = true; !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), segmentName(h.meta.ID)) {
					t.Errorf("%s: %v, want ErrCorrupt naming the segment", name, err)
				}
				if strings.Contains(err.Error(), " is gone") {
					faults++
				}
			}
			for range 2 {
				f.ask(t, answer)
			}
			if faults == 0 {
				t.Error("nothing met a fault")
			}
			for _, name := range cut.must {
				if !failed[name] {
					t.Errorf("%s was answered from nothing", name)
				}
			}
			for _, name := range cut.can {
				if failed[name] {
					t.Errorf("%s cannot be answered", name)
				}
			}
			// Others at the same time, who wait for one another.
			var together sync.WaitGroup
			for range 3 {
				together.Go(func() {
					for name, query := range f.queries {
						if _, err := query(t.Context()); err != nil && !errors.Is(err, ErrCorrupt) {
							t.Errorf("%s: %v", name, err)
						}
					}
				})
			}
			together.Wait()
			f.mustFail(t, h, "compacting", f.s.Compact)
			f.mustFail(t, h, "verifying", f.s.Verify)
			f.mustFail(t, h, "expiring", func(ctx context.Context) error {
				_, err := f.s.Expire(ctx, worldStart.AddDate(0, 0, 20))
				return err
			})
			ingestAll(t, f.s, numbered(10))
			f.settled(t)
		})
	}
}

// TestVanishedDocuments: of a data set the same, and the credentials do not notice.
func TestVanishedDocuments(t *testing.T) {
	f := newFaultWorld(t)
	h := f.s.current.flats[setDocuments][0]
	f.cut(t, h, 0)
	f.ask(t, func(name string, got any, err error) {
		switch {
		case name == "documents" || name == "data stats":
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), segmentName(h.meta.ID)) {
				t.Errorf("%s: %v, want ErrCorrupt naming the segment", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case mustJSON(t, got) != f.want[name]:
			t.Errorf("%s: a wrong answer", name)
		}
	})
	f.mustFail(t, h, "expiring", func(ctx context.Context) error {
		sn := f.s.current
		_, err := f.s.expireSet(ctx, sn, setDocuments, uint32(worldStart.AddDate(0, 0, 20).Unix()))
		return err
	})
	f.settled(t)
}

func (f *faultWorld) mustFail(t *testing.T, h *handle, what string, do func(context.Context) error) {
	t.Helper()
	if err := do(t.Context()); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), segmentName(h.meta.ID)) {
		t.Errorf("%s: %v, want ErrCorrupt naming the segment", what, err)
	}
}

// settled checks that nobody holds anything any more.
func (f *faultWorld) settled(t *testing.T) {
	t.Helper()
	if n := f.s.asking.Load(); n != 0 {
		t.Errorf("%d queries are still counted", n)
	}
	if f.s.current.refs != 1+len(f.s.pins) && f.s.current.refs != 1 {
		t.Errorf("%d references to the current snapshot, %d cursors", f.s.current.refs, len(f.s.pins))
	}
	if debug.SetPanicOnFault(false) {
		t.Error("faults are still panics")
	}
	if err := f.s.Close(); err != nil {
		t.Error(err)
	}
	if f.s.current != nil {
		t.Error("not closed")
	}
}

// TestPanicsGoOn: what a yield function panics with comes out as it is, a fault of
// its own, too.
func TestPanicsGoOn(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, newWorld(3).records(50))
	file := filepath.Join(t.TempDir(), "theirs")
	if err := os.WriteFile(file, make([]byte, 10), 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	theirs, err := syscall.Mmap(int(fd.Fd()), 0, 10, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Munmap(theirs); err != nil {
			t.Error(err)
		}
	}()
	if err := fd.Truncate(0); err != nil {
		t.Fatal(err)
	}
	next, err := s.NextSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var sum byte
	own := errors.New("their own")
	isOwn := func(v any) bool { return v == own }
	for name, c := range map[string]struct {
		do    func()
		right func(v any) bool
		on    bool
	}{
		"a value": {func() { panic(own) }, isOwn, false},
		"a fault": {func() { sum += theirs[1] }, func(v any) bool {
			f, ok := v.(interface{ Addr() uintptr })
			return ok && f.Addr() != 0
		}, true},
		// Within a yield function faults are what they were outside.
		"the setting": {func() {
			if debug.SetPanicOnFault(false) {
				return
			}
			panic(own)
		}, isOwn, false},
	} {
		for kind, iterate := range map[string]func(){
			"walk": func() {
				for range s.Walk(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain}) {
					c.do()
				}
			},
			"new credentials": func() {
				for range s.NewCredentials(t.Context(), everything, watchlist.MonitorFilter{}, 0, next) {
					c.do()
				}
			},
		} {
			func() {
				defer debug.SetPanicOnFault(debug.SetPanicOnFault(c.on))
				defer func() {
					if v := recover(); !c.right(v) {
						t.Errorf("%s, %s: it panics with %v", kind, name, v)
					}
					if debug.SetPanicOnFault(c.on) != c.on {
						t.Errorf("%s, %s: what a fault is was changed", kind, name)
					}
				}()
				iterate()
			}()
		}
	}
	if s.current.refs != 1 {
		t.Errorf("%d references to the snapshot", s.current.refs)
	}
}
