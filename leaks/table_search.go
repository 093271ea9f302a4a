package leaks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/leakscope/leakscope/index"
)

// searchUsers calls fn for ranges of users, ascending and apart from each
// other, until it returns false: exactly the users whose username or e-mail
// domain contains needle as [index.Matcher] sees it. m is that of needle. fn
// must not use the dictionary of users.
//
// A username that is stored as its local part L, below its mail domain M, is
// L@M: needle is in L, in M, or lies across the at sign. What is in M or
// across is found by mail domain; the rest by the text of the stored forms.
func (c *tableCursor) searchUsers(m *index.Matcher, needle string, fn func(lo, hi uint32) bool) {
	if strings.IndexByte(needle, rawUser) >= 0 {
		c.searchUsersPlainly(m, fn)
		return
	}
	out := spanJoiner{fn: fn}
	c.searchLocal(m, c.usersByMail(m, needle), &out)
	out.flush()
}

// usersByMail returns the users, as spans that ascend and are apart, whose e-mail
// domain contains needle, or across whose at sign needle lies.
func (c *tableCursor) usersByMail(m *index.Matcher, needle string) []span {
	var found []span
	c.search(dictMail, 0, c.t.tableMeta.dicts[dictMail], m, func(mail uint32) bool {
		found = append(found, c.mailSpan(mail))
		return true
	})
	needle = index.Fold(needle)
	for i := range len(needle) {
		if needle[i] == '@' {
			found = c.searchAcross(needle[:i], needle[i+1:], found)
		}
	}
	return joinSpans(found)
}

func (c *tableCursor) mailSpan(mail uint32) span {
	lo, hi := c.mailUsers(mail)
	return span{lo, hi}
}

// searchAcross appends the users L@M where L ends in local and M begins with
// domain; both are folded. No range of users is empty.
func (c *tableCursor) searchAcross(local, domain string, found []span) []span {
	var mails []uint32
	m := index.NewMatcher(domain)
	c.search(dictMail, 0, c.t.tableMeta.dicts[dictMail], m, func(mail uint32) bool {
		mails = append(mails, mail)
		return true
	})
	mails = slices.DeleteFunc(mails, func(mail uint32) bool { return !m.Prefix(c.bytes(dictMail, mail)) })
	if local == "" {
		for _, mail := range mails {
			s := c.mailSpan(mail)
			// Usernames stored whole begin with rawUser, and so come first.
			if s.lo, _ = c.findBytes(dictUser, s.lo, s.hi, []byte{rawUser + 1}); s.lo < s.hi {
				found = append(found, s)
			}
		}
		return found
	}
	var within []span
	for _, mail := range mails {
		within = append(within, c.mailSpan(mail))
	}
	m = index.NewMatcher(local)
	var users []uint32
	for _, s := range joinSpans(within) {
		c.search(dictUser, s.lo, s.hi, m, func(user uint32) bool {
			users = append(users, user)
			return true
		})
	}
	for _, user := range users {
		if s := c.bytes(dictUser, user); isAddress(s) && m.Suffix(s) {
			found = append(found, span{user, user + 1})
		}
	}
	return found
}

// searchLocal gives out the spans found, which ascend and are apart, and, in
// between, the users whose stored form m matches. A needle without rawUser is
// in that of a whole username exactly if it is in the username.
func (c *tableCursor) searchLocal(m *index.Matcher, found []span, out *spanJoiner) {
	next := uint32(0) // users below it are dealt with
	look := func(lo, hi uint32) bool {
		for next = max(next, lo); ; {
			for len(found) > 0 && found[0].lo <= next {
				if !out.add(found[0]) {
					return false
				}
				next = max(next, found[0].hi)
				found = found[1:]
			}
			if next >= hi {
				return c.dict(dictUser).Err() == nil
			}
			end := hi
			if len(found) > 0 {
				end = min(end, found[0].lo)
			}
			c.dict(dictUser).Search(next, end, m, func(user uint32) bool { return out.add(span{user, user + 1}) })
			if next = end; out.stopped {
				return false
			}
		}
	}
	n := c.t.tableMeta.dicts[dictUser]
	c.lookFor(dictUser, 0, n, m, look)
	for _, s := range found {
		if !out.add(s) {
			return
		}
	}
}

