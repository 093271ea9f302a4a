package leaks

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/watchlist"
)

// A cover is what domain entries cover in one table, in one column; or what
// hosts of it a keyword matches.
type cover struct {
	// whole are the ordinals of the root domains or of the mail domains that
	// are an entry or below one; ascending.
	whole []uint32
	// domains are those that an entry covers below roots that stand above the
	// entry; ascending. Only of root domains.
	domains []uint32
	hosts   *ordSet // only of a keyword
}

// A coverKey names a cover: of one entry, of the entries of a scope, or of a
// keyword.
type coverKey struct {
	mail  bool
	scope [32]byte // of several entries
	entry string
	word  string
}

// A coverCache remembers covers of one table. Tables do not change, so a cover
// once found stays right.
type coverCache struct {
	mu     sync.Mutex
	limit  int // in bytes
	bytes  int
	covers map[coverKey]*cover
}

func (cc *coverCache) get(key coverKey) *cover {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	return cc.covers[key]
}

// put remembers a cover. A full cache starts anew: what is asked for often is
// soon there again.
func (cc *coverCache) put(key coverKey, cv *cover) {
	size := 160 + len(key.entry) + len(key.word) + 4*(len(cv.whole)+len(cv.domains)) + cv.hosts.size()
	if size > cc.limit/2 {
		return
	}
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if cc.covers == nil || cc.bytes+size > cc.limit {
		cc.covers, cc.bytes = make(map[coverKey]*cover), 0
	}
	if cc.covers[key] == nil {
		cc.bytes += size
	}
	cc.covers[key] = cv
}

// cover returns what the domains of a plan's scope cover among root domains
// (and what is below them) or, with mail, among mail domains.
func (c *tableCursor) cover(ctx context.Context, p *plan, mail bool) (*cover, error) {
	if p.scope.DomainCount() == 1 {
		for entry := range p.scope.EachDomain() {
			return c.coverOne(entry, mail)
		}
	}
	key := coverKey{mail: mail, scope: p.scope.Digest()}
	if cv := c.t.covers.get(key); cv != nil {
		return cv, nil
	}
	d := dictRoot
	if mail {
		d = dictMail
	}
	var cv *cover
	if p.scope.DomainCount() <= c.lookupsWorth(d) {
		cv = new(cover)
		for entry := range p.scope.EachDomain() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			one, err := c.coverOne(entry, mail)
			if err != nil {
				return nil, err
			}
			// No entry of a scope lies below another: nothing repeats.
			cv.whole = append(cv.whole, one.whole...)
			cv.domains = append(cv.domains, one.domains...)
		}
		slices.Sort(cv.whole)
		slices.Sort(cv.domains)
	} else {
		cv = c.coverAll(ctx, p, mail)
	}
	if err := firstError(c.err(), ctx.Err()); err != nil {
		return nil, err
	}
	c.t.covers.put(key, cv)
	return cv, nil
}

