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
	strings uint32 // how many there are
	remap   *ordMap
	parents *ordMap // of the parents; nil in a flat dictionary
	starts  columnID

	next      uint32 // ordinal of the current string
	parent    uint32 // its parent in the source
	parentEnd uint32
	parentOut uint32
	str       []byte
}

var startsColumn = map[dictID]columnID{
	dictDomain: colDomainStarts, dictHost: colHostStarts, dictUser: colUserStarts,
}

func newDictStream(s *mergeSource, c *tableCursor, d dictID) *dictStream {
	st := &dictStream{c: c, partial: s.partial, strs: c.dict(d), strings: s.t.tableMeta.dicts[d], remap: s.remap[d]}
	if p, nested := d.parent(); nested {
		st.parents, st.starts, st.parent = s.remap[p], startsColumn[d], unused
	}
	return st
}

// load makes the first used string from next on the current one and reports
// whether there is one.
func (st *dictStream) load() bool {
	if st.partial {
		for st.next < st.strings && st.remap.at(st.next) == unused {
			st.next++
		}
	}
	if st.next >= st.strings {
		return false
	}
	for st.parents != nil && st.next >= st.parentEnd {
		st.parent++
		if st.parent >= st.parents.len() {
			st.c.corrupt("string of no parent")
			return false
		}
		_, st.parentEnd = st.c.span(st.starts, st.parent)
		st.parentOut = st.parents.at(st.parent)
	}
	if st.parents != nil && st.parentOut == unused {
		st.c.corrupt("string of a parent without rows")
		return false
	}
	st.str = st.strs.At(st.next)
	return true
}

// node returns the place of the current string, for the heap.
func (st *dictStream) node(n uint32) dictNode { return dictNode{prefixKey(st.str), st.parentOut, n} }

func (m *merger) mergeDict(d dictID, out *dictOut, cursors []*tableCursor) error {
	heap := dictHeap{streams: make([]*dictStream, len(m.in))}
	for i, s := range m.in {
		st := newDictStream(s, cursors[i], d)
		if heap.streams[i] = st; st.load() {
			heap.nodes = append(heap.nodes, st.node(uint32(i)))
		}
	}
	heap.init()
	var last []byte // the string written last
	lastParent, ord := uint32(unused), uint32(0)
	for len(heap.nodes) > 0 {
		n := heap.nodes[0].stream
		st := heap.streams[n]
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
		st.remap.set(st.next, ord)
		st.next++
		if st.load() {
			heap.replace(st.node(n))
		} else {
			heap.pop()
		}
	}
	for i, c := range cursors {
		if err := c.err(); err != nil {
			return err
		}
		m.in[i].remap[d].seal()
	}
	return nil
}

// A dictHeap has the stream with the least string at the top. What is compared
// mostly is in the heap itself.
type dictHeap struct {
	nodes   []dictNode
	streams []*dictStream
}

type dictNode struct {
	key    uint64 // the string's first eight bytes
	parent uint32 // its new parent
	stream uint32
}

func (h *dictHeap) less(a, b *dictNode) bool {
	if a.parent != b.parent {
		return a.parent < b.parent
	}
	if a.key != b.key {
		return a.key < b.key
	}
	return bytes.Compare(h.streams[a.stream].str, h.streams[b.stream].str) < 0
}

func (h *dictHeap) init() {
	for i := len(h.nodes)/2 - 1; i >= 0; i-- {
		h.sink(i, h.nodes[i])
	}
}

// replace puts n in the place of the top.
func (h *dictHeap) replace(n dictNode) { h.sink(0, n) }

// pop takes the top away.
func (h *dictHeap) pop() {
	last := len(h.nodes) - 1
	n := h.nodes[last]
	if h.nodes = h.nodes[:last]; last > 0 {
		h.sink(0, n)
	}
}

// sink fills the hole at top with n. The hole goes down to a leaf first, and n
// up from there: n comes from the stream of the least, so it mostly belongs low,
// and one comparison a level is saved.
func (h *dictHeap) sink(top int, n dictNode) {
	nodes := h.nodes
	i := top
	for {
		child := 2*i + 1
		if child >= len(nodes) {
			break
		}
		if child+1 < len(nodes) && h.less(&nodes[child+1], &nodes[child]) {
			child++
		}
		nodes[i] = nodes[child]
		i = child
	}
	for i > top {
		up := (i - 1) / 2
		if !h.less(&n, &nodes[up]) {
			break
		}
		nodes[i] = nodes[up]
		i = up
	}
	nodes[i] = n
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
		for st.next < st.s.t.machines && st.s.machines.at(st.next) == unused {
			st.next++
		}
	}
	if st.next >= st.s.t.machines {
		return false
	}
	for f := range machineFields {
		st.tuple[f] = st.s.remap[f.dict()].at(st.s.c.machineField(st.next, f))
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
	// Machines are few beside rows: the least is looked for, first among the
	// first facts, which seldom tie.
	firsts := make([]uint32, len(streams))
	for i, st := range streams {
		firsts[i] = st.tuple[0]
	}
	for len(streams) > 0 {
		if err := m.poll(); err != nil {
			return err
		}
		first := slices.Min(firsts)
		at := slices.Index(firsts, first)
		least := streams[at].tuple
		for i := at + 1; i < len(firsts); i++ {
			if firsts[i] == first && slices.Compare(streams[i].tuple[:], least[:]) < 0 {
				least = streams[i].tuple
			}
		}
		n := m.w.addMachine(out, &least)
		for i := at; i < len(firsts); {
			st := streams[i]
			if firsts[i] != first || st.tuple != least {
				i++
				continue
			}
			st.s.machines.set(st.next, n)
			if st.next++; st.load() {
				firsts[i] = st.tuple[0]
				i++
			} else {
				firsts, streams = slices.Delete(firsts, i, i+1), slices.Delete(streams, i, i+1)
			}
		}
	}
	for _, s := range m.in {
		if err := s.c.err(); err != nil {
			return err
		}
		s.machines.seal()
		for f := range machineFields {
			s.remap[f.dict()] = nil // only machines have them
		}
	}
	return m.w.finishMachines(out)
}
