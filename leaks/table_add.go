package leaks

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"unsafe"
)

// addBatch is how many rows are looked up together.
const addBatch = 32

// A comingRow is what adding a row needs of it: where its strings may be.
type comingRow struct {
	hash   hash128
	user   string // as stored: the local part alone, or the whole name
	bare   uint32 // 1 for a local part alone
	lo, hi int    // its machine in keys; empty without any fact
	root   string // the root of a domain that may be new, as it is to be stored

	// Tags, and the first slots they lead to. Those of domain, mail and facts
	// are there only if the row is likely to need them.
	group, host, machine, domain, mail, rootTag uint32
	facts                                       [machineFields]uint32

	groupSlot, hostSlot, machineSlot uint64
	ahead                            ahead
	brought                          bool // root is not the domain's own
}

// An ahead is a set of tags that a row has already.
type ahead uint8

const (
	aheadDomain ahead = 1 << iota
	aheadUser         // mail, user and bare
	aheadFacts
	aheadRoot // root and rootTag
)

// add takes a row. It keeps nothing of r's strings.
func (b *tableBuilder) add(r *row) { b.addRows(unsafe.Slice(r, 1)) }

// addRows takes rows; it keeps nothing of their strings.
//
// What a row costs is waiting for memory. So the rows of a batch first ask for
// all the places where their strings may stand, then for what stands there, and
// only then look at it. Asking is done in short loops that do nothing else: a
// processor looks only some hundred instructions ahead, and waits for many
// places at once only if it comes across them there.
func (b *tableBuilder) addRows(rows []row) {
	for len(rows) > 0 {
		n := min(len(rows), addBatch)
		b.prepareBatch(rows[:n])
		var before *row
		for i := range n {
			b.addComing(&rows[i], &b.batch[i], before)
			before = &rows[i]
		}
		rows = rows[n:]
	}
}

// prepareBatch hashes the strings of rows and asks for their places.
func (b *tableBuilder) prepareBatch(rows []row) {
	batch := b.batch[:len(rows)]
	b.keys = b.keys[:0]
	for i := range batch {
		r, c := &rows[i], &batch[i]
		c.ahead = 0
		c.hash = hashOf(r.hash)
		c.group = tagOf(groupMix(c.hash))
		if !r.rootLate {
			b.tagDomain(r, c)
		}
		c.host = b.hostTag(r, c.domain)
		c.lo = len(b.keys)
		if r.hasFacts() {
			b.keys = appendMachine(b.keys, r)
			c.machine = tagOf(maphash.Bytes(b.seed, b.keys[c.lo:]))
		}
		c.hi = len(b.keys)
	}
	b.awaited = b.awaitKnown(batch) + b.awaitNew(rows, batch)
}

// awaitKnown asks for the places of what most rows share with others: their
// group, host and machine. Its result is of no use but that nobody takes the
// loads away.
func (b *tableBuilder) awaitKnown(batch []comingRow) (sum uint64) {
	hosts := b.dicts[dictHost]
	for i := range batch {
		c := &batch[i]
		c.groupSlot = b.slots[c.group&uint32(len(b.slots)-1)]
		c.hostSlot = hosts.slot(c.host)
		c.machineSlot = b.machines.slot(c.machine)
	}
	for i := range batch {
		c := &batch[i]
		if n := uint32(c.groupSlot); n != 0 {
			sum += uint64(b.groups[n-1].rows)
		}
		sum += hosts.record(c.hostSlot, recordHead+40) + b.machines.record(c.machineSlot, 64) + b.machines.record(c.machineSlot, recordHead+120)
	}
	return sum
}

// awaitNew asks for the places of what belongs to a credential, host or machine
// where that seems to be new.
func (b *tableBuilder) awaitNew(rows []row, batch []comingRow) (sum uint64) {
	d := &b.dicts
	for i := range batch {
		r, c := &rows[i], &batch[i]
		if uint32(c.groupSlot>>32) != c.group {
			b.tagUser(r, c)
		}
		if uint32(c.hostSlot>>32) != c.host && c.ahead&aheadDomain == 0 {
			b.tagDomain(r, c)
		}
		if c.hi > c.lo && uint32(c.machineSlot>>32) != c.machine {
			c.ahead |= aheadFacts
			for f, s := range r.facts() {
				c.facts[f] = tagOf(maphash.String(b.seed, s))
			}
		}
	}
	var domains, mails, roots [addBatch]uint64
	for i := range batch {
		c := &batch[i]
		if c.ahead&aheadDomain != 0 {
			domains[i] = d[dictDomain].slot(c.domain)
		}
		if c.ahead&aheadUser != 0 {
			mails[i] = d[dictMail].slot(c.mail)
		}
		if c.ahead&aheadFacts != 0 {
			for f, tag := range c.facts {
				sum += d[machineField(f).dict()].slot(tag)
			}
		}
	}
	for i := range batch {
		r, c := &rows[i], &batch[i]
		if r.rootLate && c.ahead&aheadDomain != 0 && uint32(domains[i]>>32) != c.domain {
			b.deriveRoot(r, c)
		}
	}
	for i := range batch {
		if c := &batch[i]; c.ahead&aheadRoot != 0 {
			roots[i] = d[dictRoot].slot(c.rootTag)
		}
	}
	for i := range batch {
		sum += d[dictRoot].record(roots[i], recordHead) + d[dictDomain].record(domains[i], recordHead) + d[dictMail].record(mails[i], recordHead)
	}
	return sum + b.awaitDomains(batch, &domains)
}

