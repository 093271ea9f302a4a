package index

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

// TestFoldRunes: one representative an orbit, itself of the orbit; only k and
// s have variants beyond ASCII.
func TestFoldRunes(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue
		}
		got := []rune(Fold(string(r)))
		if len(got) != 1 {
			t.Fatalf("%U folds to %d runes", r, len(got))
		}
		in := got[0] == r
		for v := unicode.SimpleFold(r); v != r; v = unicode.SimpleFold(v) {
			in = in || got[0] == v
			if f := Fold(string(v)); f != string(got) {
				t.Fatalf("%U and its variant %U fold apart", r, v)
			}
		}
		if !in {
			t.Fatalf("%U folds to %U, no variant of it", r, got[0])
		}
		if r >= 0x80 && got[0] < 0x80 && r != 0x17f && r != 0x212a {
			t.Fatalf("%U folds to ASCII", r)
		}
	}
	if got := Fold("HTTPS://École.Example/\xff\xc3"); got != "https://école.example/\xff\xc3" {
		t.Errorf("%q", got)
	}
}

func TestMatcherIsContainsOfFolded(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	alphabet := []string{"a", "A", "k", "K", "s", "S", "b", "@", "`", "[", "{", ".", "\u212a", "ſ", "é", "É", "Σ", "ς", "\xc5", "\xbf", "\x00", " "}
	random := func(n, letters int) string {
		var b strings.Builder
		for range n {
			b.WriteString(alphabet[rng.IntN(letters)])
		}
		return b.String()
	}
	hits := 0
	for i := range 400_000 {
		letters := 2 + rng.IntN(len(alphabet)-1)
		s := random(rng.IntN(40), letters)
		needle := random(rng.IntN(6), letters)
		if i%3 == 0 && len(s) > 0 {
			a := rng.IntN(len(s))
			needle = s[a : a+rng.IntN(len(s)-a+1)]
			if i%2 == 0 {
				needle = strings.ToUpper(needle)
			}
		}
		want := strings.Contains(Fold(s), Fold(needle))
		if got := NewMatcher(needle).Match([]byte(s)); got != want {
			t.Fatalf("%q in %q: %v, want %v", needle, s, got, want)
		}
		if got, want := NewMatcher(needle).Prefix([]byte(s)), strings.HasPrefix(Fold(s), Fold(needle)); got != want {
			t.Fatalf("%q begins with %q: %v, want %v", s, needle, got, want)
		}
		if got, want := NewMatcher(needle).Suffix([]byte(s)), strings.HasSuffix(Fold(s), Fold(needle)); got != want {
			t.Fatalf("%q ends in %q: %v, want %v", s, needle, got, want)
		}
		if want {
			hits++
		}
	}
	if hits < 50_000 {
		t.Errorf("%d hits only", hits)
	}
}

func FuzzMatcher(f *testing.F) {
	f.Add("École", "https://ÉCOLE.example/login")
	f.Add("kiosk", "\u212aioſ\u212a")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, needle, s string) {
		want := strings.Contains(Fold(s), Fold(needle))
		if got := NewMatcher(needle).Match([]byte(s)); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
		if Fold(Fold(s)) != Fold(s) {
			t.Fatal("folding twice is not folding once")
		}
	})
}