// coverOne returns what one entry covers.
func (c *tableCursor) coverOne(entry string, mail bool) (*cover, error) {
	key := coverKey{mail: mail, entry: entry}
	if cv := c.t.covers.get(key); cv != nil {
		return cv, nil
	}
	cv := new(cover)
	if mail {
		cv.whole = c.covered(dictMail, 0, c.t.dictLen(dictMail), entry, nil)
	} else {
		cv.whole = c.covered(dictRoot, 0, c.t.dictLen(dictRoot), entry, nil)
		for root := range above(entry) {
			if r, ok := c.findRoot(root); ok {
				lo, hi := c.domainRange(r, r+1)
				cv.domains = c.covered(dictDomain, lo, hi, entry, cv.domains)
			}
		}
		slices.Sort(cv.domains)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	c.t.covers.put(key, cv)
	return cv, nil
}

// covered appends those of the strings lo <= ord < hi of a dictionary, which
// are sorted, that an entry covers: itself, and what ends in a dot and it. That
// ending is looked for as any substring is, by the dictionary's text index.
func (c *tableCursor) covered(d dictID, lo, hi uint32, entry string, dst []uint32) []uint32 {
	from := len(dst)
	ending := "." + entry
	c.search(d, lo, hi, index.NewMatcher(ending), func(ord uint32) bool {
		dst = append(dst, ord)
		return true
	})
	within := slices.DeleteFunc(dst[from:], func(ord uint32) bool {
		return !bytes.HasSuffix(c.bytes(d, ord), []byte(ending))
	})
	dst = dst[:from+len(within)]
	if ord, ok := c.findIn(d, lo, hi, entry); ok {
		dst = append(dst, ord)
		slices.Sort(dst[from:])
	}
	return dst
}

// coverAll goes through all names once, which is cheaper than looking up very
// many entries. It is not complete if ctx ends.
func (c *tableCursor) coverAll(ctx context.Context, p *plan, mail bool) *cover {
	entries, parents := p.entries.fill(ctx, p.scope)
	cv := new(cover)
	each := func(d dictID, lo, hi uint32, fn func(ord uint32, name []byte, covered bool)) {
		c.scan(d, lo, hi, func(ord uint32, name []byte) bool {
			fn(ord, name, coveredBy(entries, name))
			return ord%pollRows != 0 || ctx.Err() == nil
		})
	}
	if mail {
		each(dictMail, 0, c.t.dictLen(dictMail), func(ord uint32, _ []byte, covered bool) {
			if covered {
				cv.whole = append(cv.whole, ord)
			}
		})
		return cv
	}
	each(dictRoot, 0, c.t.dictLen(dictRoot), func(root uint32, name []byte, covered bool) {
		if covered {
			cv.whole = append(cv.whole, root)
			return
		}
		if _, ok := parents[string(name)]; !ok {
			return
		}
		lo, hi := c.domainRange(root, root+1)
		each(dictDomain, lo, hi, func(ord uint32, _ []byte, covered bool) {
			if covered {
				cv.domains = append(cv.domains, ord)
			}
		})
	})
	return cv
}

// coveredBy reports whether a name or a domain above it is in a set.
func coveredBy(entries map[string]struct{}, name []byte) bool {
	for {
		if _, ok := entries[string(name)]; ok {
			return len(name) > 0
		}
		dot := bytes.IndexByte(name, '.')
		if dot < 0 {
			return false
		}
		name = name[dot+1:]
	}
}

// above yields the domains above one, the nearest first.
func above(domain string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			_, rest, ok := strings.Cut(domain, ".")
			if !ok || !yield(rest) {
				return
			}
			domain = rest
		}
	}
}

// An entrySet holds the domains of a scope for going through many names. It is
// filled when first needed.
type entrySet struct {
	mu               sync.Mutex
	entries, parents map[string]struct{} // parents are all above some entry
}

// fill returns both sets, or what of them ctx gives time for.
func (e *entrySet) fill(ctx context.Context, scope watchlist.Scope) (entries, parents map[string]struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.entries != nil {
		return e.entries, e.parents
	}
	entries = make(map[string]struct{}, scope.DomainCount())
	parents = make(map[string]struct{})
	for d := range scope.EachDomain() {
		if len(entries)%pollLookups == 0 && ctx.Err() != nil {
			return entries, parents
		}
		entries[d] = struct{}{}
		for a := range above(d) {
			parents[a] = struct{}{}
		}
	}
	e.entries, e.parents = entries, parents
	return entries, parents
}

// lookupsWorth returns up to how many entries are looked up one by one in a
// dictionary, rather than each of its names in the set of entries.
func (c *tableCursor) lookupsWorth(d dictID) int {
	if c.t.texts[d] == nil {
		return 3 // a look-up goes through the names, too
	}
	return 16 + int(c.t.dictLen(d)/lookupNames)
}

// lookupNames is how many names are gone through in the time of one look-up:
// some 12 microseconds by the text index, against 100 nanoseconds a name. Tests
// change it.
var lookupNames uint32 = 128
