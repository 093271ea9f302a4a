package leaks

import "context"

// partly ranks the credentials of a block of a selection that leaves rows out.
// What decides mostly is whether any row of a group is selected, and when the last
// one was: with the sources of the whole group, which are at least as many as
// those of its selected rows, that bounds the credential's place in the order.
// Only of those that may be among the first every row is looked at.
func (g *gatherer) partly(ctx context.Context, st *stream) {
	sel, c := st.sel, st.c
	lo, hi, dense := st.dense()
	st.load(st.groups, lo, hi, false)
	haveRows := dense && st.loadRows(lo, hi)
	haveTimes := haveRows && sel.simple && st.loadTimes(hi-lo)
	parts := []part{{table: st.table}}
	for i, group := range st.groups {
		var from, to uint32
		if haveRows {
			from, to = st.rows[group-lo], st.rows[group-lo+1]
		} else {
			from, to = c.groupRows(group)
		}
		if from >= to || haveTimes && (from < st.rows[0] || to-st.rows[0] > uint32(len(st.times))) {
			c.corrupt(sectionName(sectionGroupRow) + ": values descend")
			return
		}
		var last uint32
		var ok bool
		if haveTimes {
			last, ok = sel.lastTime(st.times, st.rows[0], from, to)
		} else if last, ok = sel.lastRow(group, from, to); ok {
			last = c.seen(last)
		}
		if !ok {
			continue
		}
		if g.rank.floor > 0 && g.rank.minSources <= 1 {
			// No group has more sources than rows.
			most := to - from
			if g.rank.key(most, last) >= g.rank.floor && most > 1 {
				if dense && !st.haveSources {
					st.loadSources(lo, hi)
				}
				most = st.sourcesOf(i)
			}
			if g.rank.key(most, last) < g.rank.floor {
				g.rank.total++ // it stands behind everything kept, and so behind after
				continue
			}
		}
		parts[0].group = group
		g.combine(ctx, parts)
	}
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
