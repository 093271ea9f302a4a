package formats

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// What scanString saw in a string.
const (
	flagEscape   = 1 << iota // it has escapes: its text is not its value
	flagNonASCII             // it has bytes above 0x7f, maybe no UTF-8
)

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// isPlainJSON reports whether a line has no escapes, no controls but for a
// carriage return at its end, and ASCII only: none of its strings can be wrong.
func isPlainJSON(line []byte) bool {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return isPrintable(line) && bytes.IndexByte(line, '\\') < 0
}

// scanString finds the end of the JSON string whose text begins at b[i], behind
// the opening quote. It returns the place of the closing quote, or -1 when the
// string is malformed or has no end.
func scanString(b []byte, i int) (end int, flags uint8) {
	for {
		if i+8 <= len(b) {
			// Eight bytes at once: the high bit of each byte of m that is a
			// quote, a backslash, a control or not ASCII. Borrows can set bits
			// wrongly, but only above the first right one.
			x := binary.LittleEndian.Uint64(b[i:])
			quote := x ^ '"'*lowBits
			slash := x ^ '\\'*lowBits
			m := ((quote-lowBits)&^quote | (slash-lowBits)&^slash | (x-' '*lowBits)&^x | x) & highBits
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) >> 3
		} else if i >= len(b) {
			return -1, flags
		}
		switch c := b[i]; {
		case c == '"':
			return i, flags
		case c == '\\':
			flags |= flagEscape
			n := escapeLen(b[i:])
			if n == 0 {
				return -1, flags
			}
			i += n
		case c < ' ':
			return -1, flags
		case c >= utf8.RuneSelf:
			flags |= flagNonASCII
			for i++; i < len(b) && b[i] >= utf8.RuneSelf; i++ {
			}
		default:
			i++
		}
	}
}

// escapeLen returns the length of the escape that b begins with, 0 when it is
// none of JSON's.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// unescape returns the value of a string's text that scanString accepted. As in
// encoding/json, half a surrogate pair becomes U+FFFD.
func unescape(b []byte) string {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			out = append(out, b[i])
			i++
			continue
		}
		i += 2
		switch c := b[i-1]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, _ := hex4(b[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(b) >= i+6 && b[i] == '\\' && b[i+1] == 'u' {
					low, _ := hex4(b[i+2:])
					pair = utf16.DecodeRune(r, low)
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c) // quote, backslash, slash
		}
	}
	return text(out)
}

// hex4 returns the value of the four hexadecimal digits that b begins with.
func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c-'a' <= 5:
			c -= 'a' - 10
		case c-'A' <= 5:
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// maxDepth bounds how deep a value we do not know may be nested.
const maxDepth = 512

// skipValue checks the JSON value at b[i] and returns where it ends, or -1 when
// it is malformed; and whether it holds a byte above 0x7f.
func skipValue(b []byte, i int) (end int, nonASCII bool) {
	var objects [maxDepth / 64]uint64 // bit per level: is it an object
	depth := 0
	for {
		// A value begins at i.
		if i >= len(b) {
			return -1, nonASCII
		}
		opened := false
		switch c := b[i]; {
		case c == '{' || c == '[':
			if depth == maxDepth {
				return -1, nonASCII
			}
			if c == '{' {
				objects[depth/64] |= 1 << (depth % 64)
			} else {
				objects[depth/64] &^= 1 << (depth % 64)
			}
			depth++
			i = skipBlank(b, i+1)
			opened = true
		case c == '"':
			var flags uint8
			if i, flags = scanString(b, i+1); i < 0 {
				return -1, nonASCII
			}
			nonASCII = nonASCII || flags&flagNonASCII != 0
			i++
		case c == 't':
			i = literal(b, i, "true")
		case c == 'f':
			i = literal(b, i, "false")
		case c == 'n':
			i = literal(b, i, "null")
		default:
			i = number(b, i)
		}
		if i < 0 {
			return -1, nonASCII
		}
		// It has ended, and with it maybe those around it.
		for {
			if depth == 0 {
				return i, nonASCII
			}
			if i = skipBlank(b, i); i >= len(b) {
				return -1, nonASCII
			}
			inObject := objects[(depth-1)/64]&(1<<((depth-1)%64)) != 0
			if c := b[i]; c == '}' && inObject || c == ']' && !inObject {
				depth--
				i++
				opened = false
				continue
			}
			if !opened {
				if b[i] != ',' {
					return -1, nonASCII
				}
				i = skipBlank(b, i+1)
			}
			if inObject {
				if i >= len(b) || b[i] != '"' {
					return -1, nonASCII
				}
				var flags uint8
				if i, flags = scanString(b, i+1); i < 0 {
					return -1, nonASCII
				}
				nonASCII = nonASCII || flags&flagNonASCII != 0
				if i = skipBlank(b, i+1); i >= len(b) || b[i] != ':' {
					return -1, nonASCII
				}
				i = skipBlank(b, i+1)
			}
			break
		}
	}
}

// literal returns the end of word at b[i], or -1 when something else is there.
func literal(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// number returns the end of the JSON number at b[i], or -1.
func number(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	i = digits(b, i)
	if i == start || i > start+1 && b[start] == '0' {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = digits(b, start); i == start {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = digits(b, start); i == start {
			return -1
		}
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

// skipBlank returns the first place from i that holds no JSON white space.
func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}
