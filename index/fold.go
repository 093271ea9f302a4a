package index

import (
	"bytes"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Fold returns s with differences of case removed, by Unicode simple case
// folding: two runes fold to the same one exactly if [unicode.SimpleFold]
// leads from one to the other. ASCII letters fold to lower case, and so do the
// two other runes that are theirs (U+017F long s, U+212A Kelvin sign). Nothing
// else becomes ASCII. Lengths in bytes may change, the number of runes does
// not. Bytes that are not UTF-8 stay as they are.
//
// [Matcher] finds needle in s exactly if
// strings.Contains(Fold(s), Fold(needle)).
func Fold(s string) string { return string(appendFold(nil, []byte(s))) }

// appendFold appends the folded s to dst.
func appendFold(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			dst = append(dst, lowerASCII(b))
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if n == 1 { // not UTF-8
			dst = append(dst, s[i])
		} else {
			dst = utf8.AppendRune(dst, foldRune(r))
		}
		i += n
	}
	return dst
}

func lowerASCII(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b |= 0x20
	}
	return b
}

// foldTable holds what runes of two bytes fold to: Latin, Greek, Cyrillic and
// their neighbours, where foldOrbit would cost too much.
var foldTable = sync.OnceValue(func() *[0x800]rune {
	t := new([0x800]rune)
	for r := range t {
		t[r] = foldOrbit(rune(r))
	}
	return t
})

func foldRune(r rune) rune {
	if r < 0x800 {
		return foldTable()[r]
	}
	return foldOrbit(r)
}

// foldOrbit returns the rune that stands for r and all its variants of case:
// the lower-case form of the smallest of them where that is one of them, else
// the smallest.
func foldOrbit(r rune) rune {
	least := r
	for v := unicode.SimpleFold(r); v != r; v = unicode.SimpleFold(v) {
		least = min(least, v)
	}
	lower := unicode.ToLower(least)
	for v := unicode.SimpleFold(least); v != least; v = unicode.SimpleFold(v) {
		if v == lower {
			return lower
		}
	}
	return least
}

// The two runes beyond ASCII that fold to ASCII, as bytes.
var (
	longS  = []byte("\u017f")
	kelvin = []byte("\u212a")
)

// foldsToASCII says whether s holds one of them.
func foldsToASCII(s []byte) bool { return bytes.Contains(s, longS) || bytes.Contains(s, kelvin) }

// isASCII says whether s has ASCII bytes only.
func isASCII(s []byte) bool {
	for len(s) >= 8 {
		if le64(s)&highBits != 0 {
			return false
		}
		s = s[8:]
	}
	for _, b := range s {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
