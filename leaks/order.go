package leaks

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
)

// An order is the total order of a query's results, best first: descending by
// the figure it is named after, then by the other one, then ascending by hash.
type order struct{ byLast bool }

func orderOf(by Sort) order { return order{by == ByLastSeen} }

// key packs both figures so that greater is better.
func (o order) key(sources, last uint32) uint64 {
	if o.byLast {
		return uint64(last)<<32 | uint64(sources)
	}
	return uint64(sources)<<32 | uint64(last)
}

func (o order) of(r *result) uint64 { return o.key(r.sources, r.last) }

// less reports whether a stands before b.
func (o order) less(a, b *result) bool {
	if x, y := o.of(a), o.of(b); x != y {
		return x > y
	}
	return a.hash.less(b.hash)
}

func compareHash(a, b hash128) int {
	return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo))
}

// A sortItem stands for a result while results are sorted: it fits registers,
// and moving it is cheap.
type sortItem struct {
	key, hash uint64 // the complement of the sort key; the hash's high half
	at        uint32
}

// sort sorts a list of any length. When ctx ends it returns its error, and the
// list is in no order.
func (o order) sort(ctx context.Context, list []result) error {
	var (
		err   error
		calls int
		items = make([]sortItem, len(list))
	)
	for i := range list {
		items[i] = sortItem{^o.of(&list[i]), list[i].hash.hi, uint32(i)}
	}
	slices.SortFunc(items, func(a, b sortItem) int {
		if calls++; calls%pollRows == 0 && err == nil {
			err = ctx.Err()
		}
		switch {
		case err != nil:
			return 0 // all are equal: the sort soon comes to an end
		case a.key != b.key:
			return cmp.Compare(a.key, b.key)
		case a.hash != b.hash:
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Compare(list[a.at].hash.lo, list[b.at].hash.lo)
	})
	if err != nil {
		return err
	}
	// Item i names the result that belongs to place i: each cycle of places is
	// moved round by one.
	for i := range items {
		if int(items[i].at) == i {
			continue
		}
		first, to := list[i], i
		for {
			from := int(items[to].at)
			items[to].at = uint32(to)
			if from == i {
				list[to] = first
				break
			}
			list[to] = list[from]
			to = from
		}
	}
	return nil
}

// split brings the best k of a list to its front, in no order.
func (o order) split(ctx context.Context, list []result, k int) error {
	for tries := 2 * bits.Len(uint(len(list))); 0 < k && k < len(list); tries-- {
		if tries == 0 || len(list) <= 16 {
			return o.sort(ctx, list) // the pivots were bad, or there is little to do
		}
		if len(list) > pollRows && ctx.Err() != nil {
			return ctx.Err()
		}
		n := o.partition(list)
		if k <= n {
			list = list[:n]
		} else {
			list, k = list[n:], k-n
		}
	}
	return nil
}

// partition rearranges a list of at least three so that nothing of its first n
// stands behind any of the rest, 0 < n < len(list).
func (o order) partition(list []result) (n int) {
	last := len(list) - 1
	a, b, c := &list[0], &list[last/2], &list[last]
	if o.less(b, a) {
		*a, *b = *b, *a
	}
	if o.less(c, b) {
		*b, *c = *c, *b
		if o.less(b, a) {
			*a, *b = *b, *a
		}
	}
	pivot := *b
	i, j := 0, last
	for {
		for i++; o.less(&list[i], &pivot); i++ {
		}
		for j--; o.less(&pivot, &list[j]); j-- {
		}
		if i >= j {
			return j + 1
		}
		list[i], list[j] = list[j], list[i]
	}
}
