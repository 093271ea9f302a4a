package leaks

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/watchlist"
)

const zeroSum = "00000000000000000000000000000000000000000000000000000000000000"

func TestDocumentRejects(t *testing.T) {
	good := DocumentRecord{Name: "a.zip", Domain: "Example.com", URL: "https://u:p@files.example/x", SHA256: zeroSum + "AB"}
	for _, c := range []struct {
		change func(*DocumentRecord)
		reason RejectReason
	}{
		{func(r *DocumentRecord) {}, ""},
		{func(r *DocumentRecord) { r.Name, r.URL = "", "" }, ""},
		{func(r *DocumentRecord) { r.Name, r.URL, r.SHA256 = " ", "", "" }, RejectNotARecord},
		{func(r *DocumentRecord) { r.Domain = "" }, RejectDomain},
		{func(r *DocumentRecord) { r.Domain = "no domain" }, RejectDomain},
		{func(r *DocumentRecord) { r.URL = "http://" }, RejectURL},
		{func(r *DocumentRecord) { r.SHA256 = "abc" }, RejectSHA256},
		{func(r *DocumentRecord) { r.SHA256 = zeroSum + "00" }, RejectSHA256},
		{func(r *DocumentRecord) { r.SHA256 = zeroSum + "0g" }, RejectSHA256},
		{func(r *DocumentRecord) { r.Size = -1 }, RejectSize},
		{func(r *DocumentRecord) { r.PublishedAt = time.Unix(5, 0) }, RejectPublishedAt},
		{func(r *DocumentRecord) { r.DetectedAt = time.Unix(5, 0) }, RejectDetectedAt},
		{func(r *DocumentRecord) { r.Name = strings.Repeat("x", maxHostBytes+1) }, RejectTooLong},
		{func(r *DocumentRecord) { r.Name = "\xff" }, RejectBadUTF8},
	} {
		rec := good
		c.change(&rec)
		s := openTest(t, testDir(t), testOptions())
		var why RejectReason
		res, err := s.IngestDocuments(t.Context(), listSeq([]DocumentRecord{rec}), &IngestOptions{Reject: func(r *Reject) { why = r.Reason }})
		if err != nil || why != c.reason || res.Ingested != 1-int64(len(res.Reasons)) {
			t.Errorf("%+v: %q, %+v, %v; want %q", rec, why, res, err, c.reason)
		}
	}
}

