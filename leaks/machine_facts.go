package leaks

import (
	"math/bits"
	"sync/atomic"
)

// The facts of a machine are seven columns and as many dictionaries away from a
// row, but many rows share a machine. A table keeps those it was asked for last.
const (
	// rowsPerMachine is how many rows a place for a machine's facts is kept for:
	// they take some 250 bytes.
	rowsPerMachine = 256
	// maxMachines is the most places of a table.
	maxMachines = 1 << 14
)

// machineFacts are the strings of one machine. Nobody may change them.
type machineFacts struct {
	machine uint32
	facts   [machineFields]string
}

// A machineCache has one place for each of some machines. It is safe for
// concurrent use.
type machineCache struct {
	slots atomic.Pointer[[]atomic.Pointer[machineFacts]]
}

// slot is where the facts of a machine are, if anywhere.
func machineSlot(m uint32, slots int) uint32 {
	return m * 0x9e3779b1 >> (32 - bits.TrailingZeros(uint(slots))) // Fibonacci hashing
}

// get returns the facts of a machine, or nil.
func (mc *machineCache) get(m uint32) *machineFacts {
	slots := mc.slots.Load()
	if slots == nil {
		return nil
	}
	if f := (*slots)[machineSlot(m, len(*slots))].Load(); f != nil && f.machine == m {
		return f
	}
	return nil
}

// put remembers the facts of a machine of a table of so many rows.
func (mc *machineCache) put(f *machineFacts, rows uint32) {
	slots := mc.slots.Load()
	if slots == nil {
		n := min(max(rows/rowsPerMachine, 2), maxMachines)
		fresh := make([]atomic.Pointer[machineFacts], 1<<(bits.Len32(n)-1))
		if mc.slots.CompareAndSwap(nil, &fresh) {
			slots = &fresh
		} else {
			slots = mc.slots.Load()
		}
	}
	(*slots)[machineSlot(f.machine, len(*slots))].Store(f)
}

// machineFacts returns the facts of a machine.
func (f *rowFacts) machineFacts(m uint32) *machineFacts {
	c := f.c
	if have := c.t.machineCache.get(m); have != nil {
		return have
	}
	out := &machineFacts{machine: m}
	var ends [machineFields]int
	f.scratch = f.scratch[:0]
	for i := range machineFields {
		ord := c.machineField(m, i)
		if d := i.dict(); shared[d] {
			out.facts[i] = f.text(d, ord)
		} else {
			f.scratch = append(f.scratch, c.bytes(d, ord)...)
		}
		ends[i] = len(f.scratch)
	}
	// They outlive the answer: in a block of their own, not one of its arena.
	all, from := string(f.scratch), 0
	for i, end := range ends {
		if from < end {
			out.facts[i] = all[from:end]
		}
		from = end
	}
	if c.err() == nil {
		c.t.machineCache.put(out, c.t.rows)
	}
	return out
}
