package leaks

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

// tokensOf cuts a text as the contract says.
func tokensOf(s string) []string {
	return strings.FieldsFunc(index.Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func matchesKeyword(keyword, host string) bool {
	want, have := tokensOf(keyword), tokensOf(host)
	for i := 0; len(want) > 0 && i+len(want) <= len(have); i++ {
		if slices.Equal(have[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

// byKeyword returns the rows of o that queries by keyword see.
func (o *oracle) byKeyword(sc watchlist.Scope, keywords []string) *oracle {
	out := new(oracle)
	for _, r := range o.rows {
		own := !sc.All() && coversDomain(sc, r.domain)
		if !own && slices.ContainsFunc(keywords, func(k string) bool { return matchesKeyword(k, r.host) }) {
			out.rows = append(out.rows, r)
		}
	}
	return out
}

// keyword returns one that some host has, or nearly has, in some spelling.
func (w *world) keyword(o *oracle) string {
	if len(o.rows) == 0 || w.chance(1, 8) {
		return w.pick("nothing", "acme", "acme-corp", "corp.acme", "Ünal", "com-pany")
	}
	for {
		tokens := tokensOf(o.rows[w.rng.IntN(len(o.rows))].host)
		if len(tokens) == 0 {
			return "none"
		}
		i := w.rng.IntN(len(tokens))
		n := 1 + w.rng.IntN(min(3, len(tokens)-i))
		k := strings.Join(tokens[i:i+n], w.pick("-", ".", " ", "/", "--"))
		if w.chance(1, 6) {
			k = k[:len(k)-1] // a byte less, of whatever it is
		}
		if w.chance(1, 2) {
			k = strings.ToUpper(k)
		}
		if _, err := NormalizeKeyword(k); err == nil {
			return k
		}
		if w.chance(1, 10) {
			return "none"
		}
	}
}

// compareKeywords checks n random queries by keyword of every kind.
func (w *world) compareKeywords(t *testing.T, s *Store, o *oracle, n int) {
	t.Helper()
	ctx := t.Context()
	for range n {
		var keywords, own []string
		for range w.rng.IntN(4) {
			k, err := NormalizeKeyword(w.keyword(o))
			if err != nil {
				t.Fatal(err)
			}
			keywords = append(keywords, k)
		}
		if w.chance(1, 2) && len(o.rows) > 0 {
			for range 1 + w.rng.IntN(3) {
				r := &o.rows[w.rng.IntN(len(o.rows))]
				if d := w.pick(r.root, r.domain); d != "" {
					own = append(own, d)
				}
			}
		}
		sc, err := everything.Only(watchlist.Selection{Domains: own, Keywords: keywords})
		if err != nil {
			t.Fatal(err)
		}
		q := KeywordQuery{Scope: sc}
		dq := w.query(o)
		q.Filters, q.Search, q.MinOccurrences, q.SortBy, q.Page, q.PageSize = dq.Filters, dq.Search, dq.MinOccurrences, dq.SortBy, dq.Page, dq.PageSize
		if w.chance(1, 4) && len(keywords) > 0 {
			q.Keywords = keywords[:1]
		}
		if w.chance(1, 4) {
			q.Scope, q.Keywords, own = everything, append([]string{}, keywords...), nil
		}
		asked := keywords
		if q.Keywords != nil {
			asked = q.Keywords
		}
		rows := o.byKeyword(q.Scope, asked)
		dq.Scope, dq.Column, dq.SortBy = everything, RootDomain, orDefault(dq.SortBy, ByLastSeen)
		want := keywordPageOf(rows.details(dq), asked)
		got, err := s.KeywordSearch(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
			t.Fatalf("keywords %q, own %q, %+v\n got %s\nwant %s", asked, own, q, g, w)
		}
		if w.chance(1, 3) {
			w.compareKeywordCursor(t, s, q, keywordPageOf(&DetailsPage{Data: rows.credentials(&dq)}, asked))
		}
		hash := fmt.Sprintf("%032x", 1)
		if len(o.rows) > 0 {
			hash = fmt.Sprintf("%x", o.rows[w.rng.IntN(len(o.rows))].hash)
		}
		occ, err := s.KeywordOccurrences(ctx, q.Scope, q.Keywords, hash)
		if err != nil {
			t.Fatal(err)
		}
		if g, w := mustJSON(t, occ), mustJSON(t, rows.occurrences(everything, RootDomain, hash)); g != w {
			t.Fatalf("by hash %s of %q\n got %s\nwant %s", hash, asked, g, w)
		}
		w.compareKeywordStats(t, s, rows, q)
		if len(keywords) > 0 {
			w.comparePreview(t, s, o, keywords[0])
		}
	}
}

func keywordPageOf(p *DetailsPage, keywords []string) *KeywordPage {
	longest := slices.Clone(keywords)
	slices.SortFunc(longest, func(a, b string) int {
		size := func(s string) int { return len(strings.Join(tokensOf(s), " ")) }
		return cmp.Or(size(b)-size(a), strings.Compare(a, b))
	})
	out := &KeywordPage{Data: []KeywordCredential{}, Total: p.Total, Page: p.Page, PageSize: p.PageSize, TotalPages: p.TotalPages}
	for _, c := range p.Data {
		i := slices.IndexFunc(longest, func(k string) bool { return matchesKeyword(k, c.Host) })
		out.Data = append(out.Data, KeywordCredential{c, longest[i]})
	}
	return out
}

func (w *world) compareKeywordCursor(t *testing.T, s *Store, q KeywordQuery, want *KeywordPage) {
	t.Helper()
	got := []KeywordCredential{}
	q.Page, q.PageSize, q.Cursor = 0, 1+w.rng.IntN(5), StartCursor
	for q.Cursor != "" {
		page, err := s.KeywordSearch(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Data...)
		q.Cursor = page.NextCursor
	}
	if g, w := mustJSON(t, got), mustJSON(t, want.Data); g != w {
		t.Fatalf("cursor %+v\n got %s\nwant %s", q, g, w)
	}
}

func (w *world) compareKeywordStats(t *testing.T, s *Store, rows *oracle, q KeywordQuery) {
	t.Helper()
	got, err := s.KeywordStats(t.Context(), KeywordStatsQuery{Scope: q.Scope, Keywords: q.Keywords, Filters: q.Filters})
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
	external := func(r *row) bool { return r.emailDomain != "" && !coversDomain(q.Scope, r.emailDomain) }
	sq := StatsQuery{Scope: everything, Column: RootDomain, Filters: q.Filters}
	before := rows.reportOf(sq, start.AddDate(0, 0, -days), start.AddDate(0, 0, -1), nil, external)
	want := rows.reportOf(sq, start, end, before.collector, external)
	if err != nil {
		t.Fatal(err)
	}
	if g, w := mustJSON(t, got), mustJSON(t, want.report); g != w {
		t.Fatalf("keyword stats %+v\n got %s\nwant %s", q, g, w)
	}
}

func (w *world) comparePreview(t *testing.T, s *Store, o *oracle, keyword string) {
	t.Helper()
	got, err := s.KeywordPreview(t.Context(), keyword)
	if err != nil {
		t.Fatal(err)
	}
	want := &KeywordPreview{Keyword: keyword, TopDomains: []stats.DomainCount{}}
	counts, hashes := map[string]uint64{}, map[[16]byte]bool{}
	for _, r := range o.byKeyword(everything, []string{keyword}).rows {
		want.TotalLeaks++
		counts[r.root]++
		hashes[r.hash] = true
	}
	delete(counts, "")
	want.UniqueLeaks, want.UniqueDomains = uint64(len(hashes)), uint64(len(counts))
	for root, n := range counts {
		want.TopDomains = append(want.TopDomains, stats.DomainCount{Domain: root, Count: n})
	}
	slices.SortFunc(want.TopDomains, func(a, b stats.DomainCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Domain, b.Domain))
	})
	want.TopDomains = want.TopDomains[:min(10, len(want.TopDomains))]
	if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
		t.Fatalf("preview\n got %s\nwant %s", g, w)
	}
}

// TestKeywordsEqualAPlainScan is TestAnswersEqualAPlainScan for keywords.
func TestKeywordsEqualAPlainScan(t *testing.T) {
	for seed := range uint64(fewer(120, 24)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(seed)
			w.deep = true
			defer func(n uint32) { scanBlock = n }(scanBlock)
			scanBlock = []uint32{1, 2, 3, 7, 1024}[w.rng.IntN(5)]
			defer func(n uint32) { textStrings = n }(textStrings)
			textStrings = []uint32{1, 16 << 10}[w.rng.IntN(2)]
			defer func(n uint32) { fewHosts = n }(fewHosts)
			fewHosts = []uint32{1, 16, 1 << 20}[w.rng.IntN(3)]
			opts := testOptions()
			opts.SegmentRows = []int{10, 64, 1 << 18}[w.rng.IntN(3)]
			s, o := openTest(t, testDir(t), opts), &oracle{}
			w.ingestRandomly(t, s, o, w.records(1+w.rng.IntN(400)))
			w.compareKeywords(t, s, o, 15)
		})
	}
}

func TestKeywordTokens(t *testing.T) {
	for _, c := range []struct {
		keyword, host string
		want          bool
	}{
		{"acme-corp", "acme-corp-jobs.vendor.example", true},
		{"acme-corp", "https://x.example/offer/acme-corp/1", true},
		{"Acme Corp", "https://x.example/?q=ACME%20Corp", false}, // %20 reads as 20
		{"acme corp", "https://x.example/acme_corp", true},
		{"acme", "acmecorp.example", false},
		{"corp-acme", "acme-corp.example", false},
		{"acme-corp", "acme.x.corp.example", false},
		{"xn--mller-kva", "https://xn--mller-kva.example", true},
		{"müller", "https://MÜLLER.example", true},
		{"müller", "https://xn--mller-kva.example", false}, // hosts are matched as found
		{"straße", "x.example/STRAẞE/", true},
		{"24h", "24h.example", true},
		{"acme", "", false},
	} {
		w := newWord(c.keyword)
		if got := w.match(appendTokens(nil, []byte(c.host))); got != c.want || matchesKeyword(c.keyword, c.host) != c.want {
			t.Errorf("%q in %q: %v", c.keyword, c.host, got)
		}
	}
}

func FuzzKeywordTokens(f *testing.F) {
	f.Add("acme-corp", "https://x.example/acme-corp/1")
	f.Add("É\x80a", "É.\x80A")
	f.Fuzz(func(t *testing.T, keyword, host string) {
		w := newWord(keyword)
		match := w.match(appendTokens(nil, []byte(host)))
		if want := matchesKeyword(keyword, host); match != want {
			t.Fatalf("%q in %q: %v, want %v", keyword, host, match, want)
		}
		if match && !index.NewMatcher(w.needle).Match([]byte(host)) {
			t.Fatalf("%q in %q is not found by %q", keyword, host, w.needle)
		}
	})
}

func TestKeywordsRefused(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ctx := t.Context()
	for _, k := range []string{"", "ab", "---", strings.Repeat("a", 101), "abc\xff"} {
		var pe *ParamError
		if _, err := s.KeywordPreview(ctx, k); !errors.As(err, &pe) || pe.Param != "keyword" {
			t.Errorf("%q: %v", k, err)
		}
	}
	sc, err := everything.OnlyKeywords("acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.KeywordSearch(ctx, KeywordQuery{Scope: sc, Keywords: []string{"acme", "other"}}); !errors.Is(err, ErrOutside) {
		t.Errorf("a keyword outside the scope: %v", err)
	}
	if _, err := s.KeywordSearch(ctx, KeywordQuery{Scope: sc, Keywords: []string{" ACME "}}); err != nil {
		t.Errorf("in another spelling: %v", err)
	}
	for i, sc := range []watchlist.Scope{{}, everything, only("org0.test")} {
		page, err := s.KeywordSearch(ctx, KeywordQuery{Scope: sc})
		if err != nil || mustJSON(t, page) != `{"data":[],"total":0,"page":1,"page_size":50,"total_pages":0}` {
			t.Errorf("without keywords %d: %s, %v", i, mustJSON(t, page), err)
		}
	}
	if _, err := s.KeywordSearch(ctx, KeywordQuery{Scope: sc, PageSize: 201}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a page too large: %v", err)
	}
	if _, err := s.KeywordStats(ctx, KeywordStatsQuery{Scope: sc, Granularity: "week"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("an unknown granularity: %v", err)
	}
	if _, err := s.KeywordOccurrences(ctx, sc, nil, "12"); !errors.Is(err, ErrInvalid) {
		t.Errorf("a malformed hash: %v", err)
	}
}
