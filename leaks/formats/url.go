package formats

import (
	"strings"
	"unicode"

	"github.com/leakscope/leakscope/leaks"
)

// This file reads url:login:password. The one question is where the URL ends;
// the character that ended it parts login and password too.

// cutURL reads a line that begins with a scheme of n bytes, "://" included.
func (p *lineParser) cutURL(s string, n int) (cut, leaks.RejectReason, string) {
	host := n + endsHost.end(s[n:])
	for strings.HasPrefix(s[host:], "://") {
		// https://https://host: the inner one is the URL.
		m := schemeLen(s[n:])
		if m == 0 {
			break
		}
		s, n = s[n:], m
		host = n + endsHost.end(s[n:])
	}
	if bareIPv6(s[n:]) {
		return cut{}, leaks.RejectNotARecord, "IPv6 address without brackets"
	}
	end := p.urlEnd(s, n, host)
	if end == n {
		return cut{}, leaks.RejectNotARecord, "URL without a host"
	}
	c := cut{host: s[:end], shape: shapeURLFirst}
	if end < len(s) && splitCredential(&c, s[end], s[end+1:]) {
		return c, "", ""
	}
	// No password behind the URL so cut. Semicolon and comma are legal in URLs,
	// so they part the fields only now.
	for _, sep := range []string{";", ","} {
		f := strings.SplitN(s[n:], sep, 3)
		if len(f) == 3 && (p.hosts.email(trimString(f[1])) || plainPath(f[0]) && nameLike(f[1])) {
			return cut{s[:n+len(f[0])], trimString(f[1]), f[2], shapeURLFirst}, "", ""
		}
	}
	if end < len(s) {
		if login := trimString(s[end+1:]); p.hosts.email(login) {
			c.login = login
			return c, "", ""
		}
	}
	return cut{}, leaks.RejectURLOnly, ""
}

// plainPath and nameLike keep parameters (;a=1;b=2) and coordinates
// (/@48.1,11.5,17z) in the URL.
func plainPath(s string) bool { return s != "" && !strings.ContainsAny(s, "?#@=") }

func nameLike(s string) bool {
	return strings.IndexByte(s, '=') < 0 && strings.IndexFunc(s, unicode.IsLetter) >= 0
}

// splitCredential parts rest, which followed the URL behind sep, into login and
// password. The password is everything behind the first separator.
func splitCredential(c *cut, sep byte, rest string) bool {
	spaced := false
	if sep == ' ' {
		// "url login password" and "url | login | password".
		rest = strings.TrimLeft(rest, " \t")
		if rest != "" && strings.IndexByte(":|;", rest[0]) >= 0 {
			sep, rest, spaced = rest[0], rest[1:], true
		}
	}
	i := strings.IndexByte(rest, sep)
	if sep != ':' {
		if j := strings.IndexByte(rest, ':'); i < 0 || sep == ' ' && 0 <= j && j < i {
			i = j // "url login:password", "url|login:password"
		}
	}
	if i < 0 {
		return false
	}
	c.login, c.password = rest[:i], rest[i+1:]
	if spaced || c.login != "" && c.login[0] == ' ' {
		c.password = strings.TrimLeft(c.password, " \t") // ": " parts the fields
	}
	c.login = trimString(c.login)
	// More words than a record has are an advertisement.
	switch {
	case spaced:
		return strings.IndexByte(c.login, ' ') < 0
	case sep == ' ':
		return strings.IndexByte(c.password, ' ') < 0 || strings.IndexByte(c.login, '@') > 0
	}
	return true
}

// urlEnd returns where the URL ends that starts s and whose host starts at i:
// the place of the character that parts it from the login, or len(s). At host is
// the first of endsHost from i on.
func (p *lineParser) urlEnd(s string, i, host int) int {
	if strings.HasPrefix(s, "android://") {
		// The key's Base64 can hold anything a path can; a package name cannot.
		if at := strings.IndexByte(s, '@'); at > 0 {
			return at + endsField.end(s[at:])
		}
	}
	if host == len(s) {
		return host
	}
	if c := s[host]; c == ':' || c == ';' || c == ',' || s[i] == '[' {
		// That may stand in a user-info or in an address.
		i = skipUserInfo(s, i)
		if i < len(s) && s[i] == '[' {
			i += strings.IndexByte(s[i:], ']') + 1
		}
		i += endsHost.end(s[i:])
		if i == len(s) {
			return i
		}
	} else {
		i = host
	}
	if s[i] == ':' {
		j := portEnd(s, i+1)
		switch {
		case j < 0:
			return i
		case j == len(s):
			return j
		case s[j] != '/' && s[j] != '?' && s[j] != '#':
			// host:8443:u:p has a port, in host:8443:p it is the login.
			if strings.IndexByte(s[j+1:], s[j]) >= 0 || s[j] != ':' && strings.IndexByte(s[j+1:], ':') >= 0 {
				return j
			}
			return i
		}
		i = j
	}
	if s[i] != '/' && s[i] != '?' && s[i] != '#' {
		return i
	}
	return p.pathEnd(s, i)
}

