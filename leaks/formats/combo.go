package formats

import (
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

// cutCombo reads login:password. The first of : ; | and tab ends the login,
// later ones belong to the password. Such lines have no mark of their own, so
// what looks like prose, a banner or a label is refused.
func (p *lineParser) cutCombo(s string) (cut, leaks.RejectReason, string) {
	i := endsLogin.end(s)
	if strings.HasPrefix(s, "mailto:") {
		s = s[len("mailto:"):]
		i = endsLogin.end(s)
	}
	if i == len(s) {
		if c, ok := p.cutAddress(s); ok {
			return c, "", ""
		}
		return cut{}, leaks.RejectNotARecord, "no separator"
	}
	if bareIPv6(s) {
		return cut{}, leaks.RejectNotARecord, "IPv6 address without brackets"
	}
	if strings.HasPrefix(s[i:], "://") {
		return cut{}, leaks.RejectNotARecord, "URL in the middle"
	}
	c := cut{login: trimString(s[:i]), password: s[i+1:], shape: shapeCombo}
	if c.login == "" {
		if s[i] != ':' || c.password != "" && (isBlank(c.password[0]) || c.password[0] == ':') {
			return cut{}, leaks.RejectNotARecord, "no login"
		}
		return c, "", ""
	}
	if strings.IndexByte(c.login, '@') > 0 && strings.IndexByte(c.login, ' ') < 0 {
		if c.password != "" && c.password[0] == ' ' {
			c.password = strings.TrimLeft(c.password, " \t") // ": " parts the fields
		}
		return c, "", ""
	}
	if c.password != "" && c.password[0] == ' ' {
		return cut{}, leaks.RejectNotARecord, "prose or a label"
	}
	if !plausibleLogin(c.login) || isLabel(c.login) {
		return cut{}, leaks.RejectNotARecord, "prose, a label or a banner"
	}
	return c, "", ""
}

// cutAddress reads an e-mail address and a password parted by a comma or one
// blank, where the line holds nothing else.
func (p *lineParser) cutAddress(s string) (cut, bool) {
	i := strings.IndexAny(s, ", ")
	if i < 0 || i+1 == len(s) || !p.hosts.email(s[:i]) || strings.IndexByte(s[i+1:], ' ') >= 0 {
		return cut{}, false
	}
	return cut{login: s[:i], password: s[i+1:], shape: shapeCombo}, true
}

// plausibleLogin reports whether s can be a login: it has a letter or a digit,
// at most two blanks, and does not begin as banners and comments do.
func plausibleLogin(s string) bool {
	if len(s) >= 3 && s[0] == s[1] && s[1] == s[2] && strings.IndexByte("=-_*~#+<>", s[0]) >= 0 {
		return false
	}
	if strings.HasPrefix(s, "# ") || strings.HasPrefix(s, "//") || strings.Count(s, " ") > 2 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; isLetter(c) || isDigit(c) || c >= 0x80 {
			return true
		}
	}
	return s == ""
}

// isLabel reports whether s is a key of the labelled formats or of a header
// line. Names people do use as logins ("user", "login") are not among them.
func isLabel(s string) bool {
	if len(s) < 3 || len(s) > 11 {
		return false
	}
	switch strings.ToLower(s) {
	case "url", "uri", "host", "hostname", "website", "soft", "software", "application", "browser",
		"username", "password", "passwd":
		return true
	}
	return false
}
