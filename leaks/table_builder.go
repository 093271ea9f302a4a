package leaks

import (
	"encoding/binary"
	"math"
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
	mail   uint32
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
	awaited  uint64 // see add
	vote     timeVote
	ownRoots bool   // see tableMeta
	minSeen  uint32 // of all rows; maxSeen is 0 without any
	maxSeen  uint32
	used     int64 // what memory found last
	usedRows int   // and at how many rows
	out      encodeScratch
}

// newTableBuilder returns an empty builder that is meant to be encoded at
// limitRows rows or before.
func newTableBuilder(limitRows int) *tableBuilder {
	b := &tableBuilder{limit: limitRows, slots: make([]uint64, internSlots), minSeen: math.MaxUint32}
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
	groupBytes = 56 + 16 + 8 + 32 + 4 + 8 + 4 + 12
	tupleBytes = 28 + 36 + 4 + 8
)

// reset forgets all rows and keeps the memory.
func (b *tableBuilder) reset() {
	for _, d := range b.dicts {
		d.reset()
	}
	b.rows, b.groups, b.vote = b.rows[:0], b.groups[:0], timeVote{}
	b.used, b.usedRows = 0, 0
	b.minSeen, b.maxSeen = math.MaxUint32, 0
	clear(b.slots)
	b.machines.reset()
	b.tuples = b.tuples[:0]
	b.ownRoots = false
}

// add takes a row. It keeps nothing of r's strings.
//
// What it costs is waiting for memory: so it first asks for the places in
// memory that do not depend on each other, then looks at what came.
func (b *tableBuilder) add(r *row) {
	b.ownRoots = b.ownRoots || r.ownRoot
	d := &b.dicts
	hash := hashOf(r.hash)
	machine := b.machineKey(r)
	rootHash, mailHash, machineHash := d[dictRoot].hash(r.root), d[dictMail].hash(r.emailDomain), b.machines.hash(machine)
	b.awaited = d[dictRoot].slot(rootHash) ^ d[dictMail].slot(mailHash) ^ b.machines.slot(machineHash) ^
		b.slots[groupMix(hash)&uint64(len(b.slots)-1)]

	root := d[dictRoot].internHashed(0, r.root, rootHash)
	g := b.group(r, hash, root, mailHash)
	b.groups[g].rows++
	b.vote.add(r.seen, r.upload, r.log)
	b.minSeen, b.maxSeen = min(b.minSeen, r.seen), max(b.maxSeen, r.seen)
	b.rows = append(b.rows, builtRow{
		group: g,
		seen:  r.seen, upload: r.upload, log: r.log,
		source:   d[dictSource].intern(0, r.source),
		host:     d[dictHost].intern(b.groups[g].domain, r.host),
		machine:  b.machine(r, machine, machineHash),
		software: d[dictSoftware].intern(0, r.software),
		protocol: d[dictProtocol].intern(0, r.protocol),
		typ:      r.typ,
	})
}

// group returns the number of the row's group. What belongs to the credential
// is looked at only when it is new below its root: all of it is in the hash.
func (b *tableBuilder) group(r *row, hash hash128, root uint32, mailHash uint64) uint32 {
	mixed := groupMix(hash)
	tag, mask := mixed&highHalf, uint64(len(b.slots)-1)
	i := mixed & mask
	for ; b.slots[i] != 0; i = (i + 1) & mask {
		if b.slots[i]&highHalf != tag {
			continue
		}
		n := uint32(b.slots[i]) - 1
		if g := &b.groups[n]; g.hash == hash && g.root == root {
			return n
		}
	}
	n := uint32(len(b.groups))
	d := &b.dicts
	mail := d[dictMail].internHashed(0, r.emailDomain, mailHash)
	g := builtGroup{
		hash: hash, root: root, mail: mail,
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

// groupMix spreads a hash that may be no hash, as in tests. The root is not in
// it: next to no hash stands below several.
func groupMix(h hash128) uint64 {
	hi, lo := bits.Mul64(h.lo^mixPrime, mixPrime)
	return hi ^ lo ^ h.hi
}

func (b *tableBuilder) growGroups() {
	b.slots = make([]uint64, 2*len(b.slots))
	mask := uint64(len(b.slots) - 1)
	for n := range b.groups {
		mixed := groupMix(b.groups[n].hash)
		i := mixed & mask
		for b.slots[i] != 0 {
			i = (i + 1) & mask
		}
		b.slots[i] = mixed&highHalf | uint64(n+1)
	}
}

// A machineTuple is one infected machine: the ordinals of its facts.
type machineTuple [machineFields]uint32

// facts returns what makes a machine, in the order of its fields.
func (r *row) facts() [machineFields]string {
	return [machineFields]string{r.machineID, r.hwid, r.computer, r.muser, r.ip, r.country, r.stealer}
}

// machineKey returns all facts of the row's machine as one string, valid until
// the next row: one look-up instead of seven for the many rows of a machine
// seen before.
func (b *tableBuilder) machineKey(r *row) string {
	key := b.key[:0]
	for _, s := range r.facts() {
		key = append(binary.AppendUvarint(key, uint64(len(s))), s...)
	}
	b.key = key
	return unsafe.String(&key[0], len(key)) // interners copy what they keep
}

// machine returns the number of the row's machine.
func (b *tableBuilder) machine(r *row, key string, hash uint64) uint32 {
	n := b.machines.internHashed(0, key, hash)
	if n == uint32(len(b.tuples)) {
		var t machineTuple
		for f, s := range r.facts() {
			t[f] = b.dicts[machineField(f).dict()].intern(0, s)
		}
		b.tuples = append(b.tuples, t)
	}
	return n
}
