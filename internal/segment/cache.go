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
type Cache struct {
	limit int64

	mu   sync.Mutex // guards all below, every slot's pointer being set or cleared, and Reader.closed
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
}

// entryBytes is what an entry costs besides its data.
const entryBytes = 96

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
	return c.used
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
// data alone is more than the limit or r is closed.
func (c *Cache) add(r *Reader, s *slot, data []byte) {
	if c == nil {
		return
	}
	e := &entry{data: data, slot: s, cost: heapBytes(cap(data)) + entryBytes}
	e.idle.Store(true) // a chunk used once only goes first: scans do not wipe the cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.closed || e.cost > c.limit {
		return
	}
	for c.used+e.cost > c.limit {
		if v := c.hand; v.idle.Swap(true) {
			c.remove(v)
		} else {
			c.hand = v.next
		}
	}
	if c.hand == nil {
		e.prev, e.next = e, e
		c.hand = e
	} else {
		e.prev, e.next = c.hand.prev, c.hand
		e.prev.next, e.next.prev = e, e
	}
	c.used += e.cost
	s.entry.Store(e)
}

// remove drops e, which is in the ring; c.mu is held.
func (c *Cache) remove(e *entry) {
	e.slot.entry.Store(nil)
	c.used -= e.cost
	if e.next == e {
		c.hand = nil
	} else {
		e.prev.next, e.next.prev = e.next, e.prev
		if c.hand == e {
			c.hand = e.next
		}
	}
	e.prev, e.next = nil, nil
}
