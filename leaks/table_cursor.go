package leaks

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/leakscope/leakscope/index"
)

// Roots and the hierarchy of hosts.

// findRoot returns the ordinal of a root domain.
func (c *tableCursor) findRoot(name string) (uint32, bool) { return c.find(dictRoot, name) }

// rootName returns the name of a root domain.
func (c *tableCursor) rootName(root uint32) string { return c.str(dictRoot, root) }

// rootGroups returns the groups of a root: lo <= group < hi.
func (c *tableCursor) rootGroups(root uint32) (lo, hi uint32) { return c.span(colRootGroups, root) }

// groupRoot returns the root of a group.
func (c *tableCursor) groupRoot(g uint32) uint32 { return c.parentOf(colRootGroups, g, &c.root) }

// domainRoot returns the root of a domain.
func (c *tableCursor) domainRoot(domain uint32) uint32 {
	return c.parentOf(colDomainStarts, domain, &c.rootOfDomain)
}

// hostDomain returns the domain of a host.
func (c *tableCursor) hostDomain(host uint32) uint32 {
	return c.parentOf(colHostStarts, host, &c.domain)
}

// domainRange returns the domains of the roots rootLo <= root < rootHi.
func (c *tableCursor) domainRange(rootLo, rootHi uint32) (lo, hi uint32) {
	return c.spans(colDomainStarts, rootLo, rootHi)
}

// hostRange returns the hosts of the roots rootLo <= root < rootHi.
func (c *tableCursor) hostRange(rootLo, rootHi uint32) (lo, hi uint32) {
	lo, hi = c.domainRange(rootLo, rootHi)
	return c.spans(colHostStarts, lo, hi)
}

// hostsOfDomain returns the hosts of a domain.
func (c *tableCursor) hostsOfDomain(domain uint32) (lo, hi uint32) {
	return c.span(colHostStarts, domain)
}

// findDomain returns the ordinal of a domain below a root.
func (c *tableCursor) findDomain(root uint32, name string) (uint32, bool) {
	lo, hi := c.span(colDomainStarts, root)
	return c.findIn(dictDomain, lo, hi, name)
}

// findHost returns the ordinal of a host below a domain.
func (c *tableCursor) findHost(domain uint32, name string) (uint32, bool) {
	lo, hi := c.span(colHostStarts, domain)
	return c.findIn(dictHost, lo, hi, name)
}

// Mail domains and users.

// findMail returns the ordinal of an e-mail domain; the empty one is that of
// usernames that are no addresses.
func (c *tableCursor) findMail(name string) (uint32, bool) { return c.find(dictMail, name) }

// mailUsers returns the users of a mail domain: lo <= user < hi.
func (c *tableCursor) mailUsers(mail uint32) (lo, hi uint32) { return c.span(colUserStarts, mail) }

// userMail returns the mail domain of a user.
func (c *tableCursor) userMail(user uint32) uint32 {
	if user-c.mail.lo < c.mail.hi-c.mail.lo {
		return c.mail.at
	}
	if lo, hi, ok := c.t.mailMarks.bounds(c.t, user); ok {
		return c.parentWithin(colUserStarts, user, &c.mail, uint64(lo)+1, uint64(hi)+2)
	}
	return c.parentOf(colUserStarts, user, &c.mail)
}

// findUser returns the ordinal of a username, given with its two halves as in a
// row.
func (c *tableCursor) findUser(username, local, mail string) (uint32, bool) {
	m, known := c.findMail(mail)
	if n := c.t.dictLen(dictMail); n == 0 {
		return 0, false
	} else if !known {
		m = min(m, n-1) // to take as long
	}
	lo, hi := c.mailUsers(m)
	c.key = append(c.key[:0], local...)
	if !bareUser(username, local, mail) {
		c.key = append(append(c.key[:0], rawUser), username...)
	}
	user, ok := c.findBytes(dictUser, lo, hi, c.key)
	return user, ok && known
}

