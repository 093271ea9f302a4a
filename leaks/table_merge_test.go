package leaks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/leakscope/leakscope/internal/segment"
)

func mergeStored(t testing.TB, opts mergeOptions, parts ...stored) stored {
	t.Helper()
	var tabs []*table
	for _, p := range parts {
		tabs = append(tabs, p.open(t))
	}
	rng := rand.New(rand.NewPCG(uint64(len(parts)), uint64(len(parts[0].data))))
	defer lowerSpills([]int64{0, 500, spillBytes}[rng.IntN(3)], []int{1, 100, spillBlockBytes}[rng.IntN(3)], []uint32{1, 7, orderGroups}[rng.IntN(3)])()
	var buf bytes.Buffer
	sum, err := mergeTables(context.Background(), segment.NewWriter(&buf), tabs, opts)
	if err != nil {
		t.Fatal(err)
	}
	return stored{buf.Bytes(), sum}
}

// lowerSpills changes how much merges keep in memory, and returns what undoes it.
func lowerSpills(bytes int64, block int, groups uint32) func() {
	oldBytes, oldBlock, oldGroups := spillBytes, spillBlockBytes, orderGroups
	spillBytes, spillBlockBytes, orderGroups = bytes, block, groups
	return func() { spillBytes, spillBlockBytes, orderGroups = oldBytes, oldBlock, oldGroups }
}

// cut makes a table of each of some consecutive parts of rows.
func cut(t testing.TB, rng *rand.Rand, rows []row, parts int) []stored {
	var out []stored
	for i := parts; i > 0; i-- {
		n := len(rows)
		if i > 1 {
			n = rng.IntN(len(rows) + 1)
		}
		out = append(out, encodeRows(t, rows[:n]))
		rows = rows[n:]
	}
	return out
}

// fold merges neighbours at random until one table is left.
func fold(t testing.TB, rng *rand.Rand, parts []stored, opts mergeOptions) stored {
	for len(parts) > 1 {
		from := rng.IntN(len(parts) - 1)
		to := from + 2 + rng.IntN(len(parts)-from-1)
		merged := mergeStored(t, opts, parts[from:to]...)
		parts = append(append(append([]stored{}, parts[:from]...), merged), parts[to:]...)
	}
	return parts[0]
}

// TestTableMerge: any cut of the rows into tables, merged in any steps, is the
// table of all rows.
func TestTableMerge(t *testing.T) {
	lowerAggregateRows(t, 40)
	lowerTextStrings(t, 1)
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			rows := newRowMaker(seed, seed%2 == 0).rows(rng.IntN(900))
			parts := cut(t, rng, rows, 1+rng.IntN(9))
			merged := fold(t, rng, parts, mergeOptions{})
			if len(parts) == 1 {
				merged = mergeStored(t, mergeOptions{}, parts...)
			}
			tab := merged.open(t)
			checkTable(t, tab, rows)
			checkArrival(t, tab, rows)
			checkAggregates(t, []*table{tab}, rows)
			if merged.sum.rows != tab.rows || merged.sum.groups != tab.groups || merged.sum.minSeen != tab.minSeen || merged.sum.maxSeen != tab.maxSeen {
				t.Fatalf("summary %+v", merged.sum)
			}
		})
	}
}

// checkArrival: of two rows of one hash with equal seen, ordinals tell which
// came last. Every row here has its number in its source.
func checkArrival(t testing.TB, tab *table, rows []row) {
	t.Helper()
	type key struct {
		hash hash128
		seen uint32
	}
	want := map[key]row{}
	for _, r := range rows {
		want[key{hashOf(r.hash), r.seen}] = normal(r)
	}
	type last struct {
		row     row
		ordinal uint64
	}
	got := map[key]last{}
	c := tab.cursor()
	for i, r := range readRows(t, c) {
		k := key{hashOf(r.hash), r.seen}
		o := c.ordinal(uint32(i))
		if o >= tab.ordinals {
			t.Fatalf("ordinal %d, all should be below %d", o, tab.ordinals)
		}
		if have, ok := got[k]; !ok || o >= have.ordinal {
			if ok && o == have.ordinal {
				t.Fatal("two rows with one ordinal")
			}
			got[k] = last{r, o}
		}
	}
	for k, w := range want {
		if got[k].row != w {
			t.Fatalf("last of %v:\n got %+v\nwant %+v", k, got[k].row, w)
		}
	}
	if err := c.err(); err != nil {
		t.Fatal(err)
	}
}

// TestTableExpire: a merge that drops rows leaves exactly the others, and the
// aggregates of all, also after further merges.
func TestTableExpire(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			lowerAggregateRows(t, []uint64{1, 50, 1 << 40}[seed%3])
			lowerTextStrings(t, 1)
			rng := rand.New(rand.NewPCG(seed, 2))
			all := newRowMaker(seed, seed%2 == 0).rows(1 + rng.IntN(900))
			limit := all[rng.IntN(len(all))].seen + uint32(rng.IntN(3))
			if seed%10 == 9 {
				limit = ^uint32(0)
			}
			var kept []row
			for _, r := range all {
				if r.seen >= limit {
					kept = append(kept, r)
				}
			}
			parts := cut(t, rng, all, 1+rng.IntN(6))
			half := len(parts) / 2
			var tabs []stored
			for i, p := range parts {
				if i <= half {
					p = mergeStored(t, mergeOptions{dropBefore: limit}, p)
				}
				tabs = append(tabs, p)
			}
			tabs = append(tabs, encodeRows(t, nil))
			merged := mergeStored(t, mergeOptions{dropBefore: limit}, tabs...)
			check := func(s stored) {
				tab := s.open(t)
				checkTable(t, tab, kept)
				checkArrival(t, tab, kept)
				checkAggregates(t, []*table{tab}, all)
			}
			check(merged)
			check(mergeStored(t, mergeOptions{}, merged))
			more := newRowMaker(seed+100, seed%2 == 0).rows(300)
			for i := range more {
				more[i].seen = max(more[i].seen, limit)
			}
			all, kept = append(all, more...), append(kept, more...)
			check(mergeStored(t, mergeOptions{}, merged, encodeRows(t, more)))
		})
	}
}

// TestTableMergeCancel: a merge ends soon after its context, with its error.
func TestTableMergeCancel(t *testing.T) {
	s := encodeRows(t, newRowMaker(1, true).rows(20_000))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var buf bytes.Buffer
	if _, err := mergeTables(ctx, segment.NewWriter(&buf), []*table{s.open(t), s.open(t)}, mergeOptions{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	b := newTableBuilder(1)
	r := newRowMaker(1, true).row()
	b.add(&r)
	if _, err := b.encode(ctx, segment.NewWriter(&buf)); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
}
