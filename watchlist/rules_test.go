package watchlist

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func normalizer() *Directory { return &Directory{opts: Options{Rules: testRules}} }

func TestNormalize(t *testing.T) {
	d := normalizer()
	long := strings.Repeat("x", 100)
	for _, c := range []struct {
		kind Kind
		in   string
		want string // empty: refused
	}{
		{Domain, " WWW.Example.com. ", "www.example.com"},
		{Domain, "example.com", "example.com"},
		{Domain, "com", ""}, {Domain, "co.test", ""}, {Domain, "x.co.test", "x.co.test"},
		{Domain, "192.0.2.1", ""}, {Domain, "[2001:db8::1]", ""}, {Domain, "2001:db8::1", ""},
		{Domain, "http://example.com", ""}, {Domain, "example.com/x", ""}, {Domain, "example.com:80", ""},
		{Domain, "a@example.com", ""}, {Domain, "*.example.com", ""}, {Domain, "", ""}, {Domain, "\x00.com", ""}, {Domain, "\xff.com", ""},
		{Keyword, " Acme\t Corp ", ""}, {Keyword, " Acme  Corp ", "acme corp"}, {Keyword, "ACME-corp", "acme-corp"},
		{Keyword, "ab", ""}, {Keyword, "abc", "abc"}, {Keyword, "---", ""}, {Keyword, "-1-", "-1-"}, {Keyword, "äöü", "äöü"},
		{Keyword, long, long}, {Keyword, long + "x", ""}, {Keyword, "a  b", "a b"}, {Keyword, "a ", ""},
		{BIN, "412345", "412345"}, {BIN, " 41234567 ", "41234567"}, {BIN, "41234", ""}, {BIN, "412345678", ""},
		{BIN, "41234x", ""}, {BIN, "٤١٢٣٤٥", ""}, {BIN, "+12345", ""},
		{Executive, " Eva@Example.com ", "eva@example.com"}, {Executive, "Eva", "Eva"}, {Executive, " ", ""}, {Executive, strings.Repeat("x", 321), ""},
		{Asset, "192.0.2.77", "192.0.2.77"}, {Asset, "192.0.2.77/24", "192.0.2.0/24"}, {Asset, "2001:DB8::1", "2001:db8::1"},
		{Asset, "::ffff:192.0.2.1", "192.0.2.1"}, {Asset, "fe80::1%eth0", "fe80::1"}, {Asset, "VPN.example.com", "vpn.example.com"},
		{Asset, "Printer 7", "Printer 7"}, {Asset, "host.", "host."}, {Asset, "x", ""}, {Asset, strings.Repeat("é", 253), strings.Repeat("é", 253)}, {Asset, strings.Repeat("é", 254), ""},
		{Ransom, " Acme   Inc. ", "Acme Inc."}, {Ransom, "A", ""}, {Ransom, "..", ""}, {Ransom, long + "x", ""}, {Ransom, "3M", "3M"},
		{"other", "x", ""}, {"", "x", ""},
	} {
		got, err := d.Normalize(c.kind, c.in)
		var param *ParamError
		switch {
		case c.want == "":
			if !errors.Is(err, ErrInvalid) || !errors.As(err, &param) || param.Param != "value" && c.kind.Valid() {
				t.Errorf("%s %.40q: %q, %v", c.kind, c.in, got, err)
			}
			if err != nil && len(c.in) > 3 && strings.Contains(err.Error(), c.in) {
				t.Errorf("%s %.40q: the error repeats it", c.kind, c.in)
			}
		case err != nil || got != c.want:
			t.Errorf("%s %.40q: %q, %v; want %q", c.kind, c.in, got, err, c.want)
		}
	}
}

// FuzzNormalize: a value is refused, or has a canonical form, which is its own.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"Example.com.", "acme corp", "412345", "Eva@example.com", "192.0.2.1/8", "Acme Inc", "İ ẞ", "::1%x", "a\u2003b.test"} {
		f.Add(s)
	}
	d := normalizer()
	f.Fuzz(func(t *testing.T, s string) {
		for _, k := range Kinds() {
			v, err := d.Normalize(k, s)
			if err != nil {
				if !errors.Is(err, ErrInvalid) || v != "" {
					t.Errorf("%s %q: %q, %v", k, s, v, err)
				}
				continue
			}
			if again, err := d.Normalize(k, v); err != nil || again != v {
				t.Errorf("%s %q is %q, and that is %q, %v", k, s, v, again, err)
			}
			if v == "" || !utf8.ValidString(v) || len(valueKey(noID, k.index(), v)) > 1024 {
				t.Errorf("%s %q is %q", k, s, v)
			}
		}
	})
}
