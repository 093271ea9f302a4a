package normalize

import (
	"errors"
	"fmt"
	"strings"
)

// The sentinels of malformed payment cards.
var (
	// ErrCardNumber: not the number of a payment card.
	ErrCardNumber = errors.New("malformed card number")
	// ErrExpiry: not a month of a year.
	ErrExpiry = errors.New("malformed expiry")
)

const (
	minCardDigits = 12
	maxCardDigits = 19
)

// CardNumber returns the digits of a payment card's number: 12 to 19 of them,
// between which blanks and dashes may stand, the last a check digit that fits
// (ISO/IEC 7812-1, annex B).
func CardNumber(s string) (string, error) {
	var digits [maxCardDigits]byte
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			if n == len(digits) {
				return "", ErrCardNumber
			}
			digits[n] = c
			n++
		case c == ' ' || c == '-':
		default:
			return "", ErrCardNumber
		}
	}
	sum, ones := 0, byte(0)
	for i := range n {
		d := digits[n-1-i] - '0'
		ones |= d
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += int(d)
	}
	if n < minCardDigits || sum%10 != 0 || ones == 0 {
		return "", ErrCardNumber
	}
	return string(digits[:n]), nil
}

// CardBIN returns what of a card's number is kept as its BIN: eight digits of a
// Visa or Mastercard number of 16 digits or more, whose issuers are told apart by
// eight since 2022 (ISO/IEC 7812-1:2017), six of any other. With the last four,
// at least four digits of a long number stay unknown, and five of a shorter one.
func CardBIN(number string) string {
	if brand := CardBrand(number); len(number) >= 16 && (brand == "Visa" || brand == "Mastercard") {
		return number[:8]
	}
	return number[:6]
}

// CardBrand returns the scheme of a card by the first digits of its number, at
// least six; empty when they are nobody's known here.
func CardBrand(digits string) string {
	if len(digits) < 6 {
		return ""
	}
	prefix := func(n int) int {
		v := 0
		for i := range n {
			v = v*10 + int(digits[i]-'0')
		}
		return v
	}
	in := func(n, lo, hi int) bool { v := prefix(n); return lo <= v && v <= hi }
	switch {
	case in(4, 2200, 2204):
		return "Mir"
	case in(4, 2221, 2720), in(2, 51, 55):
		return "Mastercard"
	case in(2, 34, 34), in(2, 37, 37):
		return "American Express"
	case in(3, 300, 305), in(2, 36, 36), in(2, 38, 39):
		return "Diners Club"
	case in(4, 3528, 3589):
		return "JCB"
	case in(1, 4, 4):
		return "Visa"
	case in(4, 6011, 6011), in(3, 644, 649), in(2, 65, 65):
		return "Discover"
	case in(2, 62, 62):
		return "UnionPay"
	case in(2, 50, 50), in(2, 56, 58), in(2, 60, 69):
		return "Maestro"
	}
	return ""
}

// brandNames are the usual spellings of brands, by their letters in lower case.
var brandNames = map[string]string{
	"visa": "Visa", "mastercard": "Mastercard", "master": "Mastercard", "mc": "Mastercard",
	"americanexpress": "American Express", "amex": "American Express",
	"dinersclub": "Diners Club", "diners": "Diners Club", "jcb": "JCB",
	"discover": "Discover", "unionpay": "UnionPay", "chinaunionpay": "UnionPay",
	"maestro": "Maestro", "mir": "Mir",
}

// BrandName returns a brand as it is usually spelled, or trimmed as it is.
func BrandName(s string) string {
	s = strings.TrimSpace(s)
	var letters [20]byte
	n := 0
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) {
			continue
		}
		if n == len(letters) {
			return s
		}
		letters[n] = c | 0x20
		n++
	}
	if name, ok := brandNames[string(letters[:n])]; ok {
		return name
	}
	return s
}

// Expiry returns the month until which a card is valid, as 2027-09. It reads
// 2027-09, 09/2027, 9/27, 09-27, 0927 and 092027; the empty text stays empty.
func Expiry(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	month, year, ok := strings.Cut(s, "/")
	if !ok {
		month, year, ok = strings.Cut(s, "-")
	}
	switch {
	case ok:
		month, year = strings.TrimSpace(month), strings.TrimSpace(year)
		if len(month) == 4 {
			month, year = year, month
		}
	case len(s) == 4 || len(s) == 6:
		month, year = s[:2], s[2:]
	}
	m, ok1 := shortNumber(month, 1, 2)
	y, ok2 := shortNumber(year, 2, 4)
	if len(year) == 2 {
		y += 2000
	}
	if !ok1 || !ok2 || m < 1 || m > 12 || y < 2000 || y > 2099 {
		return "", ErrExpiry
	}
	return fmt.Sprintf("%04d-%02d", y, m), nil
}

func shortNumber(s string, least, most int) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, len(s) >= least && len(s) <= most
}
