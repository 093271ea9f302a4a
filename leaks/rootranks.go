package leaks

import (
	"bytes"
	"context"
)

// rootRanks returns, per table, a number for each root ordinal such that numbers
// are ordered as the root domains' names are, in all tables alike.
func (sn *snapshot) rootRanks(ctx context.Context) ([][]uint32, error) {
	return sn.ranks.get(ctx, sn.rankRoots)
}

func (sn *snapshot) rankRoots(ctx context.Context) ([][]uint32, error) {
	type source struct {
		table int
		c     *tableCursor
		at, n uint32
		name  []byte
	}
	var (
		live  []*source
		least []byte
		ranks = make2D(len(sn.segments))
	)
	for ti, h := range sn.segments {
		if n := h.table.dictLen(dictRoot); n > 0 {
			c := h.table.cursor()
			ranks[ti] = make([]uint32, n)
			live = append(live, &source{ti, c, 0, n, c.bytes(dictRoot, 0)})
		}
	}
	for rank := uint32(0); len(live) > 0; rank++ {
		first := live[0].name
		for _, s := range live[1:] {
			if bytes.Compare(s.name, first) < 0 {
				first = s.name
			}
		}
		least = append(least[:0], first...)
		kept := live[:0]
		for _, s := range live {
			if bytes.Equal(s.name, least) {
				ranks[s.table][s.at] = rank
				if s.at++; s.at < s.n {
					s.name = s.c.bytes(dictRoot, s.at)
				}
			}
			if s.at < s.n {
				kept = append(kept, s)
			} else if err := s.c.err(); err != nil {
				return nil, err
			}
		}
		live = kept
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
