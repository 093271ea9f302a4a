package normalize

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Username returns the normalised form of a login name: trimmed of Unicode
// white space at both ends and, when that is an e-mail address (see
// [SplitEmail]), in lower case.
func Username(s string) string {
	name, _, _ := login(s, parseDomain)
	return name
}

// SplitEmail returns the halves of a login name that is an e-mail address, as
// [Username] returned it; the domain is in canonical form, so it may differ
// from what stands in the name (A-labels, no trailing dot).
//
// An address is plausible, not verified: the last '@' splits it; the local part
// is not empty and has no white space and no control characters; the domain is
// a domain name (no address) of at least two labels. The whole is valid UTF-8.
func SplitEmail(normalised string) (local, domain string, ok bool) {
	return splitEmail(normalised, parseDomain)
}

// login normalises a login name and splits it, both halves empty if it is no
// e-mail address. Lower-casing comes before the judgement because that is the
// form the name will be judged in again.
func login(s string, parse func(string) (string, bool)) (name, local, domain string) {
	if at := plainAddress(s); at > 0 {
		return s, s[:at], s[at+1:]
	}
	s = strings.TrimSpace(s)
	// One look at each byte settles all that needs no domain, for ASCII.
	var kinds uint8
	at := -1
	for i := range len(s) {
		k := loginByte[s[i]]
		if k == isAt {
			at = i
		}
		kinds |= k
	}
	if at <= 0 || kinds&isBad != 0 {
		return s, "", ""
	}
	lower := s
	if kinds&isUpper != 0 {
		lower = strings.ToLower(s)
	}
	var ok bool
	if kinds&isWide == 0 {
		domain, ok = mailDomain(lower[at+1:], parse)
		local = lower[:at]
	} else if utf8.ValidString(s) {
		lower = strings.ToLower(s)
		local, domain, ok = splitEmail(lower, parse)
	}
	if !ok {
		return s, "", ""
	}
	return lower, local, domain
}

// plainAddress returns where the '@' is in an e-mail address that is as it
// should be already, as most are, and 0 of any other text.
func plainAddress(s string) int {
	i := 0
	for special := uint64(0); ; i += 8 {
		if special = loginBytes(eightBytes(s, i)); special != 0 {
			i += bits.TrailingZeros64(special) >> 3
			break
		}
	}
	if i >= len(s) || s[i] != '@' {
		return 0
	}
	if n, dotted := plainPrefix(s[i+1:]); !dotted || n != len(s)-i-1 {
		return 0
	}
	return i
}

// loginBytes tells by the highest bit of each byte of w which are of any kind in
// loginByte.
func loginBytes(w uint64) uint64 {
	x := w &^ topBits
	blank := ^(x + (topBit-'!')*eachByte)
	upperOrAt := (x + (topBit-'@')*eachByte) &^ (x + (topBit-'Z'-1)*eachByte)
	return (blank | (x + eachByte) | upperOrAt | w) & topBits
}

// loginByte says what a byte of a login name is.
var loginByte = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case c <= ' ' || c == 0x7f:
			t[i] = isBad
		case c >= utf8.RuneSelf:
			t[i] = isWide
		case 'A' <= c && c <= 'Z':
			t[i] = isUpper
		}
	}
	t['@'] = isAt
	return t
}()

const (
	isUpper uint8 = 1 << iota
	isAt
	isBad  // a blank or control character: in no address
	isWide // of a rune outside ASCII
)

func splitEmail(s string, parse func(string) (string, bool)) (local, domain string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || !plausibleLocal(s[:at]) {
		return "", "", false
	}
	if domain, ok = mailDomain(s[at+1:], parse); !ok {
		return "", "", false
	}
	return s[:at], domain, true
}

func mailDomain(s string, parse func(string) (string, bool)) (string, bool) {
	domain, ok := parse(s)
	if !ok || strings.IndexByte(domain, '.') < 0 || isAddr(domain) {
		return "", false
	}
	return domain, true
}

func plausibleLocal(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c == 0x7f:
			return false
		case c >= utf8.RuneSelf:
			return plausibleUnicode(s[i:])
		}
	}
	return true
}

func plausibleUnicode(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return false
		}
	}
	return true
}
