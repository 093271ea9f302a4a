package formats_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/internal/allocs"
)

// fuzzNames lead to each of Parse's readers, and last to what content decides.
var fuzzNames = []string{"l/Passwords.txt", "l/UserInformation.txt", "l/CreditCards/x.txt", "l/Cookies/x.txt", "x.csv", "x.json", "x.txt"}

// FuzzParse feeds one log of two files: no panic, no error, every item in its
// place, nothing in it that is not UTF-8, and the same answer again, however
// little may wait.
func FuzzParse(f *testing.F) {
	for i, s := range []string{
		"URL: https://a.example.com\nUsername: u\nPassword: p\n====\n[\"a\" = \"b\"]\nhttps://b.example.com:u:p\n",
		"IP: 192.0.2.1\nHWID: 1\nUserName (ComputerName): u (c)\nLog date: 03/04/2024 10:11:12 PM\nTime: x (sig:1720242237.0)\n[Processes]\n",
		"Card: 4111 1111 1111 1111\nExpire: 09/27\n\n4111111111111111|9|2027|x\n", ".a\tTRUE\t/\tTRUE\t1\ta\tb\n",
		"url,username,password\nhttps://a,\"u\n\"\"\",p\n", `{"systems_data":[{"system":{"ip_address":"192.0.2.1"},"credentials":[{"username":"u"}]}]}`,
		"\xff\xfea\x00:\x00b\x00\n\x00", "a\x00:\x00b\x00c\x00d\x00e\x00", "\xc2\xe5\xf0\xe0: \xef\r\xe9",
	} {
		f.Add(byte(i), s, "IP: 192.0.2.1\nHWID: 1\nCountry: DE\n")
	}
	f.Fuzz(func(t *testing.T, name byte, text, system string) {
		files := []memFile{{Path: fuzzNames[int(name)%len(fuzzNames)], Text: text}, {Path: "l/System.txt", Text: system}}
		count := func(opts formats.ParseOptions) (n, records int, cookies int64) {
			opts.MaxLine = 4096
			for it, err := range formats.Parse(context.Background(), entriesOf(files), opts) {
				var reject *leaks.Reject
				var damage *formats.Damage
				switch {
				case errors.As(err, &reject):
					if strings.Contains(reject.Detail, text) && len(text) > 60 {
						t.Fatal("the reject holds the input")
					}
				case errors.As(err, &damage):
					continue
				case err != nil:
					t.Fatal(err)
				case it.Record != nil:
					records++
					if it.Record.Username == "" && it.Record.Password == "" {
						t.Fatal("empty record")
					}
					if it.Line < 1 || it.File == "" {
						t.Fatalf("no place: %v", it)
					}
				case it.Card != nil:
					if len(it.Card.BIN) != 6 || len(it.Card.Last4) != 4 {
						t.Fatalf("card %d %d", len(it.Card.BIN), len(it.Card.Last4))
					}
				case it.Machine == nil:
					cookies += it.Cookies
				}
				n++
			}
			return n, records, cookies
		}
		before := allocs.Bytes()
		n1, r1, c1 := count(formats.ParseOptions{})
		if n := allocs.Bytes() - before; n > allocs.Slack+5000*uint64(len(text)+len(system)) {
			t.Fatalf("%d bytes allocated for %d", n, len(text)+len(system))
		}
		n2, r2, c2 := count(formats.ParseOptions{})
		if n1 != n2 || r1 != r2 || c1 != c2 {
			t.Fatalf("%d %d %d items, then %d %d %d", n1, r1, c1, n2, r2, c2)
		}
		if _, r3, c3 := count(formats.ParseOptions{MaxHeld: 1}); r3 != r1 || c3 != c1 {
			t.Fatalf("%d records of %d with little room", r3, r1)
		}
		if n1 > strings.Count(text, "\n")+strings.Count(text, "\r")+strings.Count(text, "{")+strings.Count(system, "\n")+strings.Count(system, "\r")+strings.Count(system, "{")+6 {
			t.Fatalf("%d items from %q", n1, text)
		}
	})
}

