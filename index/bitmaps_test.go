package index

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

func randomRows(rng *rand.Rand, limit uint32) []uint32 {
	var rows []uint32
	for range 1 + rng.IntN(6) {
		at := rng.Uint32N(limit)
		switch rng.IntN(3) {
		case 0: // a run
			for i := range min(uint32(rng.IntN(70000)), limit-at) {
				rows = append(rows, at+i)
			}
		case 1: // dense
			for i := range min(uint32(rng.IntN(20000)), (limit-at)/3) {
				rows = append(rows, at+3*i)
			}
		default:
			for range rng.IntN(300) {
				rows = append(rows, rng.Uint32N(limit))
			}
		}
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

func TestSetIsASetOfRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 8 {
		limit := uint32(1 + rng.IntN(1_500_000))
		a, b := randomRows(rng, limit), randomRows(rng, limit)
		check := func(what string, s *Set, keep func(row uint32, inA, inB bool) bool) {
			t.Helper()
			var want []uint32
			all := slices.Concat(a, b)
			slices.Sort(all)
			for _, row := range slices.Compact(all) {
				_, inA := slices.BinarySearch(a, row)
				_, inB := slices.BinarySearch(b, row)
				if keep(row, inA, inB) {
					want = append(want, row)
				}
			}
			if got := s.Append(nil, 0, 1<<32-1); !slices.Equal(got, want) {
				t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
			}
			if s.Len() != uint64(len(want)) || s.Empty() != (len(want) == 0) {
				t.Fatalf("%s: Len %d, want %d", what, s.Len(), len(want))
			}
		}
		sa, sb := NewSet(a...), NewSet(b...)
		s := sa.Clone()
		s.And(sb)
		check("And", s, func(_ uint32, a, b bool) bool { return a && b })
		s = sa.Clone()
		s.Or(sb)
		check("Or", s, func(_ uint32, a, b bool) bool { return a || b })
		s = sa.Clone()
		s.AndNot(sb)
		check("AndNot", s, func(_ uint32, a, b bool) bool { return a && !b })
		lo := rng.Uint32N(limit)
		hi := lo + rng.Uint32N(limit-lo+1)
		s = sa.Clone()
		s.AndRange(lo, hi)
		in := func(row uint32, a, _ bool) bool { return a && row >= lo && row < hi }
		check("AndRange", s, in)
		check("Append", NewSet(sa.Append(nil, lo, hi)...), in)
		if got := sa.LenRange(lo, hi); got != s.Len() {
			t.Fatalf("LenRange %d, want %d", got, s.Len())
		}
		check("All", NewSet(slices.Collect(sa.All())...), func(_ uint32, a, _ bool) bool { return a })
		check("untouched", sa, func(_ uint32, a, _ bool) bool { return a })
		if !sa.Equal(NewSet(a...)) || !sa.Contains(a[0]) {
			t.Fatal("Equal, Contains")
		}
		prefix := []uint32{7}
		if got := sa.Append(prefix, lo, hi); got[0] != 7 || uint64(len(got)) != 1+s.Len() {
			t.Fatal("Append does not append")
		}
	}
}

func TestBitmapsHoldWhatWasAdded(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 8 {
		const limit = 3_500_000
		model := map[uint32][]uint32{}
		for range rng.IntN(30) {
			model[uint32(rng.IntN(500))] = randomRows(rng, limit)
		}
		type pair struct{ row, value uint32 }
		var pairs []pair
		for v, rows := range model {
			for _, r := range rows {
				pairs = append(pairs, pair{r, v})
			}
		}
		slices.SortFunc(pairs, func(a, b pair) int { return int(int64(a.row) - int64(b.row)) })
		b := NewBitmapsBuilder(500)
		for _, p := range pairs {
			b.Add(p.value, p.row)
		}
		chunks := new(codec.MemChunks)
		if err := b.WriteTo(chunks); err != nil {
			t.Fatal(err)
		}
		// The library's own encoding of the same sets is the same.
		other := new(codec.MemChunks)
		w := NewBitmapsWriter(other)
		for _, v := range slices.Sorted(maps.Keys(model)) {
			w.Add(v, NewSet(model[v]...))
		}
		if err := w.Finish(); err != nil {
			t.Fatal(err)
		}
		if checksum(*other) != checksum(*chunks) {
			t.Fatal("the builder's bytes are not the writer's")
		}
		before := checksum(*chunks)
		m, err := OpenBitmaps(chunks)
		if err != nil {
			t.Fatal(err)
		}
		for v := range uint32(501) {
			s, err := m.Get(v)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Append(nil, 0, 1<<32-1); !slices.Equal(got, model[v]) {
				t.Fatalf("value %d: %d rows, want %d", v, len(got), len(model[v]))
			}
			if m.Len(v) != uint64(len(model[v])) {
				t.Fatalf("value %d: Len %d", v, m.Len(v))
			}
			lo := rng.Uint32N(limit)
			hi := lo + rng.Uint32N(limit-lo+1)
			part, err := m.GetRange(v, lo, hi)
			if err != nil || !slices.Equal(part.Append(nil, 0, 1<<32-1), s.Append(nil, lo, hi)) {
				t.Fatalf("value %d: range %d..%d differs: %v", v, lo, hi, err)
			}
			// What is read belongs to the caller.
			other, _ := m.Get(uint32(rng.IntN(500)))
			c := s.Clone()
			for _, change := range []func(){
				func() { s.AddRange(0, limit) }, func() { s.AndNot(other) }, func() { s.And(c) },
				func() { s.Or(other) }, func() { s.Add(rng.Uint32N(limit)) }, func() { c.AndRange(lo, hi) },
				func() { c.And(other) }, func() { c.AndNot(s) },
			} {
				change()
			}
		}
		if checksum(*chunks) != before {
			t.Fatal("stored bytes were changed through a set")
		}
		n := 0
		for v, rows := range m.Values() {
			if rows != uint64(len(model[v])) {
				t.Fatalf("value %d: %d rows", v, rows)
			}
			n++
		}
		if n != len(model) {
			t.Fatalf("%d values, want %d", n, len(model))
		}
	}
}

func TestBitmapsOfVeryManyValues(t *testing.T) {
	const values = 200_000
	b := NewBitmapsBuilder(values)
	for row := range uint32(values) {
		b.Add(row*7919%values, row) // 7919 is prime: every value once
	}
	chunks := new(codec.MemChunks)
	if err := b.WriteTo(chunks); err != nil {
		t.Fatal(err)
	}
	for _, c := range *chunks {
		if len(c) > directoryChunk+32 {
			t.Fatalf("a chunk of %d bytes", len(c))
		}
	}
	m, err := OpenBitmaps(chunks)
	if err != nil {
		t.Fatal(err)
	}
	for row := uint32(0); row < values; row += 997 {
		s, err := m.Get(row * 7919 % values)
		if err != nil || s.Len() != 1 || !s.Contains(row) {
			t.Fatalf("row %d: %v", row, err)
		}
	}
	for i := range *chunks {
		bad := slices.Concat((*chunks)[:i], (*chunks)[i+1:])
		if m, err := OpenBitmaps(&bad); err == nil {
			for v := uint32(0); v < values && err == nil; v += 97 {
				_, err = m.Get(v)
			}
			if err == nil {
				t.Errorf("chunk %d is missing and nobody minds", i)
			}
		}
	}
}

// A column given in pieces, with gaps and with rows that have several values,
// is the same as row by row.
func TestBitmapsOfColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	for range 10 {
		values := 1 + rng.Uint32N(1<<rng.IntN(12))
		one, all := NewBitmapsBuilder(int(values)), NewBitmapsBuilder(int(values))
		row := rng.Uint32N(1 << 17)
		for range 1 + rng.IntN(12) {
			column := make([]uint32, 1+rng.IntN(1<<rng.IntN(18)))
			v := uint32(0)
			for i := range column {
				if rng.IntN(3) > 0 { // runs
					v = rng.Uint32N(values)
				}
				column[i] = v
			}
			for i, v := range column {
				one.Add(v, row+uint32(i))
			}
			all.AddAll(column, row)
			row += uint32(len(column))
			switch rng.IntN(4) {
			case 0:
				row += rng.Uint32N(1 << 17)
			case 1:
				one.Add(0, row-1)
				all.Add(0, row-1)
			}
		}
		want, got := new(codec.MemChunks), new(codec.MemChunks)
		if err := one.WriteTo(want); err != nil {
			t.Fatal(err)
		}
		if err := all.WriteTo(got); err != nil {
			t.Fatal(err)
		}
		if checksum(*want) != checksum(*got) {
			t.Fatal("the bytes differ")
		}
	}
	for _, values := range [][]uint32{{0, 1, 2}, {1 << 31}} {
		b := NewBitmapsBuilder(2)
		b.AddAll(values, 0)
		if err := b.WriteTo(new(codec.MemChunks)); err == nil {
			t.Errorf("values %v were taken", values)
		}
	}
}

