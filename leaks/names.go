package leaks

import "sync/atomic"

const (
	// sharedNames is the most members of a dictionary whose strings are kept
	// once they were asked for, and sharedBytes the longest string kept: a
	// dictionary of masks then takes at most 900 KiB.
	sharedNames = 16 << 10
	sharedBytes = 32
)

// shared says which dictionaries have few members that nearly every row
// repeats.
var shared = [numDicts]bool{
	dictMask: true, dictSource: true, dictSoftware: true, dictProtocol: true, dictCountry: true, dictStealer: true,
}

// A nameCache remembers the strings of one small dictionary for everyone who
// reads its table: a name is decoded and copied once, not for each row.
type nameCache struct {
	names atomic.Pointer[[]atomic.Pointer[string]]
}

// get returns a name, or nil.
func (n *nameCache) get(ord uint32) *string {
	if list := n.names.Load(); list != nil && int(ord) < len(*list) {
		return (*list)[ord].Load()
	}
	return nil
}

// put remembers a name of a dictionary of so many members.
func (n *nameCache) put(ord, members uint32, name string) {
	if members > sharedNames || ord >= members || len(name) > sharedBytes {
		return
	}
	list := n.names.Load()
	if list == nil {
		fresh := make([]atomic.Pointer[string], members)
		if !n.names.CompareAndSwap(nil, &fresh) {
			list = n.names.Load()
		} else {
			list = &fresh
		}
	}
	(*list)[ord].Store(&name)
}
