package leaks

import (
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/watchlist"
)

// NormalizeDomain returns a domain name or IP address, in any case and spelling,
// as stores keep it and scopes compare it: A-labels in lower case, no trailing
// dot. What is no domain name is ErrInvalid, parameter "domain".
func NormalizeDomain(s string) (string, error) {
	d, err := normalize.NewNormalizer().Domain(s)
	if err != nil || d == "" {
		return "", paramErrorf("domain", "must be a domain name")
	}
	return d, nil
}

// RegistrableDomain returns the root domain of a domain as [NormalizeDomain]
// returned it, by the public suffix list: itself, if it is a public suffix, an
// IP address or a single label.
func RegistrableDomain(domain string) string { return normalize.NewNormalizer().Root(domain) }

// NormalizeUsername returns a username as stores keep it and scopes compare it:
// trimmed, e-mail addresses in lower case.
func NormalizeUsername(s string) string { return normalize.Username(s) }

// Narrow narrows a scope to identifiers of a column in any spelling: usernames
// for [Username], else domains; for [AnyColumn] also e-mail addresses. One that
// is malformed is ErrInvalid, parameter "identifier"; one that is not in scope,
// [ErrOutside].
func Narrow(scope watchlist.Scope, column Column, identifiers ...string) (watchlist.Scope, error) {
	none := watchlist.Scope{}
	if len(identifiers) > maxIdentifiers {
		return none, paramErrorf("identifier", "must have at most %d values", maxIdentifiers)
	}
	norm := normalize.NewNormalizer()
	var sel watchlist.Selection
	for _, id := range identifiers {
		name, _, mail := norm.Login(id)
		if column == Username || column == AnyColumn && mail != "" {
			if name == "" {
				return none, paramErrorf("identifier", "must not be empty")
			}
			sel.Usernames = append(sel.Usernames, name)
			continue
		}
		d, err := norm.Domain(id)
		if err != nil || d == "" {
			return none, paramErrorf("identifier", "must be a domain name")
		}
		sel.Domains = append(sel.Domains, d)
	}
	return scope.Only(sel)
}
