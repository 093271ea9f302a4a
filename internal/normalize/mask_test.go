package normalize

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMask(t *testing.T) {
	for _, c := range []struct{ p, want string }{
		{"", ""}, {"a", "****"}, {"abc", "****"}, {"äöü", "****"},
		{"abcd", "a****d"}, {"password", "p****d"}, {" pw ", " **** "}, {"~~~~", "~****~"},
		{"äbcö", "ä****ö"}, {"日本語文字", "日****字"}, {"abc\x7f", "a****\x7f"},
		{"\xff\xfe\xfd", "****"}, {"\xffab\xfe", "\ufffd****\ufffd"}, {"a\xe6\x97b", "a****b"},
	} {
		if got := Mask(c.p); got != c.want {
			t.Errorf("Mask(%q) = %q, want %q", c.p, got, c.want)
		}
	}
}

func TestMaskAgainstItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := string(rapid.SliceOf(rapid.Byte()).Draw(t, "p"))
		if rapid.Bool().Draw(t, "text") {
			p = rapid.String().Draw(t, "s")
		}
		r := []rune(p)
		want := ""
		switch {
		case len(r) >= 4:
			want = string(r[0]) + "****" + string(r[len(r)-1])
		case len(r) > 0:
			want = "****"
		}
		if got := Mask(p); got != want || !utf8.ValidString(got) {
			t.Fatalf("Mask(%q) = %q, want %q", p, got, want)
		}
		if got := PasswordLen(p); got != len(r) {
			t.Fatalf("PasswordLen(%q) = %d", p, got)
		}
	})
}

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		p    string
		want uint8
	}{
		{"", 0}, {"abc", ClassLower}, {"Zz", ClassLower | ClassUpper}, {"09", ClassDigit},
		{"a B", ClassLower | ClassUpper | ClassSymbol}, {"@[`{/:", ClassSymbol}, {"é", ClassOther}, {"\xff", ClassOther},
	} {
		if got := Classes(c.p); got != c.want {
			t.Errorf("Classes(%q) = %b, want %b", c.p, got, c.want)
		}
	}
}

func BenchmarkMask(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Mask("Winter!2024")
	}
}
