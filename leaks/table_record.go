package leaks

import "encoding/hex"

// A rowFacts is everything a table says of one row, or the last of several
// rows: what the rows of an answer have in common is read once.
type rowFacts struct {
	typ               Type
	seen, upload, log uint32 // Unix seconds; 0 is none
	hash              hash128

	username, localPart, emailDomain string
	mask                             string

	host, domain, root, protocol string
	software                     string
	machine                      [machineFields]string

	// The rest serves to fill in the next row. last holds what was read last
	// of each dictionary of c.
	c       *tableCursor
	last    [numDicts]memo
	of      uint32 // the machine that machine is of, plus 1
	arena   arena
	scratch []byte
}

// A memo is a member of a dictionary and its number plus 1.
type memo struct {
	ord  uint32
	text string
}

// from turns f to a table, whose numbers mean something else.
func (f *rowFacts) from(c *tableCursor) {
	if f.c != c {
		f.c, f.last, f.of = c, [numDicts]memo{}, 0
	}
}

// text returns a member of a dictionary, as stored.
func (f *rowFacts) text(d dictID, ord uint32) string {
	m := &f.last[d]
	if m.ord == ord+1 {
		return m.text
	}
	t := f.c.t
	if shared[d] {
		if s := t.names[d].get(ord); s != nil {
			return *s
		}
	}
	b := f.c.bytes(d, ord)
	if ord == 0 && len(b) == 0 {
		return "" // many rows lack a fact: let the memo keep one that some have
	}
	if shared[d] && f.c.dicts[d].Err() == nil {
		s := string(b)
		t.names[d].put(ord, t.dictLen(d), s)
		*m = memo{ord + 1, s}
		return s
	}
	*m = memo{ord + 1, f.arena.keep(b)}
	return m.text
}

// hex returns the digits of the hash.
func (f *rowFacts) hex() string {
	b := f.hash.bytes()
	f.scratch = hex.AppendEncode(f.scratch[:0], b[:])
	return f.arena.keep(f.scratch)
}

// rowRecord fills f with the facts of a row of group g.
func (c *tableCursor) rowRecord(g, row uint32, f *rowFacts) {
	c.credentialFacts(g, f)
	c.occurrenceFacts(row, f)
}

// credentialFacts fills in what all rows of group g have in common.
func (c *tableCursor) credentialFacts(g uint32, f *rowFacts) {
	f.from(c)
	f.hash = c.groupHash(g)
	f.mask = f.text(dictMask, c.groupMask(g))
	f.root = f.text(dictRoot, c.groupRoot(g))
	f.domain = f.text(dictDomain, c.groupDomain(g))
	user := c.groupUser(g)
	f.emailDomain = f.text(dictMail, c.userMail(user))
	s := c.bytes(dictUser, user)
	if !isAddress(s) {
		f.username, f.localPart = f.arena.keep(s[1:]), ""
		if f.emailDomain != "" {
			f.localPart = rawLocalPart(s)
		}
		return
	}
	f.scratch = append(append(append(f.scratch[:0], s...), '@'), f.emailDomain...)
	f.username = f.arena.keep(f.scratch)
	f.localPart = f.username[:len(s)]
}

// sourceOf returns the source of a row, which only occurrences show.
func (c *tableCursor) sourceOf(row uint32, f *rowFacts) string {
	f.from(c)
	return f.text(dictSource, c.source(row))
}

// occurrenceFacts fills in what belongs to one row, but for its source.
func (c *tableCursor) occurrenceFacts(row uint32, f *rowFacts) {
	f.from(c)
	f.typ = c.typ(row)
	f.seen, f.upload, f.log = c.seen(row), c.upload(row), c.log(row)
	f.host = f.text(dictHost, c.host(row))
	f.protocol = f.text(dictProtocol, c.protocol(row))
	f.software = f.text(dictSoftware, c.software(row))
	if m := c.machine(row); f.of != m+1 {
		f.of = m + 1
		f.machine = f.machineFacts(m).facts
	}
}
