package leaks

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/segment"
)

// A plainSegment is a segment taken apart, so that what it holds can be changed
// behind the back of the checksums.
type plainSegment struct {
	meta     []byte
	ids      []uint16
	sections [][][]byte // chunks by section
}

func takeApart(t testing.TB, s stored) *plainSegment {
	t.Helper()
	r, err := segment.Open(bytes.NewReader(s.data), int64(len(s.data)), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &plainSegment{meta: slices.Clone(r.Meta())}
	for info := range r.Sections() {
		var chunks [][]byte
		for i := range info.Chunks {
			b, err := r.Section(info.ID).Chunk(i)
			if err != nil {
				t.Fatal(err)
			}
			chunks = append(chunks, slices.Clone(b))
		}
		p.ids = append(p.ids, info.ID)
		p.sections = append(p.sections, chunks)
	}
	return p
}

func (p *plainSegment) assemble(t testing.TB) stored {
	t.Helper()
	var buf bytes.Buffer
	w := segment.NewWriter(&buf)
	for i, id := range p.ids {
		s := w.Section(id, segment.Plain)
		for _, c := range p.sections[i] {
			if err := s.WriteChunk(c); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.Finish(p.meta); err != nil {
		t.Fatal(err)
	}
	return stored{data: buf.Bytes()}
}

// exercise asks a table everything there is to ask. Its error is the first one
// of any answer.
func exercise(ctx context.Context, tab *table) error {
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	// Each way in has a cursor of its own: one that has failed answers little.
	ways := []func(c *tableCursor){
		func(c *tableCursor) {
			var f rowFacts
			for g := range tab.groups {
				lo, hi := c.groupRows(g)
				for row := lo; row < hi && c.err() == nil; row++ {
					c.rowRecord(g, row, &f)
					c.ordinal(row)
					c.hostDomain(c.host(row))
				}
				c.groupSources(g)
				c.digest(g)
				c.groupOrigin(g)
			}
			c.origins(0)
			for d := range max(tab.dictLen(dictRoot), tab.dictLen(dictMail)) {
				for _, col := range []Column{RootDomain, EmailDomain} {
					if l, ok := c.topList(col, d); ok {
						c.topGroups(l, d%2 == 0, 0, tab.topPlaces, nil)
					}
				}
			}
		},
		func(c *tableCursor) {
			for i := range min(tab.rows, 200) {
				g := c.groupOfRow(i)
				h := c.groupHash(g)
				c.findHash(h, nil)
				c.findHash(hash128{h.hi + 1, h.lo}, nil)
				c.domainRoot(c.groupDomain(g))
				c.username(c.groupUser(g))
			}
			c.groupHashes(0, tab.groups, nil)
			c.seenRange(0, tab.rows, nil)
		},
		func(c *tableCursor) {
			for _, mail := range []string{"", "mail.example", "example.net", "none.example"} {
				m, ok := c.findMail(mail)
				if ok {
					lo, hi := c.mailUsers(m)
					c.userGroupsOf(lo, hi, nil)
				}
				c.findUser("anna@"+mail, "anna", mail)
			}
			m := index.NewMatcher("a")
			for d := range numDicts {
				c.scan(d, 0, tab.tableMeta.dicts[d], func(uint32, []byte) bool { return true })
				c.search(d, 0, tab.tableMeta.dicts[d], m, func(uint32) bool { return true })
			}
			for d, text := range tab.texts {
				_, err := text.Candidates(0, tab.tableMeta.dicts[d], index.NewMatcher("exam"), func(uint32, uint32) bool { return true })
				keep(err)
			}
			for _, needle := range []string{"ann", "na@m", "@b", "example", "\x00"} {
				c.searchUsers(index.NewMatcher(needle), needle, func(uint32, uint32) bool { return true })
			}
		},
		func(c *tableCursor) {
			for _, name := range []string{"a.example", "b.test", "mail.example", "192.0.2.7", "none.example"} {
				for _, col := range []Column{RootDomain, EmailDomain} {
					_, err := c.aggregate(ctx, col, name)
					keep(err)
				}
				if root, ok := c.findRoot(name); ok {
					c.hostRange(root, root+1)
					if d, ok := c.findDomain(root, name); ok {
						c.findHost(d, "https://"+name)
						c.hostsOfDomain(d)
					}
				}
			}
		},
	}
	for _, way := range ways {
		c := tab.cursor()
		way(c)
		keep(c.err())
	}
	for k := range bitmapKinds {
		for v := range uint32(4) {
			_, err := tab.bitmap(k, v)
			keep(err)
		}
	}
	for _, opts := range []mergeOptions{{}, {dropBefore: tab.minSeen + (tab.maxSeen-tab.minSeen)/2, firstSeq: []uint64{0, 1 << 20}}} {
		_, err := mergeTables(ctx, segment.NewWriter(discard{}), []*table{tab, tab}, opts)
		keep(err)
	}
	return first
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// TestTableFlips: a byte changed anywhere in the file gives ErrCorrupt or, where
// it was never read, nothing; no panic, no other answer.
func TestTableFlips(t *testing.T) {
	lowerAggregateRows(t, 30)
	lowerTextStrings(t, 1)
	s := encodeRows(t, newRowMaker(3, true).rows(150))
	rng := rand.New(rand.NewPCG(5, 5))
	for range 400 {
		data := slices.Clone(s.data)
		at := rng.IntN(len(data))
		data[at] ^= 1 << rng.IntN(8)
		tab, err := stored{data: data}.tryOpen()
		if err == nil {
			err = exercise(context.Background(), tab)
		}
		if err == nil {
			t.Fatalf("byte %d of %d changed and nothing noticed", at, len(data))
		}
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, segment.ErrVersion) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
}

// TestTableHostile: bytes changed with all checksums made good again may give
// wrong answers, never a panic and never another error than ErrCorrupt.
func TestTableHostile(t *testing.T) {
	lowerAggregateRows(t, 30)
	lowerTextStrings(t, 1)
	s := encodeRows(t, newRowMaker(4, true).rows(150))
	rng := rand.New(rand.NewPCG(6, 6))
	rounds := 1000
	if testing.Short() {
		rounds = 200
	}
	for range rounds {
		p := takeApart(t, s)
		hurt(p, rng)
		mustSurvive(t, p.assemble(t))
	}
}

// hurt changes a few bytes, of the meta or of one section.
func hurt(p *plainSegment, rng *rand.Rand) {
	b := p.meta
	if i := rng.IntN(len(p.sections) + 1); i < len(p.sections) && len(p.sections[i]) > 0 {
		chunks := p.sections[i]
		c := rng.IntN(len(chunks))
		switch b = chunks[c]; {
		case rng.IntN(20) == 0:
			p.sections[i] = slices.Delete(chunks, c, c+1)
			return
		case rng.IntN(20) == 0:
			chunks[c] = b[:rng.IntN(len(b)+1)]
			return
		}
	}
	for range 1 + rng.IntN(3) {
		if len(b) > 0 {
			b[rng.IntN(len(b))] = byte(rng.Uint32() >> rng.IntN(8))
		}
	}
}

func mustSurvive(t testing.TB, s stored) {
	t.Helper()
	tab, err := s.tryOpen()
	if err == nil {
		err = exercise(context.Background(), tab)
	}
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
}

// FuzzTableMeta: no meta makes a table panic or take memory it has no use for.
func FuzzTableMeta(f *testing.F) {
	s := encodeRows(f, newRowMaker(4, true).rows(30))
	p := takeApart(f, s)
	f.Add(p.meta)
	f.Fuzz(func(t *testing.T, meta []byte) {
		if m, err := decodeTableMeta(meta); err == nil {
			if again, err := decodeTableMeta(m.encode()); err != nil || *again != *m {
				t.Fatal("a meta does not come back as it was")
			}
		} else if !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
		q := *p
		q.meta = meta
		mustSurvive(t, q.assemble(t))
	})
}
