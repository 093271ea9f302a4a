package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// printJSON prints v as one line.
func (e *env) printJSON(v any) error {
	w := bufio.NewWriter(e.stdout)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return w.Flush()
}

// print prints v as JSON or, without --json, what table writes.
func (e *env) print(v any, table func(*page)) error {
	if e.cli.JSON {
		return e.printJSON(v)
	}
	p := &page{w: bufio.NewWriter(e.stdout)}
	table(p)
	return p.w.Flush() // bufio keeps the first error
}

// page is a text answer: tables and lines.
type page struct{ w *bufio.Writer }

// line prints one line.
func (p *page) line(format string, args ...any) {
	fmt.Fprintln(p.w, printable(fmt.Sprintf(format, args...)))
}

// table prints rows under a heading, in aligned columns. A column whose
// heading starts with ">" is aligned to the right.
func (p *page) table(head []string, rows [][]string) {
	right := make([]int, len(head)) // widths of right-aligned columns, else 0
	for i, h := range head {
		if name, ok := strings.CutPrefix(h, ">"); ok {
			head[i] = name
			right[i] = width(name)
			for _, row := range rows {
				right[i] = max(right[i], width(printable(row[i])))
			}
		}
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			cell = printable(cell)
			if pad := right[i] - width(cell); pad > 0 {
				cell = strings.Repeat(" ", pad) + cell
			}
			if i > 0 {
				io.WriteString(w, "\t")
			}
			io.WriteString(w, cell)
		}
		io.WriteString(w, "\n")
	}
	w.Flush()
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(p.w, strings.TrimRight(line, " \n"))
	}
}

// total prints how many there are, and which page of how many this is.
func (p *page) total(n int, what string, page, pages int) {
	if pages == 0 {
		p.line("0 %s", what)
		return
	}
	p.line("%s %s, page %d of %d", number(n), what, page, pages)
}

func width(s string) int { return len([]rune(s)) }

// printable makes s safe for a terminal: leaked text may hold escape
// sequences.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return unicode.ReplacementChar
	}, s)
}

// shorten cuts s to at most n runes.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// number spells n with commas.
func number[T ~int | ~int64 | ~uint64](n T) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size spells a number of bytes.
func size[T ~int | ~int64 | ~uint64](n T) string {
	switch v := float64(n); {
	case v >= 1<<30:
		return fmt.Sprintf("%.1f GiB", v/(1<<30))
	case v >= 1<<20:
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	case v >= 1<<10:
		return fmt.Sprintf("%.1f KiB", v/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// dash stands for nothing in a table.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
