package leaks

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"sync"

	"github.com/leakscope/leakscope/internal/flat"
)

// A pageQuery is what queries of flat data sets have in common, as asked.
type pageQuery struct {
	from, to       Day
	search         string
	columns        []int // searched
	sortBy         string
	sorts          map[string]int // name -> column
	newest         int            // column of the default order, descending
	descending     bool
	page, pageSize int
}

// compile validates q.
func (q *pageQuery) compile() (*flat.Query, error) {
	out := &flat.Query{To: math.MaxUint64, Search: q.search, Columns: q.columns, Sort: q.newest, Descending: true}
	if len(q.search) > maxSearchBytes {
		return nil, paramErrorf("search", "must have at most %d bytes", maxSearchBytes)
	}
	for _, bound := range []struct {
		param string
		day   Day
		to    *uint64
	}{{"from", q.from, &out.From}, {"to", q.to, &out.To}} {
		if bound.day == "" {
			continue
		}
		n, err := parseDay(bound.param, bound.day)
		if err != nil {
			return nil, err
		}
		*bound.to = uint64(n) * secondsPerDay
	}
	if q.sortBy != "" {
		col, ok := q.sorts[q.sortBy]
		if !ok {
			return nil, paramErrorf("sort_by", "is not one of the fields to sort by")
		}
		out.Sort, out.Descending = col, q.descending
	}
	q.page, q.pageSize = orDefault(q.page, 1), orDefault(q.pageSize, defaultPageSize)
	switch {
	case q.pageSize < 1 || q.pageSize > maxPageSize:
		return nil, paramErrorf("page_size", "must be from 1 to %d", maxPageSize)
	case q.page < 1:
		return nil, paramErrorf("page", "must be at least 1")
	}
	out.Limit = q.pageSize
	// What is past all rows may be as far as it likes.
	out.Offset = math.MaxInt - q.pageSize
	if q.page-1 <= out.Offset/q.pageSize {
		out.Offset = (q.page - 1) * q.pageSize
	}
	return out, nil
}

// queryFlat answers q over the keys within spans, all if whole.
func (s *Store) queryFlat(ctx context.Context, set dataset, whole bool, spans []flat.Span, q *flat.Query) (*flat.Page, error) {
	defer s.asks()()
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	return sn.queryFlat(ctx, set, whole, spans, q)
}

func (sn *snapshot) queryFlat(ctx context.Context, set dataset, whole bool, spans []flat.Span, q *flat.Query) (_ *flat.Page, err error) {
	defer sn.watch().end(&err)
	if !whole && len(spans) == 0 {
		return &flat.Page{}, nil
	}
	v := sn.view(set)
	sel, err := sn.selections[set].get(ctx, sn.store.opts.MemoryBudget/32, v, whole, spans)
	if err != nil {
		return nil, err
	}
	return v.Query(ctx, sel, q)
}

// view returns the tables of a data set, oldest first.
func (sn *snapshot) view(set dataset) *flat.View {
	list := sn.of(set)
	tables := make([]*flat.Table, len(list))
	for i, h := range list {
		tables[i] = h.flat
	}
	return flat.NewView(set.schema(), tables)
}

// expireSet drops the rows of a data set that were not detected since limit.
// The caller holds maintaining.
func (s *Store) expireSet(ctx context.Context, sn *snapshot, set dataset, limit uint32) (dropped int64, err error) {
	var drops []flat.Drop
	err = sn.watched(func() (err error) {
		drops, err = sn.view(set).Expired(ctx, uint64(limit))
		return err
	})
	if err != nil {
		return 0, err
	}
	for i, h := range sn.of(set) {
		if drops[i].Before == 0 {
			continue
		}
		h2, err := s.replace(ctx, []*handle{h}, 0, drops[i:i+1])
		if err != nil {
			return dropped, err
		}
		dropped += int64(h.meta.Rows - h2.meta.Rows)
	}
	return dropped, nil
}

// A selectionCache remembers which rows of a snapshot several segments share,
// by the keys asked for: finding out takes longer than the query itself.
type selectionCache struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*flat.Selection
	cost  int64
}

// get selects the rows of v, which is always the same, within spans.
func (c *selectionCache) get(ctx context.Context, budget int64, v *flat.View, whole bool, spans []flat.Span) (*flat.Selection, error) {
	h := sha256.New()
	if !whole {
		for _, sp := range spans {
			fmt.Fprintf(h, "%d %d %s%s", len(sp.From), len(sp.To), sp.From, sp.To)
		}
	}
	var key [sha256.Size]byte
	h.Sum(key[:0])
	c.mu.Lock()
	sel := c.known[key]
	c.mu.Unlock()
	if sel != nil {
		return sel, nil
	}
	var err error
	if whole {
		sel, err = v.All(ctx)
	} else {
		sel, err = v.Select(ctx, spans)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cost := sel.Cost(); cost <= budget {
		if c.known == nil || c.cost+cost > budget {
			c.known, c.cost = make(map[[sha256.Size]byte]*flat.Selection), 0
		}
		if c.known[key] == nil {
			c.cost += cost
		}
		c.known[key] = sel
	}
	return sel, nil
}
