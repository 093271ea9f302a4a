package leaks

import (
	"errors"
	"fmt"
	"testing"

	"github.com/leakscope/leakscope/watchlist"
)

// TestMachineOracle: profiles, and counts of a scope, equal a plain scan.
func TestMachineOracle(t *testing.T) {
	few := fewRows
	t.Cleanup(func() { fewRows = few })
	for seed := range uint64(fewer(20, 8)) {
		fewRows = []uint32{few, 1}[seed%2] // go by the row, or through the column
		w := newWorld(100 + seed)
		opts := testOptions()
		opts.SegmentRows = 20 + w.rng.IntN(200)
		opts.NoBackgroundMerge = true
		s := openTest(t, testDir(t), opts)
		o := &oracle{}
		w.ingestRandomly(t, s, o, w.records(300))
		docs := &flatOracle{}
		p := s.preparer(0, "")
		var list []DocumentRecord
		for range 40 {
			list = append(list, w.document())
			docs.addDocument(t, p, list[len(list)-1])
		}
		if _, err := s.IngestDocuments(t.Context(), listSeq(list), nil); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			scope, _, _ := w.scope(o)
			w.compareMachine(t, s, o, scope)
			w.compareDataStats(t, s, o, docs, scope)
		}
	}
}

func (w *world) compareMachine(t *testing.T, s *Store, o *oracle, scope watchlist.Scope) {
	t.Helper()
	id := w.pick("machine-0", "machine-3", "machine-5", "HW0", "HW3", "HW9", "machine")
	of := &oracle{}
	for _, r := range o.rows {
		if r.machineID == id || r.hwid == id {
			of.rows = append(of.rows, r)
		}
	}
	want := of.credentials(&DetailsQuery{Scope: scope, Column: AnyColumn, SortBy: ByLastSeen})
	got, err := s.Machine(t.Context(), scope, " "+id)
	if len(want) == 0 {
		if !errors.Is(err, ErrNotFound) || got != nil {
			t.Fatalf("%s: %+v, %v", id, got, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s: %v, want %d credentials", id, err, len(want))
	}
	first := want[0].FirstSeen
	for _, c := range want {
		if c.FirstSeen.Before(first.Time) {
			first = c.FirstSeen
		}
	}
	newest := func(get func(*Credential) string) string {
		for i := range want {
			if v := get(&want[i]); v != "" {
				return v
			}
		}
		return ""
	}
	expect := &Machine{
		ID: id, Total: len(want), Credentials: want, FirstSeen: first, LastSeen: want[0].LastSeen,
		MachineID: newest(func(c *Credential) string { return c.MachineID }), HardwareID: newest(func(c *Credential) string { return c.HardwareID }),
		ComputerName: newest(func(c *Credential) string { return c.ComputerName }), MachineUser: newest(func(c *Credential) string { return c.MachineUser }),
		IPAddress: newest(func(c *Credential) string { return c.IPAddress }), Country: newest(func(c *Credential) string { return c.Country }),
		StealerName: newest(func(c *Credential) string { return c.StealerName }),
	}
	for _, c := range want {
		if !c.LogDate.IsZero() {
			expect.LogDate = c.LogDate
			break
		}
	}
	if g, w := mustJSON(t, got), mustJSON(t, expect); g != w {
		t.Fatalf("%s:\ngot  %s\nwant %s", id, g, w)
	}
}

func (w *world) compareDataStats(t *testing.T, s *Store, o *oracle, docs *flatOracle, scope watchlist.Scope) {
	t.Helper()
	domain := w.maybe(w.roots...)
	got, err := s.DataStats(t.Context(), scope, domain)
	narrow, outside := scope, error(nil)
	if domain != "" {
		narrow, outside = scope.OnlyDomains(domain)
	}
	if outside != nil {
		if !errors.Is(err, ErrOutside) {
			t.Fatalf("%q: %v", domain, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := &DataStats{Domain: domain}
	if list := o.credentials(&DetailsQuery{Scope: narrow, Column: AnyColumn, SortBy: ByLastSeen}); len(list) > 0 {
		want.Credentials = DataCount{len(list), list[0].LastSeen}
	}
	in := narrow.Domains()
	if !narrow.All() && in == nil {
		in = []string{}
	}
	if page := docs.queryDocuments(t, DocumentsQuery{}, in); page.Total > 0 {
		want.Documents = DataCount{page.Total, page.Data[0].DetectedAt}
	}
	if domain == "" {
		want.Cards = &DataCount{}
	}
	if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
		t.Fatalf("%q in %v: got %s, want %s", domain, in, g, w)
	}
}

func TestMachineRefusesBadIDs(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	for _, id := range []string{"", " \t", fmt.Sprintf("%01025d", 1)} {
		if _, err := s.Machine(t.Context(), watchlist.Administrator(), id); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := s.Machine(t.Context(), watchlist.Scope{}, "x"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
