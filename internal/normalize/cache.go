package normalize

import "hash/maphash"

const (
	firstSlots = 1 << 4
	// mostSlots bounds a cache to 32,768 names: 1.5 MiB of slots and, with
	// domains of 20 bytes, about as much of text.
	mostSlots = 1 << 15
)

// A cache remembers the canonical domain and root of names. It is a set of
// pairs of slots, the one used last first in its pair; it grows with what is
// put in, up to mostSlots, and from then on forgets.
type cache struct {
	seed  maphash.Seed
	slots []slot
	used  int
}

// A slot is free while its key is empty: the empty name is no domain.
type slot struct{ key, domain, root string }

func newCache() cache {
	return cache{seed: maphash.MakeSeed(), slots: make([]slot, firstSlots)}
}

// pair returns the two slots where a name may stand.
func (c *cache) pair(name string) *[2]slot {
	i := int(maphash.String(c.seed, name)) & (len(c.slots) - 2)
	return (*[2]slot)(c.slots[i : i+2])
}

func (c *cache) get(name string) (domain, root string, ok bool) {
	p := c.pair(name)
	if p[0].key == name && name != "" {
		return p[0].domain, p[0].root, true
	}
	if p[1].key != name || name == "" {
		return "", "", false
	}
	p[0], p[1] = p[1], p[0]
	return p[0].domain, p[0].root, true
}

// put remembers the answer for a name that get did not find. The strings are
// kept: they must not alias a caller's buffer.
func (c *cache) put(key, domain, root string) {
	if c.used >= len(c.slots)/2 && len(c.slots) < mostSlots {
		c.grow()
	}
	p := c.pair(key)
	if p[1].key == "" {
		c.used++
	}
	p[1] = p[0]
	p[0] = slot{key, domain, root}
}

func (c *cache) grow() {
	old := c.slots
	c.slots, c.used = make([]slot, min(4*len(old), mostSlots)), 0
	for i := range old {
		// From the back of each pair, so that the last used stays in front.
		if s := old[i^1]; s.key != "" {
			c.put(s.key, s.domain, s.root)
		}
	}
}
