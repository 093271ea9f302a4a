package leaks

import "context"

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

	sourceNumbers [][]uint32 // per table, see snapshot.sourceNumbers; nil until needed
	seen          []uint32   // sources of the credential at hand
	polled        int
	err           error // of a source number
}

// gather runs p over sn.
func gather(ctx context.Context, sn *snapshot, p *plan, to *ranker) error {
	g := &gatherer{snap: sn, rank: to, sels: make([]*selection, len(sn.segments))}
	defer func() {
		for _, sel := range g.sels {
			if sel != nil {
				sel.giveBack()
			}
		}
	}()
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
	if live > 1 && to.k < to.most && g.groups() >= firstMany {
		to.k = to.most
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

// groups returns how many groups the selections hold, perhaps fewer.
func (g *gatherer) groups() (n uint32) {
	for _, sel := range g.sels {
		if sel != nil {
			n += min(sel.len(), firstMany)
		}
	}
	return n
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
		for st := newStream(uint16(ti), sel, g.rank); st.fill(); {
			switch {
			case sel.every:
				for i, group := range st.groups {
					if sources, last := st.figures.at(i); g.rank.offer(sources, last) {
						g.addWhole(st, i, sel.c.groupHash(group), sources, last)
					}
				}
			case sel.whole != nil:
				g.mostlyWhole(ctx, st)
			default:
				g.partly(ctx, st)
			}
			if err := g.poll(ctx, len(st.groups)+st.work); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostlyWhole ranks the credentials of a block of a selection that knows of many
// groups that all of their rows are selected.
func (g *gatherer) mostlyWhole(ctx context.Context, st *stream) {
	parts := []part{{table: st.table}}
	for i, group := range st.groups {
		if !st.sel.wholly(group) {
			parts[0].group = group
			g.combine(ctx, parts)
		} else if sources, last := st.figures.at(i); g.rank.offer(sources, last) {
			g.addWhole(st, i, st.c.groupHash(group), sources, last)
		}
	}
}

// addWhole adds a credential of which one group is all there is.
func (g *gatherer) addWhole(st *stream, i int, hash hash128, sources, last uint32) {
	g.rank.add(&result{
		hash: hash, last: last, sources: sources,
		table: st.table, group: st.groups[i], row: noRow,
	})
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
