package leaks

import (
	"slices"
	"strings"

	"github.com/leakscope/leakscope/index"
)

// searchUsers finds the users that match.
func (q *scopeSearch) searchUsers() {
	local, mail := q.userSigns()
	var users []uint32
	if local == 0 {
		users = make([]uint32, 0, q.groups)
		q.blocks(func(_ *piece, lo, hi uint32) { users = q.c.decode(colGroupUser, lo, hi, users) })
		users = sortGroups(users, q.s.t.dictLen(dictUser))
		q.users = newNumberSet(q.usersAmong(users), uint32(len(users)))
		return
	}
	n := q.s.t.dictLen(dictUser)
	if !q.own && q.groups > q.s.t.dictLen(dictMail)/lookUpCost {
		// The mail domains are not many more than groups: all are searched.
		found := q.c.usersByMail(q.m, q.s.p.search)
		users, _ = q.signedUsers(local, ^uint64(0))
		q.users = usersSet(found, q.among(dictUser, sortGroups(users, n)), n)
		return
	}
	users, byMail := q.signedUsers(local, mail)
	if q.crosses() {
		users = q.lookUpUsers(sortGroups(append(users, byMail...), n))
	} else {
		users = q.among(dictUser, sortGroups(users, n))
		users = sortGroups(append(users, q.withMails(sortGroups(byMail, n))...), n)
	}
	q.users = newNumberSet(users, q.groups)
}

// usersSet returns the set of users in spans and in a list, both ascending, below
// n.
func usersSet(spans []span, list []uint32, n uint32) *numberSet {
	if len(spans) == 0 {
		return newNumberSet(list, allAsked)
	}
	s := numberBits(0, n)
	for _, r := range spans {
		setBits(s.words, r.lo, r.hi)
	}
	for _, u := range list {
		setBit(s.words, u)
	}
	return s
}

// signedUsers returns the users of groups whose signature has all bits of local,
// and those of which it has all bits of mail; in no order, and they may repeat.
func (q *scopeSearch) signedUsers(local, mail uint64) (byLocal, byMail []uint32) {
	q.blocks(func(_ *piece, lo, hi uint32) {
		q.signs = q.c.column(colGroupSign).Decode(uint64(lo), uint64(hi), q.signs[:0])
		q.buf = q.c.decode(colGroupUser, lo, hi, q.buf[:0])
		if len(q.signs) != len(q.buf) {
			return // only corrupt columns get here; their cursor says so
		}
		byLocal = appendSigned(byLocal, q.buf, q.signs, local)
		if mail != ^uint64(0) {
			byMail = appendSigned(byMail, q.buf, q.signs, mail)
		}
	})
	return byLocal, byMail
}

// appendSigned appends those of some users whose sign, one each, has all bits of
// want.
func appendSigned(dst, users []uint32, signs []uint64, want uint64) []uint32 {
	have := len(dst)
	dst = slices.Grow(dst, len(users))[:have+len(users)]
	to, n := dst[have:], uint(0)
	signs = signs[:len(users)]
	for i, u := range users {
		to[n] = u
		if signs[i]&want == want { // no branch: it could not be foretold
			n++
		}
	}
	return dst[:have+int(n)]
}

// userSigns returns the bits of groupSign that all users have whose stored form
// the text is in, or whose mail domain it is in, or in whose username it stands
// across the at sign: these have the first or the second. Where local is 0 they
// say nothing.
func (q *scopeSearch) userSigns() (local, mail uint64) {
	needle := index.Fold(q.s.p.search)
	if !q.s.t.signed || strings.IndexByte(needle, rawUser) >= 0 {
		return 0, 0
	}
	// Of a text across the at sign, only what is before is in the stored form.
	before, _, _ := strings.Cut(needle, "@")
	return index.Sign([]byte(before), userSignBits), index.Sign([]byte(needle), mailSignBits) << userSignBits
}

// crosses reports whether the text may be in a username and in neither the mail
// domain nor the stored form.
func (q *scopeSearch) crosses() bool { return strings.ContainsAny(q.s.p.search, "@\x00") }

// usersAmong returns those of some users, which ascend, that match.
func (q *scopeSearch) usersAmong(users []uint32) []uint32 {
	n, needle := q.s.t.dictLen(dictUser), q.s.p.search
	// E-mail domains are searched as a whole, too, then.
	worth := uint32(lookUpCost)
	if q.c.t.texts[dictUser] != nil && len(index.Fold(needle)) >= 3 {
		worth = textCost
	}
	if q.own || uint32(len(users)) <= n/worth || strings.IndexByte(needle, rawUser) >= 0 {
		return q.lookUpUsers(users)
	}
	found := q.c.usersByMail(q.m, needle)
	// Those found, and of the others those whose stored form matches.
	var matching []uint32
	left := users[:0]
	for _, u := range users {
		for len(found) > 0 && found[0].hi <= u {
			found = found[1:]
		}
		if len(found) > 0 && found[0].lo <= u {
			matching = append(matching, u)
		} else {
			left = append(left, u)
		}
	}
	return sortGroups(append(matching, q.among(dictUser, left)...), n)
}

// lookUpUsers is usersAmong one by one.
func (q *scopeSearch) lookUpUsers(users []uint32) []uint32 {
	var found []uint32
	var name []byte
	crosses := q.crosses()
	q.eachUser(users, func(u uint32, mail bool) {
		ok := mail
		if !ok && !crosses {
			ok = q.m.Match(q.c.bytes(dictUser, u))
		} else if !ok {
			name = q.c.appendUsername(name[:0], u)
			ok = q.m.Match(name)
		}
		if ok {
			found = append(found, u)
		}
	})
	return found
}

// withMails returns those of some users, which ascend, whose mail domain matches.
func (q *scopeSearch) withMails(users []uint32) []uint32 {
	found := users[:0]
	q.eachUser(users, func(u uint32, mail bool) {
		if mail {
			found = append(found, u)
		}
	})
	return found
}

// eachUser calls fn for users, which ascend, with whether their mail domain
// matches, until there is an error.
func (q *scopeSearch) eachUser(users []uint32, fn func(u uint32, mail bool)) {
	c, mail, of := q.c, false, span{}
	for i, u := range users {
		if u-of.lo >= of.hi-of.lo {
			m := c.userMail(u)
			mail = q.m.Match(c.bytes(dictMail, m))
			of.lo, of.hi = c.mailUsers(m)
		}
		fn(u, mail)
		if i%pollRows == pollRows-1 && q.err() != nil {
			return
		}
	}
}
