package leaks

import (
	"math/bits"
	"slices"
)

// An ordMap tells the ordinals that the members of a dictionary have in another. Of
// a merge's sources together it has several entries a row, all of them in memory
// together, so it is packed: such ordinals ascend, and 64 neighbours differ in
// some 12 bits.
type ordMap struct {
	n      uint32
	open   []uint32   // those behind the last block
	blocks []ordBlock // and one that says where the last one ends
	words  []uint64

	// plain, if not nil, has them all, in no order: those of a source that loses
	// rows begin as marks.
	plain []uint32
}

// An ordBlock is 64 ordinals: its value j is base + j + packed[j], mod 2^32, which
// has as many bits as the block has words.
type ordBlock struct{ base, at uint32 }

const ordBlockLen = 64

// add appends what the next member is in the other dictionary.
func (m *ordMap) add(ord uint32) {
	m.n++
	if m.open = append(m.open, ord); len(m.open) == ordBlockLen {
		m.pack()
	}
}

func (m *ordMap) pack() {
	base, all := m.open[0], uint32(0)
	for j, v := range m.open {
		all |= v - base - uint32(j)
	}
	width := bits.Len32(all)
	if len(m.blocks) == 0 {
		m.blocks = append(m.blocks, ordBlock{})
	}
	last := &m.blocks[len(m.blocks)-1]
	last.base = base
	at := int(last.at)
	m.blocks = append(m.blocks, ordBlock{at: uint32(at + width)})
	for range width {
		m.words = append(m.words, 0)
	}
	if width > 0 {
		words := m.words[at:]
		for j, v := range m.open {
			d, bit := uint64(v-base-uint32(j)), j*width
			words[bit>>6] |= d << (bit & 63)
			if bit&63+width > 64 {
				words[bit>>6+1] |= d >> (64 - bit&63)
			}
		}
	}
	m.open = m.open[:0]
}

// at returns what member i is in the other dictionary.
func (m *ordMap) at(i uint32) uint32 {
	if m.plain != nil {
		return m.plain[i]
	}
	block, j := int(i/ordBlockLen), i%ordBlockLen
	if block >= len(m.blocks)-1 {
		return m.open[i-(m.n-uint32(len(m.open)))]
	}
	b := m.blocks[block]
	width := m.blocks[block+1].at - b.at
	if width == 0 {
		return b.base + j
	}
	bit := j * width
	k := b.at + bit>>6
	v := m.words[k] >> (bit & 63)
	if bit&63+width > 64 {
		v |= m.words[k+1] << (64 - bit&63)
	}
	return b.base + j + uint32(v)&(1<<width-1)
}

// set says what member i, which may be marked, is in the other dictionary: the next
// one, unless m is plain.
func (m *ordMap) set(i, ord uint32) {
	if m.plain != nil {
		m.plain[i] = ord
		return
	}
	m.add(ord)
}

// seal gives back room that nothing will be added to.
func (m *ordMap) seal() { m.blocks, m.words = slices.Clone(m.blocks), slices.Clone(m.words) }

// len returns of how many members m tells.
func (m *ordMap) len() uint32 {
	if m.plain != nil {
		return uint32(len(m.plain))
	}
	return m.n
}

// remap replaces members, which decode has checked; without m, none.
func (m *ordMap) remap(ords []uint32) {
	if m == nil {
		return
	}
	if m.plain != nil {
		for i, n := range ords {
			ords[i] = m.plain[n]
		}
		return
	}
	for i, n := range ords {
		ords[i] = m.at(n)
	}
}
