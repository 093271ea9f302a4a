package formats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
)

// listText writes down what a list holds, a line each.
func listText[T any](ctx context.Context, read func(yield func(T, error) bool)) string {
	var b strings.Builder
	read(func(rec T, err error) bool {
		var reject *leaks.Reject
		switch {
		case errors.As(err, &reject):
			fmt.Fprintf(&b, "%d %s %s [%s]\n", reject.Place.Line, reject.Reason, reject.Detail, reject.Excerpt)
		case err != nil:
			fmt.Fprintf(&b, "error %v\n", err)
		default:
			fmt.Fprintf(&b, "%+v\n", rec)
		}
		return ctx.Err() == nil
	})
	return b.String()
}

func TestLists(t *testing.T) {
	const none = "0001-01-01 00:00:00 +0000 UTC"
	for name, c := range map[string]struct {
		in, want string
		cards    bool
		opts     Options
	}{
		"jsonl": {
			in: "\n" + `{"Filename":"a.zip","domain":"example.com","hash":"ab","size":12,"published":"2026-10-01","unknown":[1]}` + "\r\n" +
				`{"name":"b","title":"no","domain":null,"detectedAt":"2026-10-01T01:02:03","source":"s"}`,
			want: "{Name:a.zip Domain:example.com URL: Source:def Size:12 SHA256:ab PublishedAt:2026-10-01 00:00:00 +0000 UTC DetectedAt:" + none + " Place:{File:f Line:2}}\n" +
				"{Name:b Domain: URL: Source:s Size:0 SHA256: PublishedAt:" + none + " DetectedAt:2026-10-01 01:02:03 +0000 UTC Place:{File:f Line:3}}\n",
			opts: Options{Source: "def", File: "f"},
		},
		"wrong": {
			in:   `{"name":["x"],"domain":"d"}` + "\n{\n[1]\n" + `{"size":"1.5"}` + "\n" + `{"publishedAt":"soon"}` + "\n" + `{"detected":"0"} {}`,
			want: "1 field_type name [{\"x\":x\"x\"x,\"x\":\"x\"}]\n2 bad_json  [{]\n3 bad_json  [x]\n4 size  [{\"x\":\"x.x\"}]\n5 publishedAt  [{\"x\":\"x\"}]\n6 bad_json  [{\"x\":\"x\"} {}]\n",
			opts: Options{Format: JSONL},
		},
		"columns": {
			in:    "CC;Exp Month;exp_year;Country Code;CVV;Brand\n4111 1111 1111 1111;9;2027;de;999;\"a;\nb\"\n;;;;;\n\"4\n",
			cards: true,
			want: "{Number:4111 1111 1111 1111 BIN: Last4: Brand:a;\nb Expiry:9/2027 Country:de Source: DetectedAt:" + none + " Place:{File: Line:2}}\n" +
				"{Number: BIN: Last4: Brand: Expiry: Country: Source: DetectedAt:" + none + " Place:{File: Line:4}}\n" +
				"5 unterminated  [\"x]\n",
		},
		"numbers": {
			in:    `{"pan":4111111111111111,"expiry":"0927","last4":1111}`,
			cards: true,
			want:  "{Number:4111111111111111 BIN: Last4:1111 Brand: Expiry:0927 Country: Source: DetectedAt:" + none + " Place:{File: Line:1}}\n",
		},
		"best name": {
			in:   "title,name,file,domain\nA,B,C,d\n",
			want: "{Name:B Domain:d URL: Source: Size:0 SHA256: PublishedAt:" + none + " DetectedAt:" + none + " Place:{File: Line:2}}\n",
		},
		"no header": {in: "a,b\nc,d\n", want: "error read input: unknown format: its first line names no known column\n"},
		"binary":    {in: "\x7fELF\x00\x00\x00\x00\x01", want: "error read input: not a text file\n"},
		"empty":     {in: " \n\r\n"},
		"format":    {in: "x", opts: Options{Format: ULP}, want: "error read input: unknown format: a list is jsonl or csv, not \"ulp\"\n"},
		"long":      {in: "{\"name\":\"" + strings.Repeat("x", 100) + "\"}\n{}\n", opts: Options{MaxLine: 50}, cards: true, want: "1 line_too_long  []\n{Number: BIN: Last4: Brand: Expiry: Country: Source: DetectedAt:" + none + " Place:{File: Line:2}}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if c.cards {
				got = listText(t.Context(), Cards(t.Context(), strings.NewReader(c.in), c.opts))
			} else {
				got = listText(t.Context(), Documents(t.Context(), strings.NewReader(c.in), c.opts))
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// FuzzLists: whatever the bytes, reading them ends, the same each time, and no
// reject repeats a digit of them.
func FuzzLists(f *testing.F) {
	f.Add([]byte("name,domain\na,b\n"))
	f.Add([]byte(`{"name":"x","size":4}`))
	f.Add([]byte("\"a\n;\"number\";x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []Format{Auto, JSONL, CSV} {
			read := func() string {
				s := listText(t.Context(), Cards(t.Context(), strings.NewReader(string(b)), Options{Format: format}))
				return s + listText(t.Context(), Documents(t.Context(), strings.NewReader(string(b)), Options{Format: format}))
			}
			if a, b := read(), read(); a != b {
				t.Fatalf("%q and then %q", a, b)
			}
		}
	})
}
