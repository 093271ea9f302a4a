package corpus

import (
	"fmt"
	"math"
	"strconv"
)

// The fields of an occurrence that are made up letter by letter.
const (
	fUsername = iota
	fPassword
	fHost
	fDomain
	fRoot
	fProtocol
	fLocal
	fMail
	fSource
	fIP
	fComputer
	fUser
	fMachine
	fHardware
	fields
)

type span struct{ lo, hi uint16 }

// A row is one occurrence in the making: its text in one buffer, used again
// for the next.
type row struct {
	text  []byte
	spans [fields]span

	stealer           bool
	seen, upload, log int64  // unix seconds; log is 0 for a Combo
	stealerName       string // the words below are of the vocabularies
	country           string
	software          string
}

func (r *row) field(f int) []byte { return r.text[r.spans[f].lo:r.spans[f].hi] }

// begin and end bracket the text of a field.
func (r *row) begin() int       { return len(r.text) }
func (r *row) end(f, start int) { r.spans[f] = span{uint16(start), uint16(len(r.text))} }
func (r *row) add(s string)     { r.text = append(r.text, s...) }
func (r *row) addByte(c byte)   { r.text = append(r.text, c) }
func (r *row) addInt(v int64)   { r.text = strconv.AppendInt(r.text, v, 10) }

// make fills the row with occurrence i of c.
func (c *Corpus) make(r *row, i int64) {
	*r = row{text: r.text[:0]}
	first := c.credential(i)
	occ := c.draw(ofOccurrence, i)
	occ.next() // spent by credential
	occ.next()
	cred := c.draw(ofCredential, first)

	// The credential: who, where.
	rootRank := c.rootZipf.rank(cred.unit())
	logged := cred.chance(stealerRows)
	machine, person := c.machine(&cred), cred.below(c.persons)
	if logged {
		person = c.persons + machine*personsPerPC + cred.below(personsPerPC)
	}
	r.stealer = logged
	if i != first {
		if logged {
			r.stealer = occ.chance(staysLog)
		} else if r.stealer = occ.chance(turnsLog); r.stealer {
			machine = c.machine(&occ)
		}
	}

	c.place(r, &cred, &occ, rootRank, i != first)
	c.login(r, &cred, person, rootRank)
	c.password(r, &cred, person)
	c.source(r, &occ, first, i)
	if r.stealer {
		c.facts(r, machine)
		r.software = softwares[pickSoftware.pick(&cred)]
	}
	c.times(r, &occ, i != first)
}

// machine draws a machine, some far more often than others.
func (c *Corpus) machine(d *draws) int64 {
	u := d.unit()
	return int64(float64(c.machines) * u * math.Sqrt(u)) // density falls as rank^(-1/3)
}

// addRoot writes the root domain of a rank. Ranks become numbers by a
// permutation and numbers become words, so the name tells nothing of the rank.
func (c *Corpus) addRoot(r *row, rank int) {
	mask := uint64(1)<<c.rootBits - 1
	// Each step can be undone, so the whole is a permutation.
	p := (uint64(rank) + c.rootOffset) * c.rootFactor & mask
	p ^= p >> (c.rootBits / 2)
	p = p * c.rootFactor & mask
	p ^= p >> (c.rootBits / 2)
	rest := c.rootBits - 2*wordBits
	r.add(words[p>>(rest+wordBits)])
	r.add(words[p>>rest&(1<<wordBits-1)])
	if v := p & (1<<rest - 1); v != 0 {
		r.addInt(int64(v))
	}
	// Of the number too, so that no two domains differ in the ending only.
	if mix(p)&3 == 0 {
		r.add(".test")
	} else {
		r.add(".example")
	}
}

