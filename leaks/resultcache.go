package leaks

import (
	"slices"
	"sync"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/normalize"
)

// A resultKey names the sorted results of one query over one snapshot.
type resultKey struct {
	snap  *snapshot
	query [16]byte
}

// A resultCache remembers windows of sorted results, so that the pages of a walk
// are not found and sorted one by one. It is bounded in bytes; the window unused
// for longest goes first.
type resultCache struct {
	limit int64
	// rows is how many results a window has at most: half of the cache, which
	// bounds what finding one takes, too. Tests lower it.
	rows int

	mu      sync.Mutex
	bytes   int64
	entries []resultEntry // the one used last stands last
}

type resultEntry struct {
	key resultKey
	*window
}

func (e *resultEntry) size() int64 { return int64(cap(e.rows)) * resultBytes }

func newResultCache(limit int64) *resultCache {
	return &resultCache{limit: limit, rows: int(max(limit/2/resultBytes, maxPageSize))}
}

// find returns a window of the key that fits, or nil.
func (c *resultCache) find(key resultKey, fits func(w *window) bool) *window {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, e := range c.entries {
		if e.key == key && fits(e.window) {
			copy(c.entries[i:], c.entries[i+1:])
			c.entries[len(c.entries)-1] = e
			return e.window
		}
	}
	return nil
}

// all returns the windows of a key.
func (c *resultCache) all(key resultKey) (list []*window) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if e.key == key {
			list = append(list, e.window)
		}
	}
	return list
}

// put remembers a window, unless it is larger than the limit. It takes the place
// of those that lie within it.
func (c *resultCache) put(key resultKey, w *window) {
	e := resultEntry{key, w}
	if e.size() > c.limit {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(func(old *resultEntry) bool {
		return old.key == key && old.first >= w.first && old.end() <= w.end()
	})
	c.entries = append(c.entries, e)
	c.bytes += e.size()
	for c.bytes > c.limit {
		c.bytes -= c.entries[0].size()
		c.entries = slices.Delete(c.entries, 0, 1)
	}
}

// drop forgets everything of a snapshot.
func (c *resultCache) drop(sn *snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(func(e *resultEntry) bool { return e.key.snap == sn })
}

func (c *resultCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries, c.bytes = nil, 0
}

// remove deletes the entries that gone names. The caller holds mu.
func (c *resultCache) remove(gone func(e *resultEntry) bool) {
	c.entries = slices.DeleteFunc(c.entries, func(e resultEntry) bool {
		if !gone(&e) {
			return false
		}
		c.bytes -= e.size()
		return true
	})
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
	scope := d.scope.Digest()
	w.Raw(scope[:])
	for _, v := range [...][]string{
		d.host, d.domain, d.localPart, d.protocol, d.emailDomain, d.rootDomain,
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
	w.Uint8(boolByte(d.byKeyword))
	w.Uvarint(uint64(len(d.words)))
	for i := range d.words {
		w.String(d.words[i].keyword)
	}
	w.Uint32(d.minSources)
	w.String(string(d.sort))
	return h.MAC(w.Bytes())
}
