package leaks

import (
	"math/bits"
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
	slots    []uint64 // of groups: high half of the mixed hash, number+1
	machines machineInterner
	vote     timeVote
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
	b.machines.slots = make([]uint64, internSlots)
	return b
}

// len returns the number of rows.
func (b *tableBuilder) len() int { return len(b.rows) }

// full reports whether the row limit is reached.
func (b *tableBuilder) full() bool { return len(b.rows) >= b.limit }

// memory returns the bytes held, those that encode needs included.
func (b *tableBuilder) memory() int64 {
	n := int64(cap(b.rows))*40 + int64(cap(b.groups))*48 + int64(cap(b.slots))*8
	for _, d := range b.dicts {
		n += d.memory() + int64(d.len())*8 // order and rank
	}
	n += b.machines.memory()
	return n + int64(len(b.groups))*48 + int64(len(b.rows))*8
}

// reset forgets all rows and keeps the memory.
func (b *tableBuilder) reset() {
	for _, d := range b.dicts {
		d.reset()
	}
	b.rows, b.groups, b.vote = b.rows[:0], b.groups[:0], timeVote{}
	clear(b.slots)
	b.machines.reset()
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
	tag, mask := mixed&^(1<<32-1), uint64(len(b.slots)-1)
	i := mixed & mask
	for ; b.slots[i] != 0; i = (i + 1) & mask {
		if b.slots[i]&^(1<<32-1) != tag {
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
		b.slots[i] = mixed&^(1<<32-1) | uint64(n+1)
	}
}

// A machineTuple is one infected machine: the ordinals of its facts.
type machineTuple [machineFields]uint32

// A machineInterner numbers distinct machines in order of arrival.
type machineInterner struct {
	tuples []machineTuple
	slots  []uint64
	none   uint32 // number+1 of the machine without any fact; 0: not seen yet
}

func (m *machineInterner) reset() {
	m.tuples, m.none = m.tuples[:0], 0
	clear(m.slots)
}

func (m *machineInterner) memory() int64 {
	return int64(cap(m.tuples))*4*int64(machineFields) + int64(cap(m.slots))*8
}

func (t *machineTuple) mix() uint64 {
	h := uint64(len(t))
	for _, v := range t {
		h = (h ^ uint64(v)) * mixPrime
		h ^= h >> 32
	}
	return h
}

func (m *machineInterner) intern(t machineTuple) uint32 {
	h := t.mix()
	tag, mask := h&^(1<<32-1), uint64(len(m.slots)-1)
	i := h & mask
	for ; m.slots[i] != 0; i = (i + 1) & mask {
		if m.slots[i]&^(1<<32-1) != tag {
			continue
		}
		if n := uint32(m.slots[i]) - 1; m.tuples[n] == t {
			return n
		}
	}
	n := uint32(len(m.tuples))
	m.tuples = append(m.tuples, t)
	m.slots[i] = tag | uint64(n+1)
	if len(m.tuples)*2 > len(m.slots) {
		m.slots = make([]uint64, 2*len(m.slots))
		mask := uint64(len(m.slots) - 1)
		for k := range m.tuples {
			h := m.tuples[k].mix()
			i := h & mask
			for m.slots[i] != 0 {
				i = (i + 1) & mask
			}
			m.slots[i] = h&^(1<<32-1) | uint64(k+1)
		}
	}
	return n
}

// machine returns the number of the row's machine.
func (b *tableBuilder) machine(r *row) uint32 {
	bare := len(r.machineID)+len(r.hwid)+len(r.computer)+len(r.muser)+len(r.ip)+len(r.country)+len(r.stealer) == 0
	if bare && b.machines.none != 0 {
		return b.machines.none - 1
	}
	d := &b.dicts
	n := b.machines.intern(machineTuple{
		d[dictMachineID].intern(0, r.machineID),
		d[dictHWID].intern(0, r.hwid),
		d[dictComputer].intern(0, r.computer),
		d[dictMUser].intern(0, r.muser),
		d[dictIP].intern(0, r.ip),
		d[dictCountry].intern(0, r.country),
		d[dictStealer].intern(0, r.stealer),
	})
	if bare {
		b.machines.none = n + 1
	}
	return n
}
