package leaks

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"unsafe"
)

// addBatch is how many rows are looked up together.
const addBatch = 16

// A comingRow is what adding a row needs of it: where its strings may be.
type comingRow struct {
	hash   hash128
	user   string // as stored: the local part alone, or the whole name
	bare   uint32 // 1 for a local part alone
	lo, hi int    // its machine in keys; empty without any fact

	// Tags, and the first slots they lead to.
	group, domain, host, mail, userTag, machine uint32
	facts                                       [machineFields]uint32 // tags, where machineSlot is 0

	groupSlot, domainSlot, hostSlot, mailSlot, uSlot, machineSlot uint64
}

// add takes a row. It keeps nothing of r's strings.
func (b *tableBuilder) add(r *row) { b.addRows(unsafe.Slice(r, 1)) }

// addRows takes rows; it keeps nothing of their strings.
//
// What a row costs is waiting for memory. So the rows of a batch first ask for
// all the places where their strings may stand, then for what stands there, and
// only then look at it: the processor waits for many at once.
func (b *tableBuilder) addRows(rows []row) {
	for len(rows) > 0 {
		n := min(len(rows), addBatch)
		b.prepareBatch(rows[:n])
		for i := range n {
			b.addComing(&rows[i], &b.batch[i])
		}
		rows = rows[n:]
	}
}

// prepareBatch hashes the strings of rows and asks for their places.
func (b *tableBuilder) prepareBatch(rows []row) {
	d := &b.dicts
	b.keys = b.keys[:0]
	for i := range rows {
		r, c := &rows[i], &b.batch[i]
		c.hash = hashOf(r.hash)
		c.group = tagOf(groupMix(c.hash))
		c.groupSlot = b.slots[c.group&uint32(len(b.slots)-1)]

		c.domain = b.domainTag(r.domain, r.root)
		c.host = b.hostTag(r, c.domain)
		c.domainSlot, c.hostSlot = d[dictDomain].slot(c.domain), d[dictHost].slot(c.host)

		// The lowest bit of a user's parent is clear for raw ones, which so
		// sort before the bare ones of the same mail domain, as their zero byte
		// wants.
		mail := maphash.String(b.seed, r.emailDomain)
		if c.user, c.bare = r.username, 0; bareUser(r.username, r.localPart, r.emailDomain) {
			c.user, c.bare = r.localPart, 1
		}
		c.mail, c.userTag = tagOf(mail), tagOf(below(mail+uint64(c.bare), maphash.String(b.seed, c.user)))
		c.mailSlot, c.uSlot = d[dictMail].slot(c.mail), d[dictUser].slot(c.userTag)

		c.lo, c.machineSlot = len(b.keys), 0
		if r.hasFacts() {
			b.keys = appendMachine(b.keys, r)
			c.machine = tagOf(maphash.Bytes(b.seed, b.keys[c.lo:]))
			c.machineSlot = b.machines.slot(c.machine)
		}
		c.hi = len(b.keys)
	}
	awaited := uint64(0)
	for i := range rows {
		c := &b.batch[i]
		if c.machineSlot == 0 && c.hi > c.lo {
			// A machine that is new here: its facts will be looked up.
			for f, s := range rows[i].facts() {
				c.facts[f] = tagOf(maphash.String(b.seed, s))
				awaited ^= d[machineField(f).dict()].slot(c.facts[f])
			}
		}
		if n := uint32(c.groupSlot); n != 0 {
			awaited ^= b.groups[n-1].hash.hi
		}
		awaited ^= uint64(d[dictDomain].record(c.domainSlot) ^ d[dictHost].record(c.hostSlot) ^
			d[dictMail].record(c.mailSlot) ^ d[dictUser].record(c.uSlot) ^ b.machines.record(c.machineSlot))
	}
	b.awaited = awaited // so that nobody takes the loads away
}

