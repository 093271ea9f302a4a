package leaks

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/watchlist"
)

// A flatOracle answers for documents and cards by a plain scan of all records.
type flatOracle struct {
	documents []sighting[Document]
	cards     []sighting[Card]
}

// A sighting is a normalised record, and what tells its thing from others.
type sighting[T any] struct {
	thing T
	who   string
	seen  time.Time
}

func listSeq[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (w *world) document() DocumentRecord {
	r := DocumentRecord{
		Domain:     w.maybe("www.", "VPN.", "a.b.") + w.pick(w.roots...),
		Name:       w.maybe("contracts.zip", "Ünal.pdf", "payroll.XLSX", "x"),
		URL:        w.maybe("https://files.example/a", "http://u:p@files.example/b", "dump.example"),
		Source:     w.maybe("feed-1", "feed-2"),
		Size:       int64(w.rng.IntN(3)) << 40,
		DetectedAt: w.instant(),
	}
	if w.chance(2, 3) || r.Name == "" && r.URL == "" {
		r.SHA256 = w.pick("ab", "AB", "cd") + strings.Repeat("0", 61) + fmt.Sprint(1+w.rng.IntN(9))
	}
	if w.chance(1, 2) {
		r.PublishedAt = w.instant()
	}
	return r
}

// luhnNumber appends the check digit.
func luhnNumber(digits string) string {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}

func (w *world) card() CardRecord {
	r := CardRecord{
		Brand:      w.maybe("visa", "Local Scheme"),
		Expiry:     w.maybe("2027-09", "09/27", "1/2030"),
		Country:    w.maybe("de", "FR"),
		Source:     w.maybe("feed-1", "Feed-2"),
		DetectedAt: w.instant(),
	}
	prefix := w.pick("411111", "411112", "555555", "378282", "620000", "999999")
	if w.chance(1, 2) {
		body := fmt.Sprintf("%s%02d0000%03d", prefix, w.rng.IntN(3), w.rng.IntN(9))
		if prefix == "378282" {
			body = body[:14]
		}
		r.Number = luhnNumber(body)
		if w.chance(1, 3) {
			r.Number = r.Number[:4] + " " + r.Number[4:8] + "-" + r.Number[8:]
		}
		return r
	}
	r.BIN = prefix + strings.Repeat("0", w.rng.IntN(3))
	r.Last4 = fmt.Sprintf("%04d", w.rng.IntN(7))
	return r
}

func (o *flatOracle) addDocument(t testing.TB, p *preparer, rec DocumentRecord) {
	var row flat.Row
	if reason, detail := p.document(&rec, &row); reason != "" {
		t.Fatalf("%+v: %s %s", rec, reason, detail)
	}
	d := documentOf(&row)
	who := d.Domain + "|" + d.URL + "|" + d.SHA256
	if d.SHA256 == "" {
		who += fmt.Sprint("|", d.Name, "|", d.Size)
	}
	o.documents = append(o.documents, sighting[Document]{d, who, d.DetectedAt.Time})
}

func (o *flatOracle) addCard(t testing.TB, p *preparer, rec CardRecord) {
	var row flat.Row
	if reason, detail := p.card(&rec, &row); reason != "" {
		t.Fatalf("%+v: %s %s", rec, reason, detail)
	}
	c := cardOf(&row)
	who := fmt.Sprint("#", strings.NewReplacer(" ", "", "-", "").Replace(rec.Number), "|", c.Expiry)
	if rec.Number == "" {
		who = strings.Join([]string{c.BIN, c.Last4, c.Expiry, c.Country, c.Source}, "|")
	}
	o.cards = append(o.cards, sighting[Card]{c, who, c.DetectedAt.Time})
}

// things makes one of the sightings of each thing.
func things[T any](list []sighting[T], detected func(*T) *Time, id func(*T) string) ([]T, error) {
	var order []string
	newest := map[string]sighting[T]{}
	first := map[string]time.Time{}
	for _, s := range list {
		old, ok := newest[s.who]
		if !ok {
			order = append(order, s.who)
			first[s.who] = s.seen
		}
		if !ok || !s.seen.Before(old.seen) {
			newest[s.who] = s
		}
		if s.seen.Before(first[s.who]) {
			first[s.who] = s.seen
		}
		if ok && id(&old.thing) != id(&s.thing) {
			return nil, fmt.Errorf("%s has two ids", s.who)
		}
	}
	var out []T
	ids := map[string]bool{}
	for _, who := range order {
		v := newest[who].thing
		detected(&v).Time = first[who]
		out = append(out, v)
		ids[id(&v)] = true
	}
	if len(ids) != len(out) {
		return nil, fmt.Errorf("%d things with %d ids", len(out), len(ids))
	}
	return out, nil
}

func page[T any](hit []T, page, size int) ([]T, int) {
	page, size = orDefault(page, 1), orDefault(size, 50)
	lo := min((page-1)*size, len(hit))
	return hit[lo:min(lo+size, len(hit))], (len(hit) + size - 1) / size
}

func inDays(t Time, from, to Day) bool {
	day := Day(t.Format(time.DateOnly))
	return (from == "" || day >= from) && (to == "" || day < to)
}

func contains1(search string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(index.Fold(s), index.Fold(search)) })
}