// pathEnd returns where the path and query end that begin at i. Colons can
// stand in them: before a slash ("://"), before a port, before a URL. Any other
// ends the path, unless a later field is an e-mail address with a password
// behind it: that is the login then.
func (p *lineParser) pathEnd(s string, i int) int {
	colon := 0 // the next one behind that at i, counted from there
	for {
		i += endsField.end(s[i:])
		if i == len(s) || s[i] != ':' {
			return i
		}
		next := s[i+1:]
		if j := portEnd(next, 0); j >= 0 && j < len(next) && next[j] == '/' {
			i++
			continue
		}
		colon = strings.IndexByte(next, ':')
		if colon >= 0 && strings.HasPrefix(next[colon:], "://") && schemeLen(next) > 0 {
			i++
			continue
		}
		break
	}
	// With one colon more at most, it is this one.
	if colon < 0 || strings.IndexByte(s[i+1+colon+1:], ':') < 0 || strings.IndexByte(s[i:], '@') < 0 {
		return i
	}
	// Few fields are looked at: the farther the address, the likelier it is
	// part of a password.
	for k, n := i, 0; n < 4; n++ {
		field := s[k+1:]
		j := strings.IndexByte(field, ':')
		if j < 0 {
			break
		}
		if p.hosts.email(field[:j]) {
			return k
		}
		k += 1 + j
	}
	return i
}

// cutBareHost reads url:login:password without a scheme: the line must begin
// with what can only be a host, and have a password.
func (p *lineParser) cutBareHost(s string) (cut, bool) {
	first := endsHost.end(s)
	if first == len(s) {
		return cut{}, false
	}
	n, host := first, s[:first]
	if host == "" || host[0] == '[' {
		if n = strings.IndexByte(s, ']') + 1; n == 0 || !isIPv6(s[1:n-1]) {
			return cut{}, false
		}
	} else if strings.IndexByte(host, '@') >= 0 || !p.hosts.host(host) && (p.dialect.combo || !p.hosts.localHost(host, s[n])) {
		return cut{}, false
	}
	end := p.urlEnd(s, 0, first)
	if end >= len(s) {
		return cut{}, false
	}
	c := cut{host: s[:end], shape: shapeURLFirst}
	if !splitCredential(&c, s[end], s[end+1:]) {
		return cut{}, false
	}
	if end > n || isIPv4(host) || host == "" || host[0] == '[' || p.hosts.email(c.login) {
		return c, true // a port, a path, an address, an e-mail login: no login starts so
	}
	if s[n] == ' ' {
		return cut{}, false // prose that begins with a site's name
	}
	// anna.berlin:a:b. In a file of logins that is a login.
	if (p.dialect.combo || p.dialect.urlLast) && !surelyHost(host) {
		return cut{}, false
	}
	if i := strings.LastIndex(c.password, "://"); i > 0 {
		if _, ok := p.cutURLLast(s); ok {
			return cut{}, false
		}
	}
	return c, true
}

// surelyHost reports whether a domain name is too long or too common in its
// ending to be somebody's login.
func surelyHost(s string) bool {
	dot := strings.IndexByte(s, '.')
	switch strings.ToLower(s[dot+1:]) {
	case "com", "net", "org":
		return true
	}
	return strings.IndexByte(s[dot+1:], '.') >= 0
}

