package leaks

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/leakscope/leakscope/index"
)

// A cover is what domain entries cover in one table, in one column.
type cover struct {
	// whole are the ordinals of the root domains or of the mail domains that
	// are an entry or below one; ascending.
	whole []uint32
	// domains are those that an entry covers below roots that stand above the
	// entry; ascending. Only of root domains.
	domains []uint32
}

// A coverKey names a cover: of one entry, or of the entries of a scope.
type coverKey struct {
	mail  bool
	scope [32]byte // of several entries
	entry string
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
	size := 160 + len(key.entry) + 4*(len(cv.whole)+len(cv.domains))
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
	if len(p.domains) == 1 {
		return c.coverOne(p.domains[0], mail)
	}
	key := coverKey{mail: mail, scope: p.scope.Digest()}
	if cv := c.t.covers.get(key); cv != nil {
		return cv, nil
	}
	names := c.t.dictLen(dictRoot)
	if mail {
		names = c.t.dictLen(dictMail)
	}
	var cv *cover
	if len(p.domains) <= lookupsWorth(names) {
		cv = new(cover)
		for _, entry := range p.domains {
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
	set := p.entries
	set.fill(ctx, p.domains)
	cv := new(cover)
	each := func(d dictID, lo, hi uint32, fn func(ord uint32, name []byte, covered bool)) {
		c.scan(d, lo, hi, func(ord uint32, name []byte) bool {
			fn(ord, name, coveredBy(set.entries, name))
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
		if _, ok := set.parents[string(name)]; !ok {
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
	filled           bool
	entries, parents map[string]struct{} // parents are all above some entry
}

// fill fills e, or as much of it as ctx gives time for.
func (e *entrySet) fill(ctx context.Context, domains []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.filled {
		return
	}
	e.entries = make(map[string]struct{}, len(domains))
	e.parents = make(map[string]struct{})
	for d := range until(ctx, domains) {
		e.entries[d] = struct{}{}
		for a := range above(d) {
			e.parents[a] = struct{}{}
		}
	}
	e.filled = ctx.Err() == nil
}

// lookupsWorth returns up to how many entries are looked up one by one in a
// dictionary of so many names, rather than each name in the set of entries.
func lookupsWorth(names uint32) int { return 16 + int(names/lookupNames) }

// lookupNames is how many names are gone through in the time of one look-up.
// Tests change it.
var lookupNames uint32 = 400
