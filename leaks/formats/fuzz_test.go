package formats

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats/internal/allocs"
)

// FuzzJSONL holds the JSONL reader against encoding/json: the same lines
// accepted, the same values read, the documented exceptions aside.
func FuzzJSONL(f *testing.F) {
	for _, s := range []string{
		`{"username":"u","password":"p","x":[1,-0.5e+3,{"a":[[],{}],"b":null}]}`,
		`{"username":"\u00fc\ud83d\ude00","password":"\ud83dx\"\\\/\b\f\n\r\t"}`,
		`{"username":5,"username":"u","log_date":"2024-02-29T12:34:56.5+02:00","type":"combo"}`,
		` {"password" : null , "country":["DE"],"upload_date":"2024-02-30" } `,
		"{\"username\":\"caf\xe9 ünal\",\"\xff\":0}", `{}`, `{"a":{"b":{"c":[{}]}}}x`, `[{}]`, `null`, `{"x":1e999}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := allocs.Bytes()
		var rec leaks.Record
		new(jsonReader).parse(line, &rec)
		if n := allocs.Bytes() - before; n > allocs.Slack+100*uint64(len(line)) {
			t.Fatalf("%d bytes allocated for a line of %d", n, len(line))
		}
		checkJSONL(t, new(jsonReader), line)
	})
}

// TestJSONLMutated is the same on damaged and rearranged lines, with one reader
// for all of them, so that what it remembers of lines before is tested too.
func TestJSONLMutated(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	tokens := []string{`"username"`, `"username":"a"`, `"password":"p"`, `"country" : "DE"`, `"log_date":"2024-01-01"`, `"x":"y"`,
		`"é":"ü"`, `"username":null`, `"password":1`, "{", "}", "[", "]", ",", ":", `"`, `\u00fc`, `\`, "\xc3", "\xbc", "1", "-", "0.5e3", "true", "null", " ", "\t", "\x01"}
	line := func() []byte {
		var parts []string
		for range rng.IntN(6) {
			parts = append(parts, tokens[rng.IntN(9)])
		}
		b := []byte("{" + strings.Join(parts, ",") + "}")
		for range rng.IntN(3) {
			at := rng.IntN(len(b) + 1)
			to := min(at+rng.IntN(3), len(b))
			b = slices.Replace(b, at, to, []byte(tokens[rng.IntN(len(tokens))])...)
		}
		return b
	}
	reader := new(jsonReader)
	taken := 0
	for range 60_000 {
		reader.layout.learned = 0
		if checkJSONL(t, reader, line()) == "" {
			taken++
		}
	}
	if taken < 5000 {
		t.Errorf("only %d lines were taken", taken)
	}
}

// checkJSONL reads line with reader and with encoding/json and returns the
// reader's reason.
func checkJSONL(t testing.TB, reader *jsonReader, line []byte) leaks.RejectReason {
	t.Helper()
	kept := bytes.Clone(line)
	var rec leaks.Record
	reason, detail := reader.parse(line, &rec)
	var again leaks.Record
	if r, d := reader.parse(line, &again); r != reason || d != detail || again != rec && reason == "" {
		t.Fatalf("read again: %q %q", r, d)
	}
	if !bytes.Equal(line, kept) {
		t.Fatal("the input was written to")
	}
	var members map[string]json.RawMessage
	err := json.Unmarshal(line, &members)
	if err != nil || members == nil { // nil: the line is null
		if reason != leaks.RejectBadJSON {
			t.Fatalf("reason %q, encoding/json says %v", reason, err)
		}
		return reason
	}
	if !utf8.Valid(line) {
		if reason != leaks.RejectBadUTF8 && bytes.Count(line, []byte("["))+bytes.Count(line, []byte("{")) <= maxDepth {
			t.Fatalf("reason %q for text that is not UTF-8", reason)
		}
		return reason
	}
	if reason == leaks.RejectBadJSON {
		if bytes.Count(line, []byte("["))+bytes.Count(line, []byte("{")) <= maxDepth {
			t.Fatal("valid JSON refused")
		}
		return reason
	}
	// Other tools' names fill what ours leave empty; encoding/json does not
	// know them.
	others := false
	for name := range members {
		others = others || fieldOf(name) >= numFields && fieldOf(name) < fieldNone
	}
	o := object{rec: &rec}
	wrong := false
	for f, name := range fieldNames {
		to := o.at(field(f))
		var value any
		if raw, ok := members[name]; ok {
			if err := json.Unmarshal(raw, &value); err != nil && raw[0] != '-' && !isDigit(raw[0]) && raw[0] != '[' && raw[0] != '{' {
				t.Fatal(err)
			} else if err != nil {
				value = 0 // a number too large for any, or a list with one
			}
		}
		text, isText := value.(string)
		if !isText && value != nil {
			wrong = true
			if reason != leaks.RejectFieldType {
				t.Fatalf("%s has a wrong kind, reason %q", name, reason)
			}
		}
		if field(f) < fieldType && *to != text && reason == "" && !(others && text == "") {
			t.Fatalf("%s is %q, encoding/json says %q", name, *to, text)
		}
	}
	if reason == leaks.RejectFieldType && !others && (!wrong || !strings.Contains(strings.Join(fieldNames[:], " "), detail)) {
		t.Fatalf("no field has a wrong kind, detail %q", detail)
	}
	return reason
}

// FuzzLine checks what holds for every line: nothing in a record that was not
// in the line, nothing cleaned away left in, no text of it in a reject.
func FuzzLine(f *testing.F) {
	for _, s := range []string{
		"https://a.example.com:8443/x:me@example.com:p:w", "android://Ab/c==@com.example.app/:u:p", "u:p:https://a.example.com",
		"http://[2001:db8::1]:80/:u:p", "2001:db8::1:u:p", "a.example.com|u|p", "https://a.example.com/x | u | p",
		"https://a.example.com/x;u;p", "john.smith:pa:ss", "user: text", "https://https://a.example.com:1:2:3", "\x00a\x01:b\t",
		"http://u:p@host/x:a:b", "[::1]:22:a:b", "[:", "://", "a://", ":", "::", "\ufeffa:b", "[NOT_SAVED]:N/A",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, line []byte, mode uint8) {
		p := lineParser{dialect: dialect{combo: mode&1 != 0, urlLast: mode&2 != 0}}
		clean := string(cleanLine(line))
		if again := string(cleanLine([]byte(clean))); again != clean && !strings.Contains(clean, "\ufeff") {
			t.Fatalf("cleaning twice: %q, %q", clean, again)
		}
		if clean == "" {
			return
		}
		checkPlainURL(t, clean)
		var rec leaks.Record
		before := allocs.Bytes()
		reason, detail := p.parse(clean, &rec)
		if n := allocs.Bytes() - before; n > allocs.Slack+100*uint64(len(line)) {
			t.Fatalf("%d bytes allocated for a line of %d", n, len(line))
		}
		if reason != "" {
			if len(clean) > 40 && strings.Contains(string(reason)+detail, clean) {
				t.Fatal("the reject holds the line")
			}
			return
		}
		for _, part := range []string{rec.Host, rec.Username, rec.Password} {
			if !strings.Contains(clean, part) || strings.ContainsAny(part, "\x00\x01\r\n") {
				t.Fatalf("%q is not of the line %q", part, clean)
			}
		}
		if rec.Username == "" && rec.Password == "" {
			t.Fatal("empty record")
		}
		if n := len(rec.Host) + len(rec.Username) + len(rec.Password); n > len(clean) {
			t.Fatalf("parts overlap: %q", clean)
		}
	})
}

