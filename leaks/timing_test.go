package leaks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/watchlist"
)

// A workCount counts the chunks that queries ask for, by section: what a query
// does that depends on the table goes through there.
type workCount map[uint16]int

// countedChunks are those of one section.
type countedChunks struct {
	codec.ChunkSource
	section uint16
	work    workCount
}

func (s countedChunks) Chunk(i int) ([]byte, error) {
	s.work[s.section]++
	return s.ChunkSource.Chunk(i)
}

// countWork has the tables of a store count, for one goroutine.
func countWork(t *testing.T, s *Store) workCount {
	t.Helper()
	work := workCount{}
	sn, err := s.acquire()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.release(sn) })
	for _, h := range sn.segments {
		tab := h.table
		tab.idle = sync.Pool{} // those do not count
		section := func(id uint16) codec.ChunkSource { return countedChunks{tab.seg.Section(id), id, work} }
		var errs []error
		note := func(err error) { errs = append(errs, err) }
		for d := range tab.dicts {
			tab.dicts[d], err = index.OpenDict(section(sectionDict+uint16(d)), tab.tableMeta.dicts[d])
			note(err)
			if tab.texts[d] != nil {
				tab.texts[d], err = index.OpenText(section(sectionText+uint16(d)), tab.tableMeta.dicts[d])
				note(err)
			}
		}
		for i, spec := range tab.specs {
			tab.columns[i], err = segment.OpenInts(section(spec.section), spec.count)
			note(err)
		}
		tab.hashes, err = segment.OpenFixed(section(sectionGroupHash), 16, uint64(tab.groups))
		note(err)
		tab.digests, err = segment.OpenFixed(section(sectionGroupDigest), 8, uint64(tab.groups))
		note(err)
		for k := range tab.bitmaps {
			tab.bitmaps[k], err = index.OpenBitmaps(section(sectionBitmap + uint16(k)))
			note(err)
		}
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	return work
}

// during returns the work of f alone.
func (w workCount) during(f func()) workCount {
	clear(w)
	f()
	return maps.Clone(w)
}

func (w workCount) String() string {
	out := ""
	for _, id := range slices.Sorted(maps.Keys(w)) {
		out += fmt.Sprintf(" %s:%d", sectionName(id), w[id])
	}
	return out
}

// twoTenants is a store of many chunks in several segments that holds what is
// mine, and more that is theirs.
func twoTenants(t *testing.T) *Store { return tenantsCalled(t, "their") }

