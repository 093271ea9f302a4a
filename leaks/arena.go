package leaks

import "unsafe"

const (
	arenaFirst = 512
	arenaMost  = 8 << 10
)

// An arena makes the strings of one answer: many small ones in a few blocks,
// which costs a fraction of allocating each. A string keeps its block, at most
// 8 KiB of its neighbours, alive.
type arena struct {
	free []byte
	next int // size of the next block
}

// keep returns b as a string of its own.
func (a *arena) keep(b []byte) string {
	n := len(b)
	if n == 0 {
		return ""
	}
	if n > len(a.free) {
		a.next = min(max(2*a.next, arenaFirst), arenaMost)
		if n > a.next/4 {
			return string(b) // its own block: nothing else is kept alive by it
		}
		a.free = make([]byte, a.next)
	}
	s := unsafe.String(&a.free[0], n) // these bytes are written here and never again
	copy(a.free, b)
	a.free = a.free[n:]
	return s
}
