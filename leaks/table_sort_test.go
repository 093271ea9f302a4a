package leaks

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/segment"
)

// TestStringSorter: strings that share prefixes of any length, are short, or
// have zero bytes, come in the order of their bytes.
func TestStringSorter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	seed := maphash.MakeSeed()
	var sorter stringSorter
	for round := range 200 {
		in := newInterner()
		prefix := strings.Repeat("https://www.", rng.IntN(60))
		for range 1 + rng.IntN(3000>>rng.IntN(10)) {
			var b []byte
			if rng.IntN(3) > 0 {
				b = append(b, prefix[:rng.IntN(len(prefix)+1)]...)
			}
			for range rng.IntN(1 + 20>>rng.IntN(5)) {
				b = append(b, []byte("\x00\x00abz\xff")[rng.IntN(6)])
			}
			in.intern(seed, string(b))
		}
		var r ranking
		var got [][]byte
		var kept []byte
		r.flat(in, &sorter, func(n uint32, str []byte) {
			if !bytes.Equal(str, in.at(n)) || r.order[len(got)] != n || r.rank[n] != uint32(len(got)) {
				t.Fatal("order, rank and string do not agree")
			}
			if len(got) > 0 && !bytes.Equal(kept, got[len(got)-1]) {
				t.Fatal("a string did not stay until the next one")
			}
			kept, got = str, append(got, bytes.Clone(str))
		})
		if len(got) != in.len() || !slices.IsSortedFunc(got, bytes.Compare) {
			t.Fatalf("round %d: %d of %d strings, sorted: %t", round, len(got), in.len(), slices.IsSortedFunc(got, bytes.Compare))
		}
	}
}

// TestRankingNested: strings come by parent, then by their bytes, those of a
// loose interner once, and every number has the rank of its string.
func TestRankingNested(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var sorter stringSorter
	for round := range 100 {
		in := newInterner()
		in.loose = round%2 == 1
		type pair struct {
			parent uint32
			s      string
		}
		ranks := make(map[pair]uint32)
		keys := 1 + rng.IntN(300)
		prefix := strings.Repeat("long.", rng.IntN(12))
		for range rng.IntN(4000) {
			parent := uint32(min(rng.IntN(keys), rng.IntN(keys)))
			s := fmt.Sprint("name", rng.IntN(1000))
			switch rng.IntN(5) {
			case 0:
				s = prefix + s
			case 2:
				s = "sixteen bytes, so"[:15+rng.IntN(3)]
			case 1:
				s += "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"[rng.IntN(13):]
			}
			if in.loose {
				in.internLoosely(parent, s)
			} else {
				in.internTagged(parent, s, tagOf(below(uint64(parent), maphash.String(sortSeed, s))))
			}
			ranks[pair{parent, s}] = 0
		}
		turned := func(n uint32) uint32 { return uint32(keys) - 1 - n }
		var r ranking
		var before, kept []byte
		last, count := uint32(0), 0
		r.nested(in, &sorter, keys, turned, func(k, n uint32, str []byte) {
			if k != turned(in.parent(n)) || !bytes.Equal(str, in.at(n)) || count > 0 && (k < last || k == last && bytes.Compare(before, str) >= 0) {
				t.Fatal("out of order")
			}
			if count > 0 && !bytes.Equal(before, kept) {
				t.Fatal("a string did not stay until the next one")
			}
			last, before, kept = k, bytes.Clone(str), str
			ranks[pair{in.parent(n), string(str)}] = uint32(count)
			count++
		})
		if count != len(ranks) {
			t.Fatalf("%d of %d strings", count, len(ranks))
		}
		for n, rank := range r.rank {
			if want := ranks[pair{in.parent(uint32(n)), string(in.at(uint32(n)))}]; rank != want {
				t.Fatalf("rank %d, want %d", rank, want)
			}
		}
	}
}

var sortSeed = maphash.MakeSeed()

// TestTableParallel: on two processors the sections, fresh and merged, are those
// of one.
func TestTableParallel(t *testing.T) {
	lowerAggregateRows(t, 50)
	lowerTextStrings(t, 1)
	for seed := range uint64(6) {
		rows := newRowMaker(seed, seed%2 == 0).rows(2000)
		write := func(least int) (fresh, merged stored) {
			old := parallelRows
			parallelRows = least
			defer func() { parallelRows = old }()
			fresh = encodeRows(t, rows[:1200])
			return fresh, mergeStored(t, mergeOptions{}, fresh, encodeRows(t, rows[1200:]))
		}
		fresh, merged := write(1 << 30)
		freshTwo, mergedTwo := write(1)
		checkTable(t, mergedTwo.open(t), rows)
		compareTables(t, fresh.open(t), freshTwo.open(t))
		compareTables(t, merged.open(t), mergedTwo.open(t))
	}
}

func compareTables(t *testing.T, a, b *table) {
	t.Helper()
	if !bytes.Equal(a.seg.Meta(), b.seg.Meta()) {
		t.Fatal("meta differs")
	}
	for info := range a.seg.Sections() {
		compareSections(t, info, a.seg.Section(info.ID), b.seg.Section(info.ID))
	}
}

func compareSections(t *testing.T, info segment.SectionInfo, a, b *segment.Section) {
	t.Helper()
	if a.Chunks() != b.Chunks() {
		t.Fatalf("%s: %d chunks and %d", sectionName(info.ID), a.Chunks(), b.Chunks())
	}
	for i := range a.Chunks() {
		x, err := a.Chunk(i)
		if err != nil {
			t.Fatal(err)
		}
		if y, err := b.Chunk(i); err != nil || !bytes.Equal(x, y) {
			t.Fatalf("%s, chunk %d: other bytes, %v", sectionName(info.ID), i, err)
		}
	}
}