// tenantsCalled is twoTenants where all that is others' begins with a name.
func tenantsCalled(t *testing.T, their string) *Store {
	opts := testOptions()
	n := fewer(120_000, 40_000)
	opts.SegmentRows, opts.NoBackgroundMerge = n/3, true
	s := openTest(t, testDir(t), opts)
	if _, err := s.Ingest(t.Context(), func(yield func(Record, error) bool) {
		for i := range n {
			who, k := their, i
			if i%8 == 0 {
				who = "mine"
			}
			r := Record{
				Username: fmt.Sprintf("%s-user%d@%s-mail%d.example", who, k, who, k%50), Password: "pw",
				Host:   fmt.Sprintf("https://%s-host%d.%s-root%d.example/%s/%d", who, k%700, who, k%20, who, k%3000),
				Source: who + "-feed", UploadStealed: worldStart,
			}
			if i%2 == 0 {
				r.Type = Stealer
				r.MachineID, r.HardwareID = fmt.Sprintf("%s-machine%d", who, k%4000), fmt.Sprintf("%s-hw%d", who, k%4000)
				r.ComputerName, r.MachineUser = fmt.Sprintf("%s-pc%d", who, k%4000), who+"-login"
				r.IPAddress, r.StealerName, r.Software = fmt.Sprintf("192.0.2.%d", k%2*100+k%8), who+"-stealer", who+"-software"
				r.Country = map[string]string{"mine": "DE", their: "FR"}[who]
			}
			if !yield(r, nil) {
				return
			}
		}
	}, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestForeignIsUnknown: the work of a query is the same, chunk by chunk, whether
// what it asks for is somebody else's or nobody's.
func TestForeignIsUnknown(t *testing.T) {
	s := twoTenants(t)
	var roots []string
	for i := range 20 {
		roots = append(roots, fmt.Sprintf("mine-root%d.example", i))
	}
	whole, one := only(roots...), only(roots[0]) // one has few rows, for which filters work otherwise
	if sn, err := s.acquire(); err != nil {
		t.Fatal(err)
	} else if s.release(sn); len(sn.segments) < 3 {
		t.Fatalf("%d segments", len(sn.segments))
	}
	lower := fewRows
	fewRows = 100 // so that one scope has few rows and the other has not
	t.Cleanup(func() { fewRows = lower })
	work := countWork(t, s)
	type pair struct{ foreign, unknown Filters }
	like := func(foreign, unknown string, f func(string) Filters) pair { return pair{f(foreign), f(unknown)} }
	filters := map[string]pair{
		"username": like("their-user1001@their-mail1.example", "their-user0000@their-mail1.example", func(v string) Filters { return Filters{Username: []string{v}} }),
		"username of an unknown mail domain": like("their-user1001@their-mail1.example", "their-user1001@their-mail1x.example", func(v string) Filters {
			return Filters{Username: []string{v}}
		}),
		"host":          like("https://their-host701.their-root1.example/their/1", "https://their-host1.their-root1.example/nowhere", func(v string) Filters { return Filters{Host: []string{v}} }),
		"domain":        like("their-host1.their-root1.example", "nobody1.their-root1.example", func(v string) Filters { return Filters{Domain: []string{v}} }),
		"email_domain":  like("their-mail7.example", "their-mail7x.example", func(v string) Filters { return Filters{EmailDomain: []string{v}} }),
		"root_domain":   like("their-root7.example", "their-root7x.example", func(v string) Filters { return Filters{RootDomain: []string{v}} }),
		"local_part":    like("their-user1001", "their-user0000", func(v string) Filters { return Filters{LocalPart: []string{v}} }),
		"machine_id":    like("their-machine2", "their-machine2x", func(v string) Filters { return Filters{MachineID: []string{v}} }),
		"hardware_id":   like("their-hw2", "their-hw2x", func(v string) Filters { return Filters{HardwareID: []string{v}} }),
		"computer_name": like("their-pc2", "their-pc2x", func(v string) Filters { return Filters{ComputerName: []string{v}} }),
		"machine_user":  like("their-login", "their-logix", func(v string) Filters { return Filters{MachineUser: []string{v}} }),
		"ip_address":    like("192.0.2.2", "192.0.2.199", func(v string) Filters { return Filters{IPAddress: []string{v}} }),
		"country":       like("FR", "FJ", func(v string) Filters { return Filters{Country: []string{v}} }),
		"software":      like("their-software", "their-softwarx", func(v string) Filters { return Filters{Software: []string{v}} }),
		"stealer_name":  like("their-stealer", "their-stealex", func(v string) Filters { return Filters{StealerName: []string{v}} }),
	}
	for name, p := range filters {
		for _, scope := range []watchlist.Scope{whole, one} {
			ask := func(f Filters) workCount {
				return work.during(func() {
					page, err := s.Details(t.Context(), DetailsQuery{Scope: scope, Column: RootDomain, Filters: f})
					if err != nil || page.Total != 0 {
						t.Fatalf("%s: %+v, %v", name, page, err)
					}
				})
			}
			ask(p.foreign) // what is found out once about the scope is found out
			foreign, unknown := ask(p.foreign), ask(p.unknown)
			if !maps.Equal(foreign, unknown) {
				t.Errorf("%s of %d domains:\nforeign%v\nunknown%v", name, scope.DomainCount(), foreign, unknown)
			}
			if len(foreign) == 0 {
				t.Errorf("%s: that took no work", name)
			}
		}
	}
	for _, scope := range []watchlist.Scope{whole, one} {
		for _, ids := range [][2]string{{"their-machine2", "their-machine2x"}, {"their-hw2", "their-hw2x"}, {"their-machine3998", "zzz"}} {
			ask := func(id string) workCount {
				return work.during(func() {
					if m, err := s.Machine(t.Context(), scope, id); !errors.Is(err, ErrNotFound) {
						t.Fatalf("%s: %+v, %v", id, m, err)
					}
				})
			}
			ask(ids[0])
			if foreign, unknown := ask(ids[0]), ask(ids[1]); !maps.Equal(foreign, unknown) || len(foreign) == 0 {
				t.Errorf("%s of %d domains:\nforeign%v\nunknown%v", ids, scope.DomainCount(), foreign, unknown)
			}
		}
	}
}

// TestForeignSearchIsUnknown: the work of a search within a scope of few groups is
// the same, chunk by chunk, whatever others have that the text is in.
func TestForeignSearchIsUnknown(t *testing.T) {
	// The same but for a letter of what is others', which changes no order.
	stores := []*Store{tenantsCalled(t, "their"), tenantsCalled(t, "thejr")}
	scope := only("mine-root0.example", "mine-root7.example")
	for _, merged := range []bool{false, true} {
		var work []workCount
		for _, s := range stores {
			if merged {
				if err := s.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			work = append(work, countWork(t, s))
		}
		for _, text := range []string{
			"their-user1001", "their-user1001@their-mail1", "@their-mail", "their-mail7", "their-pc2", "their-login",
			"their-host1", "their-root7", "heir", "ei", "mine-pc12", "mine-user10", "192.0.2.1", "e",
		} {
			var did []workCount
			for i, s := range stores {
				ask := func() {
					if _, err := s.Details(t.Context(), DetailsQuery{Scope: scope, Column: RootDomain, Search: text}); err != nil {
						t.Fatal(err)
					}
				}
				ask() // what is found out once about the scope is found out
				// Of what is found, rows are filled in with a cursor of its own or one
				// that was given back, as the garbage collector has it, and, with -race, chance:
				// the least counts.
				least := work[i].during(ask)
				for range 12 {
					again := work[i].during(ask)
					maps.DeleteFunc(least, func(section uint16, n int) bool { return again[section] == 0 })
					for section := range least {
						least[section] = min(least[section], again[section])
					}
				}
				did = append(did, least)
			}
			if !maps.Equal(did[0], did[1]) || len(did[0]) == 0 {
				t.Errorf("%q, merged %v:\nothers have it%v\nnobody has it%v", text, merged, did[0], did[1])
			}
		}
	}
}

// TestForeignHashIsUnknown: a by-hash query of what is somebody else's does on
// average what one of nobody's hash does, far less apart than hashes are from one
// another: where a hash is looked for depends on the hash.
func TestForeignHashIsUnknown(t *testing.T) {
	s := twoTenants(t)
	scope, column := only("mine-root0.example", "mine-root1.example"), RootDomain
	var foreign []string
	for c, err := range s.Walk(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain, Filters: Filters{MachineUser: []string{"their-login"}}}) {
		if err != nil {
			t.Fatal(err)
		}
		foreign = append(foreign, c.Hash)
	}
	// Any of them: what cursors keep makes neighbours cheap.
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(foreign), func(i, j int) { foreign[i], foreign[j] = foreign[j], foreign[i] })
	foreign = foreign[:2000]
	unknown := make([]string, len(foreign))
	for i, h := range foreign {
		unknown[i] = h[16:] + h[:16] // as random as they are
	}
	work := countWork(t, s)
	kinds := map[string]func(hash string) error{
		"by-hash": func(hash string) error {
			o, err := s.Occurrences(t.Context(), scope, column, hash)
			if err == nil && len(o.Data) > 0 {
				return errors.New("it was found")
			}
			return err
		},
		"details": func(hash string) error {
			p, err := s.Details(t.Context(), DetailsQuery{Scope: scope, Column: column, Filters: Filters{Hash: []string{hash}}})
			if err == nil && p.Total > 0 {
				return errors.New("it was found")
			}
			return err
		},
	}
	for name, ask := range kinds {
		for _, column = range []Column{RootDomain, EmailDomain, Username, AnyColumn} {
			switch scope = only("mine-root0.example", "mine-root1.example"); {
			case name == "details" && column != RootDomain:
				continue
			case column == Username:
				scope = onlyUsers("mine-user0@mine-mail0.example")
			}
			if err := ask(foreign[0]); err != nil { // which finds out about the scope
				t.Fatal(err)
			}
			measure := func(hashes []string) (mean, deviation float64) {
				var squares float64
				for _, h := range hashes {
					chunks := 0.0
					for _, n := range work.during(func() {
						if err := ask(h); err != nil {
							t.Fatal(err)
						}
					}) {
						chunks += float64(n)
					}
					mean += chunks / float64(len(hashes))
					squares += chunks * chunks / float64(len(hashes))
				}
				return mean, math.Sqrt(squares - mean*mean)
			}
			f, _ := measure(foreign)
			u, deviation := measure(unknown)
			t.Logf("%s, %s: %.2f chunks for a foreign hash, %.2f (deviation %.2f) for an unknown one", name, column, f, u, deviation)
			if math.Abs(f-u) > deviation/4 || math.Abs(f/u-1) > 0.03 || u < 8 {
				t.Errorf("%s, %s: that tells them apart", name, column)
			}
		}
	}
}

// TestForeignIsRefusedUnseen: what is refused for being outside the scope is
// refused before anything is looked up. A closed store has nothing to look up.
func TestForeignIsRefusedUnseen(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	w := newWorld(3)
	if _, err := s.IngestDocuments(t.Context(), listSeq([]DocumentRecord{w.document()}), nil); err != nil {
		t.Fatal(err)
	}
	scope := only("mine-root0.example")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func(ctx context.Context, value string) error{
		"documents": func(ctx context.Context, value string) error {
			_, err := s.Documents(ctx, DocumentsQuery{Scope: scope, Domain: value})
			return err
		},
		"stats": func(ctx context.Context, value string) error {
			_, err := s.DataStats(ctx, scope, value)
			return err
		},
		"analytics": func(ctx context.Context, value string) error {
			_, err := s.Analytics(ctx, scope, RootDomain, value)
			return err
		},
		"credentials": func(_ context.Context, value string) error {
			_, err := Narrow(scope, RootDomain, value)
			return err
		},
		"email": func(_ context.Context, value string) error {
			_, err := Narrow(scope, AnyColumn, "anna@"+value)
			return err
		},
		"cards": func(ctx context.Context, value string) error {
			_, err := s.Cards(ctx, CardsQuery{Scope: scope, BIN: "411111"})
			return err
		},
		"keyword": func(ctx context.Context, value string) error {
			_, err := s.KeywordSearch(ctx, KeywordQuery{Scope: scope, Keywords: []string{value}})
			return err
		},
	} {
		for _, value := range []string{w.roots[0], "nobody.example"} {
			if err := ask(t.Context(), value); !errors.Is(err, ErrOutside) {
				t.Errorf("%s of %s: %v", name, value, err)
			}
		}
	}
}

// TestFilterOfManyValues: values that nobody has do not hide those beside them.
func TestFilterOfManyValues(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	var list []Record
	for _, name := range []string{"b", "d", "f"} {
		list = append(list, Record{Username: "anna@" + name + ".example", Password: "pw", Host: name + ".example", UploadStealed: worldStart})
	}
	if _, err := s.Ingest(t.Context(), seqOf(list), nil); err != nil {
		t.Fatal(err)
	}
	names := []string{"a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example"}
	for mask := range 1 << len(names) {
		var values []string
		want := 0
		for i, name := range names {
			if mask&(1<<i) != 0 {
				values = append(values, name)
				want += i % 2
			}
		}
		if values == nil {
			continue
		}
		for _, f := range []Filters{{RootDomain: values}, {EmailDomain: values}, {Domain: values}} {
			page, err := s.Details(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain, Filters: f})
			if err != nil || page.Total != want {
				t.Fatalf("%+v: %d of %d, %v", f, page.Total, want, err)
			}
		}
	}
}
