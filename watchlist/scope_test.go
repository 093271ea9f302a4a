package watchlist

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestScopeCovers(t *testing.T) {
	s := newScope(grants{
		domains:   []string{"example.com", "a.example.com", "b.test", "b.test", "notexample.com"},
		usernames: []string{"eva", "eva"}, bins: []string{"411111", "4111112", "55"}, keywords: []string{"acme"},
	})
	if got := s.Domains(); !slices.Equal(got, []string{"b.test", "example.com", "notexample.com"}) {
		t.Errorf("domains %q", got)
	}
	if got := s.BINs(); !slices.Equal(got, []string{"411111", "55"}) {
		t.Errorf("BINs %q", got)
	}
	for domain, want := range map[string]bool{
		"example.com": true, "x.y.example.com": true, "xexample.com": false, "com": false, "": false,
		"b.test": true, "a.b.test": true, "test": false, ".example.com": true, "example.com.": false,
	} {
		if s.CoversDomain(domain) != want {
			t.Errorf("%q: %v", domain, !want)
		}
		if any := slices.ContainsFunc(s.domains, func(e string) bool { return Covers(e, domain) }); any != want {
			t.Errorf("Covers of %q: %v", domain, any)
		}
	}
	if (Scope{}).CoversDomain("") || (Scope{}).CoversUsername("") || !Administrator().CoversDomain("x") {
		t.Error("the empty scope covers something, or the whole one does not")
	}
}

func TestScopeNarrows(t *testing.T) {
	s := newScope(grants{domains: []string{"example.com"}, usernames: []string{"eva"}, keywords: []string{"acme"}})
	n, err := s.Only(Selection{Domains: []string{"a.example.com"}, Usernames: []string{"eva"}})
	if err != nil || !n.CoversDomain("a.example.com") || n.CoversDomain("example.com") || n.CoversKeyword("acme") {
		t.Errorf("%+v, %v", n, err)
	}
	for _, sel := range []Selection{
		{Domains: []string{"a.example.com", "example.org"}}, {Domains: []string{"com"}}, {Domains: []string{""}},
		{Usernames: []string{"adam"}}, {BINs: []string{"4"}}, {Keywords: []string{"acme", "x"}},
	} {
		if n, err := s.Only(sel); !errors.Is(err, ErrOutside) || !n.Empty() {
			t.Errorf("%+v: %+v, %v", sel, n, err)
		}
	}
}

func TestScopeDigest(t *testing.T) {
	seen := map[[32]byte]int{}
	for i, g := range []grants{
		{}, {domains: []string{"a"}}, {domains: []string{"a", "b"}}, {domains: []string{"ab"}}, {usernames: []string{"a"}},
		{bins: []string{"a"}}, {keywords: []string{"a"}}, {domains: []string{"a"}, usernames: []string{"b"}},
	} {
		d := newScope(g).Digest()
		if j, ok := seen[d]; ok {
			t.Errorf("%d and %d are the same", i, j)
		}
		seen[d] = i
	}
	if _, ok := seen[Administrator().Digest()]; ok {
		t.Error("a scope passes for the whole")
	}
	if newScope(grants{domains: []string{"b", "a", "x.a"}}).Digest() != newScope(grants{domains: []string{"a", "b"}}).Digest() {
		t.Error("equal scopes differ")
	}
}

// A scope of very many domains is made in no time.
func TestScopeOfManyDomains(t *testing.T) {
	domains := make([]string, 100_000)
	for i := range domains {
		domains[i] = fmt.Sprintf("a%d.d%d.example", i, i%70_000)
	}
	start := time.Now()
	s, err := Administrator().OnlyDomains(domains...)
	if took := time.Since(start); err != nil || took > 5*time.Second {
		t.Errorf("%v, %v", took, err)
	}
	if !s.CoversDomain("x.a99999.d29999.example") || s.CoversDomain("d29999.example") {
		t.Error("it is another")
	}
}
