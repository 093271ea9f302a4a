package leaks

// A rowFacts is everything a table says of one row.
type rowFacts struct {
	typ               Type
	seen, upload, log uint32 // Unix seconds; 0 is none
	hash              hash128

	username, localPart, emailDomain string
	mask                             string

	host, domain, root, protocol string
	source, software             string
	machine                      [machineFields]string
}

// rowRecord fills f with the facts of a row of group g.
func (c *tableCursor) rowRecord(g, row uint32, f *rowFacts) {
	c.credentialFacts(g, f)
	c.occurrenceFacts(row, f)
}

// credentialFacts fills in what all rows of group g have in common.
func (c *tableCursor) credentialFacts(g uint32, f *rowFacts) {
	f.hash = c.groupHash(g)
	f.mask = c.str(dictMask, c.groupMask(g))
	f.root = c.str(dictRoot, c.groupRoot(g))
	f.domain = c.str(dictDomain, c.groupDomain(g))
	user := c.groupUser(g)
	f.emailDomain = c.str(dictMail, c.userMail(user))
	s := c.bytes(dictUser, user)
	if !isAddress(s) {
		f.username, f.localPart = string(s[1:]), ""
		if f.emailDomain != "" {
			f.localPart = rawLocalPart(s)
		}
		return
	}
	c.key = append(append(c.key[:0], s...), '@')
	f.username = string(append(c.key, f.emailDomain...))
	f.localPart = f.username[:len(s)]
}

// occurrenceFacts fills in what belongs to one row.
func (c *tableCursor) occurrenceFacts(row uint32, f *rowFacts) {
	f.typ = c.typ(row)
	f.seen, f.upload, f.log = c.seen(row), c.upload(row), c.log(row)
	f.host = c.str(dictHost, c.host(row))
	f.protocol = c.str(dictProtocol, c.protocol(row))
	f.source = c.str(dictSource, c.source(row))
	f.software = c.str(dictSoftware, c.software(row))
	m := c.machine(row)
	for i := range machineFields {
		f.machine[i] = c.str(i.dict(), c.machineField(m, i))
	}
}
