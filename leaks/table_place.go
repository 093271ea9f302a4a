package leaks

import (
	"hash/maphash"

	"github.com/leakscope/leakscope/internal/normalize"
)

// Where a row belongs is a root, a domain below it and a host below that. Most
// rows bring a host whose domain follows from it, and a root that follows from
// the domain or is a part of it. So a host that was met before, with a root as
// long, tells all three, and one look-up does for them; a domain's own root,
// which is dear to find, is asked for once in a table.

// A builtDomain is what a builder knows of a domain besides its name.
type builtDomain struct {
	root    uint32
	rootLen uint16
	state   rootState
}

// A rootState says whether a domain stands below the root that the public
// suffix list gives it.
type rootState uint8

const (
	rootUnknown rootState = iota // nobody has asked
	rootDerived
	rootBrought // another, as records say
)

// domainTag is the tag of a domain below a root. It leaves the root out, which
// may not be known yet and of which a domain has few; but no domain at all can
// stand below any.
func (b *tableBuilder) domainTag(domain, root string) uint32 {
	h := maphash.String(b.seed, domain)
	if domain == "" {
		h = below(maphash.String(b.seed, root), h)
	}
	return tagOf(h)
}

// hostTag is the tag of the row's host. Of a row with a late root it leaves out
// the domain, which follows from the host. Others, where one host (none, say)
// may stand below very many domains, have tags apart from those.
func (b *tableBuilder) hostTag(r *row, domain uint32) uint32 {
	const apart = 1 << 31 // far above the bits that choose a slot
	h := maphash.String(b.seed, r.host)
	if r.rootLate {
		return tagOf(h) &^ apart
	}
	return tagOf(below(uint64(domain), h)) | apart
}

// internDomain returns the number of a domain below a root.
func (b *tableBuilder) internDomain(root uint32, domain string, tag uint32) uint32 {
	n := b.dicts[dictDomain].internTagged(root, domain, tag)
	if n == uint32(len(b.domains)) {
		b.domains = append(roomFor(b.domains, 1), builtDomain{root: root, rootLen: uint16(len(b.dicts[dictRoot].at(root)))})
	}
	return n
}

// fits reports whether a row with a late root belongs below a domain of the
// row's name.
func (d *builtDomain) fits(r *row) bool {
	if r.root == "" {
		return d.state == rootDerived
	}
	return len(r.root) == int(d.rootLen) && d.state != rootUnknown
}

// lateHost returns the numbers of the domain and host of a row whose root is
// late.
func (b *tableBuilder) lateHost(r *row, c *comingRow) (domain, host uint32) {
	in := b.dicts[dictHost]
	mask := uint32(len(in.slots) - 1)
	for i := c.host & mask; in.slots[i] != 0; i = (i + 1) & mask {
		if slot := in.slots[i]; uint32(slot>>32) == c.host {
			if off := uint32(slot) - 1; in.has(off, r.host) {
				if domain = in.parentAt(off); b.domains[domain].fits(r) {
					return domain, in.number(off)
				}
			}
		}
	}
	if c.ahead&aheadDomain == 0 {
		b.tagDomain(r, c)
	}
	domain = b.lateDomain(r, c)
	return domain, in.internTagged(domain, r.host, c.host)
}

// lateDomain returns the number of the domain of a row whose root is late.
func (b *tableBuilder) lateDomain(r *row, c *comingRow) uint32 {
	in := b.dicts[dictDomain]
	mask := uint32(len(in.slots) - 1)
	for i := c.domain & mask; in.slots[i] != 0; i = (i + 1) & mask {
		if slot := in.slots[i]; uint32(slot>>32) == c.domain {
			if off := uint32(slot) - 1; in.has(off, r.domain) {
				if n := in.number(off); b.domains[n].fits(r) {
					return n
				}
			}
		}
	}
	if c.ahead&aheadRoot == 0 {
		b.deriveRoot(r, c)
	}
	n := b.internDomain(b.dicts[dictRoot].internTagged(0, c.root, c.rootTag), r.domain, c.domain)
	state := rootDerived
	if c.brought {
		state = rootBrought
		b.ownRoots = true
	}
	b.domains[n].state = state
	return n
}

// deriveRoot finds the root below which the domain of a row with a late root is
// stored.
func (b *tableBuilder) deriveRoot(r *row, c *comingRow) {
	c.root = normalize.Root(r.domain)
	if c.brought = r.root != "" && r.root != c.root; c.brought {
		c.root = r.root
	}
	c.rootTag = tagOf(maphash.String(b.seed, c.root))
	c.ahead |= aheadRoot
}
