package leaks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

var testKey = [32]byte{1, 2, 3}

func testOptions() *Options {
	return &Options{
		Key: testKey, NoBackgroundMerge: true, MinFree: 1, MemoryBudget: minMemoryBudget,
		Now: func() time.Time { return worldStart.AddDate(0, 0, 30) },
	}
}

// testDir returns a directory for a store, in memory where the system has such
// a place: these tests are about answers, and syncing a disk is most of their
// time.
func testDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "leakscope-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func openTest(t testing.TB, dir string, opts *Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func seqOf(list []Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func ingestAll(t testing.TB, s *Store, list []Record) IngestResult {
	t.Helper()
	res, err := s.Ingest(t.Context(), seqOf(list), nil)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// ingestRandomly ingests list in random batches with random segment sizes and
// merges at random points.
func (w *world) ingestRandomly(t testing.TB, s *Store, o *oracle, list []Record) {
	p := s.preparer(uint32(s.now().Unix()), "")
	for len(list) > 0 {
		n := 1 + w.rng.IntN(len(list))
		res := ingestAll(t, s, list[:n])
		rejected := int64(0)
		for _, r := range list[:n] {
			if !o.add(p, r) {
				rejected++
			}
		}
		if res.Read != int64(n) || res.Rejected != rejected || res.Ingested != int64(n)-rejected {
			t.Fatalf("ingest of %d with %d rejects says %+v", n, rejected, res)
		}
		list = list[n:]
		w.mergeSomething(t, s)
	}
}

