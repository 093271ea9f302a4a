package leaks

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// A page past the end is empty however far it is.
func TestPageFarPastEnd(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, numbered(20))
	for _, c := range []struct{ page, size int }{
		{3, 10}, {1<<61 + 1, 8}, {1<<62 + 1, 4}, {math.MaxInt, 200}, {math.MaxInt, 1},
	} {
		p, err := s.Details(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain, Page: c.page, PageSize: c.size})
		if err != nil || len(p.Data) != 0 || p.Total != 20 || p.Page != c.page {
			t.Errorf("page %d: %+v, %v", c.page, p, err)
		}
	}
}

// What is wrong with a question to Exposed is said of its parameter, without
// its value.
func TestExposedErrors(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	long := strings.Repeat("s3cret", 2000)
	for _, c := range []struct{ user, password, domain, param string }{
		{"", "", "example.com", "username"},
		{long, "x", "example.com", "username"},
		{"u", long, "example.com", "password"},
		{"u", "x", long, "domain"},
		{"u", "s3cret", "no domain s3cret", "domain"},
	} {
		_, err := s.Exposed(t.Context(), c.user, c.password, c.domain)
		var param *ParamError
		if !errors.As(err, &param) || param.Param != c.param || strings.Contains(err.Error(), "s3cret") || len(param.Msg) < 5 {
			t.Errorf("%s: %v", c.param, err)
		}
	}
}
