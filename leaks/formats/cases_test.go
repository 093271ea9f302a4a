package formats_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// A fileCase is one of testdata/formats.json, the project's shared cases. The
// kinds block, sysinfo, csv and card are Parse's, see TestParseSharedCases; domains and e-mail halves are derived, and tested, by leaks.
type fileCase struct {
	Name   string
	Format string
	Input  string
	Bytes  []byte `json:"input_b64"`
	Reject bool   `json:"expect_reject"`
	Expect struct {
		Records []struct{ Host, Username, Password string }
	}
}

func TestSharedCases(t *testing.T) {
	raw, err := os.ReadFile("testdata/formats.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []fileCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, c := range cases {
		explicit := map[string]formats.Format{"ulp": formats.ULP, "lpu": formats.ULP, "combo": formats.Combo}[c.Format]
		if explicit == "" {
			continue
		}
		for _, format := range []formats.Format{formats.Auto, explicit} {
			ran++
			t.Run(c.Name+"/"+string(format), func(t *testing.T) {
				input := c.Input
				if c.Bytes != nil {
					input = string(c.Bytes)
				}
				records, rejects := readAll(t, input, formats.Options{Format: format})
				if c.Reject {
					if len(records) != 0 || len(rejects) != 1 {
						t.Fatalf("got %d records, %d rejects, want one reject", len(records), len(rejects))
					}
					return
				}
				if len(records) != len(c.Expect.Records) || len(rejects) != 0 {
					t.Fatalf("got %d records, rejects %v", len(records), rejects)
				}
				for i, want := range c.Expect.Records {
					got := records[i]
					if got.Host != want.Host || got.Username != want.Username || got.Password != want.Password {
						t.Errorf("got %q %q %q, want %q", got.Host, got.Username, got.Password, want)
					}
				}
			})
		}
	}
	if ran < 2*18 {
		t.Errorf("ran %d cases", ran)
	}
}

// readAll reads input to its end, which must be no error.
func readAll(t testing.TB, input string, opts formats.Options) ([]leaks.Record, []*leaks.Reject) {
	t.Helper()
	var records []leaks.Record
	var rejects []*leaks.Reject
	for rec, err := range formats.Read(context.Background(), strings.NewReader(input), opts) {
		var reject *leaks.Reject
		switch {
		case err == nil:
			records = append(records, rec)
		case errors.As(err, &reject):
			rejects = append(rejects, reject)
		default:
			t.Fatal(err)
		}
	}
	return records, rejects
}
