package leaks

import (
	"context"
	"slices"
)

// combine reduces the selected occurrences of one credential, whose groups
// parts lists from the oldest table to the newest, and ranks it if there are
// any.
func (g *gatherer) combine(ctx context.Context, parts []part) {
	var (
		out   result
		found bool
		// newest is the ordinal of the representative row, to order rows of
		// one table beyond their group.
		newest uint64
	)
	g.seen = g.seen[:0]
	for _, p := range parts {
		sel := g.sels[p.table]
		c := sel.c
		var searched bool
		if sel.search != nil {
			searched = sel.search.group(p.group)
		}
		lo, hi := c.groupRows(p.group)
		for r := lo; r < hi; r++ {
			if !sel.every && !sel.row(r, searched) {
				continue
			}
			seen := c.seen(r)
			if !found {
				found = true
				out = result{first: seen, last: seen, table: p.table, group: p.group, row: r}
				newest = c.ordinal(r)
			} else {
				out.first = min(out.first, seen)
				// Later tables were ingested later; within one, the ordinal
				// tells.
				if seen > out.last || seen == out.last && (p.table != out.table || c.ordinal(r) > newest) {
					out.last, out.table, out.group, out.row = seen, p.table, p.group, r
					newest = c.ordinal(r)
				}
			}
			out.types |= 1 << c.typ(r)
			g.addSource(ctx, p.table, c.source(r))
		}
	}
	if !found {
		return
	}
	out.sources = g.countSources()
	if g.rank.offer(out.sources, out.last) {
		out.hash = g.sels[out.table].c.groupHash(out.group)
		g.rank.add(&out)
	}
}

// addSource notes a source of the credential at hand.
func (g *gatherer) addSource(ctx context.Context, table uint16, ord uint32) {
	if g.err != nil {
		return
	}
	if len(g.sels) > 1 {
		if g.sourceNumbers == nil {
			g.sourceNumbers = make([][]uint32, len(g.sels))
		}
		if g.sourceNumbers[table] == nil {
			if g.sourceNumbers[table], g.err = g.snap.sourceNumbers(ctx, table); g.err != nil {
				return
			}
		}
		if of := g.sourceNumbers[table]; int(ord) < len(of) {
			ord = of[ord]
		}
	}
	if n := len(g.seen); n == 0 || g.seen[n-1] != ord {
		g.seen = append(g.seen, ord)
	}
}

func (g *gatherer) countSources() uint32 {
	if len(g.seen) > 1 {
		slices.Sort(g.seen)
		g.seen = slices.Compact(g.seen)
	}
	return uint32(len(g.seen))
}