func (o *flatOracle) queryDocuments(t testing.TB, q DocumentsQuery, domains []string) *DocumentsPage {
	all, err := things(o.documents, func(d *Document) *Time { return &d.DetectedAt }, func(d *Document) string { return d.ID })
	if err != nil {
		t.Fatal(err)
	}
	hit := slices.DeleteFunc(all, func(d Document) bool {
		covers := func(entry string) bool { return watchlist.Covers(entry, d.Domain) }
		return domains != nil && !slices.ContainsFunc(domains, covers) || q.Domain != "" && !covers(q.Domain) ||
			!inDays(d.DetectedAt, q.From, q.To) || !contains1(q.Search, d.Name, d.Domain, d.URL, d.Source)
	})
	labels := func(d Document) string {
		l := strings.Split(d.Domain, ".")
		slices.Reverse(l)
		return strings.Join(l, "\x00")
	}
	by := map[string]func(a, b Document) int{
		"detectedAt":  func(a, b Document) int { return a.DetectedAt.Compare(b.DetectedAt.Time) },
		"publishedAt": func(a, b Document) int { return a.PublishedAt.Compare(b.PublishedAt.Time) },
		"name":        func(a, b Document) int { return cmp.Compare(a.Name, b.Name) },
		"domain":      func(a, b Document) int { return cmp.Compare(labels(a), labels(b)) },
		"url":         func(a, b Document) int { return cmp.Compare(a.URL, b.URL) },
		"source":      func(a, b Document) int { return cmp.Compare(a.Source, b.Source) },
		"size":        func(a, b Document) int { return cmp.Compare(a.Size, b.Size) },
	}[orDefault(q.SortBy, "detectedAt")]
	slices.SortFunc(hit, func(a, b Document) int {
		c := by(a, b)
		if q.SortBy == "" || q.Descending {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(labels(a), labels(b)), cmp.Compare(a.ID, b.ID))
	})
	p := &DocumentsPage{Total: len(hit), Page: orDefault(q.Page, 1), PageSize: orDefault(q.PageSize, 50)}
	p.Data, p.TotalPages = page(hit, q.Page, q.PageSize)
	p.Data = append([]Document{}, p.Data...)
	return p
}

func (o *flatOracle) queryCards(t testing.TB, q CardsQuery, bins []string) *CardsPage {
	all, err := things(o.cards, func(c *Card) *Time { return &c.DetectedAt }, func(c *Card) string { return c.ID })
	if err != nil {
		t.Fatal(err)
	}
	hit := slices.DeleteFunc(all, func(c Card) bool {
		covers := func(entry string) bool { return strings.HasPrefix(c.BIN, entry) }
		return bins != nil && !slices.ContainsFunc(bins, covers) || !covers(q.BIN) ||
			!inDays(c.DetectedAt, q.From, q.To) || !contains1(q.Search, c.BIN, c.Last4, c.Brand, c.Country, c.Source)
	})
	by := map[string]func(a, b Card) int{
		"detectedAt": func(a, b Card) int { return a.DetectedAt.Compare(b.DetectedAt.Time) },
		"bin":        func(a, b Card) int { return cmp.Compare(a.BIN, b.BIN) },
		"last4":      func(a, b Card) int { return cmp.Compare(a.Last4, b.Last4) },
		"brand":      func(a, b Card) int { return cmp.Compare(a.Brand, b.Brand) },
		"expiry":     func(a, b Card) int { return cmp.Compare(a.Expiry, b.Expiry) },
		"country":    func(a, b Card) int { return cmp.Compare(a.Country, b.Country) },
		"source":     func(a, b Card) int { return cmp.Compare(a.Source, b.Source) },
	}[orDefault(q.SortBy, "detectedAt")]
	slices.SortFunc(hit, func(a, b Card) int {
		c := by(a, b)
		if q.SortBy == "" || q.Descending {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.BIN, b.BIN), cmp.Compare(a.ID, b.ID))
	})
	p := &CardsPage{Total: len(hit), Page: orDefault(q.Page, 1), PageSize: orDefault(q.PageSize, 50)}
	p.Data, p.TotalPages = page(hit, q.Page, q.PageSize)
	p.Data = append([]Card{}, p.Data...)
	return p
}

// narrowed returns a scope of some of the values, and which those are; nil for
// an administrator's.
func (w *world) narrowed(t testing.TB, values []string, narrow func(watchlist.Scope, ...string) (watchlist.Scope, error)) (watchlist.Scope, []string) {
	if w.chance(1, 4) {
		return watchlist.Administrator(), nil
	}
	some := []string{}
	for _, v := range values {
		if w.chance(1, 3) {
			some = append(some, v)
		}
	}
	scope, err := narrow(watchlist.Administrator(), some...)
	if err != nil {
		t.Fatal(err)
	}
	return scope, some
}

