package watchlist

import (
	"errors"
	"slices"
	"strings"
)

// ErrOutside reports that something lies outside a scope. It says nothing about
// whether it exists.
var ErrOutside = errors.New("outside the scope")

// A Scope is what a caller may see. Nothing outside this package can make one
// that sees more than [Administrator], a workspace, or an API key grants: it can
// only be narrowed. The zero Scope sees nothing. A Scope does not change, may be
// copied, and is safe for concurrent use.
//
// Values are compared as package leaks normalises them: domains as A-labels in
// lower case, usernames trimmed, e-mail addresses in lower case.
type Scope struct {
	all bool
	// domains cover themselves and all below them, in the login's domain and
	// in the e-mail's; sorted, and none below another.
	domains []string
	// usernames are the executives' logins and e-mail addresses; sorted.
	usernames []string
	// bins are the first digits of payment cards; sorted, none a prefix of
	// another.
	bins []string
	// keywords are words whose hosts may be seen whatever their domain; sorted.
	keywords []string
}

// grants are what a scope is minted of: normalised values in any order.
type grants struct{ domains, usernames, bins, keywords []string }

// Administrator is the whole store, without limits. Programs that protect no
// one from anyone, such as a command line on the analyst's own machine, ask for
// it in so many words; a server must not derive it from a request that merely
// lacks a scope.
func Administrator() Scope { return Scope{all: true} }

// newScope mints a scope of grants, whose slices it may keep and reorder.
func newScope(g grants) Scope {
	slices.Sort(g.usernames)
	slices.Sort(g.keywords)
	return Scope{
		domains:   outermost(g.domains, Covers),
		usernames: slices.Compact(g.usernames),
		bins:      outermost(g.bins, func(a, b string) bool { return strings.HasPrefix(b, a) }),
		keywords:  slices.Compact(g.keywords),
	}
}

// outermost returns those of vals that no other covers, sorted.
func outermost(vals []string, covers func(a, b string) bool) []string {
	slices.SortFunc(vals, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	var out []string
	for _, v := range vals {
		if !slices.ContainsFunc(out, func(o string) bool { return covers(o, v) }) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// Covers reports whether an entry for one domain covers another: it is the same
// or lies below it.
func Covers(entry, domain string) bool {
	rest, ok := strings.CutSuffix(domain, entry)
	return ok && entry != "" && (rest == "" || rest[len(rest)-1] == '.')
}

// All reports whether the scope is without limits.
func (s Scope) All() bool { return s.all }

// Empty reports whether the scope sees nothing at all.
func (s Scope) Empty() bool {
	return !s.all && len(s.domains) == 0 && len(s.usernames) == 0 && len(s.bins) == 0 && len(s.keywords) == 0
}

// Domains returns the domains of the scope, each of which covers itself and all
// below it. It is nil for a scope without limits.
func (s Scope) Domains() []string { return slices.Clone(s.domains) }

// Usernames returns the usernames of the scope.
func (s Scope) Usernames() []string { return slices.Clone(s.usernames) }

// BINs returns the leading digits of the payment cards in scope.
func (s Scope) BINs() []string { return slices.Clone(s.bins) }

// Keywords returns the keywords of the scope.
func (s Scope) Keywords() []string { return slices.Clone(s.keywords) }

// CoversDomain reports whether a domain is in scope.
func (s Scope) CoversDomain(domain string) bool {
	if s.all {
		return true
	}
	for d := domain; d != ""; {
		if _, ok := slices.BinarySearch(s.domains, d); ok {
			return true
		}
		_, d, _ = strings.Cut(d, ".")
	}
	return false
}

// CoversUsername reports whether a username is in scope by itself, whatever its
// e-mail domain.
func (s Scope) CoversUsername(name string) bool {
	if s.all {
		return true
	}
	_, ok := slices.BinarySearch(s.usernames, name)
	return ok && name != ""
}

// CoversKeyword reports whether the hosts that a keyword matches are in scope.
func (s Scope) CoversKeyword(keyword string) bool {
	if s.all {
		return true
	}
	_, ok := slices.BinarySearch(s.keywords, keyword)
	return ok && keyword != ""
}

// CoversBIN reports whether the cards that begin with the given digits are all
// in scope.
func (s Scope) CoversBIN(bin string) bool {
	return s.all || slices.ContainsFunc(s.bins, func(b string) bool { return strings.HasPrefix(bin, b) })
}

// OnlyDomains narrows the scope to the given domains and those below them. It
// fails with ErrOutside unless all are in scope.
func (s Scope) OnlyDomains(domains ...string) (Scope, error) {
	return s.narrow(domains, s.CoversDomain, func(d []string) Scope { return newScope(grants{domains: d}) })
}

// OnlyUsernames narrows the scope to the given usernames. It fails with
// ErrOutside unless all are in scope by themselves.
func (s Scope) OnlyUsernames(names ...string) (Scope, error) {
	return s.narrow(names, s.CoversUsername, func(u []string) Scope { return newScope(grants{usernames: u}) })
}

// OnlyBINs narrows the scope to cards that begin with one of the given digits.
// It fails with ErrOutside unless all those cards are in scope.
func (s Scope) OnlyBINs(bins ...string) (Scope, error) {
	return s.narrow(bins, s.CoversBIN, func(b []string) Scope { return newScope(grants{bins: b}) })
}

// OnlyKeywords narrows the scope to the hosts of the given keywords. It fails
// with ErrOutside unless all are in scope.
func (s Scope) OnlyKeywords(keywords ...string) (Scope, error) {
	return s.narrow(keywords, s.CoversKeyword, func(k []string) Scope { return newScope(grants{keywords: k}) })
}

func (s Scope) narrow(vals []string, covers func(string) bool, mint func([]string) Scope) (Scope, error) {
	for _, v := range vals {
		if v == "" || !covers(v) {
			return Scope{}, ErrOutside
		}
	}
	return mint(slices.Clone(vals)), nil
}
