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

// A best keeps the first k results of an order out of any number: a heap whose
// root is the worst of those kept, so that a result that does not belong costs
// one comparison.
type best struct {
	k       int
	compare func(a, b *result) int
	heap    []result
}

func (t *best) add(r *result) {
	if len(t.heap) < t.k {
		t.heap = append(t.heap, *r)
		for i := len(t.heap) - 1; i > 0; {
			parent := (i - 1) / 2
			if t.compare(&t.heap[i], &t.heap[parent]) <= 0 {
				break
			}
			t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
			i = parent
		}
		return
	}
	if t.k == 0 || t.compare(r, &t.heap[0]) >= 0 {
		return
	}
	t.heap[0] = *r
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.heap); child++ {
			if t.compare(&t.heap[child], &t.heap[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.heap[i], t.heap[worst] = t.heap[worst], t.heap[i]
		i = worst
	}
}

// sorted returns what was kept, best first. The heap is used up.
func (t *best) sorted() []result {
	sortResults(t.heap, t.compare)
	return t.heap
}

func sortResults(list []result, compare func(a, b *result) int) {
	slices.SortFunc(list, func(a, b result) int { return compare(&a, &b) })
}
