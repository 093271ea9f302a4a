package leaks

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// lowerTops makes lists short until the test ends.
func lowerTops(t testing.TB, places uint32) {
	old := topPlaces
	topPlaces = places
	t.Cleanup(func() { topPlaces = old })
}

// distinct gives each hash another high half, so that a table is not taken for one
// in which a hash stands below two roots.
func distinct(rng *rand.Rand, rows []row) []row {
	high := make(map[[16]byte]uint64)
	for i := range rows {
		r := &rows[i]
		if _, ok := high[r.hash]; !ok {
			high[r.hash] = rng.Uint64()
		}
		binary.BigEndian.PutUint64(r.hash[:8], high[r.hash])
	}
	return rows
}

// TestTableTops: a merged table has lists of exactly the domains of more groups
// than places, and they say what sorting all of the domain's groups says.
func TestTableTops(t *testing.T) {
	lists := 0
	for seed := range uint64(fewer(40, 12)) {
		for _, split := range []bool{false, true} {
			t.Run(fmt.Sprint(seed, split), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 2))
				lowerTops(t, 1+rng.Uint32N(9))
				rows := newRowMaker(seed, split).rows(1 + rng.IntN(300))
				if !split {
					rows = distinct(rng, rows)
				}
				opts := mergeOptions{}
				if rng.IntN(3) == 0 {
					opts.dropBefore = rows[rng.IntN(len(rows))].seen
				}
				if rng.IntN(2) == 0 {
					opts.firstSeq = []uint64{5, 6, 7}
				}
				tab := mergeStored(t, opts, cut(t, rng, rows, 3)...).open(t)
				lists += checkTops(t, tab)
			})
		}
	}
	if lists < 100 {
		t.Errorf("only %d lists were compared", lists)
	}
}

// checkTops compares every list of a table and returns how many there are.
func checkTops(t *testing.T, tab *table) (lists int) {
	c := tab.cursor()
	groups := map[Column]map[uint32][]result{RootDomain: {}, EmailDomain: {}}
	for g := range tab.groups {
		r := result{hash: c.groupHash(g), sources: c.groupSources(g), last: c.groupLast(g), group: g}
		for col, domain := range map[Column]uint32{RootDomain: c.groupRoot(g), EmailDomain: c.userMail(c.groupUser(g))} {
			groups[col][domain] = append(groups[col][domain], r)
		}
	}
	for col, domains := range groups {
		for domain, all := range domains {
			if n := c.domainGroups(col, domain); n != uint32(len(all)) {
				t.Fatalf("%s %d: %d groups, want %d", col, domain, n, len(all))
			}
			l, ok := c.topList(col, domain)
			if want := len(all) > int(topPlaces) && (col == RootDomain || !tab.splitHash); ok != want {
				t.Fatalf("%s %d of %d groups: listed %v, want %v", col, domain, len(all), ok, want)
			}
			if !ok {
				continue
			}
			lists++
			for _, by := range []Sort{BySourceCount, ByLastSeen} {
				if err := orderOf(by).sort(context.Background(), all); err != nil {
					t.Fatal(err)
				}
				var want []uint32
				for _, r := range all[:topPlaces] {
					want = append(want, r.group)
				}
				got := c.topGroups(l, by == ByLastSeen, 0, 1, nil)
				got = c.topGroups(l, by == ByLastSeen, 1, topPlaces, got)
				if !slices.Equal(got, want) {
					t.Fatalf("%s %d by %s: groups %d, want %d", col, domain, by, got, want)
				}
			}
		}
	}
	if err := c.err(); err != nil {
		t.Fatal(err)
	}
	return lists
}

// TestTableTopsNone: a fresh table has no lists, and neither has a merged one
// without a domain large enough.
func TestTableTopsNone(t *testing.T) {
	rows := newRowMaker(1, false).rows(100)
	lowerTops(t, 3)
	fresh := encodeRows(t, rows)
	topPlaces = 512
	for _, s := range []stored{fresh, mergeStored(t, mergeOptions{}, fresh)} {
		for info := range s.open(t).seg.Sections() {
			if info.ID == sectionTopRoot || info.ID == sectionTopMail || info.ID == sectionTopGroup {
				t.Errorf("it has %s", sectionName(info.ID))
			}
		}
	}
}

// TestTableTopsForeign: a list that names a group of another domain is corrupt,
// whatever its checksums say: the group may be out of scope.
func TestTableTopsForeign(t *testing.T) {
	lowerTops(t, 2)
	rows := distinct(rand.New(rand.NewPCG(1, 1)), newRowMaker(3, false).rows(200))
	tab := mergeStored(t, mergeOptions{}, encodeRows(t, rows)).open(t)
	for _, col := range []Column{RootDomain, EmailDomain} {
		c := tab.cursor()
		var lists []topList
		for d := range tab.groups {
			if l, ok := c.topList(col, d); ok {
				lists = append(lists, l)
			}
		}
		if len(lists) < 2 {
			t.Fatalf("%d lists of %s", len(lists), col)
		}
		l := lists[0]
		l.first = lists[1].first
		if got := c.topGroups(l, false, 0, 1, nil); len(got) > 0 || c.err() == nil {
			t.Errorf("%s: groups %d of another domain, error %v", col, got, c.err())
		}
	}
}

// TestTableTopsHostile: changed bytes of lists do no more harm than others.
func TestTableTopsHostile(t *testing.T) {
	lowerTops(t, 3)
	rng := rand.New(rand.NewPCG(6, 6))
	rows := distinct(rng, newRowMaker(5, false).rows(150))
	s := mergeStored(t, mergeOptions{firstSeq: []uint64{0, 50}}, encodeRows(t, rows[:50]), encodeRows(t, rows[50:]))
	for range fewer(300, 100) {
		p := takeApart(t, s)
		for i, id := range p.ids {
			if id == sectionTopRoot || id == sectionTopMail || id == sectionTopGroup {
				for _, b := range p.sections[i] {
					b[rng.IntN(len(b))] = byte(rng.Uint32())
				}
			}
		}
		mustSurvive(t, p.assemble(t))
		p = takeApart(t, s)
		p.meta[len(p.meta)-1-rng.IntN(4)] = byte(rng.Uint32())
		mustSurvive(t, p.assemble(t))
	}
}
