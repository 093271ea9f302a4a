package flat

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/segment"
)

// A Summary is what a catalogue keeps of a finished table.
type Summary struct {
	Segment segment.Summary
	Rows    uint64
	Keys    uint64
	// First is the least of the rows' First, Last the greatest of their Last;
	// 0 without rows.
	First, Last uint64
}

// sortedRows are rows in the order of a table, none twice. Each call of a
// column starts again at the first row.
type sortedRows interface {
	len() int
	ids() iter.Seq[[]byte]
	// strings are those of a column of text, ascending, and numbers then its
	// ordinals.
	strings(col int) iter.Seq[[]byte]
	numbers(col int) iter.Seq[uint64]
	bytes(col int) iter.Seq[[]byte]
	// err is what went wrong so far; the sequences end early then.
	err() error
}

// writeTable writes rows as a table and finishes the segment.
func writeTable(ctx context.Context, seg *segment.Writer, s *Schema, rows sortedRows) (Summary, error) {
	sum := Summary{Rows: uint64(rows.len())}
	if sum.Rows > MaxRows {
		return sum, fmt.Errorf("table of %d rows; %d are allowed", sum.Rows, MaxRows)
	}
	var counts []uint64
	for i, def := range s.Columns {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		var err error
		switch {
		case i == 0:
			sum.Keys, err = writeKeys(seg, rows)
		case def.Kind == Text:
			var n uint64
			var text *index.TextWriter
			if def.Indexed {
				text = index.NewTextWriter(seg.Section(sectionText(i), segment.Plain), textStrings, textShift)
			}
			if n, err = writeStrings(seg.Section(sectionDict(i), segment.Small), text, rows.strings(i)); err == nil {
				counts = append(counts, n)
				err = writeNumbers(seg.Section(sectionValues(i), segment.Plain), rows.numbers(i))
			}
		case def.Kind == Number:
			err = writeNumbers(seg.Section(sectionValues(i), segment.Plain), rows.numbers(i))
		default:
			err = writeFixed(seg.Section(sectionValues(i), segment.Plain), def.Width, rows.bytes(i))
		}
		if err == nil {
			err = rows.err()
		}
		if err != nil {
			return sum, fmt.Errorf("column %s: %w", def.Name, err)
		}
	}
	if err := writeFixed(seg.Section(sectionIDs, segment.Plain), len(ID{}), rows.ids()); err != nil {
		return sum, err
	}
	if sum.Rows > 0 {
		sum.First = math.MaxUint64
		for v := range rows.numbers(s.First) {
			sum.First = min(sum.First, v)
		}
		for v := range rows.numbers(s.Last) {
			sum.Last = max(sum.Last, v)
		}
	}
	if err := rows.err(); err != nil {
		return sum, err
	}
	var meta codec.Writer
	meta.Uint8(formatVersion)
	meta.Uint64(s.sum())
	meta.Uvarint(sum.Rows)
	meta.Uvarint(sum.Keys)
	for _, n := range counts {
		meta.Uvarint(n)
	}
	var err error
	sum.Segment, err = seg.Finish(meta.Bytes())
	return sum, err
}

// errContradiction: what is to be written is no table. Only a merge of tables
// that are none meets it.
var errContradiction = fmt.Errorf("%w: rows and keys of a table contradict each other", codec.ErrCorrupt)

// writeKeys writes the dictionary of keys and where the rows of each start.
func writeKeys(seg *segment.Writer, rows sortedRows) (uint64, error) {
	n, err := writeStrings(seg.Section(sectionKeys, segment.Small), nil, rows.strings(0))
	if err != nil {
		return 0, err
	}
	starts := segment.NewIntsWriter(seg.Section(sectionStarts, segment.Plain))
	row, next := uint64(0), uint64(0)
	for ord := range rows.numbers(0) {
		switch {
		case ord == next:
			starts.Append(row)
			next++
		case ord+1 != next:
			return 0, fmt.Errorf("%w: rows are not in the order of their keys", errContradiction)
		}
		row++
	}
	if next != n && rows.err() == nil {
		return 0, fmt.Errorf("%w: %d of %d keys have rows", errContradiction, next, n)
	}
	starts.Append(row)
	return n, starts.Finish()
}

// writeStrings writes a dictionary, and its text index where there is one.
func writeStrings(sink codec.ChunkSink, text *index.TextWriter, strings iter.Seq[[]byte]) (uint64, error) {
	w := index.NewDictWriter(sink)
	for s := range strings {
		w.Add(s)
		if text != nil {
			text.Add(s, w.Shared())
		}
	}
	if text != nil {
		if err := text.Finish(); err != nil {
			return 0, err
		}
	}
	n := uint64(w.Len())
	return n, w.Finish()
}

func writeNumbers(sink codec.ChunkSink, values iter.Seq[uint64]) error {
	w := segment.NewIntsWriter(sink)
	for v := range values {
		w.Append(v)
	}
	return w.Finish()
}

func writeFixed(sink codec.ChunkSink, width int, values iter.Seq[[]byte]) error {
	w := segment.NewFixedWriter(sink, width)
	for v := range values {
		w.Append(v)
	}
	return w.Finish()
}
