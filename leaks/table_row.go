package leaks

import (
	"encoding/binary"
	"math/bits"
)

// A hash128 is a credential hash as two numbers; comparing hi, then lo,
// compares the sixteen bytes.
type hash128 struct{ hi, lo uint64 }

func hashOf(b [16]byte) hash128 {
	return hash128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (h hash128) bytes() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], h.hi)
	binary.BigEndian.PutUint64(b[8:], h.lo)
	return b
}

func (h hash128) less(o hash128) bool {
	return h.hi < o.hi || h.hi == o.hi && h.lo < o.lo
}

// A row is one normalised occurrence on its way into a table. The strings are
// only read while add runs: they may alias a reader's buffer.
type row struct {
	typ Type

	username, localPart, emailDomain string

	mask        string
	maskEnds    uint16 // see [normalize.Shape]
	digest      uint64 // keyed; means nothing unless hasPassword
	hasPassword bool
	pwLen       uint16 // in runes, capped
	classes     uint8  // character classes, at most maxClasses

	hash [16]byte

	host, domain, root, protocol string
	// ownRoot: the record brought a root that is not its domain's.
	ownRoot bool
	// rootLate: root is the one the record brought, which is the domain or above
	// it, or empty, and what the domain's own is has not been looked at. Domain
	// is that of host.
	rootLate bool

	// Unix seconds; 0 is none. seen, the detection time, is never 0.
	seen, upload, log uint32

	source, software string

	// The facts of one infected machine.
	machineID, hwid, computer, muser, ip, country, stealer string
}

// The password facts of a credential are packed into one number: the length
// above six bits, of which the lowest says whether there is a password and
// the others are its character classes.
const (
	maxClasses = 31
	pwShift    = 6
)

func packPassword(has bool, length uint16, classes uint8) uint32 {
	v := uint32(length)<<pwShift | uint32(classes&maxClasses)<<1
	if has {
		v |= 1
	}
	return v
}

// A user is stored below its mail domain: as the bare local part where the
// username is local@mail, else whole behind a zero byte. So the bytes of an
// e-mail domain are not repeated in each address, and every username has
// exactly one stored form.
const rawUser = 0x00

// bareUser reports whether a username is stored as its local part.
func bareUser(username, local, mail string) bool {
	return local != "" && local[0] != rawUser && mail != "" &&
		len(username) == len(local)+1+len(mail) &&
		username[:len(local)] == local && username[len(local)] == '@' &&
		username[len(local)+1:] == mail
}

// A timeCoding says how upload and log times stand in their columns.
type timeCoding uint8

const (
	// timePlain: the seconds themselves, 0 for none. Small where times are
	// whole days or hours, of which the column takes out the common divisor.
	timePlain timeCoding = iota
	// timeDelta: 0 for none, else 1 plus the zigzag distance from the row's
	// seen. Small where times are exact and close to the detection.
	timeDelta
)

func (c timeCoding) encode(seen, t uint32) uint64 {
	if c == timePlain || t == 0 {
		return uint64(t)
	}
	d := int64(t) - int64(seen)
	return uint64(d<<1^d>>63) + 1
}

// decode is the inverse of encode. Of corrupt input it makes some time.
func (c timeCoding) decode(seen uint32, v uint64) uint32 {
	if c == timePlain || v == 0 {
		return uint32(v)
	}
	v--
	return uint32(int64(seen) + int64(v>>1^-(v&1)))
}

// A timeVote measures on some of the rows which coding is smaller: it sums the
// bits per value of blocks as the column would cut them.
type timeVote struct {
	plain, delta [2]blockCost // upload, log
}

// blockCost follows one block of a column: its least and greatest value, and
// whether hours or days divide all of them.
type blockCost struct {
	lo, hi     uint64
	n          int
	notHour    bool
	notDay     bool
	totalWidth uint64
}

const (
	voteBlock = 1024
	voteEach  = 16 // one block of so many is looked at
)

func (b *blockCost) add(v uint64) {
	if b.n == 0 {
		b.lo, b.hi = v, v
	}
	b.lo, b.hi = min(b.lo, v), max(b.hi, v)
	b.notHour = b.notHour || v%3600 != 0
	b.notDay = b.notDay || v%86400 != 0
	if b.n++; b.n == voteBlock {
		b.flush()
	}
}

func (b *blockCost) flush() {
	span := b.hi - b.lo
	switch {
	case !b.notDay:
		span /= 86400
	case !b.notHour:
		span /= 3600
	}
	b.totalWidth += uint64(bits.Len64(span)) * uint64(b.n)
	b.n, b.notDay, b.notHour = 0, false, false
}

func (v *timeVote) add(seen, upload, log uint32) {
	for i, t := range [2]uint32{upload, log} {
		v.plain[i].add(timePlain.encode(seen, t))
		v.delta[i].add(timeDelta.encode(seen, t))
	}
}

// result returns the cheaper coding of upload and of log times.
func (v *timeVote) result() (out [2]timeCoding) {
	for i := range out {
		v.plain[i].flush()
		v.delta[i].flush()
		if v.delta[i].totalWidth < v.plain[i].totalWidth {
			out[i] = timeDelta
		}
	}
	return out
}