// userName appends the username of a user to dst.
func (c *tableCursor) appendUsername(dst []byte, user uint32) []byte {
	s := c.bytes(dictUser, user)
	if len(s) > 0 && s[0] == rawUser {
		return append(dst, s[1:]...)
	}
	dst = append(append(dst, s...), '@')
	return append(dst, c.bytes(dictMail, c.userMail(user))...)
}

// username returns the username of a user.
func (c *tableCursor) username(user uint32) string {
	c.key = c.appendUsername(c.key[:0], user)
	return string(c.key)
}

// localPart returns the local part of a user, empty if the username is no
// address.
func (c *tableCursor) localPart(user uint32) string {
	s := c.bytes(dictUser, user)
	if isAddress(s) {
		return string(s)
	}
	if len(c.bytes(dictMail, c.userMail(user))) == 0 {
		return ""
	}
	return rawLocalPart(s)
}

// rawLocalPart returns the local part of a stored address that is not stored
// bare: its domain is spelled otherwise than the mail domain, as an IDN is.
func rawLocalPart(stored []byte) string {
	return string(stored[1:max(1, bytes.LastIndexByte(stored, '@'))])
}

// isAddress reports whether the stored form of a user is that of an address,
// whose bytes are then its local part.
func isAddress(stored []byte) bool { return len(stored) == 0 || stored[0] != rawUser }

// userGroupsOf appends the groups of the users lo <= user < hi to dst: of each
// user ascending, otherwise in no order.
func (c *tableCursor) userGroupsOf(lo, hi uint32, dst []uint32) []uint32 {
	from, to := c.spans(colUserGroups, lo, hi)
	return c.decode(colByUser, from, to, dst)
}

// userGroupCount returns how many groups userGroupsOf would append.
func (c *tableCursor) userGroupCount(lo, hi uint32) uint32 {
	from, to := c.spans(colUserGroups, lo, hi)
	return to - from
}

// Groups.

// groupHash returns the hash of a group.
func (c *tableCursor) groupHash(g uint32) hash128 {
	if c.hashes == nil {
		c.hashes = c.t.hashes.Cursor()
	}
	b := c.hashes.At(uint64(g))
	return hash128{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// groupHashes appends the hashes of the groups lo <= g < hi to dst.
func (c *tableCursor) groupHashes(lo, hi uint32, dst []hash128) []hash128 {
	if c.hashes == nil {
		c.hashes = c.t.hashes.Cursor()
	}
	for lo < hi {
		b := c.hashes.From(uint64(lo))
		if len(b) < 16 {
			return append(dst, make([]hash128, hi-lo)...)
		}
		for ; len(b) >= 16 && lo < hi; lo++ {
			dst = append(dst, hash128{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])})
			b = b[16:]
		}
	}
	return dst
}

// findHash appends the groups of a hash to dst: none, one, or one for each root
// it stands below. A hash that is there takes no other work than one that is not.
func (c *tableCursor) findHash(h hash128, dst []uint32) []uint32 {
	dst, _ = c.findHashNear(h, dst)
	return dst
}

// findHashNear is findHash, and says which group stands where the hash does or
// would stand.
func (c *tableCursor) findHashNear(h hash128, dst []uint32) (groups []uint32, near uint32) {
	place := c.seekHash(h.hi)
	found := false
	for i := place; i < c.t.groups && c.err() == nil; i++ {
		g := c.value(colByHash, i)
		have := c.groupHash(g)
		if i == place {
			near = g
		}
		if have == h {
			dst, found = append(dst, g), true
		}
		// The one behind those that are meant is looked at in any case.
		if have.hi != h.hi && (found || i > place) {
			break
		}
	}
	return dst, near
}

