package formats

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// sampleSize is how much of a file is looked at to tell what it is.
const sampleSize = 256 << 10

// sampleLines is how many of its lines vote.
const sampleLines = 400

// Detect returns the format that most lines of sample, the beginning of a file,
// are in; a sample without any record is ULP. It returns [ErrNotText] for
// binary data.
func Detect(sample []byte) (Format, error) {
	f, _, err := detect(sample, Auto)
	return f, err
}

// detect is Detect for a file whose format may be known already; the dialect of
// lines is a matter of vote in any case.
func detect(sample []byte, f Format) (Format, dialect, error) {
	if isBinary(sample) {
		return "", dialect{}, ErrNotText
	}
	v := vote(bytes.TrimPrefix(sample, bom))
	lines := v.urlFirst + v.urlLast + v.bareLast + v.combo
	if f == Auto {
		switch {
		case v.json*2 >= v.lines && v.json > 0, v.jsonFirst && lines*2 < v.lines:
			// The second is JSON over many lines: not ours to read, but
			// to be refused as what it is.
			f = JSONL
		case v.combo*2 > lines:
			f = Combo
		default:
			f = ULP
		}
	}
	last := v.urlLast + v.bareLast
	return f, dialect{
		combo: f == Combo,
		// A handful of lines is no vote.
		urlLast: f != JSONL && last >= 5 && last*10 >= 6*v.lines,
	}, nil
}

// votes counts the lines of a sample by what they can only, or best, be.
type votes struct {
	lines     int // that are not empty
	json      int
	jsonFirst bool // the first of them is one
	urlFirst  int
	urlLast   int
	bareLast  int // login:password:host without a scheme, or login:password
	combo     int
	emails    int // of those combo, with an address for a login
}

func vote(sample []byte) votes {
	var v votes
	var p lineParser
	for len(sample) > 0 && v.lines < sampleLines {
		var line []byte
		line, sample, _ = bytes.Cut(sample, []byte{'\n'})
		if line = cleanLine(line); len(line) == 0 {
			continue
		}
		v.lines++
		if isObject(line) || v.lines == 1 && opensJSON(line) {
			v.json++
			v.jsonFirst = v.jsonFirst || v.lines == 1
			continue
		}
		s := string(line)
		c, _, _ := p.cut(s)
		switch c.shape {
		case shapeURLFirst:
			v.urlFirst++
		case shapeURLLast:
			v.urlLast++
		case shapeCombo:
			if i := p.lastHost(s); i > 0 && strings.IndexByte(s[:i-1], s[i-1]) > 0 {
				v.bareLast++
			} else {
				v.combo++
				if p.hosts.email(c.login) {
					v.emails++
				}
			}
		}
	}
	return v
}

// opensJSON reports whether a file's first line opens JSON that goes on in the
// next.
func opensJSON(line []byte) bool {
	rest := bytes.TrimLeft(line, "{[ \t")
	return len(rest) < len(line) && (len(rest) == 0 || rest[0] == '"')
}

// magics begin the binary files that stand beside text in leaks.
var magics = []string{"PK\x03\x04", "PK\x05\x06", "\x1f\x8b", "Rar!", "7z\xbc\xaf\x27\x1c", "%PDF-", "\x7fELF",
	"\x89PNG", "\xff\xd8\xff", "SQLite format 3\x00", "\x28\xb5\x2f\xfd", "BZh", "\xfd7zXZ"}

// isBinary reports whether sample is no text. Stray control bytes and odd
// encodings are common in real files: it takes many of them.
func isBinary(sample []byte) bool {
	for _, m := range magics {
		if bytes.HasPrefix(sample, []byte(m)) {
			return true
		}
	}
	control, invalid := 0, 0
	for i := 0; i < len(sample); {
		c := sample[i]
		if c < utf8.RuneSelf {
			if c < ' ' && !isBlank(c) {
				control++
			}
			i++
			continue
		}
		_, n := utf8.DecodeRune(sample[i:])
		if n == 1 {
			invalid++
		}
		i += n
	}
	n := len(sample)
	return control*10 > 3*n || control*20 > n && invalid*10 > n
}
