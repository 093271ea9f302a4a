package normalize

import (
	"net/netip"
	"strings"
)

// A Host is a normalised URL or host.
type Host struct {
	// Host is the text as found, trimmed, without user-info; of a scheme
	// written twice (http://https://) the inner one stays.
	Host string
	// Domain is the canonical domain name or IP address in it; empty only for
	// an empty host and for a file URL without one.
	Domain string
	// Root is the registrable domain of Domain.
	Root string
	// Protocol is the scheme in lower case; empty when there is none.
	Protocol string
}

// A Normalizer does what needs the caches of domains. It is for one goroutine
// at a time, and small until it has seen many domains (about 8 MiB at most).
type Normalizer struct {
	domains  cache
	packages cache // Android package names, which are domains backwards
	// parse is n.domainOnly, made once so that handing it on costs nothing.
	parse func(string) (string, bool)
}

// NewNormalizer returns a Normalizer with empty caches.
func NewNormalizer() *Normalizer {
	n := &Normalizer{domains: newCache(), packages: newCache()}
	n.parse = n.domainOnly
	return n
}

// Host normalises a URL or host as a leak has it: [scheme://][user-info@]host
// [:port][/anything], where host is a domain name, an IPv4 address or an IPv6
// address in brackets. An IPv6 address without brackets may only stand alone.
// Blank text gives the zero Host; anything else the error [ErrHost].
func (n *Normalizer) Host(raw string) (Host, error) {
	h, err := n.HostOnly(raw)
	if h.Domain != "" {
		h.Domain, h.Root, _ = n.lookup(h.Domain)
	}
	return h, err
}

// HostOnly is Host without the root, which costs as much as all else. Its
// Domain may alias raw.
func (n *Normalizer) HostOnly(raw string) (Host, error) {
	if h, ok := plainURL(raw); ok {
		return h, nil
	}
	return n.anyHost(raw)
}

// plainURL does the work of HostOnly where that is nothing but to find the
// domain, as in nearly all URLs that are found.
func plainURL(raw string) (h Host, ok bool) {
	const https, http = "https://", "http://"
	start := len(https)
	switch {
	case strings.HasPrefix(raw, https):
		h.Protocol = "https"
	case strings.HasPrefix(raw, http):
		h.Protocol, start = "http", len(http)
	default:
		return Host{}, false
	}
	n, _ := plainPrefix(raw[start:])
	if n == 0 {
		if n = authorityLen(raw[start:]); !isIPv4(raw[start : start+n]) {
			return Host{}, false
		}
	}
	h.Host, h.Domain = raw, raw[start:start+n]
	rest := raw[start+n:]
	if rest == "" {
		return h, true
	}
	if rest[0] == ':' {
		// A port: without digits it may be a scheme's end, or a user-info's.
		i := 1
		for i < len(rest) && rest[i]-'0' <= 9 {
			i++
		}
		if i == 1 || !isPort(rest[1:i], false) {
			return Host{}, false
		}
		if rest = rest[i:]; rest == "" {
			return h, true
		}
	}
	switch rest[0] {
	case '/', '?', '#':
	default:
		return Host{}, false
	}
	// Something to trim, or a URL inside that may hold a password.
	if last := rest[len(rest)-1]; last-'!' > '~'-'!' || strings.Contains(rest, "//") {
		return Host{}, false
	}
	return h, true
}

// anyHost is HostOnly for any text.
func (n *Normalizer) anyHost(raw string) (Host, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return Host{}, nil
	}
	scheme := schemeOf(raw)
	start := 0
	if scheme != "" {
		for {
			start = len(scheme) + len("://")
			inner := schemeOf(raw[start:])
			// With a dot it is rather host:// in a broken URL than a scheme.
			if inner == "" || strings.IndexByte(inner, '.') >= 0 {
				break
			}
			raw, scheme = raw[start:], inner
		}
	} else if strings.HasPrefix(raw, "//") {
		start = len("//")
	}
	h := Host{Protocol: lowerScheme(scheme)}

	if h.Protocol == "android" {
		raw = dropSignature(raw, start)
	}

	end := start + authorityLen(raw[start:])
	h.Host = raw
	authority := raw[start:end]
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
		if rest := raw[start+at+1:]; schemeOf(rest) != "" {
			return n.anyHost(rest) // the user-info stood before a whole URL
		}
		h.Host = raw[:start] + raw[start+at+1:]
	}
	h.Host = dropInnerUserInfo(h.Host, start+len(authority))
	if h.Protocol == "android" {
		var ok bool
		if h.Domain, ok = n.packageDomain(authority); !ok {
			return Host{}, ErrHost
		}
		return h, nil
	}
	alone := scheme == "" && start == 0 && end == len(raw)
	name, ok := hostOf(authority, scheme != "", alone)
	if !ok {
		return Host{}, ErrHost
	}
	if name == "" {
		if h.Protocol == "file" {
			return h, nil
		}
		return Host{}, ErrHost
	}
	if h.Domain, ok = n.domainOnly(name); !ok {
		return Host{}, ErrHost
	}
	return h, nil
}

