package formats

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// checkPlainURL holds cutPlainURL against the rules it abridges. It reports
// whether the line was one for it.
func checkPlainURL(t testing.TB, s string) bool {
	n := schemeLen(s)
	if n == 0 {
		return false
	}
	got, ok := cutPlainURL(s, n)
	if !ok {
		return false
	}
	p := new(lineParser)
	if c, quoted := p.cutQuoted(s); quoted {
		t.Fatalf("%q: %q as a plain URL, but quoted it is %q", s, got, c)
	}
	if want, reason, _ := p.cutURL(s, n); reason != "" || got != want {
		t.Fatalf("%q: %q as a plain URL, but %q, reason %q", s, got, want, reason)
	}
	return true
}

// TestPlainURLIsAnyURL: what cutPlainURL takes apart, cutURL takes apart so too.
func TestPlainURLIsAnyURL(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	tokens := []string{
		":", ":", ":", "/", "//", "://", "?", "#", "@", "|", " ", "\t", ",", ";", "[", "]", "\"", ".", "-", "%20",
		"a", "login", "a.example.com", "192.0.2.1", "2001:db8::1", "8080", "0", "99999", "me@example.com", "http", "https://", "android", "ü", "\xff",
	}
	token := func() string { return tokens[rng.IntN(len(tokens))] }
	taken := 0
	for range 300_000 {
		b := []byte([]string{"https://", "http://", "ftp://", "android://", "x://"}[rng.IntN(5)] + "a.example.com/x:" + token() + ":" + token())
		for range rng.IntN(3) {
			at := rng.IntN(len(b) + 1)
			b = slices.Replace(b, at, min(at+rng.IntN(3), len(b)), []byte(token())...)
		}
		if checkPlainURL(t, string(b)) {
			taken++
		}
	}
	if taken < 50_000 {
		t.Errorf("%d lines were taken: too few to tell", taken)
	}
	for _, line := range []string{
		"https://a.example.com/x:me@example.com:pw", "http://a.example.com:me:pw", "https://192.0.2.1/?q=1#f:u:", "https://a.example.com/x::p",
	} {
		if !checkPlainURL(t, line) {
			t.Errorf("%q was not taken", line)
		}
	}
}
