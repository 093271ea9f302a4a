package leaks

import (
	"bytes"
	"slices"

	"github.com/leakscope/leakscope/index"
)

// mergeDicts merges all dictionaries and fills the remap tables. Strings that no
// row refers to any more are left out.
func (m *merger) mergeDicts() error {
	return together(m.parallel,
		func() error { return m.mergeSome(dictHalves[0]) },
		func() error { return m.mergeSome(dictHalves[1]) })
}

// mergeSome merges some dictionaries, parents first, with cursors of its own.
func (m *merger) mergeSome(dicts []dictID) error {
	cursors := make([]*tableCursor, len(m.in))
	for i, s := range m.in {
		cursors[i] = s.t.cursor()
	}
	for _, d := range dicts {
		out := m.w.dict(d)
		if err := m.mergeDict(d, out, cursors); err != nil {
			return err
		}
		if err := m.w.finishDict(out); err != nil {
			return err
		}
	}
	return nil
}

// A dictStream goes through the strings of one source's dictionary that are
// used. Ordinals ascend by (new parent, bytes): parents are remapped in order.
type dictStream struct {
	c       *tableCursor
	partial bool // as its source is
	strs    *index.DictCursor
	remap   []uint32
	parents []uint32 // remap of the parents; nil in a flat dictionary
	starts  columnID

	next      uint32 // ordinal of the current string
	parent    uint32 // its parent in the source
	parentEnd uint32
	parentOut uint32
	key       uint64 // its first eight bytes
	str       []byte
}

var startsColumn = map[dictID]columnID{
	dictDomain: colDomainStarts, dictHost: colHostStarts, dictUser: colUserStarts,
}

func newDictStream(s *mergeSource, c *tableCursor, d dictID) *dictStream {
	st := &dictStream{c: c, partial: s.partial, strs: c.dict(d), remap: s.remap[d]}
	if p, nested := d.parent(); nested {
		st.parents, st.starts, st.parent = s.remap[p], startsColumn[d], unused
	}
	return st
}

// load makes the first used string from next on the current one and reports
// whether there is one.
func (st *dictStream) load() bool {
	if st.partial {
		for st.next < uint32(len(st.remap)) && st.remap[st.next] == unused {
			st.next++
		}
	}
	if st.next >= uint32(len(st.remap)) {
		return false
	}
	for st.parents != nil && st.next >= st.parentEnd {
		st.parent++
		if st.parent >= uint32(len(st.parents)) {
			st.c.corrupt("string of no parent")
			return false
		}
		_, st.parentEnd = st.c.span(st.starts, st.parent)
		st.parentOut = st.parents[st.parent]
	}
	if st.parents != nil && st.parentOut == unused {
		st.c.corrupt("string of a parent without rows")
		return false
	}
	st.str = st.strs.At(st.next)
	st.key = prefixKey(st.str)
	return true
}

func (st *dictStream) compare(o *dictStream) int {
	switch {
	case st.parentOut != o.parentOut:
		if st.parentOut < o.parentOut {
			return -1
		}
		return 1
	case st.key != o.key:
		if st.key < o.key {
			return -1
		}
		return 1
	}
	return bytes.Compare(st.str, o.str)
}

func (m *merger) mergeDict(d dictID, out *dictOut, cursors []*tableCursor) error {
	heap := make(dictHeap, 0, len(m.in))
	for i, s := range m.in {
		if st := newDictStream(s, cursors[i], d); st.load() {
			heap = append(heap, st)
		}
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		heap.down(i)
	}
	var last []byte // the string written last
	lastParent, ord := uint32(unused), uint32(0)
	for len(heap) > 0 {
		st := heap[0]
		if st.parentOut != lastParent || !bytes.Equal(st.str, last) || out.strs.Len() == 0 {
			last, lastParent = append(last[:0], st.str...), st.parentOut
			ord = out.add(st.parentOut, st.str)
			if d == dictUser {
				m.userMail = append(m.userMail, st.parentOut)
			}
			if ord%pollRows == 0 && m.ctx.Err() != nil {
				return m.ctx.Err()
			}
		}
		st.remap[st.next] = ord
		st.next++
		if st.load() {
			heap.down(0)
			continue
		}
		end := len(heap) - 1
		heap[0] = heap[end]
		if heap = heap[:end]; end > 0 {
			heap.down(0)
		}
	}
	for _, c := range cursors {
		if err := c.err(); err != nil {
			return err
		}
	}
	return nil
}

// A dictHeap has the stream with the least string at the top.
type dictHeap []*dictStream

func (h dictHeap) down(i int) {
	st := h[i]
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].compare(h[child]) < 0 {
			child++
		}
		if h[child].compare(st) >= 0 {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = st
}

// A machineStream goes through the machines of one source that are used, in
// new ordinals.
type machineStream struct {
	s     *mergeSource
	next  uint32
	tuple machineTuple
}

func (st *machineStream) load() bool {
	if st.s.partial {
		for st.next < uint32(len(st.s.machines)) && st.s.machines[st.next] == unused {
			st.next++
		}
	}
	if st.next >= uint32(len(st.s.machines)) {
		return false
	}
	for f := range machineFields {
		st.tuple[f] = st.s.remap[f.dict()][st.s.c.machineField(st.next, f)]
		if st.tuple[f] == unused {
			return st.s.dangling() == nil
		}
	}
	return true
}

// mergeMachines merges the machines. Their dictionaries are flat, so remapping
// keeps the order of the tuples.
func (m *merger) mergeMachines() error {
	out := m.w.machines()
	var streams []*machineStream
	for _, s := range m.in {
		if st := (&machineStream{s: s}); st.load() {
			streams = append(streams, st)
		}
	}
	// Machines are few beside rows: the least is looked for.
	for len(streams) > 0 {
		if err := m.poll(); err != nil {
			return err
		}
		least := streams[0].tuple
		for _, st := range streams[1:] {
			if slices.Compare(st.tuple[:], least[:]) < 0 {
				least = st.tuple
			}
		}
		n := m.w.addMachine(out, &least)
		streams = slices.DeleteFunc(streams, func(st *machineStream) bool {
			if st.tuple != least {
				return false
			}
			st.s.machines[st.next] = n
			st.next++
			return !st.load()
		})
	}
	for _, s := range m.in {
		if err := s.c.err(); err != nil {
			return err
		}
	}
	return m.w.finishMachines(out)
}
