package leaks

import (
	"hash/maphash"
	"math"

	"github.com/leakscope/leakscope/internal/normalize"
)

// A builtRow is a row in a builder: everything that is a string is the number
// its interner gave it. What belongs to its credential is the same in all rows of
// one hash; sorting brings those together.
type builtRow struct {
	hash              hash128
	digest            uint64
	seen, upload, log uint32
	domain, host      uint32
	mail, user        uint32
	mask, pw          uint32
	source            uint32
	software          uint32
	protocol          uint32
	machine           uint32
	typ               Type
}

// A tableBuilder collects rows for one fresh table. It keeps its memory
// between tables and allocates nothing per row once that has grown.
type tableBuilder struct {
	limit    int
	dicts    [numDicts]*interner
	rows     []builtRow
	machines *interner      // all facts of a machine as one string
	tuples   []machineTuple // by machine
	noFacts  uint32         // the number+1 of the machine without any fact; 0 if none
	domains  []builtDomain  // by domain
	masks    []uint32       // by their ends: the number+1
	seed     maphash.Seed
	batch    [addBatch]comingRow
	keys     []byte // machines of the batch
	awaited  uint64 // see awaitKnown
	vote     timeVote
	ownRoots bool   // see tableMeta
	minSeen  uint32 // of all rows; maxSeen is 0 without any
	maxSeen  uint32
	used     int64 // what memory found last
	usedRows int   // and at how many rows
	out      *encodeScratch
}

// newTableBuilder returns an empty builder that is meant to be encoded at
// limitRows rows or before.
func newTableBuilder(limitRows int) *tableBuilder {
	b := &tableBuilder{limit: limitRows, seed: maphash.MakeSeed(), minSeen: math.MaxUint32, out: new(encodeScratch)}
	for d := range b.dicts {
		b.dicts[d] = newInterner()
	}
	// Nearly every credential has a user that is new to the table, and nearly every
	// new machine has identifiers of its own; to look for the others would cost more
	// than to keep them twice.
	for _, d := range [...]dictID{dictUser, dictMachineID, dictHWID, dictComputer, dictIP} {
		b.dicts[d].loose = true
	}
	b.machines = newInterner()
	b.masks = make([]uint32, normalize.MaskEnds)
	return b
}

// newTableBuilderLike returns an empty builder with room for as much as full has
// taken, which shares with it what encode needs.
func newTableBuilderLike(full *tableBuilder) *tableBuilder {
	b := newTableBuilder(full.limit)
	b.out = full.out
	for d, in := range b.dicts {
		in.grow(full.dicts[d])
	}
	b.machines.grow(full.machines)
	b.rows = make([]builtRow, 0, cap(full.rows))
	b.tuples, b.domains = make([]machineTuple, 0, cap(full.tuples)), make([]builtDomain, 0, cap(full.domains))
	return b
}

// len returns the number of rows.
func (b *tableBuilder) len() int { return len(b.rows) }

// full reports whether the row limit is reached, or that of the strings of one
// dictionary: it must then be encoded before a row is added.
func (b *tableBuilder) full() bool {
	if len(b.rows) >= b.limit || len(b.machines.arena) >= maxArena {
		return true
	}
	for _, d := range b.dicts {
		if len(d.arena) >= maxArena {
			return true
		}
	}
	return false
}

// memory estimates the bytes that the rows collected need, here and in encode.
// Memory kept for later rows is not counted, so an empty builder has none. It
// looks again every few rows only: callers may ask after each.
func (b *tableBuilder) memory() int64 {
	if b.used > 0 && len(b.rows) < b.usedRows+32 {
		return b.used
	}
	n := int64(len(b.rows))*rowBytes + b.machines.memory() + int64(len(b.tuples))*tupleBytes + int64(len(b.domains))*domainBytes
	for _, d := range b.dicts {
		n += d.memory()
	}
	b.used, b.usedRows = n, len(b.rows)
	return n
}

// What a row, a machine and a domain cost in a builder, with what encode and
// the table's writer keep for each.
const (
	rowBytes    = 80 + 8 + 4 + 16 + 4 + 4 + 4 + 4 + 4 + 12 + 24
	tupleBytes  = 28 + 36 + 4 + 8
	domainBytes = 8
)

// reset forgets all rows and keeps the memory.
func (b *tableBuilder) reset() {
	for _, d := range b.dicts {
		d.reset()
	}
	b.rows, b.vote = b.rows[:0], timeVote{}
	b.used, b.usedRows = 0, 0
	b.minSeen, b.maxSeen = math.MaxUint32, 0
	b.machines.reset()
	b.tuples, b.noFacts = b.tuples[:0], 0
	b.domains = b.domains[:0]
	clear(b.masks)
	b.ownRoots = false
}
