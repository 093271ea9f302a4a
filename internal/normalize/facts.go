package normalize

import (
	"errors"
	"net/netip"
	"strings"
)

// The sentinels of malformed values. They say which kind of value was
// malformed and hold nothing of it.
var (
	// ErrHost: not a URL or host with a well-formed domain or address.
	ErrHost = errors.New("malformed host")
	// ErrDomain: not a domain name or IP address.
	ErrDomain = errors.New("malformed domain")
	// ErrCountry: not two ASCII letters.
	ErrCountry = errors.New("malformed country code")
	// ErrIP: not an IP address.
	ErrIP = errors.New("malformed IP address")
)

// Country returns a country code, trimmed, in upper case: two ASCII letters,
// which need not be assigned by ISO 3166. The empty one stays empty.
func Country(s string) (string, error) {
	if len(s) == 2 && isUpperLetter(s[0]) && isUpperLetter(s[1]) {
		return s, nil
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	if len(s) != 2 || !isLetter(s[0]) || !isLetter(s[1]) {
		return "", ErrCountry
	}
	return strings.ToUpper(s), nil
}

func isUpperLetter(c byte) bool { return c-'A' <= 'Z'-'A' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// IP returns an IP address, trimmed, in the canonical form of net/netip and
// without zone. A port, brackets or a prefix length make it malformed. The
// empty one stays empty.
func IP(s string) (string, error) {
	if isIPv4(s) {
		return s, nil
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return "", ErrIP
	}
	return canonicalAddr(a, s), nil
}

// isIPv4 reports whether s is an IPv4 address in canonical form: four numbers up
// to 255 without leading zeros.
func isIPv4(s string) bool {
	dots, n, v := 0, 0, 0 // n digits of value v since the last dot
	for i := range len(s) {
		c := s[i]
		if d := c - '0'; d <= 9 {
			if n > 0 && v == 0 {
				return false
			}
			n, v = n+1, v*10+int(d)
			if v > 255 {
				return false
			}
			continue
		}
		if c != '.' || n == 0 {
			return false
		}
		dots, n, v = dots+1, 0, 0
	}
	return dots == 3 && n > 0
}

// canonicalAddr spells a, reusing s where that is the spelling.
func canonicalAddr(a netip.Addr, s string) string {
	var buf [64]byte
	b := a.WithZone("").AppendTo(buf[:0])
	if string(b) == s {
		return s
	}
	return string(b)
}
