package leaks

import (
	"slices"

	"github.com/leakscope/leakscope/internal/segment"
)

// The origin of a group is the segment, as it was once published, in which it
// came into the store first, by its first ingest sequence number. A table that
// was published as it is has one origin, that of its segment, and stores none. A
// merge keeps for each group the oldest of what it joins: so it can still be told
// what is new since some publication, a few bits a group for it.

// groupOrigin returns the number of a group's origin among those of its table.
func (c *tableCursor) groupOrigin(g uint32) uint32 {
	if c.t.origins == 0 {
		return 0
	}
	return c.value(colGroupOrigin, g)
}

// origins returns the origins of a table by their numbers; first is the first
// sequence number of its segment.
func (c *tableCursor) origins(first uint64) []uint64 {
	if c.t.origins == 0 {
		return []uint64{first}
	}
	var list []uint64
	k := c.column(colOriginSeq)
	for i := range c.t.origins {
		v := k.At(uint64(i))
		if k.Err() != nil {
			break
		}
		if v < first || i > 0 && v <= list[i-1] {
			c.corrupt("origins do not ascend")
			break
		}
		list = append(list, v)
	}
	if c.err() != nil {
		return make([]uint64, c.t.origins) // whoever looks one up looks at the error
	}
	return list
}

// mergeOrigins writes the origins of all sources that some group which stays
// has, unless there is only one.
func (m *merger) mergeOrigins(firstSeq []uint64) error {
	if firstSeq == nil {
		return nil
	}
	var all []uint64
	for i, s := range m.in {
		list := s.c.origins(firstSeq[i])
		if err := s.c.err(); err != nil {
			return err
		}
		if n := len(all); n > 0 && list[0] <= all[n-1] {
			s.c.corrupt("origins of an older segment")
			return s.c.err()
		}
		if s.t.groups == 0 {
			continue
		}
		if s.origins == nil { // all of its groups stay
			s.origins = make([]uint32, len(list))
		}
		for o, seq := range list {
			if s.origins[o] == unused {
				continue
			}
			s.origins[o] = uint32(len(all))
			all = append(all, seq)
		}
	}
	// What a single origin is told by is the first sequence number of the segment.
	if len(all) == 0 || len(all) == 1 && all[0] == firstSeq[0] {
		return nil
	}
	return m.w.writeOrigins(all)
}

func (w *tableWriter) writeOrigins(list []uint64) error {
	c := segment.NewIntsWriter(w.seg.Section(sectionOriginSeq, segment.Plain))
	for _, seq := range list {
		c.Append(seq)
	}
	w.meta.origins = uint32(len(list))
	return c.Finish()
}

// originsSince returns, of ascending origins, the number of the first that is
// not below a sequence number.
func originsSince(origins []uint64, seq uint64) uint32 {
	i, _ := slices.BinarySearch(origins, seq)
	return uint32(i)
}
