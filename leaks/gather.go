package leaks

import (
	"context"
	"slices"
)

// A part is one group of one table.
type part struct {
	table uint16
	group uint32
}

// A gatherer finds every credential that a plan selects in a snapshot and
// hands each to a ranker once, as one result over all tables.
type gatherer struct {
	snap *snapshot
	sels []*selection // nil where a table holds nothing selected
	rank *ranker

	sourceNumbers [][]uint32 // see snapshot.sourceNumbers; nil until needed
	seen          []uint32   // sources of the credential at hand
	polled        int
	err           error // of a source number
}

// gather runs p over sn.
func gather(ctx context.Context, sn *snapshot, p *plan, to *ranker) error {
	g := &gatherer{snap: sn, rank: to, sels: make([]*selection, len(sn.segments))}
	live, split, own, oneRoot := 0, false, false, true
	root := ""
	for i, h := range sn.segments {
		sel, err := newSelection(ctx, p, h.table)
		if err != nil {
			return err
		}
		if g.sels[i] = sel; sel != nil {
			live++
			if live == 1 {
				root = sel.root
			}
			oneRoot = oneRoot && sel.root != "" && sel.root == root
			split = split || h.table.splitHash
			own = own || h.table.ownRoots || h.table.rootList != sn.segments[0].table.rootList
		}
	}
	var err error
	switch {
	case live == 0:
	case live == 1 && (oneRoot || !split):
		err = g.single(ctx)
	case oneRoot || !split && !own:
		err = g.merge(ctx, oneRoot)
	default:
		// A credential may stand under two root domains.
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
		parts := make([]part, 1)
		for st := newStream(uint16(ti), sel, nil, g.rank); st.fill(); {
			for i, group := range st.groups {
				if sel.every {
					if sources, last := st.figures.at(i); g.rank.offer(sources, last) {
						g.addWhole(st, i, sel.c.groupHash(group), sources, last)
					}
					continue
				}
				parts[0] = part{uint16(ti), group}
				g.combine(ctx, parts)
			}
			if err := g.poll(ctx, len(st.groups)+st.work); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge: several tables, each sorted by (root domain, hash). Streams of their
// groups are merged without memory; only a credential in more than one table
// takes a look at its rows.
// With oneRoot, all groups are below the same root.
func (g *gatherer) merge(ctx context.Context, oneRoot bool) error {
	ranks := make2D(len(g.sels)) // all of one rank
	if !oneRoot {
		var err error
		if ranks, err = g.snap.rootRanks(ctx); err != nil {
			return err
		}
	}
	var (
		streams []*stream
		parts   []part
	)
	for ti, sel := range g.sels {
		if sel == nil {
			continue
		}
		if st := newStream(uint16(ti), sel, ranks[ti], g.rank); st.fill() {
			streams = append(streams, st)
		}
	}
	for len(streams) > 0 {
		// The least (rank, hash), and how many streams are at it.
		first, same := streams[0], 1
		rank, hash := first.key()
		for _, st := range streams[1:] {
			r, h := st.key()
			switch {
			case r == rank && h == hash:
				same++
			case r < rank || r == rank && h.less(hash):
				first, same, rank, hash = st, 1, r, h
			}
		}
		work := 1
		if same == 1 && first.sel.every {
			if sources, last := first.figures.at(first.at); g.rank.offer(sources, last) {
				g.addWhole(first, first.at, hash, sources, last)
			}
			if !first.next() {
				streams = slices.DeleteFunc(streams, func(st *stream) bool { return st == first })
			}
		} else {
			parts = parts[:0]
			ended := false
			var most bound
			for _, st := range streams { // oldest first
				if r, h := st.key(); r == rank && h == hash {
					parts = append(parts, part{st.table, st.groups[st.at]})
					most.add(st)
					ended = !st.next() || ended
				}
			}
			if ended {
				streams = slices.DeleteFunc(streams, func(st *stream) bool { return len(st.groups) == 0 })
			}
			if !most.ruledOut(g.rank) {
				g.combine(ctx, parts)
				work = 8 * len(parts)
			}
		}
		if err := g.poll(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// addWhole adds a credential of which one group is all there is.
func (g *gatherer) addWhole(st *stream, i int, hash hash128, sources, last uint32) {
	g.rank.add(&result{
		hash: hash, last: last, sources: sources,
		table: st.table, group: st.groups[i], row: noRow,
	})
}

// A bound limits the leading figure of a credential by those of its groups, so
// that most of those that stand in several tables need no look at their rows.
type bound struct {
	lead   uint32
	partly bool // not every row of some group is selected
}

// add takes the group that a stream has come to.
func (b *bound) add(st *stream) {
	switch {
	case !st.sel.every:
		b.partly = true
	case st.rank.byLast:
		b.lead = max(b.lead, st.lastOf(st.at))
	default:
		b.lead += st.sourcesOf(st.at)
	}
}

// ruledOut reports whether the credential is not among the first, and counts
// it then.
func (b *bound) ruledOut(rk *ranker) bool {
	if b.partly || rk.minSources > 1 || b.lead >= uint32(rk.floor>>32) {
		return false
	}
	rk.total++ // it stands behind everything kept, and so behind after
	return true
}

// complete fills in what addWhole left out.
func (r *result) complete(c *tableCursor) {
	if r.row != noRow {
		return
	}
	lo, hi := c.groupRows(r.group)
	if lo >= hi {
		return // only corrupt columns get here; their cursor says so
	}
	r.row, r.first = hi-1, c.seen(lo)
	for row := lo; row < hi; row++ {
		r.types |= 1 << c.typ(row)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
