package segment

import (
	"sync"
	"sync/atomic"
)

// A Cache bounds the bytes of chunks that readers keep loaded. One cache serves
// all readers of a store; it is safe for concurrent use. Chunks are dropped in
// the order of a clock: those used since the hand last passed get another
// round.
//
// A chunk that was dropped stays in memory while someone still refers to its
// bytes; what a query holds on to is the query's.
//
// Chunks that stand in a mapped file have a limit of their own, mappedTimes that of
// the others: to bring one back costs some microseconds for the page and for what
// goes in its place, so that they are not to push out those that are read and
// decompressed anew, nor each other while there is room. What they take the system
// takes back by itself when it needs memory.
type Cache struct {
	limit int64

	mu sync.Mutex // guards all below, every slot's pointer being set or cleared, and Reader.closed
	// Of the chunks on the heap, and of those mapped.
	heap, mapped ring
}

// mappedTimes the limit of a cache bounds the mapped chunks in memory.
const mappedTimes = 8

// A ring holds the entries that share a limit.
type ring struct {
	used int64
	hand *entry // next to be looked at; the ring's newest is just behind it
}

// An entry is a loaded chunk, in its slot and in the ring of its cache.
type entry struct {
	data []byte
	idle atomic.Bool // not used since it was loaded or the hand passed

	slot       *slot
	cost       int64
	prev, next *entry

	// Of a chunk that stands in a mapping: that, and where.
	mapping *mapping
	chunk   *chunkInfo
}

// entryBytes is what an entry costs besides its data.
const entryBytes = 112

// NewCache returns a cache of at most so many bytes of chunks; with less than
// the size of a chunk nothing is kept and every use of a chunk reads it.
func NewCache(bytes int64) *Cache { return &Cache{limit: bytes} }

// Used returns the bytes of the chunks kept, with what they cost on the heap.
func (c *Cache) Used() int64 {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heap.used
}

// heapBytes is what a byte slice of capacity n takes: large ones come in
// pages of 8 KiB, small ones in classes with about an eighth to spare.
func heapBytes(n int) int64 {
	if n > 32<<10 {
		return (int64(n) + 8191) &^ 8191
	}
	return int64(n + n/8)
}

// add keeps data in s, dropping others until it fits. It keeps nothing when
// data alone is more than the limit or r is closed. A chunk that stands in the
// mapping of r names itself, others are nil.
func (c *Cache) add(r *Reader, s *slot, data []byte, mapped *chunkInfo) {
	if c == nil {
		return
	}
	e := &entry{data: data, slot: s, cost: heapBytes(cap(data)) + entryBytes}
	if mapped != nil {
		// The pages around it come along; they mostly are those of chunks that
		// are used with it.
		e.mapping, e.chunk = r.mapping, mapped
	}
	e.idle.Store(true) // a chunk used once only goes first: scans do not wipe the cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.closed || e.cost > c.limit {
		return
	}
	in, limit := c.ringOf(e)
	for in.used+e.cost > limit {
		if v := in.hand; v.idle.Swap(true) {
			c.remove(v)
			if v.mapping != nil {
				v.mapping.forget(v.chunk.off, int64(v.chunk.stored))
			}
		} else {
			in.hand = v.next
		}
	}
	if in.hand == nil {
		e.prev, e.next = e, e
		in.hand = e
	} else {
		e.prev, e.next = in.hand.prev, in.hand
		e.prev.next, e.next.prev = e, e
	}
	in.used += e.cost
	s.entry.Store(e)
}

// ringOf returns the ring of an entry, and its limit.
func (c *Cache) ringOf(e *entry) (*ring, int64) {
	if e.mapping != nil {
		return &c.mapped, mappedTimes * c.limit
	}
	return &c.heap, c.limit
}

// remove drops e, which is in its ring; c.mu is held.
func (c *Cache) remove(e *entry) {
	in, _ := c.ringOf(e)
	e.slot.entry.Store(nil)
	in.used -= e.cost
	if e.next == e {
		in.hand = nil
	} else {
		e.prev.next, e.next.prev = e.next, e.prev
		if in.hand == e {
			in.hand = e.next
		}
	}
	e.prev, e.next = nil, nil
}