// seekHash returns the first place in byHash whose hash has at least the high
// half hi. Hashes are uniform, so it guesses the place; where guesses do not
// help it halves. It does not end where it meets hi, so that the time does not tell.
func (c *tableCursor) seekHash(hi uint64) uint32 {
	from, to := uint32(0), c.t.groups
	low, high := uint64(0), ^uint64(0)
	for step := 0; from < to; step++ {
		mid := from + (to-from)/2
		if (step < 6 || step&1 == 0) && low <= hi && hi <= high && low < high {
			// (hi-low)/(high-low) of the way, in 128 bits.
			a, b := bits.Mul64(hi-low, uint64(to-from))
			q, _ := bits.Div64(a, b, high-low) // a < high-low, for to-from < 1<<32
			mid = min(from+uint32(q), to-1)
		}
		if at := c.hashAt(mid); at < hi {
			from, low = mid+1, at
		} else {
			to, high = mid, at
		}
	}
	return from
}

// hashAt returns the high half of the hash at place i of byHash.
func (c *tableCursor) hashAt(i uint32) uint64 { return c.groupHash(c.value(colByHash, i)).hi }

// groupRows returns the rows of a group: lo <= row < hi, ordered by seen, then
// arrival.
func (c *tableCursor) groupRows(g uint32) (lo, hi uint32) { return c.span(colGroupRow, g) }

// groupOfRow returns the group of a row; ascending rows are cheap.
func (c *tableCursor) groupOfRow(row uint32) uint32 {
	k, n := c.column(colGroupRow), uint64(c.t.groups)+1
	want := uint64(row) + 1
	at := uint64(c.group)
	if at >= n || k.At(at) >= want {
		at = 0
	}
	// Value at is at most row. Double the stride until one is above it.
	step := uint64(1)
	for at+step < n && k.At(at+step) < want {
		at += step
		step *= 2
	}
	g := k.Search(at, min(at+step+1, n), want)
	if g == 0 || g >= n {
		c.corrupt("no group holds a row")
		return 0
	}
	c.group = uint32(g - 1)
	return c.group
}

func (c *tableCursor) groupDomain(g uint32) uint32  { return c.value(colGroupDomain, g) }
func (c *tableCursor) groupUser(g uint32) uint32    { return c.value(colGroupUser, g) }
func (c *tableCursor) groupMask(g uint32) uint32    { return c.value(colGroupMask, g) }
func (c *tableCursor) groupSources(g uint32) uint32 { return c.value(colGroupSources, g) }

// groupLast returns when a group was seen last.
func (c *tableCursor) groupLast(g uint32) uint32 {
	lo, hi := c.groupRows(g)
	if lo >= hi {
		return 0 // only corrupt columns get here; their cursor says so
	}
	return c.seen(hi - 1)
}

// digest returns the password digest of a group, and whether it has a password.
func (c *tableCursor) digest(g uint32) (uint64, bool) {
	if c.value(colGroupPassword, g)&1 == 0 {
		return 0, false
	}
	if c.digests == nil {
		c.digests = c.t.digests.Cursor()
	}
	return binary.LittleEndian.Uint64(c.digests.At(uint64(g))), true
}

// pwLen returns the length in runes of a group's password.
func (c *tableCursor) pwLen(g uint32) uint16 { return uint16(c.value(colGroupPassword, g) >> pwShift) }

// classes returns the character classes of a group's password.
func (c *tableCursor) classes(g uint32) uint8 {
	return uint8(c.value(colGroupPassword, g) >> 1 & maxClasses)
}

// Rows.

func (c *tableCursor) seen(row uint32) uint32     { return c.value(colSeen, row) }
func (c *tableCursor) source(row uint32) uint32   { return c.value(colSource, row) }
func (c *tableCursor) host(row uint32) uint32     { return c.value(colHost, row) }
func (c *tableCursor) machine(row uint32) uint32  { return c.value(colMachine, row) }
func (c *tableCursor) typ(row uint32) Type        { return Type(c.value(colType, row)) }
func (c *tableCursor) software(row uint32) uint32 { return c.value(colSoftware, row) }
func (c *tableCursor) protocol(row uint32) uint32 { return c.value(colProtocol, row) }

