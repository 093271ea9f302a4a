package leaks

import (
	"context"
	"sync"
)

// A numbering gives the sources of a store numbers, so that those of several
// tables can be compared without their names. A number stays with its name for
// as long as the store is open: a table's are computed once, whatever is
// published beside it.
type numbering struct {
	mu      sync.Mutex
	numbers map[string]uint32
}

func (n *numbering) of(name []byte) uint32 {
	number, ok := n.numbers[string(name)]
	if !ok {
		number = uint32(len(n.numbers))
		n.numbers[string(name)] = number
	}
	return number
}

// sourceNumbers returns the number of each source ordinal of a table of the
// snapshot.
func (sn *snapshot) sourceNumbers(ctx context.Context, table uint16) ([]uint32, error) {
	t, n := sn.segments[table].table, &sn.store.sources
	return t.sources.get(ctx, func(ctx context.Context) ([]uint32, error) {
		c := t.borrow()
		defer c.giveBack()
		of := make([]uint32, t.dictLen(dictSource))
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.numbers == nil {
			n.numbers = make(map[string]uint32)
		}
		c.scan(dictSource, 0, uint32(len(of)), func(ord uint32, name []byte) bool {
			of[ord] = n.of(name)
			return ord%pollRows != pollRows-1 || ctx.Err() == nil
		})
		return of, firstError(c.err(), ctx.Err())
	})
}