func TestBitmapsRefusals(t *testing.T) {
	b := NewBitmapsBuilder(3)
	b.Add(3, 0)
	if err := b.WriteTo(new(codec.MemChunks)); err == nil {
		t.Error("a value out of range was taken")
	}
	for _, rows := range [][]uint32{{1, 0}, {70000, 1}, {5, 4, 9}} {
		b := NewBitmapsBuilder(1)
		for _, row := range rows {
			b.Add(0, row)
		}
		if err := b.WriteTo(new(codec.MemChunks)); err == nil {
			t.Errorf("rows %v were taken", rows)
		}
	}
	w := NewBitmapsWriter(new(codec.MemChunks))
	w.Add(2, NewSet(1))
	w.Add(2, NewSet(1))
	if err := w.Finish(); err == nil {
		t.Error("a value was taken twice")
	}
	if _, err := OpenBitmaps(new(codec.MemChunks)); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("nothing opened: %v", err)
	}
}

// exerciseBitmaps reads and changes some sets. A few bytes can say that there
// are very many of a million rows each, so not all.
func exerciseBitmaps(m *Bitmaps) error {
	var errs []error
	for v := range m.Values() {
		if len(errs) == 8 {
			break
		}
		s, err := m.Get(v)
		errs = append(errs, err)
		if err != nil {
			continue
		}
		if s.Len() != m.Len(v) {
			return errors.New("a set is not as large as the directory says")
		}
		var rows []uint32
		for row := range s.All() {
			if rows = append(rows, row); len(rows) == 3000 {
				break
			}
		}
		if !slices.Equal(s.Append(nil, 0, rows[len(rows)-1]+1), rows) {
			return errors.New("two ways to iterate differ")
		}
		s.AndNot(NewSet(1, 2, 3))
		s.Or(NewSet(7, 70000))
		s.AndRange(2, 1<<20)
	}
	return errors.Join(errs...)
}

func TestBitmapsDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	b := NewBitmapsBuilder(6)
	for row := range uint32(70_000) {
		b.Add(uint32(min(rng.ExpFloat64(), 4.9)), row)
		if row>>9&1 == 0 {
			b.Add(5, row)
		}
	}
	chunks := new(codec.MemChunks)
	if err := b.WriteTo(chunks); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		bad := make(codec.MemChunks, len(*chunks))
		for i, b := range *chunks {
			bad[i] = slices.Clone(b)
		}
		i := rng.IntN(len(bad))
		switch at := rng.IntN(len(bad[i])); rng.IntN(3) {
		case 0:
			bad[i] = bad[i][:at]
		default:
			if rng.IntN(2) == 0 {
				at = rng.IntN(min(len(bad[i]), 64))
			}
			bad[i][at] = byte(rng.IntN(256))
		}
		m, err := OpenBitmaps(&bad)
		if err == nil {
			err = exerciseBitmaps(m)
		}
		if err != nil && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
	}
}

func FuzzBitmaps(f *testing.F) {
	b := NewBitmapsBuilder(3)
	for row := range uint32(9000) {
		b.Add(row%7&1, row)
	}
	b.Add(2, 3<<20)
	chunks := new(codec.MemChunks)
	if err := b.WriteTo(chunks); err != nil {
		f.Fatal(err)
	}
	f.Add((*chunks)[0], (*chunks)[len(*chunks)-1])
	f.Fuzz(func(t *testing.T, chunk, dir []byte) {
		m, err := OpenBitmaps(&codec.MemChunks{chunk, dir})
		if err == nil {
			err = exerciseBitmaps(m)
		}
		if err != nil && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

func checksum(chunks codec.MemChunks) (sum uint64) {
	for _, b := range chunks {
		sum = sum*31 + codec.Checksum(b)
	}
	return sum
}
