package leaks

import (
	"cmp"
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

func sortResults(list []result, compare func(a, b *result) int) {
	slices.SortFunc(list, func(a, b result) int { return compare(&a, &b) })
}
