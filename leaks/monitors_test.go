package leaks

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/watchlist"
)

// An occurrenceLog is everything that was ever ingested: the place of a row is
// its ingest sequence number.
type occurrenceLog struct {
	oracle
	marks []uint64 // all publications
	kept  []bool   // rows that did not expire; nil: all
}

func (o *occurrenceLog) has(i int) bool { return o.kept == nil || o.kept[i] }

// matches says by the contract of monitors whether an occurrence counts.
func matches(sc watchlist.Scope, f *watchlist.MonitorFilter, r *row) bool {
	filters := Filters{Username: f.Usernames, Type: f.Types, Country: f.Countries, StealerName: f.Stealers}
	if !selected(everything, AnyColumn, &filters, "", r) {
		return false
	}
	if len(f.Domains) > 0 && !coversDomain(only(f.Domains...), r.domain) && !coversDomain(only(f.Domains...), r.emailDomain) {
		return false
	}
	in := inScope(sc, AnyColumn, r)
	if len(f.Keywords) == 0 {
		return in
	}
	return slices.ContainsFunc(f.Keywords, func(k string) bool {
		name, _ := NormalizeKeyword(k)
		return matchesKeyword(k, r.host) && (in || sc.CoversKeyword(name))
	})
}

// firsts returns where each hash came first, of all rows and of those kept.
func (o *occurrenceLog) firsts() (ever, left map[[16]byte]uint64) {
	ever, left = make(map[[16]byte]uint64), make(map[[16]byte]uint64)
	for i, r := range o.rows {
		if _, ok := ever[r.hash]; !ok {
			ever[r.hash] = uint64(i)
		}
		if _, ok := left[r.hash]; !ok && o.has(i) {
			left[r.hash] = uint64(i)
		}
	}
	return ever, left
}

