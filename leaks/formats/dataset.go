package formats

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks"
)

// Documents returns the documents that r lists, JSONL or columns under a header
// as [Options.Format] says, and among them, with a *leaks.Reject for an error,
// the lines that are none. Any other error ends the sequence, as that of [Read]
// does. Members and columns go by the contract's names, in any case, and a few
// others: filename, title, link, hash, published, detected. Sizes are bytes.
func Documents(ctx context.Context, r io.Reader, opts Options) iter.Seq2[leaks.DocumentRecord, error] {
	return listed(ctx, r, opts, documentNames, func(v []string, place leaks.Place) (rec leaks.DocumentRecord, reason leaks.RejectReason) {
		rec = leaks.DocumentRecord{
			Name: v[documentName], Domain: v[documentDomain], URL: v[documentURL], Source: cmp.Or(v[documentSource], opts.Source),
			SHA256: v[documentSHA256], Place: place,
		}
		if v[documentSize] != "" {
			n, err := strconv.ParseInt(v[documentSize], 10, 64)
			if err != nil {
				return rec, leaks.RejectSize
			}
			rec.Size = n
		}
		if !listedTime(v[documentPublished], &rec.PublishedAt) {
			return rec, leaks.RejectPublishedAt
		}
		if !listedTime(v[documentDetected], &rec.DetectedAt) {
			return rec, leaks.RejectDetectedAt
		}
		return rec, ""
	})
}

// Cards returns the payment cards that r lists, as [Documents] does documents.
// A card has its number, or its first and last digits; its expiry is one field,
// or month and year. What else is beside it, names and check values, is not
// read.
func Cards(ctx context.Context, r io.Reader, opts Options) iter.Seq2[leaks.CardRecord, error] {
	return listed(ctx, r, opts, cardNames, func(v []string, place leaks.Place) (rec leaks.CardRecord, reason leaks.RejectReason) {
		rec = leaks.CardRecord{
			Number: v[cardNumber], BIN: v[cardBIN], Last4: v[cardLast4], Brand: v[cardBrand], Expiry: v[cardExpiry],
			Country: v[cardCountry], Source: cmp.Or(v[cardSource], opts.Source), Place: place,
		}
		if rec.Expiry == "" && v[cardMonth]+v[cardYear] != "" {
			rec.Expiry = v[cardMonth] + "/" + v[cardYear]
		}
		if !listedTime(v[cardDetected], &rec.DetectedAt) {
			return rec, leaks.RejectDetectedAt
		}
		return rec, ""
	})
}

// The fields of documents, and their names, folded. The first is the
// contract's, and the one that counts where a line has several.
const (
	documentName = iota
	documentDomain
	documentURL
	documentSource
	documentSize
	documentSHA256
	documentPublished
	documentDetected
)

var documentNames = listNames{
	documentName:      {"name", "filename", "title", "file"},
	documentDomain:    {"domain"},
	documentURL:       {"url", "link", "href"},
	documentSource:    {"source", "channel"},
	documentSize:      {"size", "bytes", "filesize"},
	documentSHA256:    {"sha256", "hash"},
	documentPublished: {"publishedat", "published", "uploaddate"},
	documentDetected:  {"detectedat", "detected", "uploadstealed"},
}

// The fields of cards.
const (
	cardNumber = iota
	cardBIN
	cardLast4
	cardBrand
	cardExpiry
	cardMonth
	cardYear
	cardCountry
	cardSource
	cardDetected
)

var cardNames = listNames{
	cardNumber:   {"number", "cardnumber", "ccnumber", "pan", "cc", "ccnum", "cardnum", "creditcard"},
	cardBIN:      {"bin", "iin"},
	cardLast4:    {"last4", "lastfour", "last4digits"},
	cardBrand:    {"brand", "scheme", "network"},
	cardExpiry:   {"expiry", "expiration", "expires", "exp", "expirydate", "expirationdate", "validthru"},
	cardMonth:    {"month", "expmonth", "expirationmonth", "mm"},
	cardYear:     {"year", "expyear", "expirationyear", "yyyy", "yy"},
	cardCountry:  {"country", "countrycode"},
	cardSource:   {"source", "channel"},
	cardDetected: {"detectedat", "detected", "uploadstealed"},
}

// listNames are the names of each field of a list, by their rank.
type listNames [][]string

// find returns the field of a name, and the name's rank.
func (n listNames) find(name string) (field, rank int, ok bool) {
	folded := string(foldKey(name, nil))
	for f, names := range n {
		for rank, known := range names {
			if known == folded {
				return f, rank, true
			}
		}
	}
	return 0, 0, false
}

// listedTime reads a date or time, if there is one.
func listedTime(s string, to *time.Time) bool {
	if s == "" {
		return true
	}
	t, ok := parseTime(s)
	*to = t
	return ok
}

// A listReader reads a list into values by field.
type listReader struct {
	names  listNames
	values []string
	ranks  []int
	line   int64
	give   func(line int64, text []byte) error
	reject func(line int64, reason leaks.RejectReason, detail, excerpt string) error
}

