package flat

import (
	"fmt"

	"github.com/leakscope/leakscope/internal/codec"
)

// A Kind says what a column holds.
type Kind uint8

// The kinds of columns.
const (
	Text   Kind = 1 + iota // strings, of which many may be equal
	Number                 // integers from 0; times are seconds
	Bytes                  // a fixed number of bytes
)

// A Column of a schema.
type Column struct {
	Name  string
	Kind  Kind
	Width int // of Bytes, 1 to 64
	// Indexed text has an index for searching it, where there is much of it. It
	// may change: a table without the index is gone through.
	Indexed bool
}

// A Schema says what a data set's rows are. Its name and columns are part of
// the stored form.
type Schema struct {
	Name string
	// Columns: the first is the key, Text, by which rows are found and sorted.
	Columns []Column
	// First and Last are the columns, of numbers, that say when the thing was
	// first and last seen.
	First, Last int
	// Show turns a key into what is searched in its place; nil: the key.
	Show func(key string) string
}

// ID is the identity of a row within its key.
type ID [16]byte

// A Cell is the value of a row in a column: Text, also for Bytes, or Number.
type Cell struct {
	Text   string
	Number uint64
}

// A Row has a cell for each column of its schema.
type Row struct {
	ID    ID
	Cells []Cell
}

// sum identifies the stored form of the schema.
func (s *Schema) sum() uint64 {
	var w codec.Writer
	w.String(s.Name)
	for _, c := range s.Columns {
		w.String(c.Name)
		w.Uint8(uint8(c.Kind))
		w.Uvarint(uint64(c.Width))
	}
	return codec.Checksum(w.Bytes())
}

// Sections of a table.
const (
	sectionKeys   = 1
	sectionStarts = 2
	sectionIDs    = 3
	sectionFirst  = 16
	sectionIndex  = 256
)

const formatVersion = 1

func sectionText(col int) uint16   { return uint16(sectionIndex + col) }
func sectionDict(col int) uint16   { return uint16(sectionFirst + 2*col) }
func sectionValues(col int) uint16 { return uint16(sectionFirst + 2*col + 1) }

// SectionName names a section for people.
func (s *Schema) SectionName(id uint16) string {
	switch id {
	case sectionKeys:
		return s.Name + "." + s.Columns[0].Name
	case sectionStarts:
		return s.Name + ".starts"
	case sectionIDs:
		return s.Name + ".id"
	}
	col := (int(id) - sectionFirst) / 2
	if text := int(id) - sectionIndex; text >= 0 && text < len(s.Columns) {
		return s.Name + "." + s.Columns[text].Name + ".index"
	}
	switch {
	case int(id) < sectionFirst || col >= len(s.Columns):
		return fmt.Sprintf("%s.%d", s.Name, id)
	case id == sectionDict(col):
		return s.Name + "." + s.Columns[col].Name + ".strings"
	}
	return s.Name + "." + s.Columns[col].Name
}
