package leaks

import "github.com/leakscope/leakscope/index"

// searchMachines finds the machines of which a fact matches.
func (q *scopeSearch) searchMachines() {
	n := q.s.t.machines
	sign := uint64(0)
	if q.s.t.signed {
		sign = index.Sign([]byte(q.s.p.search), machineSignBits)
	}
	if sign == 0 && !q.own && q.rows > n/4 {
		q.machines = newNumberSet(q.s.searchMachines(q.m), allAsked)
		return
	}
	machines := make([]uint32, 0, q.rows)
	q.blocks(func(_ *piece, lo, hi uint32) { machines = q.rowsOf(colMachine, lo, hi, machines) })
	machines = sortGroups(machines, n)
	if sign != 0 {
		machines = q.signedMachines(machines, sign)
	}
	var matching, values, sorted []uint32
	for _, f := range signedFacts {
		values = q.c.valuesAt(colMachineFirst+columnID(f), machines, values[:0])
		sorted = sortGroups(append(sorted[:0], values...), q.s.t.dictLen(f.dict()))
		if in := newNumberSet(q.among(f.dict(), sorted), uint32(len(values))); !in.empty() {
			for i, v := range values {
				if in.has(v) {
					matching = append(matching, machines[i])
				}
			}
		}
	}
	q.machines = newNumberSet(sortGroups(matching, n), q.rows)
}

// signedMachines returns those of some machines, which ascend, whose signature
// has all bits of sign.
func (q *scopeSearch) signedMachines(machines []uint32, sign uint64) []uint32 {
	if len(machines) == 0 {
		return nil
	}
	column, kept := q.c.column(colMachineSign), machines[:0]
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