// listed returns the sequence of a list: take makes a record of the values.
func listed[T any](ctx context.Context, r io.Reader, opts Options, names listNames,
	take func(values []string, place leaks.Place) (T, leaks.RejectReason)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		l := &listReader{names: names, values: make([]string, len(names)), ranks: make([]int, len(names))}
		l.reject = func(line int64, reason leaks.RejectReason, detail, excerpt string) error {
			place := leaks.Place{File: opts.File, Line: line}
			if !yield(none, &leaks.Reject{Reason: reason, Place: place, Detail: detail, Excerpt: excerpt}) {
				return errStop
			}
			return nil
		}
		l.give = func(line int64, text []byte) error {
			rec, reason := take(l.values, leaks.Place{File: opts.File, Line: line})
			if reason != "" {
				return l.reject(line, reason, "", excerpt(text))
			}
			if !yield(rec, nil) {
				return errStop
			}
			return nil
		}
		err := l.read(newTextSource(ctx, r, -1, cmp.Or(max(opts.MaxLine, 0), DefaultMaxLine)), opts.Format)
		if err != nil && !errors.Is(err, errStop) {
			yield(none, fmt.Errorf("read %s: %w", cmp.Or(opts.File, "input"), err))
		}
	}
}

// read reads all of a list.
func (l *listReader) read(src *textSource, format Format) error {
	format, err := ParseFormat(string(format))
	if err != nil {
		return err
	}
	sample, err := src.sample()
	if err != nil {
		return err
	}
	if isBinary(sample) {
		return ErrNotText
	}
	start := bytes.TrimLeft(sample, " \t\r\n")
	if format == Auto && len(start) > 0 {
		format = CSV
		if start[0] == '{' {
			format = JSONL
		}
	}
	switch format {
	case Auto: // blank
		return nil
	case JSONL:
		return l.readJSON(src)
	case CSV:
		return l.readColumns(src, bytes.TrimSuffix(firstLine(start), []byte("\r")))
	}
	return fmt.Errorf("%w: a list is jsonl or csv, not %q", ErrFormat, format)
}

// readColumns reads rows under a header, whose beginning is given.
func (l *listReader) readColumns(src *textSource, header []byte) error {
	d := &csvDialect{comma: ','}
	best := 0
	for _, c := range []byte{',', ';', '\t', '|'} {
		if n := bytes.Count(header, []byte{c}); n > best {
			d.comma, best = c, n
		}
	}
	var columns []int // field by position, -1 for the rest
	rows := &csvReader{src: src, dialect: d, reject: l.reject}
	rows.cells = func(line int64, text []byte, row [][]byte) error {
		if columns == nil {
			columns = l.columns(row)
			for _, f := range columns {
				if f >= 0 {
					return nil
				}
			}
			return fmt.Errorf("%w: its first line names no known column", ErrFormat)
		}
		clear(l.values)
		for i, cell := range row {
			if i < len(columns) && columns[i] >= 0 {
				l.values[columns[i]] = trimString(string(cell))
			}
		}
		return l.give(line, text)
	}
	return rows.read()
}

// columns returns which field each column is; of several for one the best named.
func (l *listReader) columns(header [][]byte) []int {
	columns := make([]int, len(header))
	at := make([]int, len(l.names))
	for i := range at {
		at[i] = -1
	}
	for i, cell := range header {
		columns[i] = -1
		f, rank, ok := l.names.find(string(cell))
		if !ok || at[f] >= 0 && l.ranks[f] <= rank {
			continue
		}
		if at[f] >= 0 {
			columns[at[f]] = -1
		}
		columns[i], at[f], l.ranks[f] = f, i, rank
	}
	return columns
}

// readJSON reads an object a line.
func (l *listReader) readJSON(src *textSource) error {
	for {
		line, long, err := src.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		l.line++
		switch {
		case long:
			err = l.reject(l.line, leaks.RejectLineTooLong, "", "")
		case len(trimBlanks(line)) > 0:
			err = l.object(line)
		}
		if err != nil {
			return err
		}
	}
}

func (l *listReader) object(line []byte) error {
	var members map[string]any
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber() // a card's number is written as one, and a size may be large
	if err := dec.Decode(&members); err != nil || dec.More() || members == nil {
		return l.reject(l.line, leaks.RejectBadJSON, "", excerpt(line))
	}
	if !utf8.Valid(line) {
		return l.reject(l.line, leaks.RejectBadUTF8, "", excerpt(line))
	}
	clear(l.values)
	for i := range l.ranks {
		l.ranks[i] = len(members) + 16 // below every name
	}
	wrong := -1
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member := members[name]
		f, rank, ok := l.names.find(name)
		if !ok || rank >= l.ranks[f] || member == nil {
			continue
		}
		value := ""
		switch v := member.(type) {
		case string:
			value = trimString(v)
		case json.Number:
			value = strings.TrimSuffix(v.String(), ".0")
		default:
			wrong = max(wrong, f)
			continue
		}
		if value != "" {
			l.values[f], l.ranks[f] = value, rank
		}
	}
	if wrong >= 0 {
		return l.reject(l.line, leaks.RejectFieldType, l.names[wrong][0], excerpt(line))
	}
	return l.give(l.line, line)
}
