package normalize

import (
	"strings"
	"testing"
)

func TestLogin(t *testing.T) {
	n := NewNormalizer()
	for _, c := range [][4]string{ // as found, username, local part, e-mail domain
		{" Anna.Example@Mail.EXAMPLE.com\r", "anna.example@mail.example.com", "anna.example", "mail.example.com"},
		{"walter@müller.example.de", "walter@müller.example.de", "walter", "xn--mller-kva.example.de"},
		{"JÜRGEN@Müller.example.de", "jürgen@müller.example.de", "jürgen", "xn--mller-kva.example.de"},
		{"a@b@example.com", "a@b@example.com", "a@b", "example.com"},
		{"A+tag@example.com.", "a+tag@example.com.", "a+tag", "example.com"},
		{"EXAMPLE\\Heidi", "EXAMPLE\\Heidi", "", ""},
		{"\u00a0Heidi\u2003", "Heidi", "", ""},
		{"", "", "", ""},
		{"@Example.com", "@Example.com", "", ""},
		{"Anna@", "Anna@", "", ""},
		{"Anna@Localhost", "Anna@Localhost", "", ""},
		{"Root@192.0.2.1", "Root@192.0.2.1", "", ""},
		{"Root@[192.0.2.1]", "Root@[192.0.2.1]", "", ""},
		{"Anna B@example.com", "Anna B@example.com", "", ""},
		{"Anna\u2003B@example.com", "Anna\u2003B@example.com", "", ""},
		{"Anna\x00@example.com", "Anna\x00@example.com", "", ""},
		{"Anna@exa mple.com", "Anna@exa mple.com", "", ""},
		{"Anna@example.com:80", "Anna@example.com:80", "", ""},
		{"Anna@example..com", "Anna@example..com", "", ""},
		{"J\xdcrgen@example.com", "J\xdcrgen@example.com", "", ""},
		{"+49 170 1234567", "+49 170 1234567", "", ""},
	} {
		u, l, d := n.Login(c[0])
		if u != c[1] || l != c[2] || d != c[3] {
			t.Errorf("Login(%q) = %q, %q, %q", c[0], u, l, d)
		}
		if got := Username(c[0]); got != c[1] {
			t.Errorf("Username(%q) = %q", c[0], got)
		}
		for _, split := range []func(string) (string, string, bool){SplitEmail, n.SplitEmail} {
			if l, d, ok := split(c[1]); l != c[2] || d != c[3] || ok != (c[3] != "") {
				t.Errorf("SplitEmail(%q) = %q, %q, %v", c[1], l, d, ok)
			}
		}
	}
}

func FuzzSplitEmail(f *testing.F) {
	for _, s := range []string{"Anna@Example.com", "a@b@İ.example", "x@ẞ.test", "ΑΣ@Σ.test", "a\xff@b.c", " @ "} {
		f.Add(s)
	}
	n := NewNormalizer()
	f.Fuzz(func(t *testing.T, s string) {
		u, l, d := n.Login(s)
		if got := Username(s); got != u {
			t.Fatalf("Username %q, Login %q", got, u)
		}
		if again := Username(u); again != u {
			t.Fatalf("Username(%q) = %q, and of that %q", s, u, again)
		}
		l2, d2, ok := SplitEmail(u)
		if l2 != l || d2 != d || ok != (d != "") {
			t.Fatalf("Login(%q) = %q, %q, %q; SplitEmail %q, %q, %v", s, u, l, d, l2, d2, ok)
		}
		if !ok {
			return
		}
		if l == "" || !strings.HasPrefix(u, l+"@") || !strings.Contains(d, ".") {
			t.Fatalf("%q splits into %q, %q", u, l, d)
		}
		checkDomain(t, n, d, n.Root(d))
		if l0, d0, ok := SplitEmail(strings.ToLower(strings.TrimSpace(s))); !ok || l0 != l || d0 != d {
			t.Fatalf("%q: %q, %q by Login, %q, %q, %v by SplitEmail", s, l, d, l0, d0, ok)
		}
		// The address with its canonical domain is the same address.
		if l3, d3, ok := SplitEmail(l + "@" + d); !ok || l3 != l || d3 != d {
			t.Fatalf("%q and %q do not split again: %q, %q, %v", l, d, l3, d3, ok)
		}
	})
}

func BenchmarkLogin(b *testing.B) {
	n := NewNormalizer()
	for b.Loop() {
		n.Login("anna.example@mail.example.com")
	}
}

func BenchmarkLoginIDN(b *testing.B) {
	n := NewNormalizer()
	for b.Loop() {
		n.Login("walter@müller.example.de")
	}
}
