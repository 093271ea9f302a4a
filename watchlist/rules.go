package watchlist

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rules are how values are normalised that are compared with the data of a
// store. Package leaks supplies its own. All three are required and must be safe
// for concurrent use.
type Rules struct {
	// Domain returns the canonical form of a domain name, or an error; for an
	// IP address it may return either.
	Domain func(string) (string, error)
	// Root returns the registrable domain of a canonical domain name, or an
	// error if the name is a public suffix.
	Root func(string) (string, error)
	// Username returns the canonical form of a login.
	Username func(string) string
}

// Normalize returns the canonical form of an entry's value, which is how it is
// stored and compared, or a [ParamError] of "value" (or "kind").
func (d *Directory) Normalize(k Kind, value string) (string, error) {
	v, why := d.opts.Rules.normalize(k, value)
	switch {
	case !k.Valid():
		return "", paramErrorf("kind", "must be one of %s", kinds)
	case why != "":
		return "", paramErrorf("value", "%s", why)
	}
	return v, nil
}

// normalize returns what is wrong with a value, if anything is. The messages do
// not repeat it.
func (r *Rules) normalize(k Kind, value string) (v, why string) {
	if !utf8.ValidString(value) {
		return "", "must be valid UTF-8"
	}
	v = strings.TrimSpace(value)
	switch {
	case v == "":
		return "", "must not be empty"
	case len(v) > 4*maxAsset+maxLoginBytes:
		return "", "is too long"
	case strings.ContainsFunc(v, unicode.IsControl):
		return "", "must not contain control characters"
	}
	switch k {
	case Domain:
		return r.domain(v)
	case Keyword:
		return keyword(v)
	case BIN:
		return bin(v)
	case Executive:
		return r.executive(v)
	case Asset:
		return r.asset(v)
	default:
		return ransom(v)
	}
}

func (r *Rules) domain(v string) (string, string) {
	if isAddress(v) {
		return "", "must be a domain name, not an IP address"
	}
	d, err := r.Domain(v)
	if err != nil || isAddress(d) {
		return "", "must be a domain name, without scheme, port or path"
	}
	if _, err := r.Root(d); err != nil {
		return "", "must be a registrable domain or below one, not a public suffix"
	}
	return d, ""
}

// isAddress: also in brackets, as URLs have it.
func isAddress(v string) bool {
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(v, "["), "]"))
	return err == nil
}

// keyword: lower case, white space as one blank. Other characters stay for the
// eye; only the tokens, runs of letters and digits, are matched.
func keyword(v string) (string, string) {
	v = strings.ToLower(strings.Join(strings.Fields(v), " "))
	if n := utf8.RuneCountInString(v); n < minKeyword || n > maxKeyword {
		return "", "must have 3 to 100 characters"
	}
	if !strings.ContainsFunc(v, isAlphanumeric) {
		return "", "must contain a letter or digit"
	}
	return v, ""
}

func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func bin(v string) (string, string) {
	if len(v) < minBIN || len(v) > maxBIN || strings.ContainsFunc(v, func(r rune) bool { return r < '0' || r > '9' }) {
		return "", "must have 6 to 8 digits"
	}
	return v, ""
}

func (r *Rules) executive(v string) (string, string) {
	switch u := r.Username(v); {
	case u == "":
		return "", "must be an e-mail address or a login"
	case len(u) > maxLoginBytes:
		return "", "must have at most 320 bytes"
	default:
		return u, ""
	}
}

// asset: an IP address or a CIDR block in the form of net/netip, a host name of
// at least two labels in canonical form, or else any identifier, kept as it is.
func (r *Rules) asset(v string) (string, string) {
	if p, err := netip.ParsePrefix(v); err == nil {
		return p.Masked().String(), ""
	}
	if a, err := netip.ParseAddr(v); err == nil {
		return a.Unmap().WithZone("").String(), ""
	}
	if strings.Contains(v, ".") {
		if d, err := r.Domain(v); err == nil && strings.Contains(d, ".") {
			return d, ""
		}
	}
	if n := utf8.RuneCountInString(v); n < minAsset || n > maxAsset {
		return "", "must be an IP address, a CIDR block, a host name, or an identifier of 2 to 253 characters"
	}
	return v, ""
}

// ransom: white space as one blank, the case as given.
func ransom(v string) (string, string) {
	v = strings.Join(strings.Fields(v), " ")
	if n := utf8.RuneCountInString(v); n < minRansom || n > maxRansom {
		return "", "must have 2 to 100 characters"
	}
	if !strings.ContainsFunc(v, isAlphanumeric) {
		return "", "must contain a letter or digit"
	}
	return v, ""
}

// text checks a free text of at most n characters and trims it.
func text(param, s string, least, n int) (string, error) {
	if !utf8.ValidString(s) {
		return "", paramErrorf(param, "must be valid UTF-8")
	}
	s = strings.TrimSpace(s)
	if c := utf8.RuneCountInString(s); c < least || c > n {
		return "", paramErrorf(param, "must have %d to %d characters", least, n)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return "", paramErrorf(param, "must not contain control characters")
	}
	return s, nil
}
