package leaks

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/watchlist"
)

// A CardRecord is one sighting of a payment card, as a reader found it: with
// its Number, or with BIN and Last4.
//
// Sightings are one [Card] when number and expiry are equal; those without a
// number when bin, last4, expiry, country and source are, which may make one of
// two cards now and then, but never one of different feeds. The card is detected
// when the first sighting was; everything else is that of the sighting detected
// last, and of several detected at once, of the one ingested last.
type CardRecord struct {
	// Number is the full number, 12 to 19 digits, blanks and dashes between
	// them. It lives in memory until IngestCards has checked it, made a keyed
	// hash of it and cut it to BIN and last four digits, and goes nowhere else.
	Number string
	// BIN, 6 to 8 digits, and Last4 are derived from Number; a record that
	// brings both must have them agree.
	BIN, Last4 string
	Brand      string // derived from the number or BIN when empty
	Expiry     string // 2027-09, 09/27, 09/2027, 0927
	Country    string // of the issuer or victim, ISO 3166 alpha-2
	Source     string
	DetectedAt time.Time // the zero time means IngestOptions.Seen

	// Place is where the record stood. It is not stored; a reject carries it.
	Place Place
}

// A Card is a payment card that was seen in a leak. Of its number there is
// nothing but the BIN and the last four digits.
type Card struct {
	ID string `json:"id"` // 32 hex digits
	// BIN: of a number, its first eight digits if it is a Visa's or
	// Mastercard's of 16 digits or more, else the first six; what the record
	// said where it brought no number.
	BIN        string `json:"bin"`
	Last4      string `json:"last4"`
	Brand      string `json:"brand"`
	Expiry     string `json:"expiry"` // 2027-09
	Country    string `json:"country"`
	Source     string `json:"source"`
	DetectedAt Time   `json:"detectedAt"`
}

// A CardsQuery asks for payment cards.
type CardsQuery struct {
	// Scope: a card is in scope when its BIN begins with one of the scope's. So
	// an entry of six digits covers the cards of its issuers with eight, and one
	// of eight does not cover a card of which only six are known.
	Scope watchlist.Scope
	// BIN keeps the cards whose BIN begins with these 6 to 8 digits; empty
	// keeps all. One that is not in scope is watchlist.ErrOutside.
	BIN string
	// From and To bound detectedAt: From is included, To is not.
	From, To Day
	// Search is a substring, in any case, of bin, last4, brand, country or
	// source.
	Search string
	// SortBy is detectedAt, bin, last4, brand, expiry, country or source; empty
	// means detectedAt, Descending. Ties fall to the BIN, then to the id.
	SortBy     string
	Descending bool
	Page       int // from 1; 0 means 1
	PageSize   int // 1 to 200; 0 means 50
}

// A CardsPage is the answer to a [CardsQuery].
type CardsPage struct {
	Data       []Card `json:"data"`
	Total      int    `json:"total"` // exact
	Page       int    `json:"page"`
	PageSize   int    `json:"page_size"`
	TotalPages int    `json:"total_pages"`
}

// Reasons of cards beside those of [Record].
const (
	RejectCardNumber RejectReason = "card_number"
	RejectBIN        RejectReason = "bin"
	RejectLast4      RejectReason = "last4"
	RejectExpiry     RejectReason = "expiry"
	RejectBrand      RejectReason = "brand"
	RejectSource     RejectReason = "source"
)

// The columns of cards.
const (
	cardBIN = iota
	cardLast4
	cardBrand
	cardExpiry
	cardCountry
	cardSource
	cardDetected
	cardLast

	cardColumns
)

var cardSchema = &flat.Schema{
	Name: "cards",
	Columns: []flat.Column{
		cardBIN:      {Name: "bin", Kind: flat.Text},
		cardLast4:    {Name: "last4", Kind: flat.Text},
		cardBrand:    {Name: "brand", Kind: flat.Text},
		cardExpiry:   {Name: "expiry", Kind: flat.Text},
		cardCountry:  {Name: "country", Kind: flat.Text},
		cardSource:   {Name: "source", Kind: flat.Text},
		cardDetected: {Name: "detected", Kind: flat.Number},
		cardLast:     {Name: "last", Kind: flat.Number},
	},
	First: cardDetected, Last: cardLast,
}

var cardSorts = map[string]int{
	"detectedAt": cardDetected, "bin": cardBIN, "last4": cardLast4, "brand": cardBrand,
	"expiry": cardExpiry, "country": cardCountry, "source": cardSource,
}

// IngestCards takes every card of seq, as [Store.Ingest] does records. Batches
// of cards have identities of their own.
func (s *Store) IngestCards(ctx context.Context, seq iter.Seq2[CardRecord, error], opts *IngestOptions) (IngestResult, error) {
	return ingestFlat(ctx, s, setCards, seq, opts,
		func(rec *CardRecord) Place { return rec.Place }, (*preparer).card)
}

