package leaks

import (
	"context"
	"math/bits"
	"slices"
)

// A result is what a query keeps of one credential: enough to sort it, and
// where its representative occurrence stands.
type result struct {
	hash        hash128
	first, last uint32
	sources     uint32
	types       uint8 // bit 1<<Type
	table       uint16
	group, row  uint32
}

// A part is one group of one table.
type part struct {
	table uint16
	group uint32
}

// A gatherer finds every credential that a plan selects in a snapshot and
// hands each to emit once, as one result over all tables.
type gatherer struct {
	snap *snapshot
	sels []*selection // nil where a table holds nothing selected
	emit func(result)

	sourceNumbers [][]uint32 // see snapshot.sourceNumbers; nil until needed
	seen          []uint32   // sources of the credential at hand
	polled        int
	err           error // of a source number
}

// gather runs p over sn.
func gather(ctx context.Context, sn *snapshot, p *plan, emit func(result)) error {
	g := &gatherer{snap: sn, emit: emit, sels: make([]*selection, len(sn.segments))}
	live, split := 0, false
	for i, h := range sn.segments {
		sel, err := newSelection(ctx, p, h.table)
		if err != nil {
			return err
		}
		if g.sels[i] = sel; sel != nil {
			live++
			split = split || h.table.splitHash
		}
	}
	var err error
	switch {
	case live == 0:
	case !split && live == 1:
		err = g.single(ctx)
	case !split && p.column == RootDomain && !p.all:
		err = g.byRoot(ctx, p.identifiers)
	default:
		err = g.byHash(ctx)
	}
	if err = firstError(err, g.err); err != nil {
		return err
	}
	for _, sel := range g.sels {
		if sel != nil && sel.c.err() != nil {
			return sel.c.err()
		}
	}
	return nil
}

// poll looks at ctx now and then; n is the work since the last call.
func (g *gatherer) poll(ctx context.Context, n int) error {
	if g.polled += n; g.polled < pollRows {
		return nil
	}
	g.polled = 0
	return ctx.Err()
}

// single: one table, in which no credential stands twice.
func (g *gatherer) single(ctx context.Context) error {
	for ti, sel := range g.sels {
		if sel == nil {
			continue
		}
		p := make([]part, 1)
		return sel.each(func(group uint32) error {
			p[0] = part{uint16(ti), group}
			g.combine(p)
			return g.poll(ctx, 1)
		})
	}
	return nil
}

// byRoot: several tables, each sorted by hash within a root domain: a merge
// without memory.
func (g *gatherer) byRoot(ctx context.Context, roots []string) error {
	type stream struct {
		table uint16
		c     *tableCursor
		at    uint32
		hi    uint32
		hash  hash128
	}
	var (
		streams []stream
		parts   []part
	)
	for _, root := range roots {
		streams = streams[:0]
		for ti, sel := range g.sels {
			if sel == nil {
				continue
			}
			ord, ok := sel.c.findRoot(root)
			if !ok {
				continue
			}
			if lo, hi := sel.c.rootGroups(ord); lo < hi {
				streams = append(streams, stream{uint16(ti), sel.c, lo, hi, sel.c.groupHash(lo)})
			}
		}
		for len(streams) > 0 {
			least := streams[0].hash
			for i := 1; i < len(streams); i++ {
				if streams[i].hash.less(least) {
					least = streams[i].hash
				}
			}
			parts = parts[:0]
			for i := 0; i < len(streams); i++ {
				st := &streams[i]
				if st.hash != least {
					continue
				}
				parts = append(parts, part{st.table, st.at})
				if st.at++; st.at < st.hi {
					st.hash = st.c.groupHash(st.at)
				} else {
					streams = slices.Delete(streams, i, i+1)
					i--
				}
			}
			g.combine(parts)
			if err := g.poll(ctx, len(parts)); err != nil {
				return err
			}
		}
	}
	return nil
}

