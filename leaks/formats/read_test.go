package formats

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"go.uber.org/goleak"

	"github.com/leakscope/leakscope/leaks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transcript reads r to its end and writes down all that came, one line each.
func transcript(r io.Reader, opts Options) (lines []string, err error) {
	for rec, err := range Read(context.Background(), r, opts) {
		var reject *leaks.Reject
		switch {
		case err == nil:
			lines = append(lines, fmt.Sprintf("%q %q %q", rec.Host, rec.Username, rec.Password))
		case errors.As(err, &reject):
			lines = append(lines, fmt.Sprintf("%s:%d %s", reject.Place.File, reject.Place.Line, reject.Reason))
		default:
			return lines, err
		}
	}
	return lines, nil
}

// mixedLines returns n lines of all kinds, ends of line included.
func mixedLines(rng *rand.Rand, n int) []string {
	kinds := []string{
		"https://a%d.example.com/x:me@example.com:pw",
		"user%d@example.com:pw:w",
		"",
		"no record %d",
		`{"username":"u%d","password":"p"}`,
		`{"username":"u%d",`,
		"user%d:caf\xe9\x00",
		"https://a.example.com/%d",
		"long" + strings.Repeat("x", 40) + "%d:pw",
	}
	lines := make([]string, n)
	for i := range lines {
		s := kinds[rng.IntN(len(kinds))]
		if strings.Contains(s, "%d") {
			s = fmt.Sprintf(s, i)
		}
		lines[i] = s + []string{"\n", "\r\n"}[rng.IntN(2)]
	}
	return lines
}

// TestBlocks: how the input is cut, read and shared out changes nothing.
func TestBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		lines := mixedLines(rng, rng.IntN(300))
		input := strings.Join(lines, "")
		if rng.IntN(2) == 0 {
			input = strings.TrimRight(input, "\r\n")
		}
		opts := Options{File: "f", MaxLine: 50, Format: []Format{Auto, JSONL, ULP, Combo}[rng.IntN(4)]}
		opts.Workers = 1
		want, err := transcript(strings.NewReader(input), opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 7, 49, 50, 51, 64, 1000} {
			opts.blockSize, opts.Workers = size, 1+rng.IntN(4)
			var r io.Reader = strings.NewReader(input)
			switch rng.IntN(3) {
			case 0:
				r = iotest.OneByteReader(r)
			case 1:
				r = iotest.DataErrReader(r)
			}
			got, err := transcript(r, opts)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Fatalf("blocks of %d, %d workers: got\n%q\nwant\n%q", size, opts.Workers, got, want)
			}
		}
	}
}

// TestSplitter holds the splitter alone against a plain cut, without a peek
// that would hide its seams.
func TestSplitter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		input := strings.Join(mixedLines(rng, rng.IntN(40)), "")
		if rng.IntN(2) == 0 {
			input = strings.TrimSpace(input)
		}
		s := splitter{r: iotest.HalfReader(strings.NewReader(input)), size: 1 + rng.IntN(80), max: rng.IntN(60)}
		want := strings.SplitAfter(input, "\n")
		for {
			data, long, err := s.next(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.SplitAfter(string(data), "\n") {
				if line == "" {
					continue
				}
				if line != want[0] {
					t.Fatalf("got line %q, want %q", line, want[0])
				}
				want = want[1:]
			}
			if long {
				if len(strings.TrimSuffix(want[0], "\n")) <= s.max {
					t.Fatalf("line of %d bytes dropped, bound is %d", len(want[0]), s.max)
				}
				want = want[1:]
			}
		}
		if strings.Join(want, "") != "" {
			t.Fatalf("lines lost: %q", want)
		}
	}
}

// repeated is n times the same byte.
type repeated struct {
	c byte
	n int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.n)
	for i := range p[:n] {
		p[i] = r.c
	}
	r.n -= n
	return n, nil
}

