package leaks

import (
	"context"
	"fmt"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/stats"
)

// lowerAggregateRows makes tests see stored aggregates.
func lowerAggregateRows(t testing.TB, rows uint64) {
	old := aggregateRows
	aggregateRows = rows
	t.Cleanup(func() { aggregateRows = old })
}

// TestTableBuild: what a table says of random rows is what they are.
func TestTableBuild(t *testing.T) {
	for seed := range uint64(60) {
		n := []int{0, 1, 2, 3, 17, 200, 1500}[seed%7]
		t.Run(fmt.Sprintf("%d rows, seed %d", n, seed), func(t *testing.T) {
			rows := newRowMaker(seed, seed%3 == 0).rows(n)
			s := encodeRows(t, rows)
			if int(s.sum.rows) != n {
				t.Fatalf("summary: %d rows, want %d", s.sum.rows, n)
			}
			checkTable(t, s.open(t), rows)
		})
	}
}

// TestTableBuilderReset: a builder used again makes the same bytes as a fresh
// one.
func TestTableBuilderReset(t *testing.T) {
	b := newTableBuilder(100)
	for seed := range uint64(4) {
		b.reset()
		rows := newRowMaker(seed, true).rows(500)
		for i := range rows {
			b.add(&rows[i])
		}
		if !b.full() || b.len() != 500 || b.memory() <= 0 {
			t.Fatal("full, len or memory")
		}
		again := encodeBuilder(t, b)
		if fresh := encodeRows(t, rows); string(again.data) != string(fresh.data) {
			t.Fatalf("seed %d: a builder used again makes other bytes", seed)
		}
	}
}

// TestTableAggregate: stored and computed aggregates are those of a plain count.
func TestTableAggregate(t *testing.T) {
	for _, limit := range []uint64{1, 100, 1 << 30} {
		lowerAggregateRows(t, limit)
		lowerTextStrings(t, 1)
		rows := newRowMaker(limit, true).rows(3000)
		checkAggregates(t, []*table{encodeRows(t, rows).open(t)}, rows)
	}
}

// checkAggregates compares the aggregates of all tables together with those of
// the rows.
func checkAggregates(t testing.TB, tabs []*table, rows []row) {
	t.Helper()
	names := map[Column]map[string]bool{RootDomain: {"nowhere.example": true}, EmailDomain: {"nowhere.example": true}}
	for _, r := range rows {
		names[RootDomain][r.root] = true
		names[EmailDomain][r.emailDomain] = true
	}
	for col, set := range names {
		for name := range set {
			got := new(stats.Aggregate)
			for _, tab := range tabs {
				agg, err := tab.cursor().aggregate(context.Background(), col, name)
				if err != nil {
					t.Fatal(err)
				}
				got.Merge(agg)
			}
			want := new(stats.Aggregate)
			if name != "" {
				want = modelAggregate(rows, col, name)
			}
			var a, b codec.Writer
			got.Encode(&a)
			want.Encode(&b)
			if string(a.Bytes()) != string(b.Bytes()) {
				t.Fatalf("%s %q: %+v\nwant %+v", col, name, got.Analytics(), want.Analytics())
			}
		}
	}
}
