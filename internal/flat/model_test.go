package flat

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/segment"
)

// things is a schema with every kind of column.
var things = &Schema{
	Name: "things",
	Columns: []Column{
		{Name: "place", Kind: Text},
		{Name: "name", Kind: Text, Indexed: true},
		{Name: "sum", Kind: Bytes, Width: 3},
		{Name: "size", Kind: Number},
		{Name: "first", Kind: Number},
		{Name: "last", Kind: Number},
		{Name: "colour", Kind: Text},
	},
	First: 4, Last: 5,
	Show: strings.ToUpper,
}

// randomThing makes a row out of few enough values that much repeats.
func randomThing(r *rand.Rand, variety int) Row {
	seen := uint64(1000 + r.IntN(500))
	row := Row{Cells: []Cell{
		{Text: strings.Repeat(string(rune('a'+r.IntN(3))), r.IntN(3)) + fmt.Sprint(r.IntN(variety))},
		{Text: fmt.Sprintf("Näme %d", r.IntN(10*variety))},
		{Text: string([]byte{0, byte(r.IntN(4)), 255})},
		{Number: uint64(r.IntN(20)) << (r.IntN(4) * 12)},
		{Number: seen},
		{Number: seen},
		{Text: []string{"", "red", "Green", "blue"}[r.IntN(4)]},
	}}
	row.ID[r.IntN(2)*15] = byte(r.IntN(variety))
	return row
}

// model is what a plain scan of all rows gives: each thing once.
func model(rows []Row) []Row {
	var out []Row
	at := map[string]int{}
	for _, row := range rows {
		key := row.Cells[0].Text + "\x00" + string(row.ID[:])
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			out = append(out, Row{row.ID, slices.Clone(row.Cells)})
			continue
		}
		first := min(out[i].Cells[4].Number, row.Cells[4].Number)
		if row.Cells[5].Number >= out[i].Cells[5].Number {
			out[i].Cells = slices.Clone(row.Cells)
		}
		out[i].Cells[4].Number = first
	}
	slices.SortFunc(out, compareThings)
	return out
}

func compareThings(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Cells[0].Text, b.Cells[0].Text), bytes.Compare(a.ID[:], b.ID[:]))
}

// modelQuery is the same query over the model.
func modelQuery(rows []Row, spans []Span, q *Query) *Page {
	var hit []Row
	for _, row := range rows {
		key := row.Cells[0].Text
		in := spans == nil
		for _, sp := range spans {
			in = in || key >= sp.From && key < sp.To
		}
		in = in && row.Cells[4].Number >= q.From && row.Cells[4].Number < q.To
		if in && q.Search != "" {
			in = false
			for _, col := range q.Columns {
				text := row.Cells[col].Text
				if col == 0 {
					text = things.Show(text)
				}
				in = in || strings.Contains(index.Fold(text), index.Fold(q.Search))
			}
		}
		if in {
			hit = append(hit, row)
		}
	}
	slices.SortStableFunc(hit, func(a, b Row) int {
		x, y := a.Cells[q.Sort], b.Cells[q.Sort]
		c := cmp.Or(cmp.Compare(x.Text, y.Text), cmp.Compare(x.Number, y.Number))
		if q.Descending {
			c = -c
		}
		return cmp.Or(c, compareThings(a, b))
	})
	page := &Page{Total: len(hit)}
	lo := min(q.Offset, len(hit))
	page.Rows = hit[lo:min(len(hit), lo+q.Limit)]
	return page
}

func randomQuery(r *rand.Rand, variety int) ([]Span, *Query) {
	q := &Query{To: math.MaxUint64, Sort: []int{0, 1, 3, 4, 5, 6}[r.IntN(6)], Descending: r.IntN(2) == 0, Limit: r.IntN(30)}
	if r.IntN(3) == 0 {
		q.From, q.To = uint64(1000+r.IntN(400)), uint64(1100+r.IntN(500))
	}
	if r.IntN(2) == 0 {
		q.Search = []string{"A", "b1", "7", "näme 1", "re", "NÄME", "x"}[r.IntN(7)]
		q.Columns = [][]int{{0, 1, 6}, {1}, {0}, {6}}[r.IntN(4)]
	}
	if r.IntN(2) == 0 {
		q.Offset = r.IntN(4 * variety)
	}
	if r.IntN(3) == 0 {
		return nil, q
	}
	spans := []Span{}
	for range r.IntN(4) {
		from := string(rune('a'+r.IntN(3))) + fmt.Sprint(r.IntN(variety))
		if r.IntN(4) == 0 {
			from = fmt.Sprint(r.IntN(variety))
		}
		spans = append(spans, Span{from, from + []string{"5", ":", "0"}[r.IntN(3)]})
	}
	return spans, q
}

