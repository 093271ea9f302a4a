package leaks

import "context"

// Of a selection that leaves rows out, what decides mostly is whether any row of a
// group is selected, and when the last one was: with the sources of the whole group,
// which are at least as many as those of its selected rows, that bounds the
// credential's place in the order. Only of those that may be among the first every
// row is looked at.

// A partlyBlock is what is loaded for that of a stream's block.
type partlyBlock struct {
	lo, hi              uint32 // the groups lie between
	dense               bool   // and fill most of it
	haveRows, haveTimes bool
}

// loadPartly loads what the groups of a block are bounded by.
func (st *stream) loadPartly() {
	b := &st.block
	b.lo, b.hi, b.dense = st.dense()
	st.load(st.groups, b.lo, b.hi, false)
	b.haveRows = b.dense && st.loadRows(b.lo, b.hi)
	b.haveTimes = b.haveRows && st.sel.simple && st.loadTimes(b.hi-b.lo)
}

// partlyBound returns when the last selected row of group i of the block was seen,
// and how many rows the group has; ok is false if none of them is selected.
func (st *stream) partlyBound(i int) (last, rows uint32, ok bool) {
	sel, c, b, group := st.sel, st.c, &st.block, st.groups[i]
	var from, to uint32
	if b.haveRows {
		from, to = st.rows[group-b.lo], st.rows[group-b.lo+1]
	} else {
		from, to = c.groupRows(group)
	}
	if from >= to || b.haveTimes && (from < st.rows[0] || to-st.rows[0] > uint32(len(st.times))) {
		c.corrupt(sectionName(sectionGroupRow) + ": values descend")
		return 0, 0, false
	}
	if b.haveTimes {
		last, ok = sel.lastTime(st.times, st.rows[0], from, to)
	} else if last, ok = sel.lastRow(group, from, to); ok {
		last = c.seen(last)
	}
	return last, to - from, ok
}

// partlySources returns the sources of group i of the block.
func (st *stream) partlySources(i int) uint32 {
	if st.block.dense && !st.haveSources {
		st.loadSources(st.block.lo, st.block.hi)
	}
	return st.sourcesOf(i)
}

// boundedBy reports whether what some plan selects can be passed over by a bound.
func (rk *ranker) boundedBy() bool { return rk.floor > 0 && rk.minSources <= 1 }

// partly ranks the credentials of a block of a selection that leaves rows out.
func (g *gatherer) partly(ctx context.Context, st *stream) {
	st.loadPartly()
	parts := []part{{table: st.table}}
	for i := range st.groups {
		g.partlyOne(ctx, st, i, parts)
	}
}

// partlyOne ranks the credential that group i of the block is all there is of; parts
// is room for it.
func (g *gatherer) partlyOne(ctx context.Context, st *stream, i int, parts []part) (work int) {
	last, most, ok := st.partlyBound(i)
	if !ok {
		return 1
	}
	if rk := g.rank; rk.boundedBy() {
		// No group has more sources than rows.
		if rk.key(most, last) >= rk.floor && most > 1 {
			most = st.partlySources(i)
		}
		if rk.key(most, last) < rk.floor {
			rk.total++ // it stands behind everything kept, and so behind after
			return 1
		}
	}
	parts[0] = part{st.table, st.groups[i]}
	g.combine(ctx, parts[:1])
	return 8
}

// lastRow returns the last row of a group, of from <= row < to, that is selected,
// if any.
func (s *selection) lastRow(g, from, to uint32) (row uint32, ok bool) {
	searched := s.search != nil && s.search.group(g)
	for row := to; row > from; {
		if row--; s.row(row, searched) {
			return row, true
		}
	}
	return 0, false
}

// lastTime returns when the last row of a group that is selected was seen; times
// are those of the rows from first on, and the selection is simple.
func (s *selection) lastTime(times []uint32, first, from, to uint32) (seen uint32, ok bool) {
	for row := to; row > from; {
		row--
		if seen := times[row-first]; s.p.seenFrom <= seen && seen <= s.p.seenTo && (s.rows == nil || s.rows.contains(row)) {
			return seen, true
		}
	}
	return 0, false
}
