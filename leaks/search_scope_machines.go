package leaks

import (
	"slices"
	"strings"

	"github.com/leakscope/leakscope/index"
)

// mayBeIn reports whether a text may be in a fact of a machine. Addresses are of
// few characters.
func mayBeIn(f machineField, text string) bool {
	return f != machineIP || strings.Trim(index.Fold(text), "0123456789abcdef.:") == ""
}

// searchMachines finds the machines of which a fact matches.
func (q *scopeSearch) searchMachines() {
	n := q.s.t.machines
	sign := uint64(0)
	if q.s.t.signed {
		sign = index.Sign([]byte(q.s.p.search), machineSignBits)
	}
	if !q.own && (q.rows > 2*n || sign == 0 && q.rows > n/4) {
		// The scope's machines are most, or at least not few.
		q.machines = newNumberSet(q.s.searchMachines(q.m), allAsked)
		return
	}
	machines := make([]uint32, 0, q.rows)
	q.blocks(func(_ *piece, lo, hi uint32) { machines = q.rowsOf(colMachine, lo, hi, machines) })
	machines = sortGroups(machines, n)
	var some, matching, values, sorted []uint32
	for _, facts := range signedFacts {
		if !slices.ContainsFunc(facts.fields, func(f machineField) bool { return mayBeIn(f, q.s.p.search) }) {
			continue
		}
		if some = machines; sign != 0 {
			some = q.signedMachines(facts.column, machines, sign)
		}
		for _, f := range facts.fields {
			if !mayBeIn(f, q.s.p.search) {
				continue
			}
			values = q.c.valuesAt(colMachineFirst+columnID(f), some, values[:0])
			sorted = sortGroups(append(sorted[:0], values...), q.s.t.dictLen(f.dict()))
			if in := newNumberSet(q.among(f.dict(), sorted), uint32(len(values))); !in.empty() {
				for i, v := range values {
					if in.has(v) {
						matching = append(matching, some[i])
					}
				}
			}
		}
	}
	q.machines = newNumberSet(sortGroups(matching, n), q.rows)
}

// signedMachines returns those of some machines, which ascend, whose signature in
// a column has all bits of sign.
func (q *scopeSearch) signedMachines(id columnID, machines []uint32, sign uint64) []uint32 {
	if len(machines) == 0 {
		return nil
	}
	column, kept := q.c.column(id), []uint32(nil)
	if lo, hi := machines[0], machines[len(machines)-1]+1; hi-lo <= 8*uint32(len(machines)) {
		for at := lo; at < hi; {
			end := min(at+scanBlock, hi)
			q.signs = column.Decode(uint64(at), uint64(end), q.signs[:0])
			for len(machines) > 0 && machines[0] < end && len(q.signs) == int(end-at) {
				if q.signs[machines[0]-at]&sign == sign {
					kept = append(kept, machines[0])
				}
				machines = machines[1:]
			}
			at = end
		}
		return kept
	}
	for _, m := range machines {
		if column.At(uint64(m))&sign == sign {
			kept = append(kept, m)
		}
	}
	return kept
}
