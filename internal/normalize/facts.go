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
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	if len(s) != 2 || !isLetter(s[0]) || !isLetter(s[1]) {
		return "", ErrCountry
	}
	return strings.ToUpper(s), nil
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// IP returns an IP address, trimmed, in the canonical form of net/netip and
// without zone. A port, brackets or a prefix length make it malformed. The
// empty one stays empty.
func IP(s string) (string, error) {
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

// canonicalAddr spells a, reusing s where that is the spelling.
func canonicalAddr(a netip.Addr, s string) string {
	var buf [64]byte
	b := a.WithZone("").AppendTo(buf[:0])
	if string(b) == s {
		return s
	}
	return string(b)
}
