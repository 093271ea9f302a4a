package flat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/segment"
)

func someImage(t testing.TB, seed uint64, n int) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	b := NewBuilder(things)
	for range n {
		row := randomThing(r, 12)
		if err := b.Add(&row); err != nil {
			t.Fatal(err)
		}
	}
	return image(t, func(w *segment.Writer) error {
		_, err := b.Encode(t.Context(), w)
		return err
	})
}

// use asks a table, beside another, everything there is to ask, and says what it
// answers. Its error is the first of any answer.
func use(t testing.TB, table, other *Table) (string, error) {
	t.Helper()
	var text bytes.Buffer
	for _, tables := range [][]*Table{{table}, {other, table}, {table, other}} {
		v := NewView(things, tables)
		all, err := v.All(t.Context())
		if err != nil {
			return "", err
		}
		some, err := v.Select(t.Context(), []Span{{"a", "b"}, {"aa", "c"}, {"1", "3"}})
		if err != nil {
			return "", err
		}
		for _, sel := range []*Selection{all, some} {
			for _, sort := range []int{0, 1, 3, 4, 6} {
				for _, search := range []string{"", "A1", "näme 1"} {
					q := &Query{To: math.MaxUint64, Search: search, Columns: []int{0, 1, 6}, Sort: sort, Descending: sort%2 == 0, Offset: sort, Limit: 20}
					page, err := v.Query(t.Context(), sel, q)
					if err != nil {
						return "", err
					}
					fmt.Fprint(&text, page.Total, page.Rows)
				}
			}
		}
		drops, err := v.Expired(t.Context(), 1200)
		if err != nil {
			return "", err
		}
		if _, err := Merge(t.Context(), segment.NewWriter(io.Discard), things, tables, drops); err != nil {
			return "", err
		}
		if _, err := Merge(t.Context(), segment.NewWriter(&text), things, tables, nil); err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

// TestEveryByteIsChecked: a changed byte is an error, or was not looked at.
func TestEveryByteIsChecked(t *testing.T) {
	file, r := someImage(t, 1, 60), rand.New(rand.NewPCG(4, 4))
	other, err := openImage(someImage(t, 2, 60))
	if err != nil {
		t.Fatal(err)
	}
	table, err := openImage(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := use(t, table, other)
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for at := range file {
		if testing.Short() && at%7 != 0 {
			continue
		}
		b := slices.Clone(file)
		b[at] ^= byte(1 + r.IntN(255))
		got := ""
		table, err := openImage(b)
		if err == nil {
			got, err = use(t, table, other)
		}
		switch {
		case err == nil && got != want:
			t.Fatalf("byte %d: another answer and no error", at)
		case err != nil && !errors.Is(err, codec.ErrCorrupt) && !errors.Is(err, segment.ErrVersion):
			t.Fatalf("byte %d: %v", at, err)
		case err != nil:
			damaged++
		}
	}
	if damaged == 0 {
		t.Error("no damage was found")
	}
}

// A plainTable is a segment taken apart, so that what it holds can be changed
// behind the back of the checksums.
type plainTable struct {
	meta   []byte
	ids    []uint16
	chunks [][][]byte
}

func takeApart(t testing.TB, file []byte) *plainTable {
	t.Helper()
	r, err := segment.Open(bytes.NewReader(file), int64(len(file)), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &plainTable{meta: slices.Clone(r.Meta())}
	for info := range r.Sections() {
		var chunks [][]byte
		for i := range info.Chunks {
			b, err := r.Section(info.ID).Chunk(i)
			if err != nil {
				t.Fatal(err)
			}
			chunks = append(chunks, slices.Clone(b))
		}
		p.ids, p.chunks = append(p.ids, info.ID), append(p.chunks, chunks)
	}
	return p
}

// forge applies edits, four bytes each: which section (the last: the meta),
// where, two bytes, and what to write there.
func (p *plainTable) forge(t testing.TB, edits []byte) []byte {
	t.Helper()
	meta := slices.Clone(p.meta)
	chunks := make([][][]byte, len(p.chunks))
	for i := range chunks {
		for _, c := range p.chunks[i] {
			chunks[i] = append(chunks[i], slices.Clone(c))
		}
	}
	for ; len(edits) >= 4; edits = edits[4:] {
		at := int(binary.LittleEndian.Uint16(edits[1:]))
		b := meta
		if s := int(edits[0]) % (len(chunks) + 1); s < len(chunks) && len(chunks[s]) > 0 {
			b = chunks[s][at%len(chunks[s])]
			at /= len(chunks[s])
		}
		if len(b) > 0 {
			b[at%len(b)] = edits[3]
		}
	}
	return image(t, func(w *segment.Writer) error {
		for i, id := range p.ids {
			s := w.Section(id, segment.Plain)
			for _, c := range chunks[i] {
				if err := s.WriteChunk(c); err != nil {
					return err
				}
			}
		}
		_, err := w.Finish(meta)
		return err
	})
}

// FuzzForged: a table whose checksums hold and whose content is anything costs
// an error at worst.
func FuzzForged(f *testing.F) {
	p := takeApart(f, someImage(f, 1, 40))
	other, err := openImage(someImage(f, 2, 40))
	if err != nil {
		f.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		edits := make([]byte, 4*(1+r.IntN(3)))
		for i := range edits {
			edits[i] = byte(r.IntN(256))
		}
		if r.IntN(2) == 0 {
			edits[2] = 0 // the beginnings say most
		}
		f.Add(edits)
	}
	f.Fuzz(func(t *testing.T, edits []byte) {
		table, err := openImage(p.forge(t, edits))
		if err == nil {
			_, err = use(t, table, other)
		}
		if err != nil && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