// TestLongLine: a line of 100 MB is refused without being held, and what stands
// around it is read.
func TestLongLine(t *testing.T) {
	for _, format := range []Format{Auto, JSONL} {
		first, last := "a@example.com:p\n", "\nb@example.com:p\nc@example.com:p"
		if format == JSONL {
			first, last = `{"username":"a"}`+"\n", "\n"+`{"username":"b"}`+"\n"+`{"username":"c"}`
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := transcript(io.MultiReader(strings.NewReader(first), &repeated{'x', 100 << 20}, strings.NewReader(last)),
			Options{Format: format, File: "f"})
		runtime.ReadMemStats(&after)
		if err != nil || len(got) != 4 || got[1] != "f:2 line_too_long" {
			t.Errorf("%s: got %q, %v", format, got, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
			t.Errorf("%s: %d bytes allocated", format, used)
		}
	}
}

func TestMaxLine(t *testing.T) {
	line := "me@example.com:" + strings.Repeat("p", 85)
	for max, want := range map[int]string{100: `"" "me@example.com" "` + line[15:] + `"`, 99: ":1 line_too_long"} {
		for _, end := range []string{"", "\n"} {
			got, err := transcript(strings.NewReader(line+end), Options{MaxLine: max})
			if err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("bound %d: got %q, %v", max, got, err)
			}
		}
	}
	big := strings.Repeat("p", DefaultMaxLine-15)
	if got, err := transcript(strings.NewReader("me@example.com:"+big), Options{}); err != nil || len(got) != 1 || len(got[0]) < len(big) {
		t.Errorf("a line of the default bound was not read: %v", err)
	}
}

// TestBreak: a consumer that stops leaves nothing running, wherever it stops.
func TestBreak(t *testing.T) {
	input := strings.Repeat("me@example.com:pw\nno record\n", 5000)
	for _, stop := range []int{1, 2, 3, 777, 9999} {
		n := 0
		for range Read(t.Context(), strings.NewReader(input), Options{Workers: 3, blockSize: 256}) {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("got %d items, want %d", n, stop)
		}
		goleak.VerifyNone(t, goleak.IgnoreCurrent())
	}
}

func TestReadError(t *testing.T) {
	cause := errors.New("disk on fire")
	for _, size := range []int{16, 100, 0} {
		r := io.MultiReader(strings.NewReader("a@example.com:p\nb@example.com:p\nc@exam"), iotest.ErrReader(cause))
		got, err := transcript(r, Options{File: "some.txt", blockSize: size})
		if len(got) != 2 || !errors.Is(err, cause) || !strings.Contains(err.Error(), "some.txt") {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if _, err := transcript(iotest.ErrReader(cause), Options{}); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	// An error behind a long line, and one inside it.
	for _, tail := range []string{"\nb@example.com:p\n", ""} {
		r := io.MultiReader(strings.NewReader("a@example.com:p\n"), &repeated{'x', 4 << 20}, strings.NewReader(tail), iotest.ErrReader(cause))
		got, err := transcript(r, Options{MaxLine: 1000})
		if want := 1 + 2*min(len(tail), 1); len(got) != want || !errors.Is(err, cause) {
			t.Errorf("got %q, %v, want %d items", got, err, want)
		}
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := transcript(dir, Options{}); err == nil {
		t.Error("a directory was read")
	}
	if _, err := transcript(idle{}, Options{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("idle reader: got %v", err)
	}
	if _, err := transcript(strings.NewReader("x"), Options{Format: "xml"}); !errors.Is(err, ErrFormat) {
		t.Errorf("unknown format: got %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	var last error
	input := strings.Repeat("me@example.com:pw\n", 100_000)
	for _, err := range Read(ctx, strings.NewReader(input), Options{}) {
		if n++; n == 10 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) || n > 50_000 {
		t.Errorf("%d items, then %v", n, last)
	}

	// A reader that hangs, at once or later, does not hold up the consumer.
	for _, n := range []int{0, sampleSize + 1000} {
		ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		r, w := io.Pipe()
		go w.Write(bytes.Repeat([]byte("me@example.com:pw\n"), n/18))
		start := time.Now()
		for _, err := range Read(ctx, r, Options{}) {
			last = err
		}
		if !errors.Is(last, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
			t.Errorf("after %v: %v", time.Since(start), last)
		}
		r.Close()
	}
}

func TestNotText(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	garbage := make([]byte, 100_000)
	for i := range garbage {
		garbage[i] = byte(rng.Uint32())
	}
	exe, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"garbage": garbage, "little": garbage[:64], "zip": []byte("PK\x03\x04abc"), "program": exe, "zeros": make([]byte, 1000),
	} {
		for _, f := range []Format{Auto, JSONL, Combo} {
			got, err := transcript(bytes.NewReader(data), Options{Format: f, File: "some.bin"})
			if !errors.Is(err, ErrNotText) || len(got) != 0 || !strings.Contains(err.Error(), "some.bin") {
				t.Errorf("%s as %s: %d items, %v", name, f, len(got), err)
			}
		}
	}
	// Cyrillic in a Windows code page is text, if not UTF-8.
	cyrillic := bytes.Repeat([]byte("\xe8\xe2\xe0\xed@example.com:\xef\xe0\xf0\xee\xeb\xfc\n"), 100)
	if f, err := Detect(cyrillic); f != Combo || err != nil {
		t.Errorf("code page 1251: %q, %v", f, err)
	}
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		sample string
		want   Format
	}{
		{"", ULP},
		{"nothing\nof ours\n", ULP},
		{`{"username":"u"}` + "\n", JSONL},
		{`{"username":"u`, JSONL},
		{"{\n  \"username\": \"u\",\n  \"password\": \"p\"\n}\n", JSONL},
		{"[\n{\"username\":\"u\"},\n{\"username\":\"u\"}\n]\n", JSONL},
		{"\ufeff{\"username\":\"u\"}\n", JSONL},
		{"{ EXAMPLE CLOUD }\nhttps://a.example.com:u:p\n", ULP},
		{"a@example.com:p\n", Combo},
		{"a:p\nb:p\nhttps://a.example.com:u:p\n", Combo},
		{"a:p\nhttps://b.example.com:u:p\nhttps://a.example.com:u:p\n", ULP},
		{"u:p:https://a.example.com\n", ULP},
		{strings.Repeat("#\n", 5) + "banner\nb@example.com:p\n", Combo},
	} {
		if f, err := Detect([]byte(c.sample)); f != c.want || err != nil {
			t.Errorf("%q: got %q, %v", c.sample, f, err)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for name, want := range map[string]Format{"": Auto, "auto": Auto, "JSONL": JSONL, "ulp": ULP, "Combo": Combo, "csv": CSV, "JSON": JSON, "log": Log} {
		if f, err := ParseFormat(name); f != want || err != nil {
			t.Errorf("%q: got %q, %v", name, f, err)
		}
	}
	if _, err := ParseFormat("xml"); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v", err)
	}
}

func TestUTF16(t *testing.T) {
	const text = "ünal@example.com:pässwörd😀\r\n\r\nb@example.com:p\n"
	want, err := transcript(strings.NewReader(text), Options{})
	if err != nil || len(want) != 2 {
		t.Fatal(want, err)
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var b []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
			b = order.AppendUint16(b, u)
		}
		for _, r := range []io.Reader{bytes.NewReader(b), iotest.OneByteReader(bytes.NewReader(b))} {
			got, err := transcript(r, Options{})
			if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%v: got %q, %v", order, got, err)
			}
		}
	}
}

// TestNoPlaintext: what is refused does not come back in its error.
func TestNoPlaintext(t *testing.T) {
	const secret = "Tr0ub4dor"
	for _, line := range []string{
		`{"username":"u","password":"` + secret, `{"password":{"` + secret + `":1}}`, `{"password":"` + secret + `","type":"` + secret + `"}`,
		`{"password":"` + secret + `","log_date":"` + secret + `"}`, "{\"password\":\"" + secret + "\xff\"}",
		"https://a.example.com/" + secret, "Password: " + secret, "http://2001:db8::1/:u:" + secret, `"x://u:` + secret,
		strings.Repeat(secret, 100),
	} {
		rejects := 0
		for _, err := range Read(t.Context(), strings.NewReader(line), Options{MaxLine: 500}) {
			if err == nil {
				t.Errorf("%q was taken", line)
				continue
			}
			rejects++
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
				t.Errorf("%q: error tells: %v", line, err)
			}
		}
		if rejects != 1 {
			t.Errorf("%q: %d rejects", line, rejects)
		}
	}
}
