package watchlist

import (
	"crypto/sha256"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/leakscope/leakscope/internal/codec"
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
	// digest is that of all the above but all.
	digest [32]byte
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
	s := Scope{
		domains:   outermost(g.domains, parentDomains),
		usernames: slices.Compact(g.usernames),
		bins:      outermost(g.bins, shorterPrefixes),
		keywords:  slices.Compact(g.keywords),
	}
	var w codec.Writer
	for _, list := range [...][]string{s.domains, s.usernames, s.bins, s.keywords} {
		w.Uvarint(uint64(len(list)))
		for _, v := range list {
			w.String(v)
		}
	}
	s.digest = sha256.Sum256(w.Bytes())
	return s
}

// outermost returns those of vals that no other covers, sorted; above yields
// what covers a value, but for itself. It reorders vals.
func outermost(vals []string, above func(string, func(string) bool)) []string {
	slices.Sort(vals)
	vals = slices.Compact(vals)
	if len(vals) > 0 && vals[0] == "" {
		vals = vals[1:] // covers nothing, though it is in front of everything
	}
	var out []string
	for _, v := range vals {
		covered := false
		above(v, func(a string) bool {
			_, covered = slices.BinarySearch(vals, a)
			return !covered
		})
		if !covered {
			out = append(out, v)
		}
	}
	return out
}

// parentDomains yields the domains above one.
func parentDomains(domain string, yield func(string) bool) {
	for {
		_, above, ok := strings.Cut(domain, ".")
		if !ok || above != "" && !yield(above) {
			return
		}
		domain = above
	}
}

// shorterPrefixes yields what else a string begins with.
func shorterPrefixes(s string, yield func(string) bool) {
	for n := len(s) - 1; n > 0 && yield(s[:n]); n-- {
	}
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

// Digest identifies what the scope covers: scopes of equal digests cover the
// same. It is for keys of caches and cursors, and must not be shown: a value
// that is guessed can be confirmed by it.
func (s Scope) Digest() [32]byte {
	if s.all {
		return sha256.Sum256([]byte("without limits"))
	}
	return s.digest
}

// Domains returns the domains of the scope, each of which covers itself and all
// below it. It is nil for a scope without limits.
func (s Scope) Domains() []string { return slices.Clone(s.domains) }

// DomainCount returns how many domains Domains returns.
func (s Scope) DomainCount() int { return len(s.domains) }

// EachDomain yields what Domains returns, without copying it.
func (s Scope) EachDomain() iter.Seq[string] { return slices.Values(s.domains) }

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
	if _, ok := slices.BinarySearch(s.domains, domain); ok {
		return domain != ""
	}
	covered := false
	parentDomains(domain, func(above string) bool {
		_, covered = slices.BinarySearch(s.domains, above)
		return !covered
	})
	return covered
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
	if s.all {
		return true
	}
	// What sorts between a prefix and its extension has that prefix itself, and
	// none of bins has another's: so only the last one not after bin can be it.
	i, same := slices.BinarySearch(s.bins, bin)
	return same || i > 0 && strings.HasPrefix(bin, s.bins[i-1])
}

// A Selection names parts of a scope, of any kinds.
type Selection struct{ Domains, Usernames, BINs, Keywords []string }

// Only narrows the scope to a selection: its domains and those below them, its
// usernames, the cards that begin with one of its BINs, and the hosts of its
// keywords. It fails with ErrOutside unless all of it is in scope; usernames
// must be so by themselves.
func (s Scope) Only(sel Selection) (Scope, error) {
	for _, part := range []struct {
		values []string
		covers func(string) bool
	}{
		{sel.Domains, s.CoversDomain}, {sel.Usernames, s.CoversUsername},
		{sel.BINs, s.CoversBIN}, {sel.Keywords, s.CoversKeyword},
	} {
		for _, v := range part.values {
			if v == "" || !part.covers(v) {
				return Scope{}, ErrOutside
			}
		}
	}
	return newScope(grants{
		domains: slices.Clone(sel.Domains), usernames: slices.Clone(sel.Usernames),
		bins: slices.Clone(sel.BINs), keywords: slices.Clone(sel.Keywords),
	}), nil
}

// OnlyDomains is Only with domains.
func (s Scope) OnlyDomains(domains ...string) (Scope, error) {
	return s.Only(Selection{Domains: domains})
}

// OnlyUsernames is Only with usernames.
func (s Scope) OnlyUsernames(names ...string) (Scope, error) {
	return s.Only(Selection{Usernames: names})
}

// OnlyBINs is Only with the first digits of cards.
func (s Scope) OnlyBINs(bins ...string) (Scope, error) { return s.Only(Selection{BINs: bins}) }

// OnlyKeywords is Only with keywords.
func (s Scope) OnlyKeywords(keywords ...string) (Scope, error) {
	return s.Only(Selection{Keywords: keywords})
}