// place makes protocol, host, domain and root domain. All but the page belong
// to the credential.
func (c *Corpus) place(r *row, cred, occ *draws, rank int, again bool) {
	at := r.begin()
	switch v := cred.next() >> 58; {
	case v < 55:
		r.add("https")
	case v < 63:
		r.add("http")
	default:
		r.add("ftp")
	}
	r.end(fProtocol, at)
	r.add("://")
	domain := r.begin()
	// A domain uses only some of the subdomains: which, its rank decides.
	if u := cred.next(); u&3 != 0 {
		few := (u >> 8 & 7) * (u >> 11 & 7) / 10 // 0 to 4, small ones mostly
		r.add(subdomains[(few+uint64(rank)*5)&15])
		r.addByte('.')
	}
	root := r.begin()
	c.addRoot(r, rank)
	r.end(fRoot, root)
	r.end(fDomain, domain)

	page := cred.next()
	if again && occ.chance(20*percent) {
		page = occ.next()
	}
	u := float64(page>>11) / (1 << 53)
	r.add(paths[(int(u*u*float64(len(paths)))+rank)%len(paths)])
	if page&15 == 0 { // a page like no other
		r.add("?session=")
		r.text = strconv.AppendUint(r.text, mix(page), 36)
	}
	r.end(fHost, at)
}

// login makes the username: an e-mail address of the person, one of an employee
// of the place itself, a login name, or a number.
func (c *Corpus) login(r *row, cred *draws, person int64, rank int) {
	who := c.draw(ofPerson, person)
	kind := cred.next() >> 57 // 0 to 127
	at := r.begin()
	first, last := firstNames[who.next()>>58], lastNames[who.next()>>58]
	number := who.below(9000)
	switch {
	case kind < 4:
		r.addInt(int64(10000000 + mix(uint64(person))%90000000))
		r.end(fUsername, at)
		return
	case kind < 19:
		r.addByte(first[0])
		r.add(last)
		r.addInt(number)
		r.end(fUsername, at)
		return
	}
	r.add(first)
	r.addByte("._-."[number&3])
	r.add(last)
	if number >= 1000 {
		r.addInt(number)
	}
	r.end(fLocal, at)
	r.addByte('@')
	mail := r.begin()
	if kind < 29 {
		c.addRoot(r, rank)
	} else {
		c.addMailDomain(r, &who)
	}
	r.end(fMail, mail)
	r.end(fUsername, at)
}

func (c *Corpus) addMailDomain(r *row, who *draws) {
	u := who.unit()
	for i := range providers {
		if u -= providers[i].share; u < 0 {
			r.add(providers[i].name)
			return
		}
	}
	c.addRoot(r, c.rootZipf.rank(who.unit()))
}

// password makes the plaintext: a common one, one of the person's three, or one
// for this credential alone.
func (c *Corpus) password(r *row, cred *draws, person int64) {
	at := r.begin()
	kind := cred.next() >> 57 // 0 to 127
	own := cred.next()
	switch {
	case kind < 6:
		u := float64(own>>11) / (1 << 53)
		r.add(commonPasswords[int(u*u*float64(len(commonPasswords)))])
	case kind < 80:
		addSecret(r, mix(uint64(person)*4+min(own>>62, own>>60&3)+c.seed))
	default:
		addSecret(r, own)
	}
	r.end(fPassword, at)
}

// addSecret writes the password of a number: words, digits and signs, or
// characters in no order.
func addSecret(r *row, v uint64) {
	const signs = `!#$%&*+-.?@_`
	const chars = `ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789!#$%&*:`
	switch kind := v & 255; {
	case kind < 90:
		w := words[v>>8&63]
		r.addByte(w[0] - 'a' + 'A')
		r.add(w[1:])
		r.addInt(int64(v >> 14 % 10000))
		r.addByte(signs[v>>40%uint64(len(signs))])
	case kind < 170:
		r.add(lastNames[v>>8&63])
		r.addInt(int64(v >> 14 % 1000000))
	case kind < 172:
		r.add("Grüße")
		r.addInt(int64(v >> 14 % 1000000))
	case kind < 174:
		r.add(`a"b\c`)
		r.addInt(int64(v >> 14 % 1000000))
	default:
		x := mix(v)
		for range 8 + v>>8&7 {
			if x < 64 {
				x = mix(x + v)
			}
			r.addByte(chars[x&63])
			x >>= 6
		}
	}
}