// awaitDomains asks for what the builder knows of the domains of known hosts, and
// of those whose slots are given.
func (b *tableBuilder) awaitDomains(batch []comingRow, slots *[addBatch]uint64) (sum uint64) {
	hosts, domains := b.dicts[dictHost], b.dicts[dictDomain]
	for i := range batch {
		c, n := &batch[i], len(b.domains)
		if uint32(c.hostSlot>>32) == c.host && uint32(c.hostSlot) != 0 {
			n = int(hosts.parentAt(uint32(c.hostSlot) - 1))
		} else if slot := slots[i]; uint32(slot) != 0 {
			n = int(domains.number(uint32(slot) - 1))
		}
		if n < len(b.domains) {
			sum += uint64(b.domains[n].root)
		}
	}
	return sum
}

// tagDomain sets the tag of the row's domain.
func (b *tableBuilder) tagDomain(r *row, c *comingRow) {
	c.domain = b.domainTag(r.domain, r.root)
	c.ahead |= aheadDomain
}

// tagUser sets what leads to the row's user. The lowest bit of a user's parent
// is clear for raw ones, which so sort before the bare ones of the same mail
// domain, as their zero byte wants.
func (b *tableBuilder) tagUser(r *row, c *comingRow) {
	c.mail = tagOf(maphash.String(b.seed, r.emailDomain))
	if c.user, c.bare = r.username, 0; bareUser(r.username, r.localPart, r.emailDomain) {
		c.user, c.bare = r.localPart, 1
	}
	c.ahead |= aheadUser
}

// addComing adds a row that prepareBatch has seen. Before is the row added just
// before; nil if it is not at hand.
func (b *tableBuilder) addComing(r *row, c *comingRow, before *row) {
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
	if len(b.rows)/voteBlock%voteEach == 0 {
		b.vote.add(r.seen, r.upload, r.log)
	}
	b.minSeen, b.maxSeen = min(b.minSeen, r.seen), max(b.maxSeen, r.seen)
	machine := b.machine(r, c)
	n := len(b.rows)
	b.rows = roomFor(b.rows, 1)[:n+1]
	to := &b.rows[n]
	to.group, to.seen, to.upload, to.log = g, r.seen, r.upload, r.log
	to.host, to.machine, to.typ = host, machine, r.typ
	// Rows that follow each other often share these.
	if before != nil && before.source == r.source {
		to.source = b.rows[n-1].source
	} else {
		to.source = d[dictSource].intern(b.seed, r.source)
	}
	if before != nil && before.software == r.software {
		to.software = b.rows[n-1].software
	} else {
		to.software = d[dictSoftware].intern(b.seed, r.software)
	}
	if before != nil && before.protocol == r.protocol {
		to.protocol = b.rows[n-1].protocol
	} else {
		to.protocol = d[dictProtocol].intern(b.seed, r.protocol)
	}
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
	if c.ahead&aheadUser == 0 {
		b.tagUser(r, c)
	}
	n := uint32(len(b.groups))
	d := &b.dicts
	mail := d[dictMail].internTagged(0, r.emailDomain, c.mail)
	user := d[dictUser].internLoosely(mail<<1|c.bare, c.user)
	masked := b.mask(r)
	b.groups = roomFor(b.groups, 1)[:n+1]
	// Written where it stays: a copy would wait for what was just written.
	g := &b.groups[n]
	g.hash, g.root, g.rows, g.digest = c.hash, root, 0, 0
	g.domain, g.mail, g.user, g.mask = domain, mail, user, masked
	g.pw = packPassword(r.hasPassword, r.pwLen, r.classes)
	if r.hasPassword {
		g.digest = r.digest
	}
	b.slots[i] = uint64(c.group)<<32 | uint64(n+1)
	if len(b.groups)*2 > len(b.slots) {
		b.slots = growSlots(b.slots)
	}
	return n
}

// mask returns the number of the row's mask. Nearly all are found by their ends.
func (b *tableBuilder) mask(r *row) uint32 {
	if r.maskEnds == 0 {
		return b.dicts[dictMask].intern(b.seed, r.mask)
	}
	n := &b.masks[r.maskEnds-1]
	if *n == 0 {
		*n = b.dicts[dictMask].intern(b.seed, r.mask) + 1
	}
	return *n - 1
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
		if c.ahead&aheadFacts != 0 {
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
