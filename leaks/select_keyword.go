package leaks

import (
	"context"

	"github.com/leakscope/leakscope/index"
)

// scopeKeywords finds the groups that have a row whose host matches a keyword
// of the plan and whose domain is none of the caller's own, and adds a test for
// such rows.
func (s *selection) scopeKeywords(ctx context.Context) error {
	c, p := s.c, s.p
	hosts, err := c.wordsHosts(ctx, p.words)
	if err != nil {
		return err
	}
	if !p.all && p.byDomain {
		cv, err := c.cover(ctx, p, false)
		if err != nil {
			return err
		}
		for root := range until(ctx, cv.whole) {
			lo, hi := c.hostRange(root, root+1)
			clearBits(hosts, lo, hi)
		}
		for domain := range until(ctx, cv.domains) {
			lo, hi := c.hostsOfDomain(domain)
			clearBits(hosts, lo, hi)
		}
	}
	if err := firstError(ctx.Err(), c.err()); err != nil {
		return err
	}
	n := countBits(hosts)
	if n == 0 {
		return nil
	}
	s.rowTests = append(s.rowTests, c.hostTest(hosts))
	s.words = make([]uint64, s.t.groups/64+1)
	if n > int(s.t.dictLen(dictHost)/fewHosts) {
		return s.groupsWithHosts(ctx, hosts, 0, s.t.groups)
	}
	for h := nextBit(hosts, 0); h != ^uint32(0); {
		root := c.domainRoot(c.hostDomain(h))
		_, end := c.hostRange(root, root+1)
		lo, hi := c.rootGroups(root)
		if err := c.err(); err != nil || end <= h {
			return err
		}
		if err := s.groupsWithHosts(ctx, hosts, lo, hi); err != nil {
			return err
		}
		h = nextBit(hosts, end)
	}
	return c.err()
}

// fewHosts: up to one host in so many, the roots of those that match are looked
// at alone; with more, all rows. Tests change it.
var fewHosts uint32 = 16

// groupsWithHosts appends the groups lo <= g < hi that have a row with one of
// the hosts, and notes those of which all have.
func (s *selection) groupsWithHosts(ctx context.Context, hosts []uint64, lo, hi uint32) error {
	var b struct{ column, rows []uint32 } // columns of a run of groups
	for polled := 0; lo < hi; {
		end := min(hi, lo+scanBlock)
		b.rows = s.c.decode(colGroupRow, lo, end+1, b.rows[:0])
		if len(b.rows) != int(end-lo)+1 || b.rows[0] > b.rows[end-lo] {
			return s.c.err()
		}
		first := b.rows[0]
		b.column = s.c.decode(colHost, first, b.rows[end-lo], b.column[:0])
		if len(b.column) != int(b.rows[end-lo]-first) {
			return s.c.err()
		}
		for group, row := lo, first; group < end; group++ {
			next := min(b.rows[group+1-lo], b.rows[end-lo])
			matching := uint32(0)
			for ; row < next; row++ {
				h := b.column[row-first]
				matching += uint32(hosts[h/64] >> (h % 64) & 1)
			}
			if matching == 0 {
				continue
			}
			s.list = append(s.list, group)
			if matching == next-b.rows[group-lo] {
				setBit(s.words, group)
			}
		}
		if polled += len(b.column) + int(end-lo); polled > pollRows {
			polled = 0
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		lo = end
	}
	return s.c.err()
}

// wordsHosts returns the hosts that any of some words matches, a bit each.
func (c *tableCursor) wordsHosts(ctx context.Context, words []word) ([]uint64, error) {
	hosts := make([]uint64, c.t.dictLen(dictHost)/64+1)
	for w := range until(ctx, words) {
		set, err := c.wordHosts(ctx, &w)
		if err != nil {
			return nil, err
		}
		set.addTo(hosts)
	}
	return hosts, ctx.Err()
}

// hostTest returns a test for rows that have one of the hosts.
func (c *tableCursor) hostTest(hosts []uint64) func(row uint32) bool {
	return func(r uint32) bool {
		h := c.host(r)
		return hosts[h/64]&(1<<(h%64)) != 0
	}
}

// wordHosts returns the hosts that a word matches. The dictionary's text index
// leads to those that hold its longest token, whose tokens are then compared.
func (c *tableCursor) wordHosts(ctx context.Context, w *word) (*ordSet, error) {
	key := coverKey{word: string(w.tokens)}
	if cv := c.t.covers.get(key); cv != nil {
		return cv.hosts, nil
	}
	var (
		list, found []uint32
		tokens      []byte
	)
	n, m := c.t.dictLen(dictHost), index.NewMatcher(w.needle)
	// In pieces, to look at ctx between them; as few as that allows, for each
	// reads the index anew.
	for lo := uint32(0); lo < n; {
		hi := min(n, lo+searchPiece)
		found = found[:0]
		c.search(dictHost, lo, hi, m, func(ord uint32) bool {
			found = append(found, ord)
			return true
		})
		for i, ord := range found {
			tokens = appendTokens(tokens[:0], c.bytes(dictHost, ord))
			if w.match(tokens) {
				list = append(list, ord)
			}
			if i%pollRows == pollRows-1 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		if err := firstError(ctx.Err(), c.err()); err != nil {
			return nil, err
		}
		lo = hi
	}
	cv := &cover{hosts: newOrdSetOf(list, n)}
	c.t.covers.put(key, cv)
	return cv.hosts, nil
}

// searchPiece is how many hosts are searched between two looks at a context:
// some ten milliseconds without the help of an index.
const searchPiece = 256 << 10
