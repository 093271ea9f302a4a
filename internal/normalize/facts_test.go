package normalize

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCountry(t *testing.T) {
	for _, c := range []struct {
		in, want string
		err      error
	}{
		{"de", "DE", nil}, {" Us\n", "US", nil}, {"", "", nil}, {" ", "", nil},
		{"D", "", ErrCountry}, {"DEU", "", ErrCountry}, {"D1", "", ErrCountry}, {"é", "", ErrCountry}, {"[]", "", ErrCountry},
	} {
		if got, err := Country(c.in); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("Country(%q) = %q, %v", c.in, got, err)
		}
	}
}

func TestIP(t *testing.T) {
	for _, c := range []struct {
		in, want string
		err      error
	}{
		{"192.0.2.1", "192.0.2.1", nil}, {" 2001:DB8::0001 ", "2001:db8::1", nil}, {"fe80::1%7", "fe80::1", nil}, {"", "", nil},
		{"192.0.2.1:80", "", ErrIP}, {"192.0.2.1/24", "", ErrIP}, {"[::1]", "", ErrIP}, {"192.0.2", "", ErrIP}, {"x", "", ErrIP},
	} {
		if got, err := IP(c.in); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("IP(%q) = %q, %v", c.in, got, err)
		}
	}
}

// isIPv4 says yes to what netip parses and spells the same, and to nothing else.
func TestIsIPv4(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"0", "1", "9", "00", "01", "10", "99", "100", "255", "256", "999", "1000", "", "a", " 1", "+1"})
		parts := rapid.SliceOfN(part, 3, 5).Draw(t, "parts")
		s := strings.Join(parts, rapid.SampledFrom([]string{".", ".", ".", ":", ".."}).Draw(t, "separator"))
		a, err := netip.ParseAddr(s)
		if want := err == nil && a.Is4() && a.String() == s; isIPv4(s) != want {
			t.Fatalf("isIPv4(%q) = %v", s, !want)
		}
	})
}