// upload returns when a row appeared on its platform, 0 for none.
func (c *tableCursor) upload(row uint32) uint32 { return c.time(colUpload, c.t.coding[0], row) }

// log returns when a row's device was compromised, 0 for none.
func (c *tableCursor) log(row uint32) uint32 { return c.time(colLog, c.t.coding[1], row) }

func (c *tableCursor) time(id columnID, coding timeCoding, row uint32) uint32 {
	v := c.column(id).At(uint64(row))
	if coding == timePlain || v == 0 {
		return uint32(v)
	}
	return coding.decode(c.seen(row), v)
}

// seenRange appends the detection times of the rows lo <= row < hi to dst.
func (c *tableCursor) seenRange(lo, hi uint32, dst []uint32) []uint32 {
	return c.decode(colSeen, lo, hi, dst)
}

// ordinal returns the rank of a row's arrival. It tells which of two rows of
// one hash was ingested last when their seen are equal.
func (c *tableCursor) ordinal(row uint32) uint64 {
	if !c.t.splitHash {
		return uint64(row)
	}
	return c.column(colOrdinal).At(uint64(row))
}

// machineField returns the ordinal of a machine's fact in its dictionary.
func (c *tableCursor) machineField(m uint32, f machineField) uint32 {
	return c.value(colMachineFirst+columnID(f), m)
}

// valuesAt appends the values of a column at some places, which ascend, to dst.
func (c *tableCursor) valuesAt(id columnID, places, dst []uint32) []uint32 {
	if len(places) == 0 {
		return dst
	}
	lo, hi := places[0], places[len(places)-1]+1
	if hi-lo > 8*uint32(len(places)) {
		for _, i := range places {
			dst = append(dst, c.value(id, i))
		}
		return dst
	}
	n := len(dst)
	dst = c.decode(id, lo, hi, dst)
	if len(dst)-n < int(hi-lo) {
		return append(dst[:n], make([]uint32, len(places))...) // after an error
	}
	for k, i := range places {
		dst[n+k] = dst[n+int(i-lo)]
	}
	return dst[:n+len(places)]
}

// Dictionaries.

func (c *tableCursor) dict(d dictID) *index.DictCursor {
	if k := c.dicts[d]; k != nil {
		return k
	}
	k := c.t.dicts[d].Cursor()
	c.dicts[d] = k
	return k
}

// bytes returns a string of a dictionary as stored, valid until the next call
// for that dictionary. Users have a stored form, see username.
func (c *tableCursor) bytes(d dictID, ord uint32) []byte { return c.dict(d).At(ord) }

// str returns a string of a dictionary as stored.
func (c *tableCursor) str(d dictID, ord uint32) string { return string(c.dict(d).At(ord)) }

// find returns the ordinal of a string in a flat dictionary.
func (c *tableCursor) find(d dictID, s string) (uint32, bool) {
	return c.findIn(d, 0, c.t.tableMeta.dicts[d], s)
}

func (c *tableCursor) findIn(d dictID, lo, hi uint32, s string) (uint32, bool) {
	c.key = append(c.key[:0], s...)
	return c.findBytes(d, lo, hi, c.key)
}

func (c *tableCursor) findBytes(d dictID, lo, hi uint32, s []byte) (uint32, bool) {
	if lo >= hi {
		return lo, false
	}
	return c.dict(d).Find(lo, hi, s)
}

// scan calls fn for the strings lo <= ord < hi of a dictionary, as stored, in
// order, until it returns false. fn must not use that dictionary.
func (c *tableCursor) scan(d dictID, lo, hi uint32, fn func(ord uint32, s []byte) bool) {
	c.dict(d).Scan(lo, hi, fn)
}

// search calls fn for the strings lo <= ord < hi of a dictionary that m matches,
// as stored, in order, until it returns false. fn must not use that dictionary.
func (c *tableCursor) search(d dictID, lo, hi uint32, m *index.Matcher, fn func(ord uint32) bool) {
	c.dict(d).SearchText(c.t.texts[d], lo, hi, m, fn)
}
