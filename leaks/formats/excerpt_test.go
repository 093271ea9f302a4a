package formats

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
)

func TestExcerpt(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"nothing":                       "x",
		"https://www.shop.example/a//b": "x:/x.x.x/x/x",
		`{"username":"a","password":`:   `{"x":"x","x":`,
		"two words|and a\tthird":        "x|x\tx",
		"p!#$%&*()-_+äß\x00\xff~":       "x",
		strings.Repeat("a:", 100):       strings.Repeat("x:", 40),
		"=====  -----":                  "= x",
		"cell\r\nof lines":              "x",
	} {
		if got := excerpt(in); got != want {
			t.Errorf("excerpt(%q) is %q, want %q", in, got, want)
		}
		if got := excerpt([]byte(in)); got != want {
			t.Errorf("excerpt([]byte(%q)) is %q, want %q", in, got, want)
		}
	}
}

// secret is a text of one to 40 signs that structure no line.
func secret(rng *rand.Rand) string {
	signs := []rune("abcXYZ0189äßпж漢!#$%&*()[]<>?_-+~^'\\")
	s := make([]rune, 1+rng.IntN(40))
	for i := range s {
		s[i] = signs[rng.IntN(len(signs))]
	}
	return string(s)
}

// TestExcerptTellsNothing: two lines that differ in their texts, not in their
// separators, have one excerpt, and it is of separators and x only.
func TestExcerptTellsNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	const separators = ":/@.;,|\"{}=\t "
	for range 20_000 {
		var a, b strings.Builder
		for range 1 + rng.IntN(30) {
			a.WriteString(secret(rng))
			b.WriteString(secret(rng))
			c := separators[rng.IntN(len(separators))]
			a.WriteByte(c)
			b.WriteByte(c)
		}
		got := excerpt(a.String())
		if got != excerpt(b.String()) {
			t.Fatalf("%q gives %q, %q gives %q", a.String(), got, b.String(), excerpt(b.String()))
		}
		if strings.Trim(got, separators+"x") != "" || len(got) > excerptBytes {
			t.Fatalf("%q gives %q", a.String(), got)
		}
	}
}

// TestRejectExcerpts: each reader's rejects have an excerpt, which is the same
// whatever the password is.
func TestRejectExcerpts(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 7))
	for _, c := range []struct{ name, text, want string }{
		{"a.jsonl", `{"username":"a","password":"b"}` + "\n" + `{"username":"a","password":"SECRET` + "\n", `{"x":"x","x":"x`},
		{"a.jsonl", `{"username":"a","password":"b"}` + "\n" + `{"username":7,"password":"SECRET"}` + "\n", `{"x":x,"x":"x"}`},
		{"list.txt", "https://a.example/:u:p\nhttps://b.example/:u:p\nSECRET\n", "x"},
		{"a.csv", "url,username,password\nhttps://a.example,u,p\nhttps://a.example,u,\"SECRET\n", `x:/x.x,x,"x`},
		{"a.json", "[\n{\"url\":\"https://a.example\",\"username\":\"u\",\"password\":\"p\"},\n{\"username\":\"SECRET\"x}]", "x}x"},
		{"log/Passwords.txt", "URL: https://a.example/\nUsername: u\nPassword: p\n===\nSECRET\n", "x"},
		{"log/Passwords.txt", "URL: https://a.example/\nUsername: u\nPassword: p\n===\nURL: https://SECRET/\nUsername: \nPassword: \n", "x: x:/x/"},
		{"log/Cards.txt", "Holder | SECRET\n", "x | x"},
	} {
		for range 50 {
			body := strings.ReplaceAll(c.text, "SECRET", "word"+strings.NewReplacer("\\", "", "'", "").Replace(secret(rng)))
			rejects := rejectsOf(t, c.name, body)
			if len(rejects) != 1 {
				t.Fatalf("%s: %d rejects of %q", c.name, len(rejects), body)
			}
			if got := rejects[0].Excerpt; got != c.want {
				t.Fatalf("%s: %q gives %q, want %q (%v)", c.name, body, got, c.want, rejects[0])
			}
		}
	}
}

func rejectsOf(t *testing.T, name, body string) (rejects []*leaks.Reject) {
	t.Helper()
	var entries iter.Seq2[Entry, error] = func(yield func(Entry, error) bool) {
		open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
		yield(Entry{Path: name, Size: int64(len(body)), Open: open}, nil)
	}
	for _, err := range Parse(context.Background(), entries, ParseOptions{}) {
		var reject *leaks.Reject
		if errors.As(err, &reject) {
			rejects = append(rejects, reject)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return rejects
}
