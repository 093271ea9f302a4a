package flat

import (
	"fmt"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/segment"
)

// A Table is an open table. It is safe for concurrent use; its cursors are not.
type Table struct {
	schema *Schema
	rows   uint32
	keys   *index.Dict
	starts *segment.Ints
	ids    *segment.Fixed
	cols   []tableColumn
}

type tableColumn struct {
	dict   *index.Dict    // of text
	text   *index.Text    // of indexed text; may be nil
	values *segment.Ints  // of text and numbers
	bytes  *segment.Fixed // of bytes
}

// Open opens the table in r. It fails with codec.ErrCorrupt for what is no
// table of this schema.
func Open(r *segment.Reader, s *Schema) (*Table, error) {
	meta := codec.NewReader(r.Meta())
	version, sum := meta.Uint8(), meta.Uint64()
	rows, keys := meta.Uvarint(), meta.Uvarint()
	if meta.Err() == nil && (version != formatVersion || sum != s.sum()) {
		meta.Fail("not a table of the data set " + s.Name)
	}
	if meta.Err() == nil && (rows > MaxRows || keys > rows || keys == 0 && rows > 0) {
		meta.Fail("numbers of rows and keys do not fit")
	}
	t := &Table{schema: s, rows: uint32(rows), cols: make([]tableColumn, len(s.Columns))}
	var counts []uint64
	for _, def := range s.Columns[1:] {
		if def.Kind == Text {
			n := meta.Uvarint()
			if meta.Err() == nil && (n > rows || n == 0 && rows > 0) {
				meta.Fail("a column's number of strings does not fit that of the rows")
			}
			counts = append(counts, n)
		}
	}
	if err := meta.Close(); err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	var err error
	open := func(what string, fn func() error) {
		if err == nil {
			if err = fn(); err != nil {
				err = fmt.Errorf("table: %s: %w", what, err)
			}
		}
	}
	open(s.Columns[0].Name, func() (err error) {
		t.keys, err = index.OpenDict(r.Section(sectionKeys), uint32(keys))
		return err
	})
	open("starts", func() (err error) {
		t.starts, err = segment.OpenInts(r.Section(sectionStarts), keys+1)
		return err
	})
	open("id", func() (err error) {
		t.ids, err = segment.OpenFixed(r.Section(sectionIDs), len(ID{}), rows)
		return err
	})
	for i, def := range s.Columns {
		if i == 0 {
			continue
		}
		c := &t.cols[i]
		open(def.Name, func() (err error) {
			if def.Kind == Bytes {
				c.bytes, err = segment.OpenFixed(r.Section(sectionValues(i)), def.Width, rows)
				return err
			}
			if def.Kind == Text {
				n := counts[0]
				counts = counts[1:]
				if c.dict, err = index.OpenDict(r.Section(sectionDict(i)), uint32(n)); err != nil {
					return err
				}
				if c.text, err = index.OpenText(r.Section(sectionText(i)), uint32(n)); err != nil {
					return err
				}
			}
			c.values, err = segment.OpenInts(r.Section(sectionValues(i)), rows)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Rows returns how many rows the table has.
func (t *Table) Rows() uint32 { return t.rows }

// Keys returns how many keys the table has.
func (t *Table) Keys() uint32 { return t.keys.Len() }