// byHash: anything else. Groups that pass their tests are chained by hash.
func (g *gatherer) byHash(ctx context.Context) error {
	type link struct {
		hash hash128
		part part
		next int32 // index + 1 of the credential's next part; 0 ends
	}
	var links []link
	for ti, sel := range g.sels {
		if sel == nil {
			continue
		}
		err := sel.each(func(group uint32) error {
			if !sel.group(group) {
				return g.poll(ctx, 1)
			}
			links = append(links, link{sel.c.groupHash(group), part{uint16(ti), group}, 0})
			return g.poll(ctx, 1)
		})
		if err != nil {
			return err
		}
	}
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
		if head := slots[at]; head != 0 {
			tail, ok := tails[head]
			if !ok {
				tail = head
			}
			links[tail-1].next = n
			tails[head] = n
			continue
		}
		slots[at] = n
		heads = append(heads, n)
	}
	var parts []part
	for _, head := range heads {
		parts = parts[:0]
		for n := head; n != 0; n = links[n-1].next {
			parts = append(parts, links[n-1].part)
		}
		g.combine(parts)
		if err := g.poll(ctx, len(parts)); err != nil {
			return err
		}
	}
	return nil
}

// combine reduces the selected occurrences of one credential, whose groups
// parts lists from the oldest table to the newest, and emits it if there are
// any.
func (g *gatherer) combine(parts []part) {
	if len(parts) == 1 {
		p := parts[0]
		sel := g.sels[p.table]
		if sel.every {
			lo, hi := sel.c.groupRows(p.group)
			if lo >= hi {
				return // only corrupt columns get here; their cursor says so
			}
			out := result{
				hash:  sel.c.groupHash(p.group),
				first: sel.c.seen(lo), last: sel.c.seen(hi - 1),
				sources: sel.c.groupSources(p.group),
				table:   p.table, group: p.group, row: hi - 1,
			}
			for r := lo; r < hi; r++ {
				out.types |= 1 << sel.c.typ(r)
			}
			g.emit(out)
			return
		}
	}
	var (
		out   result
		found bool
		// ordinal of the representative row, to order rows of one table
		// beyond their group.
		newest uint64
	)
	g.seen = g.seen[:0]
	for _, p := range parts {
		sel := g.sels[p.table]
		c := sel.c
		whole := sel.every
		if !whole && len(sel.groupTests) > 0 && !sel.group(p.group) {
			continue
		}
		var byGroup bool
		if sel.search != nil {
			byGroup = sel.search.group(p.group)
		}
		lo, hi := c.groupRows(p.group)
		for r := lo; r < hi; r++ {
			if !whole && !sel.row(r, byGroup) {
				continue
			}
			seen := c.seen(r)
			if !found {
				found = true
				out = result{hash: c.groupHash(p.group), first: seen, last: seen, table: p.table, group: p.group, row: r}
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
			g.addSource(p.table, c.source(r))
		}
	}
	if found {
		out.sources = g.countSources()
		g.emit(out)
	}
}

// addSource notes a source of the credential at hand.
func (g *gatherer) addSource(table uint16, ord uint32) {
	if len(g.sels) > 1 {
		if g.sourceNumbers == nil {
			numbers, err := g.snap.sourceNumbers()
			if err != nil {
				g.err = err
				return
			}
			g.sourceNumbers = numbers
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

// each calls fn for every group in scope, ascending.
func (s *selection) each(fn func(group uint32) error) error {
	for _, r := range s.ranges {
		for g := r.lo; g < r.hi; g++ {
			if err := fn(g); err != nil {
				return err
			}
		}
	}
	for _, g := range s.list {
		if err := fn(g); err != nil {
			return err
		}
	}
	return s.c.err()
}

// group reports whether a group passes the tests of whole groups.
func (s *selection) group(g uint32) bool {
	for _, test := range s.groupTests {
		if !test(g) {
			return false
		}
	}
	return true
}

// row reports whether a row of a group that passed is selected; searched says
// that the group matched the search text as a whole.
func (s *selection) row(r uint32, searched bool) bool {
	if s.rows != nil && !s.rows.contains(r) {
		return false
	}
	for _, test := range s.rowTests {
		if !test(r) {
			return false
		}
	}
	return searched || s.search == nil || s.search.row(r)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
