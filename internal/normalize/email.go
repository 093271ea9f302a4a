package normalize

import (
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
	s = strings.TrimSpace(s)
	if strings.IndexByte(s, '@') < 0 {
		return s, "", ""
	}
	lower := strings.ToLower(s)
	if local, domain, ok := splitEmail(lower, parse); ok && utf8.ValidString(s) {
		return lower, local, domain
	}
	return s, "", ""
}

func splitEmail(s string, parse func(string) (string, bool)) (local, domain string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || !plausibleLocal(s[:at]) {
		return "", "", false
	}
	domain, ok = parse(s[at+1:])
	if !ok || strings.IndexByte(domain, '.') < 0 || isAddr(domain) {
		return "", "", false
	}
	return s[:at], domain, true
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
