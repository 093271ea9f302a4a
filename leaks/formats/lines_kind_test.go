package formats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
)

// parseTranscript is transcript of Parse of one plain file.
func parseTranscript(name, input string, format Format) (lines []string) {
	entries := func(yield func(Entry, error) bool) {
		yield(Entry{Path: name, Size: int64(len(input)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(input)), nil
		}}, nil)
	}
	for it, err := range Parse(context.Background(), entries, ParseOptions{Format: format}) {
		var reject *leaks.Reject
		switch {
		case errors.As(err, &reject):
			lines = append(lines, fmt.Sprintf("%s:%d %s", reject.Place.File, reject.Place.Line, reject.Reason))
		case err != nil:
			lines = append(lines, err.Error())
		case it.Record != nil:
			lines = append(lines, fmt.Sprintf("%q %q %q", it.Record.Host, it.Record.Username, it.Record.Password))
		default:
			lines = append(lines, it.String())
		}
	}
	return lines
}

// TestLinesAreWhatParseReadsAsLines: what Lines says yes to, Blocks reads as
// Parse does; and it says yes to what matters.
func TestLinesAreWhatParseReadsAsLines(t *testing.T) {
	jsonl := `{"username":"u1","password":"p"}` + "\n\n" + `{"username":` + "\n"
	ulp := strings.Repeat("https://a.example.com/x:me@example.com:pw\nno record\n", 3)
	combo := strings.Repeat("me@example.com:pw\n", 5)
	inputs := map[string]string{
		"jsonl": jsonl, "ulp": ulp, "combo": combo, "empty": "", "mac": strings.ReplaceAll(combo, "\n", "\r"),
		"latin1": "https://a.example.com:caf\xe9:pw\n" + ulp, "binary": "\x00\x01\x02\x03" + ulp,
		"utf16":    "\xff\xfem\x00e\x00:\x00p\x00w\x00\n\x00",
		"json":     `[{"username":"u1","password":"p"}]`,
		"csv":      "url,username,password\nhttps://a.example.com,u,p\n",
		"labelled": "URL: https://a.example.com\nUsername: u\nPassword: p\n",
		"system":   "IP: 192.0.2.1\nComputerName: PC-1\nHWID: ABCDEF0123456789\nCountry: DE\n",
	}
	must := map[string]bool{"list.txt jsonl auto": true, "list.txt ulp auto": true, "list.txt combo auto": true, "list.txt ulp ulp": true}
	for _, name := range []string{"list.txt", "passwords.txt", "cookies.txt", "cc.txt", "information.txt", "processlist.txt", "dump.jsonl"} {
		for what, input := range inputs {
			for _, format := range []Format{Auto, JSONL, ULP, Combo, CSV, Log} {
				id := name + " " + what + " " + string(format)
				f, ok := Lines(context.Background(), strings.NewReader(input), name, int64(len(input)), format)
				if !ok {
					if must[id] {
						t.Errorf("%s: no lines", id)
					}
					continue
				}
				want := parseTranscript(name, input, format)
				got, err := blocksTranscript(strings.NewReader(input), Options{Format: f, File: name}, 0)
				if err != nil {
					got = append(got, err.Error())
				}
				if len(got) == 1 && len(want) == 1 && strings.Contains(want[0], errText(err)) {
					continue // the same error, placed by Parse
				}
				if strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("%s: blocks give\n%s\nand Parse\n%s", id, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		}
	}
}

func errText(err error) string {
	if err == nil {
		return "\x00"
	}
	return errors.Unwrap(err).Error()
}