// lookFor calls look for ranges of a dictionary's strings lo <= ord < hi,
// ascending and apart, until it returns false: a string that m matches is in
// one of them.
func (c *tableCursor) lookFor(d dictID, lo, hi uint32, m *index.Matcher, look func(lo, hi uint32) bool) {
	if hi-lo <= fewStrings {
		look(lo, hi)
		return
	}
	used, err := c.t.texts[d].Candidates(lo, hi, m, look)
	switch {
	case err != nil:
		c.fail(fmt.Errorf("text of %s: %w", d, err))
	case !used:
		look(lo, hi)
	}
}

const (
	// fewStrings are searched as fast without a text index.
	fewStrings = 1 << 10
	// longSkip is how many strings are not worth searching the more pieces for.
	longSkip = 32
)

// searchBut returns the strings lo <= ord < hi of a dictionary that m matches
// and that are in none of some spans, which ascend and are apart from each
// other. What is in them is not looked at, mostly.
func (c *tableCursor) searchBut(d dictID, lo, hi uint32, m *index.Matcher, but []span) []uint32 {
	if lo >= hi {
		return nil
	}
	var found []uint32
	dict, left := c.dict(d), but
	search := func(lo, hi uint32) {
		dict.Search(lo, hi, m, func(ord uint32) bool {
			found = append(found, ord)
			return true
		})
	}
	c.lookFor(d, lo, hi, m, func(lo, hi uint32) bool {
		for len(left) > 0 && left[0].hi <= lo {
			left = left[1:]
		}
		for len(left) > 0 && left[0].lo < hi {
			if s := left[0]; s.hi-max(s.lo, lo) >= longSkip || s.hi >= hi {
				search(lo, max(s.lo, lo))
				lo = min(s.hi, hi)
			}
			if left[0].hi > hi {
				break // it goes on in the next range
			}
			left = left[1:]
		}
		search(lo, hi)
		return dict.Err() == nil
	})
	return outside(found, but)
}

// outside returns what of an ascending list is in none of some spans, in place.
func outside(list []uint32, spans []span) []uint32 {
	if len(spans) == 0 {
		return list
	}
	kept := list[:0]
	for _, ord := range list {
		for len(spans) > 0 && spans[0].hi <= ord {
			spans = spans[1:]
		}
		if len(spans) == 0 || ord < spans[0].lo {
			kept = append(kept, ord)
		}
	}
	return kept
}

// searchUsersPlainly is searchUsers for a needle with rawUser in it, which
// stored forms have of their own: it looks at the usernames.
func (c *tableCursor) searchUsersPlainly(m *index.Matcher, fn func(lo, hi uint32) bool) {
	out := spanJoiner{fn: fn}
	var name []byte
	for mail := range c.t.tableMeta.dicts[dictMail] {
		whole := m.Match(c.bytes(dictMail, mail))
		lo, hi := c.mailUsers(mail)
		for user := lo; user < hi; user++ {
			if name = c.appendUsername(name[:0], user); (whole || m.Match(name)) && !out.add(span{user, user + 1}) {
				return
			}
		}
		if c.err() != nil {
			return
		}
	}
	out.flush()
}

// joinSpans sorts spans and joins those that touch, in place.
func joinSpans(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	joined := spans[:0]
	for _, s := range spans {
		if s.lo >= s.hi {
			continue
		}
		if n := len(joined); n > 0 && s.lo <= joined[n-1].hi {
			joined[n-1].hi = max(joined[n-1].hi, s.hi)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// A spanJoiner passes ascending spans on, joined where they touch.
type spanJoiner struct {
	fn      func(lo, hi uint32) bool
	open    span
	stopped bool // fn has returned false
}

// add takes the next span; it returns false when there is no use for more.
func (j *spanJoiner) add(s span) bool {
	if s.lo <= j.open.hi && j.open.lo < j.open.hi {
		j.open.hi = max(j.open.hi, s.hi)
		return !j.stopped
	}
	j.flush()
	j.open = s
	return !j.stopped
}

// flush passes the last span on.
func (j *spanJoiner) flush() {
	if j.open.lo < j.open.hi && !j.stopped {
		j.stopped = !j.fn(j.open.lo, j.open.hi)
	}
	j.open = span{}
}