// source makes the feed that reported the occurrence; a repeat's is another one
// than that of the credential's first occurrence.
func (c *Corpus) source(r *row, occ *draws, first, i int64) {
	s := c.fromZipf.rank(occ.unit())
	if i != first {
		d := c.draw(ofOccurrence, first)
		d.next()
		d.next()
		// What a first occurrence draws before its source is nothing.
		if s == c.fromZipf.rank(d.unit()) {
			s = (s + 1) % Sources
		}
	}
	at := r.begin()
	r.add(sourceNames[s])
	r.end(fSource, at)
}

// sourceNames are told apart by a number that an odd factor permutes.
var sourceNames = func() (all [Sources]string) {
	for i := range all {
		kind := [...]string{"channel", "forum", "market", "feed"}[i&3]
		all[i] = fmt.Sprintf("%s-%04x", kind, i*40503&0xffff)
	}
	return all
}()

// facts makes what is known of a machine. log_date is one of them.
func (c *Corpus) facts(r *row, machine int64) {
	d := c.draw(ofMachine, machine)
	r.log = Start + d.below(End-Start-2*daySeconds)
	r.stealerName = stealers[pickStealer.pick(&d)]
	r.country = countries[pickCountry.pick(&d)]
	a, b := d.next(), d.next()

	at := r.begin()
	if a&15 == 0 {
		r.add("2001:db8:")
		r.text = strconv.AppendUint(r.text, a>>8&0x7fff+1, 16)
		r.add("::")
		r.text = strconv.AppendUint(r.text, a>>32&0x7fff+1, 16)
	} else {
		r.add("100.")
		r.addInt(int64(64 + a>>8&63))
		r.addByte('.')
		r.addInt(int64(a >> 16 & 255))
		r.addByte('.')
		r.addInt(int64(a >> 24 & 255))
	}
	r.end(fIP, at)

	at = r.begin()
	switch a >> 60 {
	case 0, 1:
		r.add("LAPTOP-")
		addBase32(r, b, 8)
	case 2, 3:
		r.add(lastNames[b&63])
		r.add("-PC")
	default:
		r.add("DESKTOP-")
		addBase32(r, b, 7)
	}
	r.end(fComputer, at)

	at = r.begin()
	switch a >> 56 & 15 {
	case 0, 1, 2:
		r.add("user")
	case 3:
		r.add("Administrator")
	default:
		r.add(firstNames[b>>6&63])
	}
	r.end(fUser, at)

	const lower, upper = "0123456789abcdef", "0123456789ABCDEF"
	at = r.begin()
	x, y := d.next(), d.next()
	addHex(r, lower, x, 8)
	r.addByte('-')
	addHex(r, lower, x>>32, 4)
	r.addByte('-')
	addHex(r, lower, x>>48, 4)
	r.addByte('-')
	addHex(r, lower, y, 4)
	r.addByte('-')
	addHex(r, lower, y>>16, 12)
	r.end(fMachine, at)
	at = r.begin()
	addHex(r, upper, d.next(), 16)
	addHex(r, upper, d.next(), 16)
	r.end(fHardware, at)
}

func addHex(r *row, digits string, v uint64, n int) {
	for range n {
		r.text = append(r.text, digits[v&15])
		v >>= 4
	}
}

func addBase32(r *row, v uint64, n int) {
	for range n {
		r.text = append(r.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[v&31])
		v >>= 5
	}
}

// times makes the dates, in their order: the log is taken, put up somewhere,
// and received. A repeat comes up at any later time.
func (c *Corpus) times(r *row, occ *draws, again bool) {
	const longest = 20 * daySeconds
	switch {
	case !r.stealer:
		r.upload = Start + occ.below(End-Start-daySeconds)
	case again:
		r.upload = r.log + occ.below(End-r.log-daySeconds)
	default:
		u := occ.unit()
		r.upload = r.log + min(int64(u*u*longest), (End-r.log)/2)
	}
	r.seen = r.upload + occ.below(min(3*daySeconds, End-r.upload))
}