func TestCardRejects(t *testing.T) {
	for _, c := range []struct {
		rec    CardRecord
		reason RejectReason
		want   string // bin, last4, brand, expiry, country
	}{
		{rec: CardRecord{Number: "4111 1111-1111 1111", Expiry: "9/27", Country: "de"}, want: "41111111 1111 Visa 2027-09 DE"},
		{rec: CardRecord{Number: "5555555555554444", BIN: "555555", Last4: "4444"}, want: "55555555 4444 Mastercard  "},
		{rec: CardRecord{Number: "378282246310005", Brand: "amex"}, want: "378282 0005 American Express  "},
		{rec: CardRecord{Number: "4222222222222"}, want: "422222 2222 Visa  "},
		{rec: CardRecord{Number: "6011111111111117"}, want: "601111 1117 Discover  "},
		{rec: CardRecord{BIN: "4111111", Last4: "0000", Brand: " My Own "}, want: "4111111 0000 My Own  "},
		{rec: CardRecord{Number: "4111111111111112"}, reason: RejectCardNumber},
		{rec: CardRecord{Number: "411111******1111"}, reason: RejectCardNumber},
		{rec: CardRecord{Number: "0000000000000000"}, reason: RejectCardNumber},
		{rec: CardRecord{Number: "42"}, reason: RejectCardNumber},
		{rec: CardRecord{Number: "4111111111111111", BIN: "400000"}, reason: RejectBIN},
		{rec: CardRecord{Number: "4111111111111111", Last4: "2222"}, reason: RejectLast4},
		{rec: CardRecord{Number: "4111111111111111", Source: "x 4111-1111 11111111"}, reason: RejectSource},
		{rec: CardRecord{Number: "4111111111111111", Brand: "4111111111111111"}, reason: RejectBrand},
		{rec: CardRecord{BIN: "41111", Last4: "1111"}, reason: RejectBIN},
		{rec: CardRecord{BIN: "411111111", Last4: "1111"}, reason: RejectBIN},
		{rec: CardRecord{BIN: "411111"}, reason: RejectLast4},
		{rec: CardRecord{BIN: "411111", Last4: "11a1"}, reason: RejectLast4},
		{rec: CardRecord{BIN: "411111", Last4: "1111", Expiry: "13/27"}, reason: RejectExpiry},
		{rec: CardRecord{BIN: "411111", Last4: "1111", Country: "deu"}, reason: RejectCountry},
		{rec: CardRecord{BIN: "411111", Last4: "1111", DetectedAt: time.Unix(5, 0)}, reason: RejectDetectedAt},
		{rec: CardRecord{}, reason: RejectBIN},
	} {
		s := openTest(t, testDir(t), testOptions())
		var why RejectReason
		_, err := s.IngestCards(t.Context(), listSeq([]CardRecord{c.rec}), &IngestOptions{Reject: func(r *Reject) {
			if why = r.Reason; strings.Contains(fmt.Sprintf("%+v", *r), "1111") {
				t.Errorf("a reject holds digits: %+v", *r)
			}
		}})
		if err != nil || why != c.reason {
			t.Errorf("%+v: %q, %v; want %q", c.rec, why, err, c.reason)
			continue
		}
		page, err := s.Cards(t.Context(), CardsQuery{Scope: watchlist.Administrator()})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, card := range page.Data {
			got = strings.Join([]string{card.BIN, card.Last4, card.Brand, card.Expiry, card.Country}, " ")
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.rec, got, c.want)
		}
	}
}