// ingest ingests list in random batches, and notes every publication.
func (o *occurrenceLog) ingest(t *testing.T, w *world, s *Store, list []Record) {
	t.Helper()
	p := s.preparer(uint32(s.now().Unix()), "")
	for len(list) > 0 {
		n := 1 + w.rng.IntN(len(list))
		_, err := s.Ingest(t.Context(), seqOf(list[:n]), &IngestOptions{Progress: func(IngestResult) {
			o.marks = append(o.marks, nextSequence(t, s))
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list[:n] {
			if o.add(p, r) && o.kept != nil {
				o.kept = append(o.kept, true)
			}
		}
		if got := nextSequence(t, s); got != uint64(len(o.rows)) {
			t.Fatalf("the next sequence number is %d after %d rows", got, len(o.rows))
		}
		list = list[n:]
		w.mergeSomething(t, s)
	}
}

func nextSequence(t *testing.T, s *Store) uint64 {
	t.Helper()
	seq, err := s.NextSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// monitor returns a random scope, with keywords or without, and a filter.
func (w *world) monitor(o *oracle) (watchlist.Scope, watchlist.MonitorFilter) {
	sc, _, domains := w.scope(o)
	var f watchlist.MonitorFilter
	some := func(dst *[]string, n int, of func(*row) string) {
		for w.chance(1, n) && len(o.rows) > 0 {
			if v := of(&o.rows[w.rng.IntN(len(o.rows))]); v != "" {
				*dst = append(*dst, v)
			}
		}
	}
	some(&f.Domains, 4, func(r *row) string { return w.pick(r.root, r.domain, r.emailDomain) })
	some(&f.Usernames, 8, func(r *row) string { return " " + r.username + " " })
	some(&f.Types, 8, func(r *row) string { return strings.ToUpper(r.typ.String()) })
	some(&f.Countries, 8, func(r *row) string { return strings.ToLower(r.country) })
	some(&f.Stealers, 8, func(r *row) string { return strings.ToUpper(r.stealer) })
	var own []string
	for w.chance(1, 4) {
		if k, err := NormalizeKeyword(w.keyword(o)); err == nil {
			f.Keywords = append(f.Keywords, strings.ToUpper(k))
			if w.chance(1, 2) {
				own = append(own, k)
			}
		}
	}
	if !sc.All() {
		list := append(slices.Clone(domains), sc.Domains()...)
		for i := range list {
			list[i] = normDomain(list[i])
		}
		var err error
		if sc, err = everything.Only(watchlist.Selection{Domains: list, Usernames: sc.Usernames(), Keywords: own}); err != nil {
			panic(err)
		}
	}
	return sc, f
}

// TestNewCredentials: what is new is what a plain scan of all that was ingested
// says, however it was cut, merged and expired.
func TestNewCredentials(t *testing.T) {
	for seed := range uint64(fewer(24, 6)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(7000 + seed)
			w.deep = true
			opts := testOptions()
			opts.SegmentRows = 1 + w.rng.IntN(60)
			opts.MergeFanout = 2 + w.rng.IntN(3)
			dir := testDir(t)
			s := openTest(t, dir, opts)
			o := &occurrenceLog{marks: []uint64{0}}
			list := w.records(50 + w.rng.IntN(400))
			expires := seed%3 == 2
			for round := range 3 {
				n := len(list) / (3 - round)
				o.ingest(t, w, s, list[:n])
				list = list[n:]
				if expires {
					o.expire(t, w, s)
				}
				if round == 1 {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					s = openTest(t, dir, opts)
				}
				for range 25 {
					w.compareNew(t, s, o)
				}
			}
			if err := s.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 25 {
				w.compareNew(t, s, o)
			}
		})
	}
}

func (o *occurrenceLog) expire(t *testing.T, w *world, s *Store) {
	t.Helper()
	before := worldStart.AddDate(0, 0, w.rng.IntN(w.span+1)).Add(time.Duration(w.rng.IntN(86400)) * time.Second)
	if _, err := s.Expire(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if o.kept == nil {
		o.kept = slices.Repeat([]bool{true}, len(o.rows))
	}
	for i := range o.rows {
		o.kept[i] = o.kept[i] && int64(o.rows[i].seen) >= before.Unix()
	}
}

func (w *world) compareNew(t *testing.T, s *Store, o *occurrenceLog) {
	t.Helper()
	sc, f := w.monitor(&o.oracle)
	from, to := o.marks[w.rng.IntN(len(o.marks))], o.marks[w.rng.IntN(len(o.marks))]
	if from > to && w.chance(9, 10) {
		from, to = to, from
	}
	ever, left := o.firsts()
	// Where rows have expired, the first is one of those between these two.
	must, may := make(map[[16]byte]bool), make(map[[16]byte]bool)
	for i := range o.rows {
		r := &o.rows[i]
		if !o.has(i) || !matches(sc, &f, r) {
			continue
		}
		must[r.hash] = from <= ever[r.hash] && left[r.hash] < to
		may[r.hash] = ever[r.hash] < to && from <= left[r.hash] && from < to
	}
	got := make(map[[16]byte]bool)
	for h, err := range s.NewCredentials(t.Context(), sc, f, from, to) {
		if err != nil {
			t.Fatalf("%+v from %d to %d: %v", f, from, to, err)
		}
		if got[h] {
			t.Fatalf("%+v from %d to %d: one twice", f, from, to)
		}
		if got[h] = true; !may[h] {
			t.Fatalf("%+v from %d to %d: one that came at %d", f, from, to, ever[h])
		}
	}
	for h, ok := range must {
		if ok && !got[h] {
			t.Fatalf("%+v from %d to %d: none of %s that came at %d", f, from, to, hex.EncodeToString(h[:]), ever[h])
		}
	}
}

// TestNewCredentialsEnds: who takes one gets one; contexts and Close end it.
func TestNewCredentialsEnds(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, newWorld(1).records(200))
	n := 0
	for _, err := range s.NewCredentials(t.Context(), everything, watchlist.MonitorFilter{}, 0, 200) {
		if n++; err != nil || n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d were given", n)
	}
	for range s.NewCredentials(t.Context(), watchlist.Scope{}, watchlist.MonitorFilter{}, 0, 200) {
		t.Error("an empty scope sees something")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.NewCredentials(t.Context(), everything, watchlist.MonitorFilter{}, 0, 200) {
		if !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
	if _, err := s.NextSequence(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// TestCheckMonitorFilter: errors name what is wrong.
func TestCheckMonitorFilter(t *testing.T) {
	for want, f := range map[string]watchlist.MonitorFilter{
		"":                       {Domains: []string{"Example.COM"}, Keywords: []string{"acme corp"}, Types: []string{"combo"}},
		"filter.domains: must":   {Domains: []string{"not a domain"}},
		"filter.keywords: must ": {Keywords: []string{"x"}},
		"filter.types: must be ": {Types: []string{"other"}},
	} {
		err := CheckMonitorFilter(f)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrInvalid) || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// TestNewCredentialsMeanwhile: looks from mark to mark while records come in and
// segments are merged find every credential once.
func TestNewCredentialsMeanwhile(t *testing.T) {
	opts := testOptions()
	opts.SegmentRows, opts.MergeFanout, opts.NoBackgroundMerge = 20, 2, false
	s := openTest(t, testDir(t), opts)
	o, p := &oracle{}, s.preparer(uint32(s.now().Unix()), "")
	list := newWorld(3).records(3000)
	for _, r := range list {
		o.add(p, r)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.Ingest(t.Context(), seqOf(list), nil)
		done <- err
	}()
	found := make(map[watchlist.Hash]uint64) // where the look ended that found it
	looks := 0
	look := func(from uint64) uint64 {
		to := nextSequence(t, s)
		for h, err := range s.NewCredentials(t.Context(), everything, watchlist.MonitorFilter{}, from, to) {
			if err != nil {
				t.Fatal(err)
			}
			if end, ok := found[h]; ok {
				t.Fatalf("found by the look to %d again by that from %d to %d", end, from, to)
			}
			found[h] = to
		}
		looks++
		return to
	}
	mark := uint64(0)
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		mark = look(mark)
	}
	all := make(map[watchlist.Hash]bool)
	for _, r := range o.rows {
		all[r.hash] = true
	}
	if len(found) != len(all) {
		t.Errorf("%d credentials found in %d looks, want %d", len(found), looks, len(all))
	}
}
