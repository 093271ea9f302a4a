package leaks

import (
	"cmp"
	"slices"

	"github.com/leakscope/leakscope/stats"
)

// A namedAggregate is a domain whose aggregate the new table stores.
type namedAggregate struct {
	name   string
	rows   uint32 // in the new table
	pinned bool   // some of its rows were dropped, now or before
}

// mergeAggregates writes the aggregates of the domains that are heavy in the
// new table or lost rows. They are made of those of the sources, which know
// the rows that are dropped here.
func (m *merger) mergeAggregates() error {
	out := m.w.aggregates()
	for _, col := range []Column{RootDomain, EmailDomain} {
		names, err := m.aggregateNames(col)
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(names, aggregateBatch) {
			if err := m.mergeBatch(out, col, batch); err != nil {
				return err
			}
		}
	}
	return m.w.finishAggregates(out)
}

// aggregateBatch is how many aggregates are collected at a time: source by
// source, since what one source is asked lies close together, and the sources
// together may be more than the cache holds.
const aggregateBatch = 256

// mergeBatch writes the aggregates of some domains.
func (m *merger) mergeBatch(out *aggregatesOut, col Column, batch []namedAggregate) error {
	sums := make([]stats.Aggregate, len(batch))
	for _, s := range m.in {
		for i, n := range batch {
			if err := m.ctx.Err(); err != nil {
				return err
			}
			if err := s.c.mergeAggregate(m.ctx, col, n.name, &sums[i]); err != nil {
				return err
			}
		}
	}
	for i, n := range batch {
		if err := out.add(col, []byte(n.name), uint64(n.rows), n.pinned, &sums[i]); err != nil {
			return err
		}
	}
	return nil
}

// aggregateNames lists the domains of a column whose aggregates are to be
// stored, by name.
func (m *merger) aggregateNames(col Column) ([]namedAggregate, error) {
	d, rows := dictRoot, m.rootRows
	if col == EmailDomain {
		d, rows = dictMail, m.mailRows
	}
	var names []namedAggregate
	for _, s := range m.in {
		lost := s.lostRoot
		if col == EmailDomain {
			lost = s.lostMail
		}
		for old := range s.remap[d].len() {
			ord := s.remap[d].at(old)
			n := namedAggregate{pinned: s.partial && lost[old]}
			if ord != unused {
				n.rows = rows[ord]
			}
			if n.pinned || uint64(n.rows) >= aggregateRows {
				if n.name = s.c.str(d, old); n.name != "" {
					names = append(names, n)
				}
			}
		}
		pinned, err := s.pinnedNames(col, rows)
		if err != nil {
			return nil, err
		}
		names = append(names, pinned...)
	}
	slices.SortFunc(names, func(a, b namedAggregate) int { return cmp.Compare(a.name, b.name) })
	return compactNames(names), nil
}

// compactNames joins equal neighbours.
func compactNames(names []namedAggregate) []namedAggregate {
	out := names[:0]
	for _, n := range names {
		if k := len(out); k > 0 && out[k-1].name == n.name {
			out[k-1].rows = max(out[k-1].rows, n.rows)
			out[k-1].pinned = out[k-1].pinned || n.pinned
			continue
		}
		out = append(out, n)
	}
	return out
}

// pinnedNames lists the domains of a column that lost rows before this merge.
func (s *mergeSource) pinnedNames(col Column, rows []uint32) ([]namedAggregate, error) {
	var out []namedAggregate
	c := s.c
	kind := aggregateKey(nil, col, "")[0]
	d := dictRoot
	if col == EmailDomain {
		d = dictMail
	}
	for i := range s.t.aggregates {
		if c.column(colAggRows).At(uint64(i))&1 == 0 {
			continue
		}
		key := c.aggDict().At(i)
		if len(key) < 2 || key[0] != kind {
			continue
		}
		n := namedAggregate{name: string(key[1:]), pinned: true}
		if old, ok := c.find(d, n.name); ok && s.remap[d].at(old) != unused {
			n.rows = rows[s.remap[d].at(old)]
		}
		out = append(out, n)
	}
	return out, c.err()
}
