package formats

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unsafe"
)

// cutPlainURL does at once what cutQuoted and cutURL do with nearly all lines that
// begin with a URL: https://host/path:login:password, where these two colons are
// the only ones behind the scheme of n bytes. It says no to whatever could be read
// in another way: a quote anywhere; in the URL a blank, a bar, a comma or a
// semicolon, or a bracket at its start; a first field that may be a port or go on
// the path.
//
// It looks at eight bytes at a time, as where a URL ends cannot be foretold byte by
// byte.
func cutPlainURL(s string, n int) (c cut, ok bool) {
	if len(s) < n+8 || s[0] == 'a' { // android://, whose key may hold anything
		return cut{}, false
	}
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	first, second := -1, -1
	other := uint64(0) // what may not be in a URL, before the first colon
	for i := n; ; i += 8 {
		w, rest := uint64(0), len(b)-i
		if rest >= 8 {
			w = binary.LittleEndian.Uint64(b[i:])
		} else if rest <= 0 {
			break
		} else {
			w = binary.LittleEndian.Uint64(b[len(b)-8:]) >> (64 - 8*uint(rest))
			w |= 'a' * lowBits << (8 * uint(rest))
		}
		colons := zeroBytes(w ^ ':'*lowBits)
		other |= zeroBytes(w ^ '"'*lowBits)
		if first < 0 {
			x := w &^ highBits
			blanks := ^(x + (0x80-'!')*lowBits | w) & highBits
			marks := blanks | zeroBytes(w^'|'*lowBits) | zeroBytes(w^','*lowBits) | zeroBytes(w^';'*lowBits)
			other |= marks & (colons&-colons - 1) // all of them without a colon
		}
		for ; colons != 0; colons &= colons - 1 {
			at := i + bits.TrailingZeros64(colons)>>3
			switch {
			case first < 0:
				first = at
			case second < 0:
				second = at
			default:
				return cut{}, false
			}
		}
	}
	if other != 0 || second < 0 || first == n || b[n] == '[' {
		return cut{}, false
	}
	if next := b[first+1]; next == '/' || next == ' ' || isDigit(next) || strings.HasPrefix(s[second:], "://") {
		return cut{}, false
	}
	return cut{s[:first], trimString(s[first+1 : second]), s[second+1:], shapeURLFirst}, true
}

// zeroBytes sets the highest bit of each byte of x that is zero, and no other.
func zeroBytes(x uint64) uint64 { return ^((x&^highBits + ^uint64(highBits)) | x) & highBits }
