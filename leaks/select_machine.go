package leaks

import (
	"context"

	"github.com/leakscope/leakscope/index"
)

// machineFilter keeps the rows of the plan's machine; false means that there is
// none. No index leads from a machine to its rows: where many are in scope, the
// column is gone through block by block. A machine that nobody knows is looked for
// no less than one without rows in scope, so that the time tells nothing.
func (s *selection) machineFilter(ctx context.Context) (bool, error) {
	var machines []uint32
	for _, f := range []machineField{machineMachineID, machineHWID} {
		ord, ok := s.c.find(f.dict(), s.p.machine)
		if !ok {
			ord = s.t.dictLen(f.dict()) // no machine has it
		}
		err := s.eachValue(ctx, colMachineFirst+columnID(f), 0, s.t.machines, func(m, v uint32) {
			if v == ord {
				machines = append(machines, m)
			}
		})
		if err != nil {
			return false, err
		}
	}
	machines = sortGroups(machines, s.t.machines)
	lo, hi := s.rowBounds()
	if hi-lo < fewRows {
		s.rowTests = append(s.rowTests, func(r uint32) bool { return contains(machines, s.c.machine(r)) })
		return true, nil
	}
	var rows []uint32
	err := s.eachValue(ctx, colMachine, lo, hi, func(r, m uint32) {
		if contains(machines, m) && s.has(s.c.groupOfRow(r)) {
			rows = append(rows, r)
		}
	})
	if err != nil {
		return false, err
	}
	set := index.NewSet(rows...)
	if s.rows == nil {
		s.rows = &rowWindow{set: set}
	} else {
		s.rows.set.And(set)
	}
	return s.rows.set.Len() > 0, nil
}

// eachValue calls fn for the values lo <= i < hi of a column.
func (s *selection) eachValue(ctx context.Context, id columnID, lo, hi uint32, fn func(i, v uint32)) error {
	var block []uint32
	for lo < hi {
		to := min(hi, lo+scanBlock)
		block = s.c.decode(id, lo, to, block[:0])
		if err := firstError(s.c.err(), ctx.Err()); err != nil {
			return err
		}
		for i, v := range block {
			fn(lo+uint32(i), v)
		}
		lo = to
	}
	return nil
}
