package main

import "testing"

func TestBetween(t *testing.T) {
	block := reportBegin + "\nnew\n" + reportEnd + "\n"
	for _, c := range []struct{ page, want string }{
		{"", block},
		{"# Results\n", "# Results\n\n" + block},
		{"# Results\n\n" + reportBegin + "\nold\n" + reportEnd + "\nfoot\n", "# Results\n\n" + block + "foot\n"},
	} {
		if got := between(c.page, "new\n"); got != c.want {
			t.Errorf("between(%q) = %q, want %q", c.page, got, c.want)
		}
	}
}
