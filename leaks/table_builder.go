package leaks

import (
	"hash/maphash"
	"math"

	"github.com/leakscope/leakscope/internal/normalize"
)

// A builtRow is a row in a builder: everything that is a string is the number
// its interner gave it.
type builtRow struct {
	group             uint32
	seen, upload, log uint32
	source, host      uint32
	machine           uint32
	software          uint32
	protocol          uint32
	typ               Type
}

// A builtGroup is a (root, hash) in a builder.
type builtGroup struct {
	hash   hash128
	root   uint32
	rows   uint32
	digest uint64
	domain uint32
	mail   uint32
	user   uint32
	mask   uint32
	pw     uint32
}

// A tableBuilder collects rows for one fresh table. It keeps its memory
// between tables and allocates nothing per row once that has grown.
type tableBuilder struct {
	limit    int
	dicts    [numDicts]*interner
	rows     []builtRow
	groups   []builtGroup
	slots    []uint64       // of groups: a tag, below it the number+1
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
	b := &tableBuilder{limit: limitRows, slots: make([]uint64, internSlots), seed: maphash.MakeSeed(), minSeen: math.MaxUint32, out: new(encodeScratch)}
	for d := range b.dicts {
		b.dicts[d] = newInterner()
	}
	// Nearly every new credential has a user that is new to the table; to look
	// for the others would cost more than to keep them twice.
	b.dicts[dictUser].loose = true
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
	b.rows, b.groups = make([]builtRow, 0, cap(full.rows)), make([]builtGroup, 0, cap(full.groups))
	b.slots = make([]uint64, len(full.slots))
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
	n := int64(len(b.rows))*rowBytes + int64(len(b.groups))*groupBytes + b.machines.memory() + int64(len(b.tuples))*tupleBytes + int64(len(b.domains))*domainBytes
	for _, d := range b.dicts {
		n += d.memory()
	}
	b.used, b.usedRows = n, len(b.rows)
	return n
}

// What a row, a group and a machine cost in a builder, with what encode and
// the table's writer keep for each.
const (
	rowBytes    = 40 + 4 + 4 + 8
	groupBytes  = 56 + 16 + 8 + 16 + 4 + 8 + 4 + 12
	tupleBytes  = 28 + 36 + 4 + 8
	domainBytes = 8
)

// reset forgets all rows and keeps the memory.
func (b *tableBuilder) reset() {
	for _, d := range b.dicts {
		d.reset()
	}
	b.rows, b.groups, b.vote = b.rows[:0], b.groups[:0], timeVote{}
	b.used, b.usedRows = 0, 0
	b.minSeen, b.maxSeen = math.MaxUint32, 0
	clear(b.slots)
	b.machines.reset()
	b.tuples, b.noFacts = b.tuples[:0], 0
	b.domains = b.domains[:0]
	clear(b.masks)
	b.ownRoots = false
}
