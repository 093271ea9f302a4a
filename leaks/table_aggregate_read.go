package leaks

import (
	"context"
	"fmt"
	"slices"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/stats"
)

// aggregate returns the aggregate of a domain over this table's rows and, where
// some were dropped, over those too. col is RootDomain or EmailDomain. A domain
// that the table does not know, and the empty one, has an empty aggregate.
func (c *tableCursor) aggregate(ctx context.Context, col Column, name string) (*stats.Aggregate, error) {
	agg := new(stats.Aggregate)
	if err := c.mergeAggregate(ctx, col, name, agg); err != nil {
		return nil, err
	}
	return agg, nil
}

// mergeAggregate adds what aggregate returns to agg, which after an error must
// be dropped.
func (c *tableCursor) mergeAggregate(ctx context.Context, col Column, name string, agg *stats.Aggregate) error {
	if name == "" {
		return nil
	}
	i, ok := c.findAggregate(col, name)
	switch {
	case c.err() != nil:
		return c.err()
	case ok:
		return c.readAggregate(i, agg)
	}
	return c.computeAggregate(ctx, col, name, agg)
}

// findAggregate returns the number of a stored aggregate.
func (c *tableCursor) findAggregate(col Column, name string) (uint32, bool) {
	if c.t.tableMeta.aggregates == 0 {
		return 0, false
	}
	c.key = aggregateKey(c.key[:0], col, name)
	return c.aggDict().Find(0, c.t.tableMeta.aggregates, c.key)
}

// readAggregate adds stored aggregate i to agg.
func (c *tableCursor) readAggregate(i uint32, agg *stats.Aggregate) error {
	return c.storedAggregate(i, agg.MergeFrom)
}

// readAnalytics returns the analytics of stored aggregate i.
func (c *tableCursor) readAnalytics(i uint32) (a *stats.Analytics, err error) {
	err = c.storedAggregate(i, func(r *codec.Reader) (err error) {
		a, err = stats.ReadAnalytics(r)
		return err
	})
	return a, err
}

// storedAggregate hands stored aggregate i to read, which takes all of it.
func (c *tableCursor) storedAggregate(i uint32, read func(*codec.Reader) error) error {
	body, err := c.aggregateBytes(i)
	if err != nil {
		return err
	}
	r := codec.NewReader(body)
	if err := firstError(read(r), r.Err()); err != nil {
		return c.fail(fmt.Errorf("aggregate %d: %w", i, err))
	}
	if err := r.Close(); err != nil {
		return c.fail(fmt.Errorf("aggregate %d: %w", i, err))
	}
	return nil
}

// aggregateBytes returns the encoded form of stored aggregate i.
func (c *tableCursor) aggregateBytes(i uint32) ([]byte, error) {
	place := c.column(colAggPlace).At(uint64(i))
	if err := c.err(); err != nil {
		return nil, err
	}
	section := c.t.seg.Section(sectionAggData)
	chunk, off := place>>32, place&(1<<32-1)
	b, err := section.Chunk(int(chunk))
	if err != nil {
		return nil, c.fail(err)
	}
	if off >= uint64(len(b)) {
		c.corrupt("place of an aggregate")
		return nil, c.err()
	}
	r := codec.NewReader(b[off:])
	size := r.Uvarint()
	if r.Err() != nil || size > maxAggregate {
		c.corrupt("length of an aggregate")
		return nil, c.err()
	}
	body := slices.Clip(r.Raw(min(int(size), r.Left())))
	for uint64(len(body)) < size {
		// One that is longer than a chunk goes on in the next.
		chunk++
		more, err := section.Chunk(int(chunk))
		if err != nil {
			return nil, c.fail(err)
		}
		if len(more) == 0 {
			c.corrupt("empty chunk of aggregates")
			return nil, c.err()
		}
		body = append(body, more[:min(uint64(len(more)), size-uint64(len(body)))]...)
	}
	return body, nil
}

// knows reports whether a domain has rows in the table.
func (c *tableCursor) knows(col Column, name string) bool {
	find := c.findRoot
	if col == EmailDomain {
		find = c.findMail
	}
	_, ok := find(name)
	return ok
}

// computeAggregate adds the aggregate of a domain's rows to agg.
func (c *tableCursor) computeAggregate(ctx context.Context, col Column, name string, agg *stats.Aggregate) error {
	var groups []uint32
	lo, hi := uint32(0), uint32(0)
	if col == RootDomain {
		root, ok := c.findRoot(name)
		if !ok {
			return c.err()
		}
		lo, hi = c.rootGroups(root)
	} else {
		mail, ok := c.findMail(name)
		if !ok {
			return c.err()
		}
		from, to := c.mailUsers(mail)
		groups = c.userGroupsOf(from, to, nil)
		// In the order of the table: neighbours are cheap, and a root comes once.
		slices.Sort(groups)
		hi = uint32(len(groups))
	}
	if c.aggregator == nil {
		m := &c.t.tableMeta
		c.aggregator = newAggregator(c, m.dicts[dictSource], m.dicts[dictCountry], m.dicts[dictStealer], m.minSeen, m.maxSeen)
	}
	a := c.aggregator
	a.begin(col, agg)
	rows := uint32(0)
	root := uint32(0)
	for i := lo; i < hi; i++ {
		g := i
		if col == EmailDomain {
			g = groups[i]
			root = c.groupRoot(g)
		}
		digest, has := c.digest(g)
		a.group(c.groupHash(g), has, digest, c.groupUser(g), root)
		from, to := c.groupRows(g)
		for row := from; row < to; row++ {
			if rows++; rows%pollRows == 0 {
				if err := c.poll(ctx); err != nil {
					c.aggregator = nil // it is half filled
					return err
				}
			}
			m := c.machine(row)
			a.row(c.typ(row), max(c.seen(row), c.t.minSeen), c.source(row),
				c.machineField(m, machineCountry), c.machineField(m, machineStealer))
		}
	}
	a.finish()
	return c.err()
}

// poll returns the cursor's error or that of ctx.
func (c *tableCursor) poll(ctx context.Context) error {
	if err := c.err(); err != nil {
		return err
	}
	return ctx.Err()
}

// A cursor's ordinals as an aggregator's names.

func (c *tableCursor) aggName(d dictID, n uint32) []byte { return c.bytes(d, n) }

func (c *tableCursor) aggUserMail(user uint32) uint32 { return c.userMail(user) }

func (c *tableCursor) aggUserHash(user uint32) uint64 {
	c.key = c.appendUsername(c.key[:0], user)
	if len(c.key) == 0 {
		return 0
	}
	return stats.Hash(c.key)
}
