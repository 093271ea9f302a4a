package formats

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks"
)

// A dialect is what a file as a whole says about lines that alone can be read
// in two ways.
type dialect struct {
	combo   bool // lines begin with the login: a dotted one is no host
	urlLast bool // login:password:host, even where the host has no scheme
}

// A shape says which rule read a line.
type shape uint8

const (
	shapeNone shape = iota // a reject
	shapeURLFirst
	shapeURLLast
	shapeCombo
)

// A lineParser reads single lines. It is not safe for concurrent use.
type lineParser struct {
	dialect dialect
	hosts   hostShapes
}

// A cut is a line taken apart: parts of the line, placeholders and all.
type cut struct {
	host, login, password string
	shape                 shape
}

// parse reads one line, cleaned already and not empty, into rec. An empty
// reason means success.
func (p *lineParser) parse(s string, rec *leaks.Record) (leaks.RejectReason, string) {
	c, reason, detail := p.cut(s)
	if reason != "" {
		return reason, detail
	}
	rec.Host, rec.Username, rec.Password = c.host, clearPlaceholder(c.login), clearPlaceholder(c.password)
	if rec.Username == "" && rec.Password == "" {
		return leaks.RejectURLOnly, ""
	}
	return "", ""
}

// cut takes a line apart. The rules in their order: a scheme at the start makes
// it URL first; so does something that looks like a host, if a login and a
// password follow; a scheme behind login and password makes it URL last; what
// is left is a login and a password.
func (p *lineParser) cut(s string) (cut, leaks.RejectReason, string) {
	n := schemeLen(s)
	if n > 0 {
		if c, ok := cutPlainURL(s, n); ok {
			return c, "", ""
		}
	}
	if c, ok := p.cutQuoted(s); ok {
		return c, "", ""
	}
	if n > 0 {
		return p.cutURL(s, n)
	}
	if c, ok := p.cutBareHost(s); ok {
		return c, "", ""
	}
	if c, ok := p.cutURLLast(s); ok {
		return c, "", ""
	}
	return p.cutCombo(s)
}

// cleanLine removes what is never part of a record: control bytes but for tabs,
// blanks at both ends, a byte order mark left by joining files. The result
// aliases b unless something inside had to go.
func cleanLine(b []byte) []byte {
	b = trimBlanks(b)
	if len(b) > 0 && b[0] == bom[0] {
		b = trimBlanks(bytes.TrimPrefix(b, bom))
	}
	if hasControl(b) {
		kept := make([]byte, 0, len(b))
		for _, c := range b {
			if c >= ' ' || c == '\t' {
				kept = append(kept, c)
			}
		}
		b = trimBlanks(kept)
	}
	return b
}

var bom = []byte("\xef\xbb\xbf")

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	return b
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// isPrintable reports whether all of b is from 0x20 to 0x7f: nothing to clean
// but for blanks at the ends, and nothing to decode.
func isPrintable(b []byte) bool {
	for len(b) >= 32 {
		w, x := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		y, z := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		if ((w-' '*lowBits)&^w|(x-' '*lowBits)&^x|(y-' '*lowBits)&^y|(z-' '*lowBits)&^z|w|x|y|z)&highBits != 0 {
			return false
		}
		b = b[32:]
	}
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		if ((x-' '*lowBits)&^x|x)&highBits != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hasControl reports whether b holds a byte below 0x20 other than a tab.
func hasControl(b []byte) bool {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		if (x-' '*lowBits)&^x&highBits == 0 {
			continue
		}
		for _, c := range b[i : i+8] {
			if c < ' ' && c != '\t' {
				return true
			}
		}
	}
	for _, c := range b[i:] {
		if c < ' ' && c != '\t' {
			return true
		}
	}
	return false
}

// clearPlaceholder returns s, or nothing where s is what a stealer or a browser
// writes for "no value". In brackets these words are nobody's password; bare
// they are taken for placeholders in upper case only.
func clearPlaceholder(s string) string {
	switch len(s) {
	case 3, 7, 9:
		if s == "N/A" || s == "UNKNOWN" || s == "NOT_SAVED" {
			return ""
		}
	}
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		in := s[1 : len(s)-1]
		if strings.EqualFold(in, "N/A") || strings.EqualFold(in, "UNKNOWN") || strings.EqualFold(in, "NOT_SAVED") {
			return ""
		}
	}
	return s
}

func trimString(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
