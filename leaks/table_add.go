package leaks

import (
	"encoding/binary"
	"hash/maphash"
	"unsafe"
)

// addBatch is how many rows are looked up together.
const addBatch = 32

// A comingRow is what adding a row needs of it: where its strings may be.
type comingRow struct {
	user   string // as stored: the local part alone, or the whole name
	bare   uint32 // 1 for a local part alone
	lo, hi int    // its machine in keys; empty without any fact
	root   string // the root of a domain that may be new, as it is to be stored

	// Tags, and the first slots they lead to. That of domain is there only if the
	// row is likely to need it.
	host, machine, domain, mail, rootTag uint32

	hostSlot, machineSlot uint64
	ahead                 ahead
	brought               bool // root is not the domain's own
}

// An ahead is a set of tags that a row has already.
type ahead uint8

const (
	aheadDomain ahead = 1 << iota
	aheadRoot         // root and rootTag
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
		b.tagUser(r, c)
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
// host and machine. Its result is of no use but that nobody takes the
// loads away.
func (b *tableBuilder) awaitKnown(batch []comingRow) (sum uint64) {
	hosts := b.dicts[dictHost]
	for i := range batch {
		c := &batch[i]
		c.hostSlot = hosts.slot(c.host)
		c.machineSlot = b.machines.slot(c.machine)
	}
	for i := range batch {
		c := &batch[i]
		sum += hosts.record(c.hostSlot, recordHead+40) + b.machines.record(c.machineSlot, 64) + b.machines.record(c.machineSlot, recordHead+120)
	}
	return sum
}

// awaitNew asks for the places of mail domains, and of what belongs to a host that
// seems to be new.
func (b *tableBuilder) awaitNew(rows []row, batch []comingRow) (sum uint64) {
	d := &b.dicts
	for i := range batch {
		r, c := &rows[i], &batch[i]
		if uint32(c.hostSlot>>32) != c.host && c.ahead&aheadDomain == 0 {
			b.tagDomain(r, c)
		}
	}
	var domains, mails, roots [addBatch]uint64
	for i := range batch {
		c := &batch[i]
		if c.ahead&aheadDomain != 0 {
			domains[i] = d[dictDomain].slot(c.domain)
		}
		mails[i] = d[dictMail].slot(c.mail)
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
	if len(b.rows)/voteBlock%voteEach == 0 {
		b.vote.add(r.seen, r.upload, r.log)
	}
	b.minSeen, b.maxSeen = min(b.minSeen, r.seen), max(b.maxSeen, r.seen)
	machine := b.machine(r, c)
	mail := d[dictMail].internTagged(0, r.emailDomain, c.mail)
	user := d[dictUser].internLoosely(mail<<1|c.bare, c.user)
	masked := b.mask(r)
	n := len(b.rows)
	b.rows = roomFor(b.rows, 1)[:n+1]
	// Written where it stays: a copy would wait for what was just written.
	to := &b.rows[n]
	to.hash, to.digest = hashOf(r.hash), 0
	if r.hasPassword {
		to.digest = r.digest
	}
	to.seen, to.upload, to.log = r.seen, r.upload, r.log
	to.domain, to.host, to.machine, to.typ = domain, host, machine, r.typ
	to.mail, to.user, to.mask = mail, user, masked
	to.pw = packPassword(r.hasPassword, r.pwLen, r.classes)
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
			b.tuples = append(roomFor(b.tuples, 1), b.tuple(r))
			b.noFacts = b.machines.skip() + 1
		}
		return b.noFacts - 1
	}
	// Interners copy what they keep.
	n := b.machines.internTagged(0, unsafe.String(unsafe.SliceData(key), len(key)), c.machine)
	if n == uint32(len(b.tuples)) {
		b.tuples = append(roomFor(b.tuples, 1), b.tuple(r))
	}
	return n
}

// tuple interns the facts of a new machine.
func (b *tableBuilder) tuple(r *row) (t machineTuple) {
	for f, s := range r.facts() {
		if in := b.dicts[machineField(f).dict()]; in.loose {
			t[f] = in.internLoosely(0, s)
		} else {
			t[f] = in.intern(b.seed, s)
		}
	}
	return t
}

func (r *row) hasFacts() bool {
	return len(r.machineID)|len(r.hwid)|len(r.computer)|len(r.muser)|len(r.ip)|len(r.country)|len(r.stealer) != 0
}
