package leaks

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// A builtRow is a row in a builder: everything that is a string is the number
// its interner gave it.
type builtRow struct {
	group             uint32
	seen, upload, log uint32
	source, host      uint32
	machine           uint32
	software          uint32
	protocol          uint32
	typ               Type
}

// A builtGroup is a (root, hash) in a builder.
type builtGroup struct {
	hash   hash128
	digest uint64
	root   uint32
	domain uint32
	user   uint32
	mask   uint32
	pw     uint32
	rows   uint32
}

// A tableBuilder collects rows for one fresh table. It keeps its memory
// between tables and allocates nothing per row once that has grown.
type tableBuilder struct {
	limit    int
	dicts    [numDicts]*interner
	rows     []builtRow
	groups   []builtGroup
	slots    []uint64       // of groups: high half of the mixed hash, number+1
	machines *interner      // all facts of a machine as one string
	tuples   []machineTuple // by machine
	key      []byte
	vote     timeVote
	used     int64 // what memory found last
	usedRows int   // and at how many rows
	out      encodeScratch
}

// newTableBuilder returns an empty builder that is meant to be encoded at
// limitRows rows or before.
func newTableBuilder(limitRows int) *tableBuilder {
	b := &tableBuilder{limit: limitRows, slots: make([]uint64, internSlots)}
	for d := range b.dicts {
		_, nested := dictID(d).parent()
		b.dicts[d] = newInterner(nested)
	}
	b.machines = newInterner(false)
	return b
}

// len returns the number of rows.
func (b *tableBuilder) len() int { return len(b.rows) }

// full reports whether the row limit is reached, or that of the strings of one
// dictionary: it must then be encoded before a row is added.
func (b *tableBuilder) full() bool {
	if len(b.rows) >= b.limit || len(b.machines.arena) >= maxArena {
		return true
	}
	for _, d := range b.dicts {
		if len(d.arena) >= maxArena {
			return true
		}
	}
	return false
}

// memory estimates the bytes that the rows collected need, here and in encode.
// Memory kept for later rows is not counted, so an empty builder has none. It
// looks again every few rows only: callers may ask after each.
func (b *tableBuilder) memory() int64 {
	if b.used > 0 && len(b.rows) < b.usedRows+32 {
		return b.used
	}
	n := int64(len(b.rows))*rowBytes + int64(len(b.groups))*groupBytes + b.machines.memory() + int64(len(b.tuples))*tupleBytes
	for _, d := range b.dicts {
		n += d.memory()
	}
	b.used, b.usedRows = n, len(b.rows)
	return n
}

// What a row, a group and a machine cost in a builder, with what encode and
// the table's writer keep for each.
const (
	rowBytes   = 40 + 4 + 8
	groupBytes = 48 + 16 + 8 + 32 + 4 + 8 + 4 + 12
	tupleBytes = 28 + 36 + 4 + 8
)

// reset forgets all rows and keeps the memory.
func (b *tableBuilder) reset() {
	for _, d := range b.dicts {
		d.reset()
	}
	b.rows, b.groups, b.vote = b.rows[:0], b.groups[:0], timeVote{}
	b.used, b.usedRows = 0, 0
	clear(b.slots)
	b.machines.reset()
	b.tuples = b.tuples[:0]
}

// add takes a row. It keeps nothing of r's strings.
func (b *tableBuilder) add(r *row) {
	d := &b.dicts
	g := b.group(d[dictRoot].intern(0, r.root), r)
	b.groups[g].rows++
	b.vote.add(r.seen, r.upload, r.log)
	b.rows = append(b.rows, builtRow{
		group: g,
		seen:  r.seen, upload: r.upload, log: r.log,
		source:   d[dictSource].intern(0, r.source),
		host:     d[dictHost].intern(b.groups[g].domain, r.host),
		machine:  b.machine(r),
		software: d[dictSoftware].intern(0, r.software),
		protocol: d[dictProtocol].intern(0, r.protocol),
		typ:      r.typ,
	})
}

// group returns the number of the row's group. What belongs to the credential
// is looked at only when it is new below its root: all of it is in the hash.
func (b *tableBuilder) group(root uint32, r *row) uint32 {
	h := hashOf(r.hash)
	mixed := groupMix(h, root)
	tag, mask := mixed&highHalf, uint64(len(b.slots)-1)
	i := mixed & mask
	for ; b.slots[i] != 0; i = (i + 1) & mask {
		if b.slots[i]&highHalf != tag {
			continue
		}
		n := uint32(b.slots[i]) - 1
		if g := &b.groups[n]; g.hash == h && g.root == root {
			return n
		}
	}
	n := uint32(len(b.groups))
	d := &b.dicts
	mail := d[dictMail].intern(0, r.emailDomain)
	g := builtGroup{
		hash: h, root: root,
		domain: d[dictDomain].intern(root, r.domain),
		mask:   d[dictMask].intern(0, r.mask),
		pw:     packPassword(r.hasPassword, r.pwLen, r.classes),
	}
	// The lowest bit of a user's parent is clear for raw ones, which so sort
	// before the bare ones of the same mail domain, as their zero byte wants.
	if bareUser(r.username, r.localPart, r.emailDomain) {
		g.user = d[dictUser].intern(mail<<1|1, r.localPart)
	} else {
		g.user = d[dictUser].intern(mail<<1, r.username)
	}
	if r.hasPassword {
		g.digest = r.digest
	}
	b.groups = append(b.groups, g)
	b.slots[i] = tag | uint64(n+1)
	if len(b.groups)*2 > len(b.slots) {
		b.growGroups()
	}
	return n
}

func groupMix(h hash128, root uint32) uint64 {
	hi, lo := bits.Mul64(h.lo^uint64(root+1)*mixPrime, mixPrime)
	return hi ^ lo ^ h.hi
}

func (b *tableBuilder) growGroups() {
	b.slots = make([]uint64, 2*len(b.slots))
	mask := uint64(len(b.slots) - 1)
	for n := range b.groups {
		mixed := groupMix(b.groups[n].hash, b.groups[n].root)
		i := mixed & mask
		for b.slots[i] != 0 {
			i = (i + 1) & mask
		}
		b.slots[i] = mixed&highHalf | uint64(n+1)
	}
}

// A machineTuple is one infected machine: the ordinals of its facts.
type machineTuple [machineFields]uint32

// machine returns the number of the row's machine. Machines are known by all
// their facts in one string: one look-up instead of seven for the many rows of
// a machine seen before.
func (b *tableBuilder) machine(r *row) uint32 {
	facts := [machineFields]string{r.machineID, r.hwid, r.computer, r.muser, r.ip, r.country, r.stealer}
	key := b.key[:0]
	for _, s := range facts {
		key = append(binary.AppendUvarint(key, uint64(len(s))), s...)
	}
	b.key = key
	// The key lives until the next row; intern copies what it keeps.
	n := b.machines.intern(0, unsafe.String(&key[0], len(key)))
	if n == uint32(len(b.tuples)) {
		var t machineTuple
		for f, s := range facts {
			t[f] = b.dicts[machineField(f).dict()].intern(0, s)
		}
		b.tuples = append(b.tuples, t)
	}
	return n
}
