package formats

import (
	"encoding/binary"
	"unicode/utf8"
)

// A codePage is what bytes that are not UTF-8 are read as.
type codePage uint8

const (
	pageUnknown codePage = iota
	page1252             // Western European
	page1251             // Cyrillic
)

// pageRunes are the runes of the bytes from 0x80 on. Where a page leaves a byte
// undefined it stands for the control character of its number, as in the
// WHATWG's Encoding Standard.
var pageRunes = [...][128]rune{
	page1252: makePage("€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ", 0xA0),
	page1251: makePage("ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\x98™љ›њќћџ\u00a0ЎўЈ¤Ґ¦§Ё©Є«¬\u00ad®Ї°±Ііґµ¶·ё№є»јЅѕї", 0x410),
}

// makePage returns the runes of special, a stray byte in it standing for
// itself, and from there on the runes that begin with next.
func makePage(special string, next rune) (page [128]rune) {
	n := 0
	for i := 0; i < len(special); n++ {
		r, size := utf8.DecodeRuneInString(special[i:])
		if r == utf8.RuneError {
			r = rune(special[i])
		}
		page[n] = r
		i += size
	}
	for ; n < len(page); n++ {
		page[n] = next
		next++
	}
	return page
}

// decode returns b, of which some is not UTF-8, as UTF-8. What is UTF-8 in it
// already stays: files are merged line by line, not byte by byte.
func (p codePage) decode(b []byte) []byte {
	if p == pageUnknown {
		p = guessPage(b)
	}
	out := make([]byte, 0, len(b)+len(b)/2)
	for _, c := range b {
		if c < utf8.RuneSelf {
			out = append(out, c)
		} else {
			out = utf8.AppendRune(out, pageRunes[p][c-0x80])
		}
	}
	return out
}

// guessPage tells the page of text that is not UTF-8. Words written in Cyrillic
// consist of bytes from 0xC0 on and nothing else; in Western European words
// such bytes stand single among ASCII letters. Only lines that are not UTF-8
// vote.
func guessPage(sample []byte) codePage {
	var cyrillic, western int
	for len(sample) > 0 {
		var line []byte
		line, sample = cutLine(sample)
		if isASCII(line) || utf8.Valid(line) {
			continue
		}
		for i := 0; i < len(line); {
			if !pageLetter(line[i]) {
				i++
				continue
			}
			high, start := 0, i
			for ; i < len(line) && pageLetter(line[i]); i++ {
				if line[i] >= utf8.RuneSelf {
					high++
				}
			}
			switch n := i - start; {
			case high == 0:
			case high < n:
				western += high
			case n == 1:
				// Alone it is à or и: no evidence.
			default:
				cyrillic += n
			}
		}
	}
	if cyrillic > western {
		return page1251
	}
	return page1252
}

// pageLetter reports whether c is a letter in either page.
func pageLetter(c byte) bool {
	return isLetter(c) || c >= 0xC0 || c == 0xA8 || c == 0xB8 || c == 0x8A || c == 0x9A || c == 0xB3 || c == 0xBF || c == 0xBA
}

func cutLine(b []byte) (line, rest []byte) {
	for i, c := range b {
		if c == '\n' {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// isASCII reports whether b holds no byte above 0x7f.
func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&highBits != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