// TestParseHeld gives little room: all records come, the early ones without
// their machine, and a report says so.
func TestParseHeld(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&text, "URL: https://a.example.com\nUsername: u%d\nPassword: p\n\n", i)
	}
	files := []memFile{{Path: "v/Passwords.txt", Text: text.String()}, {Path: "v/UserInformation.txt", Text: "IP: 192.0.2.1\nHWID: 1\nCountry: DE\n"}}
	all := parseAll(t, files, formats.ParseOptions{})
	few := parseAll(t, files, formats.ParseOptions{MaxHeld: 1 << 10})
	if len(all.records) != 3000 || len(all.damages) != 0 || all.records[0].HardwareID != "1" {
		t.Errorf("%d records, %v", len(all.records), all.damages)
	}
	if len(few.records) != len(all.records) {
		t.Errorf("%d records with little room, %d with much", len(few.records), len(all.records))
	}
	if few.records[0].HardwareID != "" || len(few.damages) != 1 || few.damages[0].Trouble != formats.TroubleLimit || few.damages[0].Path != "v/UserInformation.txt" {
		t.Errorf("damages %v", few.damages)
	}
}

// errorReader gives text and then an error.
type errorReader struct {
	text io.Reader
	err  error
}

func (r *errorReader) Read(b []byte) (int, error) {
	if n, err := r.text.Read(b); err == nil {
		return n, nil
	}
	return 0, r.err
}

func (r *errorReader) Close() error { return nil }

// TestParseDamage shows that what stands before the damage of a file is kept,
// and that the input goes on behind it.
func TestParseDamage(t *testing.T) {
	broken := errors.New("broken")
	entries := func(yield func(formats.Entry, error) bool) {
		if !yield(formats.Entry{}, &formats.Damage{Path: "z.rar", Trouble: formats.TroubleEncrypted}) {
			return
		}
		for _, name := range []string{"l/Passwords.txt", "dump.txt", "x.json", "x.csv"} {
			text := map[string]string{
				"l/Passwords.txt": "URL: https://a.example.com\nUsername: u\nPassword: p\n\nURL: https://b",
				"dump.txt":        "https://a.example.com/x:u:p\nhttps://b.exa",
				"x.json":          "[{\"url\":\"https://a.example.com\",\"username\":\"u\",\"password\":\"p\"},{\"us",
				"x.csv":           "url,username,password\nhttps://a.example.com,u,p\nhttps://b",
			}[name]
			open := func() (io.ReadCloser, error) { return &errorReader{strings.NewReader(text), broken}, nil }
			if !yield(formats.Entry{Path: name, Archive: "a.zip", Size: -1, Open: open}, nil) {
				return
			}
		}
		yield(formats.Entry{Path: "y.txt", Archive: "a.zip", Open: func() (io.ReadCloser, error) { return nil, broken }}, nil)
	}
	var records, damages []string
	for it, err := range formats.Parse(context.Background(), entries, formats.ParseOptions{}) {
		var damage *formats.Damage
		switch {
		case errors.As(err, &damage):
			damages = append(damages, damage.Path)
			if damage.Path != "z.rar" && (!errors.Is(err, broken) || damage.Trouble != formats.TroubleDamaged || damage.Archive != "a.zip") {
				t.Errorf("%v", err)
			}
		case err != nil:
			t.Fatal(err)
		default:
			records = append(records, it.File)
		}
	}
	if got := strings.Join(damages, " "); got != "z.rar l/Passwords.txt dump.txt x.json x.csv y.txt" {
		t.Errorf("damages %s", got)
	}
	if got := strings.Join(records, " "); got != "dump.txt x.json x.csv l/Passwords.txt" {
		t.Errorf("records %s", got)
	}
}

// TestParseEnds shows how a sequence ends: by its consumer, its context, its
// entries, a format that does not exist.
func TestParseEnds(t *testing.T) {
	files := []memFile{{Path: "dump.txt", Text: strings.Repeat("https://a.example.com/x:u:p\n", 5000)}, {Path: "l/Passwords.txt", Text: "Login: a\nPassword: b\n"}}
	for range formats.Parse(context.Background(), entriesOf(files), formats.ParseOptions{}) {
		break
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	n := 0
	for _, err := range formats.Parse(ctx, entriesOf(files), formats.ParseOptions{}) {
		last = err
		n++
		cancel()
	}
	if !errors.Is(last, context.Canceled) || n > 5001 { // a block is given whole
		t.Errorf("%d items, %v", n, last)
	}
	broken := errors.New("broken")
	for _, err := range formats.Parse(context.Background(), func(yield func(formats.Entry, error) bool) { yield(formats.Entry{}, broken) }, formats.ParseOptions{}) {
		if err != broken {
			t.Errorf("got %v", err)
		}
	}
	for _, err := range formats.Parse(context.Background(), entriesOf(nil), formats.ParseOptions{Format: "xml"}) {
		if !errors.Is(err, formats.ErrFormat) {
			t.Errorf("got %v", err)
		}
	}
}
