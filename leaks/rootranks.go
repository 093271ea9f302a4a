package leaks

import (
	"bytes"
	"context"
	"slices"
)

// rootRanks returns, per table, a number for each root ordinal such that numbers
// are ordered as the root domains' names are, in all tables alike.
func (sn *snapshot) rootRanks(ctx context.Context) ([][]uint32, error) {
	return sn.ranks.get(ctx, sn.rankRoots)
}

// A rankSource is a table whose roots are being ranked.
type rankSource struct {
	ranks []uint32
	c     *tableCursor
	at    uint32
	name  []byte
}

func (sn *snapshot) rankRoots(ctx context.Context) ([][]uint32, error) {
	var (
		live  []rankSource
		keys  []uint64 // of their names; mostly these tell which is the least
		least []byte
		ranks = make2D(len(sn.segments))
	)
	for ti, h := range sn.segments {
		if n := h.table.dictLen(dictRoot); n > 0 {
			c := h.table.cursor()
			ranks[ti] = make([]uint32, n)
			live = append(live, rankSource{ranks[ti], c, 0, c.bytes(dictRoot, 0)})
			keys = append(keys, prefixKey(live[len(live)-1].name))
		}
	}
	for rank := uint32(0); len(live) > 0; rank++ {
		key := slices.Min(keys)
		first := -1
		for i, k := range keys {
			if k == key && (first < 0 || bytes.Compare(live[i].name, live[first].name) < 0) {
				first = i
			}
		}
		least = append(least[:0], live[first].name...)
		for i := first; i < len(live); i++ {
			if keys[i] != key {
				continue
			}
			s := &live[i]
			if !bytes.Equal(s.name, least) {
				continue
			}
			s.ranks[s.at] = rank
			if s.at++; s.at < uint32(len(s.ranks)) {
				s.name = s.c.bytes(dictRoot, s.at)
				keys[i] = prefixKey(s.name)
				continue
			}
			if err := s.c.err(); err != nil {
				return nil, err
			}
			live, keys = slices.Delete(live, i, i+1), slices.Delete(keys, i, i+1)
			i--
		}
		if rank%pollRows == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return ranks, nil
}

// make2D returns n empty lists, none of them nil.
func make2D(n int) [][]uint32 {
	out := make([][]uint32, n)
	for i := range out {
		out[i] = []uint32{}
	}
	return out
}
