package formats

import (
	"fmt"
	"io"
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

// RejectCard is the reason of what stands where a card's number should and is
// none: cut short, masked, or wrong in its check digit.
const RejectCard leaks.RejectReason = "card_number"

// A cardReader reads payment cards: labelled records, and rows parted by pipes
// and the like. Of the number only its ends leave this file.
type cardReader struct {
	src    *textSource
	line   int64
	at     int64 // line of the number under way
	number string
	wrong  bool // what is labelled a number is none
	expiry string
	month  string
	year   string
	keys   map[string]bool

	// emit gets the number only to tell the same card again.
	emit   func(line int64, c Card, number string) error
	reject func(line int64, reason leaks.RejectReason, detail, excerpt string) error
}

// cardLabels are keys after foldKey, by what they tell.
var cardLabels = func() map[string]byte {
	table := make(map[string]byte)
	for kind, list := range map[byte]string{
		'n': "ccnumber cardnumber card number cc pan creditcard creditcardnumber cardno num ccnum cardnum",
		'e': "expiration expire expires exp expiry expirydate expdate expirationdate expiredate validthru valid date cardexpiration",
		'm': "month expmonth expirationmonth expiremonth mm",
		'y': "year expyear expirationyear expireyear yy yyyy",
	} {
		for key := range strings.FieldsSeq(list) {
			table[key] = kind
		}
	}
	return table
}()

func (r *cardReader) read() error {
	r.keys = make(map[string]bool)
	for {
		line, long, err := r.src.next()
		if err == io.EOF {
			return r.end()
		}
		if err != nil {
			return err
		}
		r.line++
		if long {
			err = r.reject(r.line, leaks.RejectLineTooLong, "", "")
		} else {
			err = r.text(trimString(text(line)))
		}
		if err != nil {
			return err
		}
	}
}

func (r *cardReader) text(s string) error {
	switch {
	case s == "":
		if r.at != 0 {
			return r.end()
		}
		return nil
	case isRule(s):
		return r.end()
	}
	if key, value, ok := cutKey(s); ok && cardDigits(key) == "" {
		var room [3 * maxKey]byte
		folded := string(foldKey(key, room[:0]))
		if r.keys[folded] {
			if err := r.end(); err != nil {
				return err
			}
		}
		r.keys[folded] = true
		value = trimString(value)
		switch cardLabels[folded] {
		case 'n':
			if r.at == 0 {
				r.at, r.number = r.line, cardDigits(value)
				r.wrong = r.number == "" || !luhn(r.number)
				// "Card: 4111… | 09/27 | NAME"
				if r.number == "" && strings.ContainsAny(value, "|;,\t") {
					r.at = 0
					return r.row(value)
				}
			}
		case 'e':
			first(&r.expiry, readExpiry(value))
		case 'm':
			r.month = value
		case 'y':
			r.year = value
		}
		return nil
	}
	return r.row(s)
}

// row reads a card from a line of fields. A number alone is one as well.
func (r *cardReader) row(s string) error {
	if err := r.end(); err != nil {
		return err
	}
	fields := strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune("|;,\t:", c) })
	if len(fields) == 1 {
		if words := strings.Fields(s); len(words) > 1 && cardDigits(s) == "" {
			fields = words
		}
	}
	for i, field := range fields {
		number := cardDigits(trimString(field))
		if number == "" {
			continue
		}
		r.at, r.number, r.wrong = r.line, number, !luhn(number)
		for j := i + 1; j < len(fields) && r.expiry == ""; j++ {
			if r.expiry = readExpiry(trimString(fields[j])); r.expiry == "" && j+1 < len(fields) {
				r.expiry = joinExpiry(trimString(fields[j]), trimString(fields[j+1]))
			}
		}
		return r.end()
	}
	return r.reject(r.line, leaks.RejectNotARecord, "no card number", excerpt(s))
}

// end gives the card under way, if there is one.
func (r *cardReader) end() error {
	at, number, wrong := r.at, r.number, r.wrong
	expiry := r.expiry
	if expiry == "" {
		expiry = joinExpiry(r.month, r.year)
	}
	r.at, r.number, r.wrong, r.expiry, r.month, r.year = 0, "", false, "", "", ""
	clear(r.keys)
	if at == 0 {
		return nil
	}
	if wrong {
		return r.reject(at, RejectCard, "", "")
	}
	card := Card{BIN: strings.Clone(number[:6]), Last4: strings.Clone(number[len(number)-4:]), Expiry: expiry}
	return r.emit(at, card, number)
}

// cardDigits returns the digits of a card's number written with blanks or
// dashes, "" for what is none by its length or letters.
func cardDigits(s string) string {
	var room [19]byte
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			if n == len(room) {
				return ""
			}
			room[n] = c
			n++
		case c == ' ' || c == '-':
		default:
			return ""
		}
	}
	if n < 13 {
		return ""
	}
	return string(room[:n])
}

// luhn reports whether the check digit of a number fits (ISO/IEC 7812-1).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0 && strings.Trim(digits, "0") != ""
}

// readExpiry reads 09/2027, 9/27, 2027-09, 0927.
func readExpiry(s string) string {
	if a, b, ok := strings.Cut(s, "/"); ok {
		return joinExpiry(trimString(a), trimString(b))
	}
	if a, b, ok := strings.Cut(s, "-"); ok {
		if len(a) == 4 {
			a, b = b, a
		}
		return joinExpiry(trimString(a), trimString(b))
	}
	if len(s) == 4 || len(s) == 6 {
		return joinExpiry(s[:2], s[2:])
	}
	return ""
}

// joinExpiry returns month and year as "2027-09", "" where they are none.
func joinExpiry(month, year string) string {
	m, ok1 := smallNumber(month, 2)
	y, ok2 := smallNumber(year, 4)
	if len(year) == 2 {
		y += 2000
	}
	if !ok1 || !ok2 || m < 1 || m > 12 || y < 2000 || y > 2099 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", y, m)
}

func smallNumber(s string, width int) (int, bool) {
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != "" && len(s) <= width
}