// FuzzRead feeds whole files: no panic, every line accounted for, and the same
// answer however the work is cut up.
func FuzzRead(f *testing.F) {
	f.Add([]byte("a@example.com:p\r\nhttps://a.example.com:u:p\n\n{\"username\":\"u\"}\nx"), uint8(3))
	f.Add([]byte("\xff\xfea\x00:\x00b\x00\n\x00"), uint8(1))
	f.Add([]byte("\xef\xbb\xbf{\"username\":\"u\"}"), uint8(9))
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		before := allocs.Bytes()
		want, err1 := transcript(bytes.NewReader(data), Options{Workers: 1, MaxLine: 60})
		// A record and its transcript take some hundred bytes each a line.
		if n := allocs.Bytes() - before; n > allocs.Slack+5000*uint64(len(data)) {
			t.Fatalf("%d bytes allocated for %d", n, len(data))
		}
		got, err2 := transcript(bytes.NewReader(data), Options{Workers: 3, MaxLine: 60, blockSize: 1 + int(size)})
		if strings.Join(got, "\n") != strings.Join(want, "\n") || (err1 == nil) != (err2 == nil) {
			t.Fatalf("got %q %v, want %q %v", got, err2, want, err1)
		}
		if lines := bytes.Count(data, []byte("\n")) + 1; len(want) > lines && !bytes.HasPrefix(data, []byte("\xff\xfe")) && !bytes.HasPrefix(data, []byte("\xfe\xff")) {
			t.Fatalf("%d items from %d lines", len(want), lines)
		}
	})
}
