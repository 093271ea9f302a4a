package archives

import (
	"encoding/binary"

	"github.com/leakscope/leakscope/leaks/formats"
)

// A szBuffer reads the directory. Its error is sticky; counts are checked
// against what is left, for each thing counted takes at least a bit, and what
// is made of them against room: a byte can stand for a folder.
type szBuffer struct {
	b    []byte
	bad  bool
	room int64 // bytes that may be taken
	full bool  // more were asked for
}

func (r *szBuffer) fail() { r.b, r.bad = nil, true }

// cost takes n bytes of room for each of count things.
func (r *szBuffer) cost(count int, n int64) {
	if r.room -= int64(count) * n; r.room < 0 {
		r.full = true
		r.fail()
	}
}

// err is why the directory cannot be read.
func (r *szBuffer) err() error {
	if r.full {
		return &formats.Damage{Trouble: formats.TroubleLimit, Detail: "a directory that takes too much memory"}
	}
	return errSevenZip
}

// szBits are bits as they stand in the directory, or all of them set.
type szBits struct {
	raw []byte
	n   int
	all bool
}

func (b szBits) at(i int) bool {
	return i < b.n && (b.all || i/8 < len(b.raw) && b.raw[i/8]&(0x80>>(i%8)) != 0)
}

// count is how many are set.
func (b szBits) count() (n int) {
	if b.all {
		return b.n
	}
	for i := range b.n {
		if b.at(i) {
			n++
		}
	}
	return n
}

func (r *szBuffer) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *szBuffer) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *szBuffer) uint32() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// number reads 7z's variable-length integer: ones at the top of the first byte
// count the bytes that follow.
func (r *szBuffer) number() uint64 {
	first := r.byte()
	var v uint64
	mask := byte(0x80)
	for i := range 8 {
		if first&mask == 0 {
			return v | uint64(first&(mask-1))<<(8*i)
		}
		v |= uint64(r.byte()) << (8 * i)
		mask >>= 1
	}
	return v
}

// count reads a number of things that take at least 1/per bytes each.
func (r *szBuffer) count(per uint64) int {
	n := r.number()
	if n > uint64(len(r.b))*per {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *szBuffer) bits(n int) szBits {
	return szBits{raw: r.take((uint64(n) + 7) / 8), n: n}
}

// optionalBits reads bits, or one byte that says that all are set.
func (r *szBuffer) optionalBits(n int) szBits {
	if r.byte() == 0 {
		return r.bits(n)
	}
	if r.bad || n > len(r.b) { // something of a byte or more follows for each
		r.fail()
		return szBits{}
	}
	return szBits{n: n, all: true}
}

func (r *szBuffer) digests(n int) (crcs []uint32, has szBits) {
	has = r.optionalBits(n)
	r.cost(n, 4)
	if r.bad {
		return nil, szBits{}
	}
	crcs = make([]uint32, n)
	for i := range crcs {
		if has.at(i) {
			crcs[i] = r.uint32()
		}
	}
	return crcs, has
}
