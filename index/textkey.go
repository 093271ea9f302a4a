package index

// The trigrams of a text index of lists are those of folded bytes ([Fold]), each byte
// cut down to one of forty classes: 40³ keys fit 16 bits, a table by key stays
// in the processor's cache, and what logins and addresses are made of keeps
// its identity. Bytes that share a class cost a look at a block in vain, never
// an answer.
const (
	textClasses = 40
	textKeys    = textClasses * textClasses * textClasses
)

// classes holds the class of each byte. An upper-case letter of ASCII has that
// of the lower-case one: ASCII strings need no folding.
//
//	a…z 0…25, 0…9 26…35, '.' 36, '-' 37, '_' 38, other ASCII 39;
//	beyond ASCII 7b modulo 40: neighbours differ, so text of any script is told apart
var classes = func() (t [256]uint16) {
	for b := range t {
		switch c := lowerASCII(byte(b)); {
		case 'a' <= c && c <= 'z':
			t[b] = uint16(c - 'a')
		case '0' <= c && c <= '9':
			t[b] = uint16(c-'0') + 26
		case c == '.':
			t[b] = 36
		case c == '-':
			t[b] = 37
		case c == '_':
			t[b] = 38
		case c < 0x80:
			t[b] = 39
		default:
			t[b] = uint16(7 * b % textClasses)
		}
	}
	return t
}()

// trigramClasses holds, for each byte, what its class adds to a key as the
// third, second and first byte of a trigram: 16 bits each, from the lowest.
var trigramClasses = func() (t [256]uint64) {
	for b, c := range classes {
		c := uint64(c)
		t[b] = c | c*textClasses<<16 | c*textClasses*textClasses<<32
	}
	return t
}()

// textKey returns the key of the trigram a, b, c, which is below textKeys.
func textKey(a, b, c byte) uint16 {
	return uint16(trigramClasses[a]>>32 + trigramClasses[b]>>16 + trigramClasses[c])
}