// cutURLLast reads login:password:url. The URL starts at the last scheme behind
// a separator; without a scheme it is the last field, if the file votes so.
func (p *lineParser) cutURLLast(s string) (cut, bool) {
	start := -1
	if i := strings.LastIndex(s, "://"); i > 0 {
		start = i
		for start > 0 && isSchemeByte(s[start-1]) {
			start--
		}
		if start == i {
			start = -1
		}
	}
	if start < 0 && p.dialect.urlLast {
		start = p.lastHost(s)
	}
	if start < 2 {
		return cut{}, false
	}
	sep := s[start-1]
	if strings.IndexByte(":|;\t ", sep) < 0 {
		return cut{}, false
	}
	head := s[:start-1]
	i := strings.IndexByte(head, sep)
	if i < 0 && sep != ':' {
		i = strings.IndexByte(head, ':')
	}
	if i < 0 || sep == ' ' && strings.IndexByte(head[i+1:], ' ') >= 0 {
		return cut{}, false
	}
	c := cut{s[start:], trimString(head[:i]), head[i+1:], shapeURLLast}
	return c, plausibleLogin(c.login) && (c.password == "" || c.password[0] != ' ')
}

// lastHost returns where the last field of s begins if it is a host, with or
// without port and path, and -1 else.
func (p *lineParser) lastHost(s string) int {
	for end, tries := len(s), 0; tries < 3; tries++ {
		i := strings.LastIndexAny(s[:end], ":|;\t")
		if i < 0 {
			return -1
		}
		host := s[i+1:]
		n := endsHost.end(host)
		if p.hosts.host(host[:n]) && (n == len(host) || host[n] != ':' || portEnd(host, n+1) >= 0) {
			return i + 1
		}
		end = i
	}
	return -1
}

// skipUserInfo returns where the host begins in an authority that starts at i
// with user:password@. It must not take https://host:me@example.org:pw for one:
// the part before the colon must be no host, and behind the @ a path or port
// must follow as it does in a URL somebody saved.
func skipUserInfo(s string, i int) int {
	rest := s[i:]
	n := endsAuth.end(rest)
	if n == len(rest) || rest[n] != '/' {
		return i
	}
	at := strings.LastIndexByte(rest[:n], '@')
	colon := strings.IndexByte(rest[:n], ':')
	if colon <= 0 || at < colon || strings.IndexByte(rest[:colon], '.') >= 0 || strings.Count(rest[:at], ":") > 1 {
		return i
	}
	if strings.Count(rest[n:], ":") < 2 {
		return i
	}
	return i + at + 1
}

// schemeLen returns the length of the "scheme://" that s begins with, or 0.
func schemeLen(s string) int {
	switch {
	case strings.HasPrefix(s, "https://"):
		return len("https://")
	case strings.HasPrefix(s, "http://"):
		return len("http://")
	}
	if s == "" || !isLetter(s[0]) {
		return 0
	}
	i := 1
	for i < len(s) && i < 32 && schemeBytes[s[i]] {
		i++
	}
	if i < 32 && strings.HasPrefix(s[i:], "://") {
		return i + 3
	}
	return 0
}

func isSchemeByte(c byte) bool { return schemeBytes[c] }

// portEnd returns the end of the port number that starts at i, i itself where a
// slash follows at once (an empty port), and -1 for anything else.
func portEnd(s string, i int) int {
	port, j := 0, i
	for ; j < len(s) && isDigit(s[j]); j++ {
		if port = port*10 + int(s[j]-'0'); port > 65535 {
			return -1
		}
	}
	if j == i {
		if j < len(s) && s[j] == '/' {
			return j
		}
		return -1
	}
	if port == 0 || j < len(s) && strings.IndexByte(":/?#|\t ", s[j]) < 0 {
		return -1
	}
	return j
}

// A byteSet is a set of bytes. To look for one in short fields it is faster than
// strings.IndexAny, which builds such a set on each call.
type byteSet [256]bool

func setOf(chars string) *byteSet {
	var set byteSet
	for i := range len(chars) {
		set[chars[i]] = true
	}
	return &set
}

var (
	endsHost    = setOf(":/?#|\t ;,") // in an authority
	endsAuth    = setOf("/?#|\t ")    // with its port and user-info
	endsField   = setOf(":|\t ")      // in a path
	schemeBytes = setOf("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")
	nameBytes   = setOf("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
	notInLogin  = setOf(" \t/:") // of an e-mail address
	endsLogin   = setOf(":;|\t")
)

// end returns the first place of one of the bytes in s, or len(s).
func (set *byteSet) end(s string) int {
	for i := range len(s) {
		if set[s[i]] {
			return i
		}
	}
	return len(s)
}
