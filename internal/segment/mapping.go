package segment

import (
	"os"
	"sync"
	"sync/atomic"
)

// A mapping is a file whose bytes stand in memory as far as the system provides
// for it.
type mapping struct {
	f    *os.File
	size int64
	once sync.Once
	data []byte         // after once; nil where the system maps nothing
	base atomic.Uintptr // its address, 0 for none: for whoever did not wait for once
}

// Map has chunks that are stored as they are, and are loaded from now on, read
// where they stand in f, mapped into memory, which needs no memory of ours: each is
// checked once, and values from all over a file that is larger than the cache then
// cost a page fault each, not the reading, checking and allocating of a chunk. f is
// the file that the segment is in, which nobody may write to any more. Map is called
// before r is shared; f is closed after r.
//
// What stands in memory counts for the cache all the same, with a limit of its own:
// a chunk that the cache drops is given back to the system, which keeps it for as
// long as it has room, and comes back at the next use.
//
// Each chunk is first read in the ordinary way, so that a damaged file or disk is an
// error. A disk that fails later, or a file that is cut short, is a fault of memory at
// the next use of what was read before. Whoever uses chunks of r sets
// [runtime/debug.SetPanicOnFault], in every goroutine that does, recovers the runtime
// error that has an address, and asks [Reader.Fault]; or the process ends. What is
// behind the new end of a file in that end's page reads as zeros.
//
// Without memory to map the file into, or on a system that this package does not
// know, chunks are read as without Map.
func (r *Reader) Map(f *os.File) { r.mapping = &mapping{f: f, size: r.size} }

// bytes returns the content of the file, nil if it cannot be mapped. The first one
// to ask maps it: a segment that nobody queries needs no mapping.
func (m *mapping) bytes() []byte {
	if m == nil {
		return nil
	}
	m.once.Do(func() {
		m.data = mapFile(m.f, m.size)
		m.stand(m.data)
	})
	return m.data
}

// close ends the mapping. Whatever stands in it is no longer there: to use it is a
// fault.
func (m *mapping) close() error {
	if m == nil {
		return nil
	}
	m.once.Do(func() {})
	data := m.data
	m.data = nil
	m.stand(nil)
	return unmap(data)
}

// pages returns the range of bytes that using some of them brings in: the system
// takes a dozen pages at a time.
func (m *mapping) pages(off, n int64) (lo, hi int64) {
	return off &^ (faultBytes - 1), min((off+n+faultBytes-1)&^(faultBytes-1), m.size)
}

// forget gives back the memory of a range, whose content stays.
func (m *mapping) forget(off, n int64) {
	if lo, hi := m.pages(off, n); lo < hi && hi <= int64(len(m.data)) {
		release(m.data[lo:hi])
	}
}

// faultBytes is how much one page fault may bring in: a power of two, and a
// multiple of a page's size.
const faultBytes = 64 << 10
