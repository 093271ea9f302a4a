package flat

import (
	"fmt"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/segment"
)

// A cursor reads a table. It is for one goroutine. Its error sticks: see err.
type cursor struct {
	t      *Table
	keys   *index.DictCursor
	starts *segment.IntsCursor
	ids    *segment.FixedCursor
	cols   []cursorColumn
	bad    error
}

type cursorColumn struct {
	dict   *index.DictCursor
	values *segment.IntsCursor
	bytes  *segment.FixedCursor
}

func (t *Table) cursor() *cursor {
	c := &cursor{t: t, keys: t.keys.Cursor(), starts: t.starts.Cursor(), ids: t.ids.Cursor(), cols: make([]cursorColumn, len(t.cols))}
	for i, col := range t.cols {
		if col.dict != nil {
			c.cols[i].dict = col.dict.Cursor()
		}
		if col.values != nil {
			c.cols[i].values = col.values.Cursor()
		}
		if col.bytes != nil {
			c.cols[i].bytes = col.bytes.Cursor()
		}
	}
	return c
}

// err returns the first problem met.
func (c *cursor) err() error {
	errs := []error{c.bad, c.keys.Err(), c.starts.Err(), c.ids.Err()}
	for _, col := range c.cols {
		if col.dict != nil {
			errs = append(errs, col.dict.Err())
		}
		if col.values != nil {
			errs = append(errs, col.values.Err())
		}
		if col.bytes != nil {
			errs = append(errs, col.bytes.Err())
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cursor) fail(format string, args ...any) {
	if c.bad == nil {
		c.bad = fmt.Errorf("table %s: %w: %s", c.t.schema.Name, codec.ErrCorrupt, fmt.Sprintf(format, args...))
	}
}

// find returns the first key that is not below the given one.
func (c *cursor) find(key string) uint32 {
	ord, _ := c.keys.Find(0, c.t.keys.Len(), []byte(key))
	return ord
}

// start returns the first row of a key, or the number of rows for the end.
func (c *cursor) start(key uint32) uint32 {
	v := c.starts.At(uint64(key))
	if v > uint64(c.t.rows) {
		c.fail("a key starts beyond the rows")
		return 0
	}
	return uint32(v)
}

// run returns the rows lo <= row < hi of a key.
func (c *cursor) run(key uint32) (lo, hi uint32) {
	lo, hi = c.start(key), c.start(key+1)
	if lo >= hi {
		if c.err() == nil {
			c.fail("key %d has no rows", key)
		}
		return lo, lo
	}
	return lo, hi
}

// keyOf returns the key of a row.
func (c *cursor) keyOf(row uint32) uint32 {
	n := uint64(c.t.keys.Len())
	// The first start above the row is that of the next key.
	at := c.starts.Search(0, n+1, uint64(row)+1)
	if at == 0 || at > n {
		c.fail("no key has row %d", row)
		return 0
	}
	return uint32(at - 1)
}

func (c *cursor) id(row uint32) ID { return ID(c.ids.At(uint64(row))) }

func (c *cursor) number(col int, row uint32) uint64 { return c.cols[col].values.At(uint64(row)) }

// text returns a cell of text, valid until the next call.
func (c *cursor) text(col int, row uint32) []byte {
	if col == 0 {
		return c.keys.At(c.keyOf(row))
	}
	return c.cols[col].dict.At(c.ord(col, row))
}

func (c *cursor) ord(col int, row uint32) uint32 {
	v := c.cols[col].values.At(uint64(row))
	if n := c.t.cols[col].dict.Len(); v >= uint64(n) {
		c.fail("a row has string %d of %d", v, n)
		return 0
	}
	return uint32(v)
}

// row reads a row.
func (c *cursor) row(row uint32) Row {
	r := Row{ID: c.id(row), Cells: make([]Cell, len(c.cols))}
	for i, def := range c.t.schema.Columns {
		switch def.Kind {
		case Text:
			r.Cells[i].Text = string(c.text(i, row))
		case Number:
			r.Cells[i].Number = c.number(i, row)
		case Bytes:
			r.Cells[i].Text = string(c.cols[i].bytes.At(uint64(row)))
		}
	}
	return r
}
