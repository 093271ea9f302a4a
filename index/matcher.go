package index

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
)

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// A Matcher says whether strings contain a needle, whatever the case of
// letters: exactly if strings.Contains(Fold(s), Fold(needle)), see [Fold]. An
// empty needle is in every string. It is safe for concurrent use.
type Matcher struct {
	needle []byte // folded
	mask   []byte // 0x20 where needle has a letter, else 0
	ascii  bool   // the folded needle is
	others bool   // it is, and holds k or s, which runes beyond ASCII fold to

	// Two bytes of the needle that are rare in host names, addresses and
	// logins, each spread over a word, and where they stand. Offset i is the
	// smaller one.
	i, j         int
	iByte, jByte uint64
	iMask, jMask uint64
}

// NewMatcher returns a matcher of needle.
func NewMatcher(needle string) *Matcher {
	m := &Matcher{needle: []byte(Fold(needle))}
	m.ascii = isASCII(m.needle)
	m.others = m.ascii && bytes.ContainsAny(m.needle, "ks")
	m.mask = make([]byte, len(m.needle))
	for i, b := range m.needle {
		if 'a' <= b && b <= 'z' {
			m.mask[i] = 0x20
		}
	}
	if len(m.needle) > 0 {
		m.choose()
	}
	return m
}

// common lists bytes of host names, addresses and logins, the most frequent
// first.
const common = "eaoinrstlcmduphg.byk0123459687/@-fvwjz_:xq"

// choose picks the bytes to look for.
func (m *Matcher) choose() {
	rarity := func(i int) int {
		if p := strings.IndexByte(common, m.needle[i]); p >= 0 {
			return p
		}
		return len(common)
	}
	i, j := 0, len(m.needle)-1
	for k := range m.needle {
		if rarity(k) > rarity(i) {
			i = k
		}
	}
	if j == i {
		j = 0
	}
	for k := range m.needle {
		if k != i && rarity(k) > rarity(j) {
			j = k
		}
	}
	m.i, m.j = min(i, j), max(i, j)
	m.iByte, m.iMask = lowBits*uint64(m.needle[m.i]), lowBits*uint64(m.mask[m.i])
	m.jByte, m.jMask = lowBits*uint64(m.needle[m.j]), lowBits*uint64(m.mask[m.j])
}

// Match says whether s contains the needle.
func (m *Matcher) Match(s []byte) bool {
	if !m.ascii {
		return !isASCII(s) && m.matchFolded(s)
	}
	if m.index(s, 0) >= 0 {
		return true
	}
	return m.others && foldsToASCII(s) && m.matchFolded(s)
}

// matchFolded is the plain way.
func (m *Matcher) matchFolded(s []byte) bool {
	var buf [512]byte
	return bytes.Contains(appendFold(buf[:0], s), m.needle)
}

// index returns the first place at or after p where the needle, which is
// ASCII, stands in s as it is, but for the case of ASCII letters; -1: nowhere.
//
// Eight places at a time: a byte of s, its 0x20 bit set where the needle has a
// letter, equals the needle's byte exactly if it is that letter in either
// case; and only where two bytes of the needle fit is the rest compared.
func (m *Matcher) index(s []byte, p int) int {
	end := len(s) - len(m.needle) // the last place
	if p > end {
		return -1
	}
	if len(m.needle) == 0 {
		return p
	}
	last := len(s) - 8 - m.j // the last place from which eight can be looked at
	if p > last {
		for ; p <= end; p++ {
			if m.at(s[p : p+len(m.needle)]) {
				return p
			}
		}
		return -1
	}
	for {
		x := (le64(s[p+m.i:]) | m.iMask) ^ m.iByte | (le64(s[p+m.j:]) | m.jMask) ^ m.jByte
		// Zero bytes of x; those above the lowest may be wrong, which at finds out.
		for hits := (x - lowBits) &^ x & highBits; hits != 0; hits &= hits - 1 {
			q := p + bits.TrailingZeros64(hits)>>3
			if q > end {
				return -1
			}
			if m.at(s[q : q+len(m.needle)]) {
				return q
			}
		}
		if p == last {
			return -1
		}
		// The last eight overlap those before: places looked at twice are no hits.
		p = min(p+8, last)
	}
}

// at says whether s, which is as long as the needle, is the needle.
func (m *Matcher) at(s []byte) bool {
	for i, b := range m.needle {
		if s[i]|m.mask[i] != b {
			return false
		}
	}
	return true
}
