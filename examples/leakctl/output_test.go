package main

import (
	"bufio"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 3 << 20: "3.0 MiB", 5 << 30: "5.0 GiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	p := &page{bufio.NewWriter(&b)}
	p.table([]string{"NAME", ">N"}, [][]string{{"é\tb", "5"}, {"long name", "1,000"}})
	p.w.Flush()
	want := "NAME           N\né b            5\nlong name  1,000\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	if got := shorten("äbcdef", 4); got != "äbc…" {
		t.Errorf("shorten: %q", got)
	}
}
