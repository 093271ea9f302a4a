package leaks

import (
	"sync"
	"unsafe"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/normalize"
)

// A resultKey names the sorted results of one query over one snapshot.
type resultKey struct {
	snap  *snapshot
	query [16]byte
}

// A resultCache remembers whole sorted results, so that the pages of a walk
// sort once and not each. It is bounded in bytes; the entry unused for longest
// goes first.
type resultCache struct {
	mu      sync.Mutex
	limit   int64
	bytes   int64
	entries []resultEntry // the one used last stands last
}

type resultEntry struct {
	key  resultKey
	rows []result
}

func (e *resultEntry) size() int64 { return int64(cap(e.rows)) * int64(unsafe.Sizeof(result{})) }

func newResultCache(limit int64) *resultCache { return &resultCache{limit: limit} }

func (c *resultCache) get(key resultKey) ([]result, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, e := range c.entries {
		if e.key == key {
			copy(c.entries[i:], c.entries[i+1:])
			c.entries[len(c.entries)-1] = e
			return e.rows, true
		}
	}
	return nil, false
}

// put remembers rows, which nobody may change any more. Results above the
// limit are not kept.
func (c *resultCache) put(key resultKey, rows []result) {
	e := resultEntry{key, rows}
	if e.size() > c.limit {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, old := range c.entries {
		if old.key == key {
			return
		}
	}
	c.entries = append(c.entries, e)
	c.bytes += e.size()
	drop := 0
	for c.bytes > c.limit {
		c.bytes -= c.entries[drop].size()
		drop++
	}
	c.remove(func(i int) bool { return i < drop })
}

// drop forgets everything of a snapshot.
func (c *resultCache) drop(sn *snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if e.key.snap == sn {
			c.bytes -= e.size()
		}
	}
	c.remove(func(i int) bool { return c.entries[i].key.snap == sn })
}

func (c *resultCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries, c.bytes = nil, 0
}

// remove deletes the entries that gone names. The caller holds mu.
func (c *resultCache) remove(gone func(i int) bool) {
	kept := c.entries[:0:0]
	for i, e := range c.entries {
		if !gone(i) {
			kept = append(kept, e)
		}
	}
	c.entries = kept
}

// digest identifies what d selects and how it is sorted, but not its page.
func (d *detailsPlan) digest(h *normalize.Hasher) [16]byte {
	var w codec.Writer
	list := func(values []string) {
		w.Uint8(boolByte(values != nil))
		w.Uvarint(uint64(len(values)))
		for _, v := range values {
			w.String(v)
		}
	}
	numbers := func(values []uint32) {
		w.Uint8(boolByte(values != nil))
		w.Uvarint(uint64(len(values)))
		for _, v := range values {
			w.Uint32(v)
		}
	}
	w.Uint8(0) // no cursor begins so: the same key authenticates those
	w.String(string(d.column))
	w.Uint8(boolByte(d.all))
	for _, v := range [...][]string{
		d.identifiers, d.host, d.domain, d.localPart, d.protocol, d.emailDomain, d.rootDomain,
		d.machineID, d.computer, d.hwid, d.muser, d.ip, d.country, d.software, d.stealer,
	} {
		list(v)
	}
	w.Uint8(boolByte(d.username != nil))
	w.Uvarint(uint64(len(d.username)))
	for _, u := range d.username {
		w.String(u.name)
	}
	w.Uvarint(uint64(len(d.hash)))
	for _, v := range d.hash {
		w.Uint64(v.hi)
		w.Uint64(v.lo)
	}
	w.Uvarint(uint64(len(d.types)))
	for _, t := range d.types {
		w.Uint8(uint8(t))
	}
	numbers(d.seenDays)
	numbers(d.uploadDays)
	numbers(d.logDays)
	w.Uint32(d.seenFrom)
	w.Uint32(d.seenTo)
	w.String(d.search)
	w.Uint32(d.minSources)
	w.String(string(d.sort))
	return h.MAC(w.Bytes())
}
