package normalize

import (
	"errors"
	"testing"
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
