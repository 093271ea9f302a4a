package flat

import (
	"bytes"
	"cmp"
	"context"
	"slices"
)

// A ranked row of one table: the number it is sorted by, for text the ordinal.
type ranked struct {
	value uint64
	row   uint32
}

// A ranker keeps the first k rows of one table.
type ranker struct {
	k    int
	down bool
	heap bool
	kept []ranked // with heap and k of them, the root is the last of all
}

func (rk *ranker) init(k int, down bool) { rk.k, rk.down, rk.heap = k, down, k <= heapRows }

// compare orders rows as the page has them.
func (rk *ranker) compare(a, b ranked) int {
	c := cmp.Compare(a.value, b.value)
	if rk.down {
		c = -c
	}
	if c == 0 {
		return cmp.Compare(a.row, b.row)
	}
	return c
}

// wants reports whether a row of that value may be kept: of equal ones the
// first are.
func (rk *ranker) wants(value uint64) bool {
	if !rk.heap || len(rk.kept) < rk.k {
		return true
	}
	if rk.down {
		return value > rk.kept[0].value
	}
	return value < rk.kept[0].value
}

// add takes a row; rows come ascending.
func (rk *ranker) add(value uint64, row uint32) {
	r := ranked{value, row}
	if !rk.heap || len(rk.kept) < rk.k {
		rk.kept = append(rk.kept, r)
		if rk.heap && len(rk.kept) == rk.k {
			for i := rk.k/2 - 1; i >= 0; i-- {
				rk.sink(i)
			}
		}
		return
	}
	if rk.compare(r, rk.kept[0]) < 0 {
		rk.kept[0] = r
		rk.sink(0)
	}
}

func (rk *ranker) sink(i int) {
	for {
		last := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(rk.kept); child++ {
			if rk.compare(rk.kept[child], rk.kept[last]) > 0 {
				last = child
			}
		}
		if last == i {
			return
		}
		rk.kept[i], rk.kept[last] = rk.kept[last], rk.kept[i]
		i = last
	}
}

// sorted returns the rows kept, in order. The ranker is used up.
func (rk *ranker) sorted() []ranked {
	slices.SortFunc(rk.kept, rk.compare)
	return rk.kept
}

// A list is what one table has for a page, in order.
type list struct {
	t    *Table
	c    *cursor
	q    *Query
	sel  *tableSelection
	rows []ranked

	// Of the first row, as far as they are known.
	text    []byte // what is sorted by, if that is text
	hasText bool
	key     []byte
	id      ID
	hasID   bool
}

// before says whether the list's first row comes before another's.
func (l *list) before(o *list) bool {
	var c int
	if l.t.schema.Columns[l.q.Sort].Kind == Text {
		c = bytes.Compare(l.firstText(), o.firstText())
	} else {
		c = cmp.Compare(l.rows[0].value, o.rows[0].value)
	}
	if c != 0 {
		return c < 0 != l.q.Descending
	}
	l.identify()
	o.identify()
	return cmp.Or(bytes.Compare(l.key, o.key), bytes.Compare(l.id[:], o.id[:])) < 0
}

func (l *list) firstText() []byte {
	if !l.hasText {
		l.text = append(l.text[:0], l.c.text(l.q.Sort, l.rows[0].row)...)
		l.hasText = true
	}
	return l.text
}

func (l *list) identify() {
	if !l.hasID {
		l.key = append(l.key[:0], l.c.text(0, l.rows[0].row)...)
		l.id = l.c.id(l.rows[0].row)
		l.hasID = true
	}
}

func (l *list) pop() { l.rows, l.hasText, l.hasID = l.rows[1:], false, false }

// first reads the first row as the selection has it.
func (l *list) first() Row {
	r := l.c.row(l.rows[0].row)
	at, ok := slices.BinarySearchFunc(l.sel.earlier, l.rows[0].row, func(e earlierRow, row uint32) int { return cmp.Compare(e.row, row) })
	if ok {
		r.Cells[l.t.schema.First].Number = l.sel.earlier[at].first
	}
	return r
}

// mergeLists returns the page's rows of all tables.
func mergeLists(ctx context.Context, lists []*list, q *Query) ([]Row, error) {
	all := lists
	lists = slices.DeleteFunc(slices.Clone(lists), func(l *list) bool { return len(l.rows) == 0 })
	skip := q.Offset
	if len(lists) == 1 { // nothing to compare
		n := min(skip, len(lists[0].rows))
		lists[0].rows, skip = lists[0].rows[n:], 0
	}
	var out []Row
	for steps := 1; len(lists) > 0 && len(out) < q.Limit; steps++ {
		if steps%blockRows == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		best := 0
		for i := 1; i < len(lists); i++ {
			if lists[i].before(lists[best]) {
				best = i
			}
		}
		l := lists[best]
		if len(l.rows) == 0 {
			break
		}
		if skip > 0 {
			skip--
		} else {
			out = append(out, l.first())
		}
		if l.pop(); len(l.rows) == 0 {
			lists = slices.Delete(lists, best, best+1)
		}
	}
	for _, l := range all {
		if err := l.c.err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
