package leaks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTableOrigins: however tables are merged, each group keeps the oldest of the
// tables it was in; what no group has any more is not kept.
func TestTableOrigins(t *testing.T) {
	for seed := range uint64(fewer(30, 10)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			rows := newRowMaker(seed, seed%2 == 0).rows(200)
			type group struct {
				root string
				hash [16]byte
			}
			want := make(map[group]uint64) // the first sequence number of its oldest table
			type part struct {
				stored
				first uint64
			}
			var parts []part
			for first := 0; first < len(rows); {
				end := first + 1 + rng.IntN(min(40, len(rows)-first))
				for _, r := range rows[first:end] {
					if _, ok := want[group{r.root, r.hash}]; !ok {
						want[group{r.root, r.hash}] = uint64(first)
					}
				}
				parts = append(parts, part{encodeRows(t, rows[first:end]), uint64(first)})
				first = end
			}
			check := func(p part) {
				t.Helper()
				tab := p.open(t)
				c := tab.cursor()
				origins := c.origins(p.first)
				for g := range tab.groups {
					h := c.groupHash(g)
					k := group{root: c.rootName(c.groupRoot(g))}
					for i := range 8 {
						k.hash[i], k.hash[8+i] = byte(h.hi>>(56-8*i)), byte(h.lo>>(56-8*i))
					}
					if got := origins[c.groupOrigin(g)]; got != want[k] {
						// What a table of its own lacks is older than it.
						if want[k] >= p.first {
							t.Fatalf("group %d is of %d, want %d", g, got, want[k])
						}
						if got < p.first {
							t.Fatalf("group %d is of %d, its table begins at %d", g, got, p.first)
						}
					}
				}
				if err := c.err(); err != nil {
					t.Fatal(err)
				}
			}
			for len(parts) > 1 {
				lo := rng.IntN(len(parts) - 1)
				hi := lo + 2 + rng.IntN(min(3, len(parts)-lo-1))
				var opts mergeOptions
				var in []stored
				for _, p := range parts[lo:hi] {
					in, opts.firstSeq = append(in, p.stored), append(opts.firstSeq, p.first)
				}
				one := part{mergeStored(t, opts, in...), parts[lo].first}
				check(one)
				parts = append(append(slices.Clone(parts[:lo]), one), parts[hi:]...)
			}

			// Expired, it keeps the origins of what is left.
			tab := parts[0].open(t)
			limit := tab.minSeen + uint32(rng.IntN(int(tab.maxSeen-tab.minSeen)))
			left := part{mergeStored(t, mergeOptions{dropBefore: limit, firstSeq: []uint64{0}}, parts[0].stored), 0}
			check(left)
			c := left.open(t).cursor()
			used := make(map[uint32]bool)
			for g := range c.t.groups {
				used[c.groupOrigin(g)] = true
			}
			if n := len(c.origins(0)); n != len(used) {
				t.Errorf("%d origins are kept and %d used", n, len(used))
			}
		})
	}
}

// TestTableOriginsNone: a table that was published as it is stores no origin, and
// neither does what it becomes alone.
func TestTableOriginsNone(t *testing.T) {
	rows := newRowMaker(1, true).rows(100)
	s := mergeStored(t, mergeOptions{dropBefore: rows[0].seen, firstSeq: []uint64{77}}, encodeRows(t, rows))
	for info := range s.open(t).seg.Sections() {
		if info.ID == sectionGroupOrigin || info.ID == sectionOriginSeq {
			t.Errorf("it has %s", sectionName(info.ID))
		}
	}
}

// TestTableOriginsHostile: changed bytes of origins do no more harm than others.
func TestTableOriginsHostile(t *testing.T) {
	rows := newRowMaker(5, true).rows(150)
	parts := []stored{encodeRows(t, rows[:50]), encodeRows(t, rows[50:90]), encodeRows(t, rows[90:])}
	s := mergeStored(t, mergeOptions{firstSeq: []uint64{0, 50, 90}}, parts...)
	rng := rand.New(rand.NewPCG(6, 6))
	for range fewer(300, 100) {
		p := takeApart(t, s)
		for i, id := range p.ids {
			if id == sectionGroupOrigin || id == sectionOriginSeq {
				for _, b := range p.sections[i] {
					b[rng.IntN(len(b))] = byte(rng.Uint32())
				}
			}
		}
		mustSurvive(t, p.assemble(t))
		p = takeApart(t, s)
		p.meta[len(p.meta)-1] = byte(rng.Uint32())
		mustSurvive(t, p.assemble(t))
	}
}