// card makes a row of a record. The number leaves it as a hash only.
func (p *preparer) card(rec *CardRecord, out *flat.Row) (RejectReason, string) {
	for _, f := range [...]struct{ name, value string }{
		{"number", rec.Number}, {"bin", rec.BIN}, {"last4", rec.Last4}, {"brand", rec.Brand},
		{"expiry", rec.Expiry}, {"country", rec.Country}, {"source", rec.Source},
	} {
		if len(f.value) > maxFactBytes {
			return RejectTooLong, f.name
		}
		if !utf8.ValidString(f.value) {
			return RejectBadUTF8, f.name
		}
	}
	bin, last4 := strings.TrimSpace(rec.BIN), strings.TrimSpace(rec.Last4)
	if (bin != "" || rec.Number == "") && (len(bin) < 6 || len(bin) > 8 || !allDigits(bin)) {
		return RejectBIN, "is not 6 to 8 digits"
	}
	if (last4 != "" || rec.Number == "") && (len(last4) != 4 || !allDigits(last4)) {
		return RejectLast4, "is not 4 digits"
	}
	brand, source := normalize.BrandName(rec.Brand), orDefault(strings.TrimSpace(rec.Source), p.source)
	number := ""
	if rec.Number != "" {
		var err error
		if number, err = normalize.CardNumber(rec.Number); err != nil {
			return RejectCardNumber, "is not 12 to 19 digits with a check digit"
		}
		switch {
		case !strings.HasPrefix(number, bin):
			return RejectBIN, "is not that of the number"
		case !strings.HasSuffix(number, last4):
			return RejectLast4, "is not that of the number"
		// No other field may carry it to disk.
		case holdsNumber(brand, number):
			return RejectBrand, "holds the number"
		case holdsNumber(source, number):
			return RejectSource, "holds the number"
		}
		bin, last4 = normalize.CardBIN(number), number[len(number)-4:]
	}
	if brand == "" {
		brand = normalize.CardBrand(bin)
	}
	expiry, err := normalize.Expiry(rec.Expiry)
	if err != nil {
		return RejectExpiry, "is no month"
	}
	country, err := normalize.Country(rec.Country)
	if err != nil {
		return RejectCountry, "is no ISO 3166 alpha-2 code"
	}
	detected, ok := unixSeconds(rec.DetectedAt)
	if !ok {
		return RejectDetectedAt, outOfTime
	}
	detected = orDefault(detected, p.seen)

	out.Cells = append(out.Cells[:0], make([]flat.Cell, cardColumns)...)
	c := out.Cells
	c[cardBIN].Text = strings.Clone(bin) // of a number that is to be forgotten
	c[cardLast4].Text = strings.Clone(last4)
	c[cardBrand].Text = brand
	c[cardExpiry].Text = expiry
	c[cardCountry].Text = country
	c[cardSource].Text = source
	c[cardDetected].Number = uint64(detected)
	c[cardLast].Number = uint64(detected)
	if number != "" {
		out.ID = p.hasher.Card("number", number, expiry)
	} else {
		out.ID = p.hasher.Card("parts", bin, last4, expiry, country, source)
	}
	return "", ""
}

// holdsNumber reports whether the digits of a text hold a card's number.
func holdsNumber(text, number string) bool {
	if len(text) < len(number) {
		return false
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
	return strings.Contains(digits, number)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func cardOf(r *flat.Row) Card {
	return Card{
		ID:         hex.EncodeToString(r.ID[:]),
		BIN:        r.Cells[cardBIN].Text,
		Last4:      r.Cells[cardLast4].Text,
		Brand:      r.Cells[cardBrand].Text,
		Expiry:     r.Cells[cardExpiry].Text,
		Country:    r.Cells[cardCountry].Text,
		Source:     r.Cells[cardSource].Text,
		DetectedAt: timeOf(uint32(r.Cells[cardDetected].Number)),
	}
}

// Cards returns one page of the payment cards that q selects, and their exact
// number. A page past the end is empty. Errors match ErrInvalid,
// watchlist.ErrOutside, ErrCorrupt, ErrClosed or those of ctx.
func (s *Store) Cards(ctx context.Context, q CardsQuery) (*CardsPage, error) {
	pq := pageQuery{
		from: q.From, to: q.To, search: q.Search, columns: []int{cardBIN, cardLast4, cardBrand, cardCountry, cardSource},
		sortBy: q.SortBy, sorts: cardSorts, newest: cardDetected, descending: q.Descending, page: q.Page, pageSize: q.PageSize,
	}
	fq, err := pq.compile()
	if err != nil {
		return nil, err
	}
	whole, spans, err := binSpans(q.Scope, q.BIN)
	if err != nil {
		return nil, err
	}
	p, err := s.queryFlat(ctx, setCards, whole, spans, fq)
	if err != nil {
		return nil, fmt.Errorf("cards: %w", err)
	}
	page := &CardsPage{
		Data: make([]Card, len(p.Rows)), Total: p.Total,
		Page: pq.page, PageSize: pq.pageSize, TotalPages: (p.Total + pq.pageSize - 1) / pq.pageSize,
	}
	for i := range p.Rows {
		page.Data[i] = cardOf(&p.Rows[i])
	}
	return page, nil
}

// binSpans are the BINs in scope, or those that begin with bin.
func binSpans(scope watchlist.Scope, bin string) (whole bool, spans []flat.Span, err error) {
	if bin != "" {
		if len(bin) < 6 || len(bin) > 8 || !allDigits(bin) {
			return false, nil, paramErrorf("bin", "must have 6 to 8 digits")
		}
		if scope, err = scope.OnlyBINs(bin); err != nil {
			return false, nil, fmt.Errorf("bin: %w", err)
		}
	}
	for _, b := range scope.BINs() {
		spans = append(spans, flat.Span{From: b, To: b + ":"}) // the byte after 9
	}
	return scope.All(), spans, nil
}