// dropInnerUserInfo drops the user-info with a password of every URL that
// stands inside s, a URL, behind from: such as that of a redirection.
func dropInnerUserInfo(s string, from int) string {
	for {
		i := strings.Index(s[from:], "//")
		if i < 0 {
			return s
		}
		from += i + len("//")
		inner := s[from : from+authorityLen(s[from:])]
		if at := strings.LastIndexByte(inner, '@'); at >= 0 && strings.IndexByte(inner[:at], ':') >= 0 {
			s = s[:from] + s[from+at+1:]
		}
	}
}

// Domain returns the canonical form of a domain name or IP address that stands
// alone: no port, path or brackets. Its error is [ErrDomain]; the empty text
// is malformed.
func (n *Normalizer) Domain(s string) (string, error) {
	domain, _, ok := n.lookup(strings.TrimSpace(s))
	if !ok {
		return "", ErrDomain
	}
	return domain, nil
}

// Root returns the registrable domain of a canonical domain; an IP address, a
// public suffix and a single label are their own. What is not a domain is
// returned as it is.
func (n *Normalizer) Root(domain string) string {
	_, root, ok := n.lookup(domain)
	if !ok {
		return domain
	}
	return root
}

// Login does the work of [Username] and [SplitEmail] at once: it normalises a
// login name and splits it, both halves empty unless it is an e-mail address.
func (n *Normalizer) Login(s string) (username, local, emailDomain string) {
	return login(s, n.parse)
}

// SplitEmail is the function [SplitEmail], with the domain from the cache.
func (n *Normalizer) SplitEmail(normalised string) (local, domain string, ok bool) {
	return splitEmail(normalised, n.parse)
}

// domainOnly parses a name; to remember those that need no work would take
// longer.
func (n *Normalizer) domainOnly(name string) (string, bool) {
	if isPlain(name) {
		return name, true
	}
	domain, _, ok := n.lookup(name)
	return domain, ok
}

func (n *Normalizer) lookup(name string) (domain, root string, ok bool) {
	if domain, root, ok = n.domains.get(name); ok {
		return domain, root, true
	}
	if len(name) > maxUnicode+1 {
		return "", "", false
	}
	name = strings.Clone(name) // the cache must not hold on to a caller's buffer
	if domain, ok = parseDomain(name); !ok {
		return "", "", false
	}
	root = rootOf(domain)
	n.domains.put(name, domain, root)
	return domain, root, true
}

func (n *Normalizer) packageDomain(name string) (domain string, ok bool) {
	if domain, _, ok = n.packages.get(name); ok {
		return domain, true
	}
	if len(name) > maxUnicode {
		return "", false
	}
	if domain, ok = parseDomain(reversed(name)); !ok {
		return "", false
	}
	n.packages.put(strings.Clone(name), domain, "")
	return domain, true
}

// schemeOf returns the scheme that s begins with, as written, or nothing.
func schemeOf(s string) string {
	i := strings.IndexByte(s, ':')
	if i <= 0 || !strings.HasPrefix(s[i:], "://") || !isLetter(s[0]) {
		return ""
	}
	for j := range i {
		c := s[j]
		if !isLetter(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return ""
		}
	}
	return s[:i]
}

func lowerScheme(s string) string {
	switch s {
	case "https", "HTTPS", "Https":
		return "https"
	case "http", "HTTP", "Http":
		return "http"
	case "android":
		return "android"
	case "ftp":
		return "ftp"
	}
	return strings.ToLower(strings.Clone(s))
}

// authorityLen returns how much of s stands before a path, query or fragment.
func authorityLen(s string) int {
	for i := range len(s) {
		if c := s[i]; c == '/' || c == '?' || c == '#' {
			return i
		}
	}
	return len(s)
}

// dropSignature takes the signing certificate's digest and the '@' out of an
// android URL, whose authority begins at start. The digest is Base64 and may
// hold slashes; that no dot is among it tells it from a package name.
func dropSignature(raw string, start int) string {
	at := strings.IndexByte(raw[start:], '@')
	if at < 0 || strings.IndexByte(raw[start:start+at], '.') >= 0 {
		return raw
	}
	return raw[:start] + raw[start+at+1:]
}

// hostOf returns the host of an authority without user-info. An empty port is
// legal in a URL; without a scheme it rather means that something else was
// cut there.
func hostOf(authority string, url, alone bool) (name string, ok bool) {
	if strings.HasPrefix(authority, "[") {
		end := strings.IndexByte(authority, ']')
		if end < 0 || strings.IndexByte(authority[:end], ':') < 0 {
			return "", false
		}
		rest := authority[end+1:]
		return authority[1:end], rest == "" || rest[0] == ':' && isPort(rest[1:], url)
	}
	colon := strings.IndexByte(authority, ':')
	if colon < 0 {
		return authority, true
	}
	if !isPort(authority[colon+1:], url) {
		if alone {
			if a, err := netip.ParseAddr(authority); err == nil && a.Is6() {
				return authority, true
			}
		}
		return "", false
	}
	return authority[:colon], true
}

// isPort reports whether s is a number from 0 to 65535, or empty if that may be.
func isPort(s string, empty bool) bool {
	if s == "" {
		return empty
	}
	if len(s) > 5 {
		return false
	}
	v := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v <= 65535
}