// TestNoCardNumberOnDisk: of the numbers that were ingested none is in any file
// of the store, and no answer has more of one than BIN and last digits.
func TestNoCardNumberOnDisk(t *testing.T) {
	dir := testDir(t)
	opts := testOptions()
	opts.SegmentRows = 50
	s := openTest(t, dir, opts)
	var cards []CardRecord
	var numbers []string
	for i := range 300 {
		n := luhnNumber(fmt.Sprintf("%06d%09d", 400000+i%7*10_000, i*7919%1_000_000_000))
		numbers = append(numbers, n)
		cards = append(cards, CardRecord{Number: n, Expiry: "2027-01", Source: fmt.Sprint("feed-", i%3)})
	}
	if res, err := s.IngestCards(t.Context(), listSeq(cards), &IngestOptions{Batch: "b"}); err != nil || res.Ingested != 300 {
		t.Fatalf("%+v, %v", res, err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, n := range numbers {
			// Nor so much of one that the rest is soon guessed.
			for _, part := range []string{n, n[:12], n[4:]} {
				if bytes.Contains(b, []byte(part)) {
					t.Errorf("%s holds a card number", path)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFlatBatches: a batch that is done is skipped, one that was cut goes on,
// whatever other data sets call theirs.
func TestFlatBatches(t *testing.T) {
	w := newWorld(5)
	dir := testDir(t)
	opts := testOptions()
	opts.SegmentRows = 30
	s := openTest(t, dir, opts)
	var docs []DocumentRecord
	for range 200 {
		docs = append(docs, w.document())
	}
	ingestAll(t, s, w.records(20))
	if _, err := s.Ingest(t.Context(), seqOf(w.records(20)), &IngestOptions{Batch: "one"}); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stopped")
	cut := func(n int) iter.Seq2[DocumentRecord, error] {
		return func(yield func(DocumentRecord, error) bool) {
			for _, d := range docs[:n] {
				if !yield(d, nil) {
					return
				}
			}
			yield(DocumentRecord{}, stop)
		}
	}
	batch := &IngestOptions{Batch: "one"}
	if res, err := s.IngestDocuments(t.Context(), cut(75), batch); !errors.Is(err, stop) || res.Read != 75 {
		t.Fatalf("%+v, %v", res, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir, opts)
	if res, err := s.IngestDocuments(t.Context(), listSeq(docs), batch); err != nil || res.Resumed != 75 || res.Read != 125 {
		t.Fatalf("%+v, %v", res, err)
	}
	if res, err := s.IngestDocuments(t.Context(), listSeq(docs), batch); err != nil || !res.Skipped {
		t.Fatalf("%+v, %v", res, err)
	}
	whole := openTest(t, testDir(t), opts)
	if _, err := whole.IngestDocuments(t.Context(), listSeq(docs), batch); err != nil {
		t.Fatal(err)
	}
	q := DocumentsQuery{Scope: watchlist.Administrator(), PageSize: 200}
	got, err := s.Documents(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	want, err := whole.Documents(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
		t.Errorf("continued: %s\nat once:   %s", g, w)
	}
	for _, bad := range []string{"\x00x", strings.Repeat("x", maxFactBytes)} {
		if _, err := s.IngestDocuments(t.Context(), listSeq(docs), &IngestOptions{Batch: bad}); !errors.Is(err, ErrInvalid) {
			t.Errorf("batch of %d bytes: %v", len(bad), err)
		}
	}
}

// TestCardsBesideRecords: the cards of an ingest come with its end, once.
func TestCardsBesideRecords(t *testing.T) {
	w := newWorld(6)
	s := openTest(t, testDir(t), testOptions())
	list := w.records(50)
	opts := &IngestOptions{Batch: "log", Source: "feed", Cards: func() iter.Seq[CardRecord] {
		return func(yield func(CardRecord) bool) {
			_ = yield(CardRecord{BIN: "411111", Last4: "1111"}) && yield(CardRecord{BIN: "bad"}) &&
				yield(CardRecord{BIN: "411111", Last4: "1111"})
		}
	}}
	count := func() int {
		page, err := s.Cards(t.Context(), CardsQuery{Scope: watchlist.Administrator()})
		if err != nil {
			t.Fatal(err)
		}
		return page.Total
	}
	stop := errors.New("stopped")
	if _, err := s.Ingest(t.Context(), cutSeq(list, 20, func() error { return stop }), opts); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if n := count(); n != 0 {
		t.Fatalf("%d cards before the end", n)
	}
	if res, err := s.Ingest(t.Context(), seqOf(list), opts); err != nil || res.Cards != 2 || res.Reasons[RejectBIN] != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	if n := count(); n != 1 {
		t.Fatalf("%d cards", n)
	}
	if res, err := s.Ingest(t.Context(), seqOf(list), opts); err != nil || !res.Skipped {
		t.Fatalf("%+v, %v", res, err)
	}
	opts.Batch = "again"
	if _, err := s.Ingest(t.Context(), seqOf(list), opts); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Fatalf("%d cards after another ingest of them", n)
	}
}

func TestFlatQueriesRefuse(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	admin := watchlist.Administrator()
	for _, q := range []DocumentsQuery{
		{Page: -1}, {PageSize: 201}, {PageSize: -1}, {SortBy: "id"}, {From: "2024-13-01"}, {To: "x"},
		{Domain: "no domain"}, {Search: strings.Repeat("x", maxSearchBytes+1)},
	} {
		q.Scope = admin
		if _, err := s.Documents(t.Context(), q); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	for _, bin := range []string{"41111", "411111111", "41111a"} {
		if _, err := s.Cards(t.Context(), CardsQuery{Scope: admin, BIN: bin}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", bin, err)
		}
	}
	if page, err := s.Cards(t.Context(), CardsQuery{Scope: admin, Page: 1 << 62, PageSize: 200}); err != nil || page.Total != 0 || page.Data == nil {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err := s.Documents(t.Context(), DocumentsQuery{}); err != nil || page.Total != 0 || page.Data == nil {
		t.Errorf("without a scope: %+v, %v", page, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cards(t.Context(), CardsQuery{Scope: admin}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := s.IngestCards(t.Context(), listSeq([]CardRecord{}), nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