// addComing adds a row that prepareBatch has seen.
func (b *tableBuilder) addComing(r *row, c *comingRow) {
	b.ownRoots = b.ownRoots || r.ownRoot
	d := &b.dicts
	var domain, host uint32
	if r.rootLate {
		domain, host = b.lateHost(r, c)
	} else {
		root := d[dictRoot].internTagged(0, r.root, tagOf(maphash.String(b.seed, r.root)))
		domain = b.internDomain(root, r.domain, c.domain)
		host = d[dictHost].internTagged(domain, r.host, c.host)
	}
	g := b.group(r, c, domain)
	b.groups[g].rows++
	b.vote.add(r.seen, r.upload, r.log)
	b.minSeen, b.maxSeen = min(b.minSeen, r.seen), max(b.maxSeen, r.seen)
	b.rows = append(roomFor(b.rows, 1), builtRow{
		group: g,
		seen:  r.seen, upload: r.upload, log: r.log,
		source:   d[dictSource].intern(b.seed, r.source),
		host:     host,
		machine:  b.machine(r, c),
		software: d[dictSoftware].intern(b.seed, r.software),
		protocol: d[dictProtocol].intern(b.seed, r.protocol),
		typ:      r.typ,
	})
}

// group returns the number of the row's group. What belongs to the credential
// is looked at only when it is new below its root: all of it is in the hash.
func (b *tableBuilder) group(r *row, c *comingRow, domain uint32) uint32 {
	root := b.domains[domain].root
	mask := uint32(len(b.slots) - 1)
	i := c.group & mask
	for ; b.slots[i] != 0; i = (i + 1) & mask {
		if uint32(b.slots[i]>>32) != c.group {
			continue
		}
		n := uint32(b.slots[i]) - 1
		if g := &b.groups[n]; g.hash == c.hash && g.root == root {
			return n
		}
	}
	n := uint32(len(b.groups))
	d := &b.dicts
	mail := d[dictMail].internTagged(0, r.emailDomain, c.mail)
	g := builtGroup{
		hash: c.hash, root: root, mail: mail,
		domain: domain,
		user:   d[dictUser].internTagged(mail<<1|c.bare, c.user, c.userTag),
		mask:   d[dictMask].intern(b.seed, r.mask),
		pw:     packPassword(r.hasPassword, r.pwLen, r.classes),
	}
	if r.hasPassword {
		g.digest = r.digest
	}
	b.groups = append(roomFor(b.groups, 1), g)
	b.slots[i] = uint64(c.group)<<32 | uint64(n+1)
	if len(b.groups)*2 > len(b.slots) {
		b.slots = growSlots(b.slots)
	}
	return n
}

// groupMix spreads a hash that may be no hash, as in tests. The root is not in
// it: next to no hash stands below several.
func groupMix(h hash128) uint64 {
	hi, lo := bits.Mul64(h.lo^mixPrime, mixPrime)
	return hi ^ lo ^ h.hi
}

// A machineTuple is one infected machine: the ordinals of its facts.
type machineTuple [machineFields]uint32

// facts returns what makes a machine, in the order of its fields.
func (r *row) facts() [machineFields]string {
	return [machineFields]string{r.machineID, r.hwid, r.computer, r.muser, r.ip, r.country, r.stealer}
}

// appendMachine appends all facts of the row's machine as one string: one
// look-up instead of seven for the many rows of a machine seen before.
func appendMachine(key []byte, r *row) []byte {
	for _, s := range r.facts() {
		key = append(binary.AppendUvarint(key, uint64(len(s))), s...)
	}
	return key
}

// machine returns the number of the row's machine.
func (b *tableBuilder) machine(r *row, c *comingRow) uint32 {
	key := b.keys[c.lo:c.hi]
	if len(key) == 0 {
		if b.noFacts == 0 {
			b.tuples = append(roomFor(b.tuples, 1), b.tuple(r, nil))
			b.noFacts = b.machines.skip() + 1
		}
		return b.noFacts - 1
	}
	// Interners copy what they keep.
	n := b.machines.internTagged(0, unsafe.String(unsafe.SliceData(key), len(key)), c.machine)
	if n == uint32(len(b.tuples)) {
		var tags *[machineFields]uint32
		if c.machineSlot == 0 {
			tags = &c.facts
		}
		b.tuples = append(roomFor(b.tuples, 1), b.tuple(r, tags))
	}
	return n
}

// tuple interns the facts of a row's machine, whose tags may be at hand.
func (b *tableBuilder) tuple(r *row, tags *[machineFields]uint32) (t machineTuple) {
	for f, s := range r.facts() {
		if in := b.dicts[machineField(f).dict()]; tags != nil {
			t[f] = in.internTagged(0, s, tags[f])
		} else {
			t[f] = in.intern(b.seed, s)
		}
	}
	return t
}

func (r *row) hasFacts() bool {
	return len(r.machineID)|len(r.hwid)|len(r.computer)|len(r.muser)|len(r.ip)|len(r.country)|len(r.stealer) != 0
}
