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

	// The first eight bytes, or what there is: (s|headMask)&headKeep == head.
	head, headMask, headKeep uint64
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
	for k := range min(len(m.needle), 8) {
		m.head |= uint64(m.needle[k]) << (8 * k)
		m.headMask |= uint64(m.mask[k]) << (8 * k)
		m.headKeep |= 0xff << (8 * k)
	}
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

// Prefix says whether s begins with the needle: exactly if Fold(s) does with
// Fold(needle).
func (m *Matcher) Prefix(s []byte) bool {
	if m.ascii && len(s) >= len(m.needle) && m.at(s, 0) {
		return true
	}
	if m.ascii && !m.others || isASCII(s) {
		return false
	}
	return bytes.HasPrefix(appendFold(nil, s), m.needle)
}

// Suffix says whether s ends in the needle: exactly if Fold(s) does in
// Fold(needle).
func (m *Matcher) Suffix(s []byte) bool {
	if m.ascii && len(s) >= len(m.needle) && m.at(s, len(s)-len(m.needle)) {
		return true
	}
	if m.ascii && !m.others || isASCII(s) {
		return false
	}
	return bytes.HasSuffix(appendFold(nil, s), m.needle)
}

// matchFolded is the plain way.
func (m *Matcher) matchFolded(s []byte) bool {
	var buf [512]byte
	return bytes.Contains(appendFold(buf[:0], s), m.needle)
}

// index returns the first place at or after p where the needle, which is
// ASCII, stands in s as it is, but for the case of ASCII letters; -1: nowhere.
//
// Sixteen or eight places at a time: a byte of s, its 0x20 bit set where the
// needle has a letter, equals the needle's byte exactly if it is that letter in
// either case; and only where two bytes of the needle fit is the rest compared.
func (m *Matcher) index(s []byte, p int) int {
	end := len(s) - len(m.needle) // the last place
	if p > end {
		return -1
	}
	if len(m.needle) == 0 {
		return p
	}
	last := len(s) - 8 - m.j // the last place from which eight can be looked at
	iMask, iByte, jMask, jByte := m.iMask, m.iByte, m.jMask, m.jByte
	for p <= last {
		a, b := s[p+m.i:], s[p+m.j:]
		for len(a) >= 16 && len(b) >= 16 {
			x := ((le64(a) | iMask) ^ iByte) | ((le64(b) | jMask) ^ jByte)
			y := ((le64(a[8:]) | iMask) ^ iByte) | ((le64(b[8:]) | jMask) ^ jByte)
			if ((x-lowBits)&^x|(y-lowBits)&^y)&highBits != 0 {
				break
			}
			a, b = a[16:], b[16:]
		}
		p = len(s) - m.j - len(b)
		if p > last {
			if p > end {
				return -1
			}
			// The last eight overlap those before: places looked at twice are
			// no hits.
			p = last
		}
		x := ((le64(s[p+m.i:]) | iMask) ^ iByte) | ((le64(s[p+m.j:]) | jMask) ^ jByte)
		// Zero bytes of x; those above the lowest may be wrong, which at finds out.
		for hits := (x - lowBits) &^ x & highBits; hits != 0; hits &= hits - 1 {
			q := p + bits.TrailingZeros64(hits)>>3
			if q > end {
				return -1
			}
			if m.at(s, q) {
				return q
			}
		}
		p += 8
	}
	for ; p <= end; p++ {
		if m.at(s, p) {
			return p
		}
	}
	return -1
}

// at says whether the needle stands at p, which is not above the last place.
func (m *Matcher) at(s []byte, p int) bool {
	s = s[p:]
	k := 0
	if len(s) >= 8 {
		if (le64(s)|m.headMask)&m.headKeep != m.head {
			return false
		}
		k = 8
	}
	for ; k < len(m.needle); k++ {
		if s[k]|m.mask[k] != m.needle[k] {
			return false
		}
	}
	return true
}
