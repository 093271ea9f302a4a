package leaks

import (
	"cmp"
	"context"
	"slices"
)

// compareResults returns the total order of a sort, best first: descending by
// the sort's figure, then by the other one, then ascending by hash.
func compareResults(by Sort) func(a, b *result) int {
	if by == ByLastSeen {
		return func(a, b *result) int {
			if c := cmp.Compare(b.last, a.last); c != 0 {
				return c
			}
			if c := cmp.Compare(b.sources, a.sources); c != 0 {
				return c
			}
			return compareHash(a.hash, b.hash)
		}
	}
	return func(a, b *result) int {
		if c := cmp.Compare(b.sources, a.sources); c != 0 {
			return c
		}
		if c := cmp.Compare(b.last, a.last); c != 0 {
			return c
		}
		return compareHash(a.hash, b.hash)
	}
}

func compareHash(a, b hash128) int {
	if c := cmp.Compare(a.hi, b.hi); c != 0 {
		return c
	}
	return cmp.Compare(a.lo, b.lo)
}

// sortResults sorts a list of any length. Once ctx has ended all rows count as
// equal, so that the sort soon comes to an end, in no order.
func sortResults(ctx context.Context, list []result, compare func(a, b *result) int) error {
	var err error
	calls := 0
	slices.SortFunc(list, func(a, b result) int {
		if calls++; calls%pollRows == 0 && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0
		}
		return compare(&a, &b)
	})
	return err
}
