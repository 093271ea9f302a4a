package normalize

import (
	"sync"
	"unicode/utf8"
)

// The character classes of a password, as bits of what [Classes] returns.
const (
	ClassLower  uint8 = 1 << iota // a to z
	ClassUpper                    // A to Z
	ClassDigit                    // 0 to 9
	ClassSymbol                   // any other ASCII: punctuation, blank, control
	ClassOther                    // anything outside ASCII, and bytes that are no UTF-8
)

const stars = "****"

// Mask returns the only form of a password that is ever stored or shown: its
// first rune, four asterisks, its last rune. Of fewer than four runes nothing
// is shown but the asterisks; the mask of the empty password is empty. The
// number of asterisks never tells the length.
//
// A byte that is no part of valid UTF-8 counts as one rune, U+FFFD.
func Mask(p string) string {
	if p == "" {
		return ""
	}
	if !runesAtLeast4(p) {
		return stars
	}
	mask, _ := longMask(p)
	return mask
}

// A Shape is what is kept of a password besides its digest.
type Shape struct {
	Mask    string // see [Mask]
	Ends    uint16 // from 1 to MaskEnds, another for each mask with printable ASCII at both ends; else 0
	Len     int    // see [PasswordLen]
	Classes uint8  // see [Classes]
}

// ShapeOf returns the shape of a password, looking at each byte once where all
// are ASCII.
func ShapeOf(p string) Shape {
	c := Classes(p)
	if c&ClassOther != 0 {
		return Shape{Mask(p), 0, PasswordLen(p), c}
	}
	switch n := len(p); {
	case n == 0:
		return Shape{}
	case n < 4:
		return Shape{stars, 0, n, c}
	}
	mask, ends := longMask(p)
	return Shape{mask, ends, len(p), c}
}

// MaskEnds is how many masks there are with a printable character of ASCII at
// both ends.
const MaskEnds = printable * printable

// longMask is Mask of a password of four runes or more, and the number of its
// ends.
func longMask(p string) (mask string, ends uint16) {
	// Nearly all passwords begin and end with a printable ASCII character;
	// those masks are slices of one string.
	if a, z := p[0]-' ', p[len(p)-1]-' '; a < printable && z < printable {
		ends := int(a)*printable + int(z)
		return asciiMasks()[ends*maskLen : (ends+1)*maskLen], uint16(ends + 1)
	}
	first, _ := utf8.DecodeRuneInString(p)
	last, _ := utf8.DecodeLastRuneInString(p)
	return string(first) + stars + string(last), 0
}

const (
	printable = '~' - ' ' + 1
	maskLen   = len(stars) + 2
)

// asciiMasks returns the masks of every pair of printable ASCII characters, in
// order, as one string of 54 KB.
var asciiMasks = sync.OnceValue(func() string {
	b := make([]byte, 0, printable*printable*maskLen)
	for a := byte(' '); a <= '~'; a++ {
		for z := byte(' '); z <= '~'; z++ {
			b = append(append(append(b, a), stars...), z)
		}
	}
	return string(b)
})

func runesAtLeast4(p string) bool {
	n := 0
	for range p {
		if n++; n == 4 {
			return true
		}
	}
	return false
}

// PasswordLen returns the length of a password in runes, counted as [Mask]
// does.
func PasswordLen(p string) int { return utf8.RuneCountInString(p) }

// Classes returns which classes of characters a password has, as a set of the
// Class bits.
func Classes(p string) uint8 {
	var c uint8
	for i := range len(p) {
		c |= classOf[p[i]]
	}
	return c
}

var classOf = func() (t [256]uint8) {
	for i := range t {
		switch b := byte(i); {
		case 'a' <= b && b <= 'z':
			t[i] = ClassLower
		case 'A' <= b && b <= 'Z':
			t[i] = ClassUpper
		case '0' <= b && b <= '9':
			t[i] = ClassDigit
		case b < utf8.RuneSelf:
			t[i] = ClassSymbol
		default:
			t[i] = ClassOther
		}
	}
	return t
}()