func (w *world) compareFlat(t *testing.T, s *Store, o *flatOracle, n int) {
	t.Helper()
	var domains []string
	for _, r := range w.roots {
		domains = append(domains, r, "vpn."+r, "b."+r, "rg."+r)
	}
	bins := []string{"411111", "41111100", "555555", "5555550", "378282", "37828200", "99999900"}
	day := func() Day {
		if w.chance(2, 3) {
			return ""
		}
		return Day(w.instant().Format(time.DateOnly))
	}
	for range n {
		dq := DocumentsQuery{
			From: day(), To: day(), Search: w.maybe("", "ÜNAL", "files", "org1", "VPN.", "feed-2", "."),
			SortBy: w.maybe("detectedAt", "publishedAt", "name", "domain", "url", "source", "size"), Descending: w.chance(1, 2),
			Page: w.rng.IntN(4), PageSize: w.rng.IntN(30),
		}
		var in []string
		dq.Scope, in = w.narrowed(t, domains, watchlist.Scope.OnlyDomains)
		if w.chance(1, 3) {
			dq.Domain = w.pick(domains...)
		}
		got, err := s.Documents(t.Context(), dq)
		if dq.Domain != "" && !dq.Scope.CoversDomain(dq.Domain) {
			if !errors.Is(err, watchlist.ErrOutside) {
				t.Fatalf("%+v: %v", dq, err)
			}
		} else if err != nil {
			t.Fatal(err)
		} else if g, want := mustJSON(t, got), mustJSON(t, o.queryDocuments(t, dq, in)); g != want {
			t.Fatalf("%+v in %q:\ngot  %s\nwant %s", dq, in, g, want)
		}

		cq := CardsQuery{
			From: dq.From, To: dq.To, Search: w.maybe("", "visa", "FEED", "0003", "1111", "d"),
			SortBy: w.maybe("detectedAt", "bin", "last4", "brand", "expiry", "country", "source"), Descending: w.chance(1, 2),
			Page: w.rng.IntN(4), PageSize: w.rng.IntN(30),
		}
		cq.Scope, in = w.narrowed(t, bins, watchlist.Scope.OnlyBINs)
		if w.chance(1, 3) {
			cq.BIN = w.pick(bins...)
		}
		cards, err := s.Cards(t.Context(), cq)
		if cq.BIN != "" && !cq.Scope.CoversBIN(cq.BIN) {
			if !errors.Is(err, watchlist.ErrOutside) {
				t.Fatalf("%+v: %v", cq, err)
			}
		} else if err != nil {
			t.Fatal(err)
		} else if g, want := mustJSON(t, cards), mustJSON(t, o.queryCards(t, cq, in)); g != want {
			t.Fatalf("%+v in %q:\ngot  %s\nwant %s", cq, in, g, want)
		}
	}
}

// TestFlatOracle: documents and cards answer as a plain scan does, whatever was
// ingested, merged and expired between, and beside what else.
func TestFlatOracle(t *testing.T) {
	for seed := range uint64(fewer(24, 8)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(seed)
			dir := testDir(t)
			opts := testOptions()
			opts.SegmentRows = 1 + w.rng.IntN(60)
			opts.NoBackgroundMerge = w.chance(1, 2)
			s := openTest(t, dir, opts)
			o := &flatOracle{}
			p := s.preparer(0, "")
			for range 4 {
				var docs []DocumentRecord
				for range w.rng.IntN(120) {
					docs = append(docs, w.document())
					o.addDocument(t, p, docs[len(docs)-1])
				}
				if res, err := s.IngestDocuments(t.Context(), listSeq(docs), nil); err != nil || res.Ingested != int64(len(docs)) {
					t.Fatalf("%+v, %v", res, err)
				}
				var cards []CardRecord
				for range w.rng.IntN(120) {
					cards = append(cards, w.card())
					o.addCard(t, p, cards[len(cards)-1])
				}
				if res, err := s.IngestCards(t.Context(), listSeq(cards), nil); err != nil || res.Ingested != int64(len(cards)) {
					t.Fatalf("%+v, %v", res, err)
				}
				ingestAll(t, s, w.records(w.rng.IntN(60)))
				w.compareFlat(t, s, o, 12)

				switch w.rng.IntN(5) {
				case 0:
					if err := s.Compact(t.Context()); err != nil {
						t.Fatal(err)
					}
				case 1:
					if err := s.Merge(t.Context()); err != nil {
						t.Fatal(err)
					}
				case 2:
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					s = openTest(t, dir, opts)
				case 3:
					before := worldStart.AddDate(0, 0, w.rng.IntN(w.span+1))
					if _, err := s.Expire(t.Context(), before); err != nil {
						t.Fatal(err)
					}
					o.expire(before)
				}
				w.compareFlat(t, s, o, 12)
			}
			if err := s.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func (o *flatOracle) expire(before time.Time) {
	o.documents = expired(o.documents, before)
	o.cards = expired(o.cards, before)
}

// expired drops the things that were not seen since.
func expired[T any](list []sighting[T], before time.Time) []sighting[T] {
	last := map[string]time.Time{}
	for _, s := range list {
		if s.seen.After(last[s.who]) {
			last[s.who] = s.seen
		}
	}
	return slices.DeleteFunc(list, func(s sighting[T]) bool { return last[s.who].Before(before) })
}