// mergeSomething merges a random run of adjacent segments, or none, or all.
func (w *world) mergeSomething(t testing.TB, s *Store) {
	s.mu.Lock()
	segments := slices.Clone(s.current.segments)
	s.mu.Unlock()
	switch {
	case len(segments) < 2 || w.chance(1, 3):
	case w.chance(1, 3):
		if err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	case w.chance(1, 2):
		if err := s.mergeTiers(t.Context()); err != nil {
			t.Fatal(err)
		}
	default:
		lo := w.rng.IntN(len(segments) - 1)
		hi := lo + 2 + w.rng.IntN(len(segments)-lo-1)
		if _, err := s.replace(t.Context(), segments[lo:hi], 0, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// compareQueries checks n random queries of every kind.
func (w *world) compareQueries(t *testing.T, s *Store, o *oracle, n int) {
	t.Helper()
	ctx := t.Context()
	for range n {
		q := w.query(o)
		got, err := s.Details(ctx, q)
		if err != nil {
			t.Fatalf("details %+v: %v", q, err)
		}
		want := o.details(q)
		if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
			t.Fatalf("details %+v\n got %s\nwant %s", q, g, w)
		}
		if w.chance(1, 3) {
			w.compareWalks(t, s, o, q)
		}
		hash := fmt.Sprintf("%032x", w.rng.Uint64())
		if len(o.rows) > 0 {
			hash = fmt.Sprintf("%x", o.rows[w.rng.IntN(len(o.rows))].hash)
		}
		occ, err := s.Occurrences(ctx, q.Scope, q.Column, hash)
		if err != nil {
			t.Fatal(err)
		}
		if g, w := mustJSON(t, occ), mustJSON(t, o.occurrences(q.Scope, q.Column, hash)); g != w {
			t.Fatalf("by hash %s in %+v\n got %s\nwant %s", hash, q.Scope, g, w)
		}
		if col := q.Column; len(o.rows) > 0 && (col == RootDomain || col == EmailDomain) {
			r := &o.rows[w.rng.IntN(len(o.rows))]
			if domain := map[Column]string{RootDomain: r.root, EmailDomain: r.emailDomain}[col]; domain != "" {
				w.compareAnalytics(t, s, o, q.Scope, col, domain)
			}
		}
		w.compareStats(t, s, o, StatsQuery{Scope: q.Scope, Column: q.Column, Filters: q.Filters, Granularity: w.pick("", "day", "hour")})
	}
}

// compareFirstPages checks n pages of what lists of tops are for: large domains
// without a filter.
func (w *world) compareFirstPages(t *testing.T, s *Store, o *oracle, n int) {
	t.Helper()
	for range n {
		if len(o.rows) == 0 {
			return
		}
		r := &o.rows[w.rng.IntN(len(o.rows))]
		q := DetailsQuery{Column: RootDomain, SortBy: []Sort{BySourceCount, ByLastSeen}[w.rng.IntN(2)]}
		id := r.root
		if w.chance(1, 2) {
			q.Column, id = EmailDomain, r.emailDomain
		}
		ids := []string{id}
		for w.chance(1, 4) {
			r = &o.rows[w.rng.IntN(len(o.rows))]
			ids = append(ids, w.pick(r.root, r.emailDomain))
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
		if len(ids) == 0 {
			continue
		}
		var err error
		if q.Scope, err = Narrow(everything, q.Column, ids...); err != nil {
			t.Fatal(err)
		}
		q.PageSize = []int{1, 2, 5, 10, 50}[w.rng.IntN(5)]
		q.Page = 1 + w.rng.IntN(4)
		got, err := s.Details(t.Context(), q)
		if err != nil {
			t.Fatalf("details %+v: %v", q, err)
		}
		got.NextCursor = ""
		if got, want := mustJSON(t, got), mustJSON(t, o.details(q)); got != want {
			t.Fatalf("details %+v of %q:\ngot  %s\nwant %s", q, ids, got, want)
		}
	}
}

// compareWalks checks that a walk and a walk by cursor see every row once.
func (w *world) compareWalks(t *testing.T, s *Store, o *oracle, q DetailsQuery) {
	t.Helper()
	q.Page, q.PageSize = 0, 0
	want := mustJSON(t, append([]Credential{}, o.credentials(&q)...))
	got := []Credential{}
	for c, err := range s.Walk(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
	}
	if g := mustJSON(t, got); g != want {
		t.Fatalf("walk %+v\n got %s\nwant %s", q, g, want)
	}
	got, q.PageSize, q.Cursor = got[:0], 1+w.rng.IntN(5), StartCursor
	for q.Cursor != "" {
		page, err := s.Details(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Data...)
		q.Cursor = page.NextCursor
	}
	if g := mustJSON(t, got); g != want {
		t.Fatalf("cursor %+v\n got %s\nwant %s", q, g, want)
	}
}

func (w *world) compareAnalytics(t *testing.T, s *Store, o *oracle, sc watchlist.Scope, col Column, domain string) {
	t.Helper()
	got, err := s.Analytics(t.Context(), sc, col, domain)
	if !coversDomain(sc, domain) {
		if !errors.Is(err, ErrOutside) || got != nil {
			t.Fatalf("analytics %s %s outside %q: %v", col, domain, sc.Domains(), err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := o.analytics(col, domain)
	if got.TotalLeaks != want.total || got.UniqueUsernames != want.usernames || got.UniquePasswords != want.passwords ||
		got.UniqueLeaks != want.leaks || got.UniqueSources != want.sources || got.UniqueDomains != want.inverse ||
		got.LatestLeakDate != timeOf(want.latest).String() {
		t.Fatalf("analytics %s %s\n got %+v\nwant %+v", col, domain, got, want)
	}
	byDay := []stats.DayCount{}
	for _, day := range slices.Sorted(maps.Keys(want.byDay)) {
		byDay = append(byDay, stats.DayCount{Date: day, Count: want.byDay[day]})
	}
	if mustJSON(t, got.LeaksByDay) != mustJSON(t, byDay) {
		t.Fatalf("leaks_by_day %s %s\n got %v\nwant %v", col, domain, got.LeaksByDay, byDay)
	}
	named := func(m map[string]uint64) string {
		var list []string
		keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
			return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b))
		})
		for _, k := range keys[:min(20, len(keys))] {
			list = append(list, fmt.Sprint(k, m[k]))
		}
		return fmt.Sprint(list)
	}
	var types, stealers, countries []string
	for _, v := range got.LeaksByType {
		types = append(types, fmt.Sprint(v.Type, v.Count))
	}
	for _, v := range got.LeaksByStealer {
		stealers = append(stealers, fmt.Sprint(v.StealerName, v.Count))
	}
	for _, v := range got.LeaksByCountry {
		countries = append(countries, fmt.Sprint(v.Country, v.Count))
	}
	if fmt.Sprint(types) != named(want.byType) || fmt.Sprint(stealers) != named(want.byStealer) || fmt.Sprint(countries) != named(want.byCountry) {
		t.Fatalf("analytics %s %s: %v %v %v, want %s %s %s", col, domain, types, stealers, countries,
			named(want.byType), named(want.byStealer), named(want.byCountry))
	}
}

func (w *world) compareStats(t *testing.T, s *Store, o *oracle, q StatsQuery) {
	t.Helper()
	end := s.now().Truncate(24 * time.Hour)
	if q.EndDate != "" {
		end, _ = time.Parse(time.DateOnly, string(q.EndDate))
	}
	start := end.AddDate(0, 0, -13)
	if q.StartDate != "" {
		start, _ = time.Parse(time.DateOnly, string(q.StartDate))
	}
	if start.After(end) {
		return
	}
	days := int(end.Sub(start).Hours()/24) + 1
	before := o.report(q, start.AddDate(0, 0, -days), start.AddDate(0, 0, -1), nil)
	final := o.report(q, start, end, before.collector)
	got, err := s.Stats(t.Context(), q)
	if err != nil {
		t.Fatalf("stats %+v: %v", q, err)
	}
	if g, w := mustJSON(t, got), mustJSON(t, final.report); g != w {
		t.Fatalf("stats %+v\n got %s\nwant %s", q, g, w)
	}
	if got.TotalLeaks != final.total || got.UniqueLeaks != final.leaks {
		t.Fatalf("stats %+v: %d leaks of %d, want %d of %d", q, got.TotalLeaks, got.UniqueLeaks, final.total, final.leaks)
	}
}

// An oracleReport is a report over plain rows. Its figures come from the same
// collector, fed by a plain scan; the collector itself is tested in stats.
type oracleReport struct {
	collector    *stats.Collector
	report       stats.Report
	total, leaks uint64
}

func (o *oracle) report(q StatsQuery, start, end time.Time, before *stats.Collector) *oracleReport {
	return o.reportOf(q, start, end, before, func(r *row) bool {
		return r.emailDomain != "" && !coversDomain(q.Scope, r.emailDomain)
	})
}

func (o *oracle) reportOf(q StatsQuery, start, end time.Time, before *stats.Collector, external func(*row) bool) *oracleReport {
	gran, _ := stats.ParseGranularity(q.Granularity)
	out := &oracleReport{collector: stats.NewCollector(stats.CollectorOptions{Granularity: gran})}
	f := q.Filters
	f.StartDate, f.EndDate = Day(start.Format(time.DateOnly)), Day(end.Format(time.DateOnly))
	hashes := map[[16]byte]bool{}
	for i := range o.rows {
		r := &o.rows[i]
		if !selected(q.Scope, q.Column, &f, "", r) {
			continue
		}
		out.total++
		hashes[r.hash] = true
		ob := stats.Observation{
			Seen: int64(r.seen), Stealer: r.typ == Stealer, Username: r.username, LocalPart: r.localPart, Domain: r.domain,
			Hash: r.hash, Password: r.digest, HasPassword: r.hasPassword, PasswordLen: int(r.pwLen), Classes: r.classes,
			Source: r.source, ExternalAccount: external(r),
		}
		switch q.Column {
		case RootDomain, AnyColumn:
			ob.Identifier, ob.Inverse = r.root, r.emailDomain
		case EmailDomain:
			ob.Identifier, ob.Inverse = r.emailDomain, r.root
		case Username:
			ob.Identifier, ob.Inverse = r.username, r.root
		}
		out.collector.Add(ob)
	}
	out.leaks = uint64(len(hashes))
	out.report = out.collector.Report(before)
	return out
}

// TestAnswersEqualAPlainScan is the contract's word: over random data, however
// it was cut into batches and segments and merged, every answer is what a plain
// scan gives, to the byte.
func TestAnswersEqualAPlainScan(t *testing.T) {
	sets, queries := 220, 12
	if testing.Short() {
		sets = 24
	}
	for seed := range uint64(sets) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(seed)
			w.deep = w.chance(3, 4)
			defer func(n uint32) { lookupNames = n }(lookupNames)
			lookupNames = []uint32{1, 128, 1 << 31}[w.rng.IntN(3)]
			defer func(n uint32) { scanBlock = n }(scanBlock)
			scanBlock = []uint32{1, 2, 3, 7, 1024}[w.rng.IntN(5)]
			defer func(n, share uint32) { ownSearch, scopeShare = n, share }(ownSearch, scopeShare)
			ownSearch, scopeShare = []uint32{0, 20, 4096}[w.rng.IntN(3)], []uint32{1, 2, 16, 1 << 20}[w.rng.IntN(4)]
			defer func(n uint32) { fewRows = n }(fewRows)
			fewRows = []uint32{1, 10, 1 << 14}[w.rng.IntN(3)]
			defer func(n uint32) { firstMany = n }(firstMany)
			firstMany = []uint32{1, 20, 2048}[w.rng.IntN(3)]
			defer func(n int) { firstPlaces = n }(firstPlaces)
			firstPlaces = []int{1, 10, 256}[w.rng.IntN(3)]
			defer lowerSpills([]int64{0, 1000, spillBytes}[w.rng.IntN(3)], []int{1, 100, spillBlockBytes}[w.rng.IntN(3)], []uint32{1, 7, orderGroups}[w.rng.IntN(3)])()
			defer func(n int) { roundGroups = n }(roundGroups)
			roundGroups = []int{1, 20, 2048}[w.rng.IntN(3)]
			defer func(n int) { maxPromising = n }(maxPromising)
			maxPromising = []int{1, 3, 512}[w.rng.IntN(3)]
			defer func(n uint32) { textStrings = n }(textStrings)
			textStrings = []uint32{1, 16 << 10}[w.rng.IntN(2)]
			lowerTops(t, []uint32{1, 2, 5, 20, 512}[w.rng.IntN(5)])
			lowerMarks(t, []int{0, 1, 3, 8}[w.rng.IntN(4)])
			opts := testOptions()
			opts.SegmentRows = []int{1, 2, 3, 10, 64, 1 << 18}[w.rng.IntN(6)]
			opts.MergeFanout = 2 + w.rng.IntN(7)
			opts.Workers = 1 + w.rng.IntN(4)
			n := 1 + w.rng.IntN(400)
			if opts.SegmentRows < 10 {
				n = min(n, 60) // a file a row
			}
			dir := testDir(t)
			s, o := openTest(t, dir, opts), &oracle{}
			w.ingestRandomly(t, s, o, w.records(n))
			w.compareQueries(t, s, o, queries)
			w.compareFirstPages(t, s, o, queries)
			if w.chance(1, 3) { // the same after a restart
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = openTest(t, dir, opts)
				w.compareQueries(t, s, o, 3)
			}
			if err := s.Verify(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