// testTable builds a table of rows.
func testTable(t testing.TB, rows []Row) *Table {
	t.Helper()
	b := NewBuilder(things)
	for i := range rows {
		if err := b.Add(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	return openBytes(t, func(w *segment.Writer) error {
		_, err := b.Encode(t.Context(), w)
		return err
	})
}

func openBytes(t testing.TB, write func(*segment.Writer) error) *Table {
	t.Helper()
	table, err := openImage(image(t, write))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func image(t testing.TB, write func(*segment.Writer) error) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := write(segment.NewWriter(&buf)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func openImage(b []byte) (*Table, error) {
	r, err := segment.Open(bytes.NewReader(b), int64(len(b)), "test", segment.NewCache(1<<20))
	if err != nil {
		return nil, err
	}
	return Open(r, things)
}

func mergeThings(t testing.TB, tables []*Table, drops []Drop) *Table {
	t.Helper()
	return openBytes(t, func(w *segment.Writer) error {
		_, err := Merge(t.Context(), w, things, tables, drops)
		return err
	})
}

func TestQueriesEqualScan(t *testing.T) {
	defer func(text uint32, heap int) { textStrings, heapRows = text, heap }(textStrings, heapRows)
	heapRows = 40
	for seed := range uint64(60) {
		textStrings = uint32(1 + seed%2*1_000_000)
		r := rand.New(rand.NewPCG(seed, 1))
		variety := 2 + r.IntN(30)
		var rows []Row
		var tables []*Table
		for range 1 + r.IntN(6) {
			n := r.IntN(200)
			if seed == 7 {
				n *= 30
			}
			var some []Row
			for range n {
				some = append(some, randomThing(r, variety))
			}
			rows = append(rows, some...)
			tables = append(tables, testTable(t, some))
		}
		want := model(rows)
		checkView(t, r, tables, want, variety)

		// Merging any adjacent ones changes nothing.
		lo := r.IntN(len(tables))
		hi := lo + 1 + r.IntN(len(tables)-lo)
		tables = slices.Replace(tables, lo, hi, mergeThings(t, tables[lo:hi], nil))
		checkView(t, r, tables, want, variety)

		// Nor does expiry, but for what was last seen before.
		before := uint64(900 + r.IntN(700))
		drops, err := NewView(things, tables).Expired(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		for i := range tables {
			tables[i] = mergeThings(t, tables[i:i+1], drops[i:i+1])
		}
		want = slices.DeleteFunc(want, func(row Row) bool { return row.Cells[5].Number < before })
		checkView(t, r, tables, want, variety)
		checkView(t, r, []*Table{mergeThings(t, tables, nil)}, want, variety)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func checkView(t *testing.T, r *rand.Rand, tables []*Table, want []Row, variety int) {
	t.Helper()
	v := NewView(things, tables)
	for range 25 {
		spans, q := randomQuery(r, variety)
		sel, err := v.Select(t.Context(), spans)
		if spans == nil {
			sel, err = v.All(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Query(t.Context(), sel, q)
		if err != nil {
			t.Fatal(err)
		}
		if w := modelQuery(want, spans, q); got.Total != w.Total || fmt.Sprint(got.Rows) != fmt.Sprint(w.Rows) {
			t.Errorf("%+v in %q:\ngot  %d %v\nwant %d %v", q, spans, got.Total, got.Rows, w.Total, w.Rows)
			return
		}
	}
}

// TestMergedIsBuilt: a table of all rows has the bytes that merging gives.
func TestMergedIsBuilt(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var rows []Row
	var tables []*Table
	for range 4 {
		var some []Row
		for range 300 {
			some = append(some, randomThing(r, 9))
		}
		rows = append(rows, some...)
		tables = append(tables, testTable(t, some))
	}
	merged := image(t, func(w *segment.Writer) error {
		_, err := Merge(t.Context(), w, things, tables, nil)
		return err
	})
	built := image(t, func(w *segment.Writer) error {
		b := NewBuilder(things)
		for i := range rows {
			if err := b.Add(&rows[i]); err != nil {
				return err
			}
		}
		_, err := b.Encode(t.Context(), w)
		return err
	})
	if !bytes.Equal(merged, built) {
		t.Errorf("merged: %d bytes, built at once: %d bytes, and they differ", len(merged), len(built))
	}
}
