package formats

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// hostShapes tells hosts and e-mail addresses from other text by their top
// level domain: one of the public suffix list's ICANN section. It remembers
// what it looked up and is not safe for concurrent use.
type hostShapes struct {
	known map[string]bool

	last      [16]byte // the label found last, if it is short, and what it is
	lastLen   int
	lastKnown bool
}

// maxKnown bounds the memory: far more labels than there are top level domains.
const maxKnown = 4096

// email reports whether s is an address whose domain is a host.
func (h *hostShapes) email(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && notInLogin.end(s[:at]) == at && h.name(s[at+1:])
}

// host reports whether s is a domain name under a known top level domain, or an
// IPv4 address.
func (h *hostShapes) host(s string) bool { return h.name(s) || isIPv4(s) }

// name reports whether s is a domain name of at least two labels, the last a
// known top level domain.
func (h *hostShapes) name(s string) bool {
	s = strings.TrimSuffix(s, ".")
	dot := strings.LastIndexByte(s, '.')
	return dot > 0 && dot < len(s)-1 && len(s) <= 253 && isName(s) && h.topLevel(s[dot+1:])
}

// localHost reports whether s, followed by next, is a host as it is written
// inside organisations. That is weak evidence: it counts where the file as a
// whole has hosts in front.
func (h *hostShapes) localHost(s string, next byte) bool {
	if !isName(s) {
		return false
	}
	if next == '/' {
		return true
	}
	dot := strings.LastIndexByte(s, '.')
	switch strings.ToLower(s[dot+1:]) {
	case "localhost":
		return true
	case "local", "lan", "internal", "intranet", "corp", "home", "localdomain", "example", "test", "onion":
		return dot > 0
	}
	return false
}

// topLevel reports whether label is a top level domain.
func (h *hostShapes) topLevel(label string) bool {
	if label == "com" {
		return true
	}
	if h.lastLen > 0 && string(h.last[:h.lastLen]) == label {
		return h.lastKnown
	}
	known, ok := h.known[label]
	if ok {
		if len(label) <= len(h.last) {
			h.lastLen, h.lastKnown = copy(h.last[:], label), known
		}
		return known
	}
	ascii, err := idna.Lookup.ToASCII(label)
	if err == nil {
		suffix, icann := publicsuffix.PublicSuffix("a." + ascii)
		known = icann || strings.IndexByte(suffix, '.') >= 0
	}
	if h.known == nil || len(h.known) >= maxKnown {
		h.known = make(map[string]bool)
	}
	h.known[strings.Clone(label)] = known
	return known
}

// isName reports whether s consists of the letters of domain names, in labels
// of 1 to 63 bytes. Underscores and anything beyond ASCII are let through.
func isName(s string) bool {
	label := 0
	for i := range len(s) {
		c := s[i]
		if nameBytes[c] || c >= 0x80 {
			if label++; label > 63 {
				return false
			}
			continue
		}
		if c != '.' || label == 0 {
			return false
		}
		label = 0
	}
	return label > 0
}

func isLetter(c byte) bool { return (c|0x20)-'a' <= 'z'-'a' }

func isIPv4(s string) bool {
	if len(s) < 7 || len(s) > 15 || !isDigit(s[0]) {
		return false
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6()
}

// bareIPv6 reports whether s begins with an IPv6 address that lacks its
// brackets, so that nobody can say where it ends.
func bareIPv6(s string) bool {
	n := endsHost.end(s[:min(len(s), 5)])
	if n > 4 || strings.Count(s, ":") < 4 {
		return false
	}
	for i := range n {
		if c := s[i]; !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	// Up to a port, a login and a password can follow it.
	auth := s[:endsAuth.end(s)]
	for range 4 {
		if isIPv6(auth) {
			return true
		}
		i := strings.LastIndexByte(auth, ':')
		if i < 0 {
			return false
		}
		auth = auth[:i]
	}
	return false
}
