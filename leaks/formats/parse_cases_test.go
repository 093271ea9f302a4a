package formats_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// A memFile is one file of an input in memory.
type memFile struct {
	Archive string
	Path    string
	Text    string
	Bytes   []byte `json:"b64"`
	Time    string
}

func entriesOf(files []memFile) iter.Seq2[formats.Entry, error] {
	return func(yield func(formats.Entry, error) bool) {
		for _, f := range files {
			content := f.Text
			if f.Bytes != nil {
				content = string(f.Bytes)
			}
			e := formats.Entry{Path: f.Path, Archive: f.Archive, Size: int64(len(content)),
				Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
			if f.Time != "" {
				e.ModTime, _ = time.Parse("2006-01-02T15:04:05", f.Time)
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// A parsed is all that Parse gives.
type parsed struct {
	records  []leaks.Record
	machines []formats.Machine
	cards    []formats.Card
	cookies  int64
	rejects  []*leaks.Reject
	damages  []*formats.Damage
	archives []string // of the records
}

func parseAll(t testing.TB, files []memFile, opts formats.ParseOptions) parsed {
	t.Helper()
	var got parsed
	for it, err := range formats.Parse(context.Background(), entriesOf(files), opts) {
		var reject *leaks.Reject
		var damage *formats.Damage
		switch {
		case errors.As(err, &reject):
			got.rejects = append(got.rejects, reject)
		case errors.As(err, &damage):
			got.damages = append(got.damages, damage)
		case err != nil:
			t.Fatal(err)
		case it.Record != nil:
			got.records = append(got.records, *it.Record)
			got.archives = append(got.archives, it.Archive)
			if it.File != it.Record.Place.File || it.Line != it.Record.Place.Line || it.Line == 0 {
				t.Errorf("place %q %d, record's %v", it.File, it.Line, it.Record.Place)
			}
		case it.Machine != nil:
			got.machines = append(got.machines, *it.Machine)
		case it.Card != nil:
			got.cards = append(got.cards, *it.Card)
		default:
			got.cookies += it.Cookies
		}
	}
	return got
}

// A parseCase is a case for Parse: one file, or several in files, and what is
// expected of them. A key that is absent is not asserted.
type parseCase struct {
	Name   string
	Why    string
	Format string
	Path   string
	Input  string
	Bytes  []byte `json:"input_b64"`
	Files  []memFile
	Reject bool `json:"expect_reject"`
	Expect struct {
		Records  []map[string]any
		Machine  map[string]any
		Machines []map[string]any
		Cards    []map[string]any
		Cookies  *int64
		Rejected *int
		Reasons  map[string]int
	}
}

func (c *parseCase) files() []memFile {
	if c.Files != nil {
		return c.Files
	}
	name := c.Path
	if name == "" {
		name = "dump.txt"
		if c.Format == "csv" {
			name = "dump.csv"
		}
	}
	// A line above the bound would make the table unreadable.
	input := strings.ReplaceAll(c.Input, "@@LONG@@", strings.Repeat("x", formats.DefaultMaxLine+1))
	return []memFile{{Path: name, Text: input, Bytes: c.Bytes}}
}

func recordMap(r leaks.Record) map[string]any {
	return map[string]any{"host": r.Host, "username": r.Username, "password": r.Password, "software": r.Software,
		"country": r.Country, "ip_address": r.IPAddress, "computer_name": r.ComputerName, "machine_user": r.MachineUser,
		"machine_id": r.MachineID, "hardware_id": r.HardwareID, "stealer_name": r.StealerName, "log_date": timeText(r.LogDate),
		"source": r.Source, "file": r.Place.File, "line": float64(r.Place.Line), "type": r.Type.String(),
		"upload_date": timeText(r.UploadDate)}
}

func machineMap(m formats.Machine) map[string]any {
	dates := []any{}
	for _, t := range m.LogDates {
		dates = append(dates, timeText(t))
	}
	return map[string]any{"country": m.Country, "ip_address": m.IP, "computer_name": m.ComputerName, "machine_user": m.User,
		"machine_id": m.MachineID, "hardware_id": m.HardwareID, "stealer_name": m.Stealer, "log_date": timeText(m.LogDate),
		"log_date_candidates": dates}
}

func cardMap(c formats.Card) map[string]any {
	return map[string]any{"bin": c.BIN, "last4": c.Last4, "expiry": c.Expiry, "country": c.Country, "log_date": timeText(c.LogDate)}
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if _, offset := t.Zone(); offset != 0 {
		return t.Format(time.RFC3339)
	}
	return t.Format("2006-01-02T15:04:05")
}

// derived are expectations about what leaks derives, tested there.
var derived = []string{"domain", "root_domain", "protocol", "email_domain", "local_part"}

func checkMaps(t *testing.T, what string, got []map[string]any, want []map[string]any) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d %s, want %d: %v", len(got), what, len(want), got)
		return
	}
	for i, w := range want {
		for key, value := range w {
			if slices.Contains(derived, key) {
				continue
			}
			have, ok := got[i][key]
			if !ok {
				t.Errorf("%s %d: unknown key %s", what, i, key)
				continue
			}
			a, _ := json.Marshal(have)
			b, _ := json.Marshal(value)
			if string(a) != string(b) {
				t.Errorf("%s %d: %s is %s, want %s", what, i, key, a, b)
			}
		}
	}
}

func (c *parseCase) check(t *testing.T, got parsed) {
	if c.Reject {
		if len(got.records) != 0 || len(got.rejects) != 1 {
			t.Errorf("%d records, %d rejects, want one reject", len(got.records), len(got.rejects))
		}
		return
	}
	if c.Expect.Machine != nil {
		c.Expect.Machines = append(c.Expect.Machines, c.Expect.Machine)
	}
	if c.Format == "card" {
		c.Expect.Cards, c.Expect.Records = c.Expect.Records, nil
	}
	if c.Expect.Records != nil || c.Expect.Machines == nil && c.Expect.Cards == nil && c.Expect.Cookies == nil {
		checkMaps(t, "records", mapAll(got.records, recordMap), c.Expect.Records)
	}
	if c.Expect.Machines != nil {
		checkMaps(t, "machines", mapAll(got.machines, machineMap), c.Expect.Machines)
	}
	if c.Expect.Cards != nil {
		checkMaps(t, "cards", mapAll(got.cards, cardMap), c.Expect.Cards)
	}
	if c.Expect.Cookies != nil && *c.Expect.Cookies != got.cookies {
		t.Errorf("%d cookies, want %d", got.cookies, *c.Expect.Cookies)
	}
	if c.Expect.Rejected != nil && *c.Expect.Rejected != len(got.rejects) {
		t.Errorf("%d rejects, want %d: %v", len(got.rejects), *c.Expect.Rejected, got.rejects)
	}
	if c.Expect.Reasons != nil {
		reasons := make(map[string]int)
		for _, r := range got.rejects {
			reasons[string(r.Reason)]++
		}
		for reason, n := range c.Expect.Reasons {
			if reasons[reason] != n {
				t.Errorf("%d rejects for %s, want %d: %v", reasons[reason], reason, n, got.rejects)
			}
		}
	}
}

func mapAll[T any](list []T, f func(T) map[string]any) []map[string]any {
	out := []map[string]any{}
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}

// TestParseSharedCases runs all of the project's shared cases.
func TestParseSharedCases(t *testing.T) {
	if n := runCases(t, "testdata/formats.json"); n != 28 {
		t.Errorf("%d cases", n)
	}
}

// TestParseCases runs our own, a file for each family and kind of trap.
func TestParseCases(t *testing.T) {
	names, err := filepath.Glob("testdata/cases/*.json")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) { n += runCases(t, name) })
	}
	if n < 100 {
		t.Errorf("%d cases", n)
	}
}

func runCases(t *testing.T, name string) int {
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var cases []parseCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			c.check(t, parseAll(t, c.files(), formats.ParseOptions{}))
		})
	}
	return len(cases)
}
