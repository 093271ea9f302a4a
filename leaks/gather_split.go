package leaks

import (
	"context"
	"math/bits"
)

// A link is one group on its credential's chain.
type link struct {
	hash hash128
	part part
	next int32 // index + 1 of the credential's next part; 0 ends
}

// byHash serves stores in which a hash stands under two root domains, because
// records brought root domains that differ: then no order brings the parts of
// a credential together, and they are chained by hash.
func (g *gatherer) byHash(ctx context.Context) error {
	var links []link
	for ti, sel := range g.sels {
		if sel == nil {
			continue
		}
		for st := newStream(uint16(ti), sel, g.rank); st.fill(); {
			for _, group := range st.groups {
				links = append(links, link{sel.c.groupHash(group), part{uint16(ti), group}, 0})
			}
			if err := g.poll(ctx, len(st.groups)+st.work); err != nil {
				return err
			}
		}
	}
	var parts []part
	for _, head := range chain(links) {
		parts = parts[:0]
		for n := head; n != 0; n = links[n-1].next {
			parts = append(parts, links[n-1].part)
		}
		g.combine(ctx, parts)
		if err := g.poll(ctx, len(parts)); err != nil {
			return err
		}
	}
	return nil
}

// chain links the parts of each credential in their order and returns the
// first of each.
func chain(links []link) []int32 {
	// The hash is a keyed PRF: any of its bits spread evenly.
	slots := make([]int32, 1<<bits.Len(uint(2*len(links))))
	mask := uint64(len(slots) - 1)
	heads := make([]int32, 0, len(links))
	tails := make(map[int32]int32)
	for i := range links {
		at := links[i].hash.hi & mask
		for slots[at] != 0 && links[slots[at]-1].hash != links[i].hash {
			at = (at + 1) & mask
		}
		n := int32(i + 1)
		head := slots[at]
		if head == 0 {
			slots[at] = n
			heads = append(heads, n)
			continue
		}
		tail, ok := tails[head]
		if !ok {
			tail = head
		}
		links[tail-1].next = n
		tails[head] = n
	}
	return heads
}
