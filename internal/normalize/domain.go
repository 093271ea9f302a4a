package normalize

import (
	"hash/fnv"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	maxDomain = 253 // RFC 1035 section 2.3.4, without the root's length byte
	maxLabel  = 63
	// maxUnicode bounds what is given to IDNA. A rune of a name costs a byte of
	// it at least, unless the mapping drops the rune; of those there may be few.
	maxUnicode = utf8.UTFMax * maxDomain
)

// toASCII maps as browsers do (case, width, non-transitional), but for the
// characters and hyphens of ASCII it leaves the judgement to parseASCII.
var toASCII = idna.New(idna.MapForLookup(), idna.Transitional(false),
	idna.StrictDomainName(false), idna.CheckHyphens(false))

// parseDomain returns the canonical form of a domain name or IP address,
// which aliases s where s is canonical.
func parseDomain(s string) (string, bool) {
	if isPlain(s) {
		return s, true
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return parseUnicode(s)
		}
	}
	return parseASCII(s)
}

// isPlain reports whether s is a canonical domain name, as nearly all are. Where
// the last label begins with a digit it leaves the judgement to others.
func isPlain(s string) bool {
	n, _ := plainPrefix(s)
	return n == len(s) && n > 0
}

func parseUnicode(s string) (string, bool) {
	if len(s) > maxUnicode || !utf8.ValidString(s) {
		return "", false
	}
	ascii, err := toASCII.ToASCII(s)
	if err != nil {
		return "", false
	}
	for i := range len(ascii) {
		if ascii[i] >= utf8.RuneSelf {
			return "", false
		}
	}
	return parseASCII(ascii)
}

// labelByte says what a byte of a domain name is.
var labelByte = func() (t [256]uint8) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = plain, upper
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = digit
	}
	t['-'], t['_'], t['.'] = plain, plain, dot
	return t
}()

const (
	plain uint8 = 1 << iota
	upper
	digit
	dot
)

func parseASCII(s string) (string, bool) {
	if strings.IndexByte(s, ':') >= 0 {
		return parseAddr(s)
	}
	if n := len(s); n > 0 && s[n-1] == '.' {
		s = s[:n-1]
	}
	if s == "" || len(s) > maxDomain {
		return "", false
	}
	var all, label uint8 // kinds of bytes in the name, and in the last label
	start := 0
	for i := range len(s) {
		c := s[i]
		if c == '.' {
			if i == start || i-start > maxLabel {
				return "", false
			}
			all |= label
			start, label = i+1, 0
			continue
		}
		k := labelByte[c]
		if k == 0 {
			return "", false
		}
		label |= k
	}
	if start == len(s) || len(s)-start > maxLabel {
		return "", false
	}
	if label == digit {
		return parseAddr(s)
	}
	if (all|label)&upper != 0 {
		s = strings.ToLower(s)
	}
	return s, true
}

func parseAddr(s string) (string, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return "", false
	}
	return canonicalAddr(a, s), true
}

// isAddr reports whether a canonical domain is an IP address: only those have
// a colon, or digits only after the last dot.
func isAddr(domain string) bool {
	if domain == "" {
		return false
	}
	if strings.IndexByte(domain, ':') >= 0 {
		return true
	}
	last := domain[strings.LastIndexByte(domain, '.')+1:]
	for i := range len(last) {
		if last[i] < '0' || last[i] > '9' {
			return false
		}
	}
	return true
}

// Domain returns the canonical form of a domain name or IP address, as
// [Normalizer.Domain] does, without a cache: any goroutines may call it.
func Domain(s string) (string, error) {
	domain, ok := parseDomain(strings.TrimSpace(s))
	if !ok {
		return "", ErrDomain
	}
	return domain, nil
}

// Registrable returns the registrable domain of a canonical domain; ok is false
// for one that has none: an IP address, a public suffix, a single label.
func Registrable(domain string) (root string, ok bool) {
	if isAddr(domain) {
		return "", false
	}
	root, err := publicsuffix.EffectiveTLDPlusOne(domain)
	return root, err == nil
}

// RootList identifies the public suffix list of this build: under another one a
// domain may have another root.
func RootList() uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(publicsuffix.List.String())) // a hash never fails
	return h.Sum64()
}

// Root returns the registrable domain of a canonical domain, which aliases it;
// an IP address, a public suffix and a single label are their own. It remembers
// nothing, see [Normalizer.Root].
func Root(domain string) string {
	return rootOf(domain)
}

// rootOf returns the registrable domain of a canonical domain.
func rootOf(domain string) string {
	last := strings.LastIndexByte(domain, '.')
	if last < 0 || strings.IndexByte(domain[:last], '.') < 0 || isAddr(domain) {
		return domain // whatever is a suffix, no root is shorter than two labels
	}
	suffix, _ := publicsuffix.PublicSuffix(domain)
	end := len(domain) - len(suffix) - 1
	if end <= 0 { // a public suffix itself
		return domain
	}
	return domain[strings.LastIndexByte(domain[:end], '.')+1:]
}

// reversed returns the labels of a dotted name in the opposite order.
func reversed(name string) string {
	b := make([]byte, 0, len(name))
	for {
		i := strings.LastIndexByte(name, '.')
		b = append(b, name[i+1:]...)
		if i < 0 {
			return string(b)
		}
		b = append(b, '.')
		name = name[:i]
	}
}
