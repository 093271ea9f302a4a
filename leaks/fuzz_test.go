package leaks

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/stats"
)

// maxFuzzBytes is what reading and merging a hostile segment of some KiB may
// allocate in all, many times over; what it must not do is believe a count.
const maxFuzzBytes = 256 << 20

// FuzzOpenSegment takes any bytes for a segment file. It opens or it does not;
// what opened answers, or says that it is corrupt.
func FuzzOpenSegment(f *testing.F) {
	lowerAggregateRows(f, 10)
	lowerTextStrings(f, 1)
	good := encodeRows(f, newRowMaker(1, true).rows(12)).data
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	for at := 0; at < len(good); at += 997 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x40
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, file []byte) { useHostile(t, file, encodeRows(t, newRowMaker(2, true).rows(5))) })
}

// FuzzForgedSegment changes what stands in the sections of a real segment and
// puts the right checksums around it, as damage never would: every value is
// met by the code that reads it.
func FuzzForgedSegment(f *testing.F) {
	lowerAggregateRows(f, 10)
	lowerTextStrings(f, 1)
	lowerTops(f, 2)
	rows := distinct(rand.New(rand.NewPCG(1, 1)), newRowMaker(1, false).rows(60))
	base := mergeStored(f, mergeOptions{firstSeq: []uint64{0, 40}}, encodeRows(f, rows[:40]), encodeRows(f, rows[40:]))
	other := encodeRows(f, newRowMaker(2, true).rows(5))
	p := takeApart(f, base)
	sections := len(p.ids)
	for i := range sections + 1 { // the meta is one more
		f.Add(edit(i, 0, 0xff))
		f.Add(append(edit(i, 9, 0x81), edit((i+3)%sections, 4, 0x10)...))
		if i%8 == 0 {
			f.Add(edit(i, cutChunk, 3))
			f.Add(edit(i, growChunk, 9))
		}
	}
	f.Fuzz(func(t *testing.T, edits []byte) {
		useHostile(t, p.forge(t, edits), other)
	})
}

// An edit is section u8 | offset u16 | value u8. The value is XORed into the
// byte at the offset; the two greatest offsets cut that many bytes off the end
// instead, or add them.
const (
	editLen   = 4
	cutChunk  = 0xffff
	growChunk = 0xfffe
)

func edit(section int, at uint16, v byte) []byte {
	return append(binary.LittleEndian.AppendUint16([]byte{byte(section)}, at), v)
}

func applyEdit(b []byte, at uint16, v byte) []byte {
	switch {
	case at == cutChunk:
		return b[:len(b)-min(len(b), int(v))]
	case at == growChunk:
		return append(b, make([]byte, v)...)
	case len(b) > 0:
		b[int(at)%len(b)] ^= v
	}
	return b
}

// forge is a segment with its sections edited.
func (p *plainSegment) forge(t testing.TB, edits []byte) []byte {
	t.Helper()
	q := plainSegment{meta: bytes.Clone(p.meta), ids: p.ids}
	for _, chunks := range p.sections {
		q.sections = append(q.sections, slices.Clone(chunks))
	}
	for ; len(edits) >= editLen; edits = edits[editLen:] {
		at, v := binary.LittleEndian.Uint16(edits[1:]), edits[3]
		// The last chunk of a section has numbers of its own, from 128.
		n := int(edits[0]) % 128
		if n == len(q.ids) {
			q.meta = applyEdit(q.meta, at, v)
		}
		if n >= len(q.ids) || len(q.sections[n]) == 0 {
			continue
		}
		chunks, i := q.sections[n], 0
		if edits[0] >= 128 {
			i = len(chunks) - 1
		}
		if chunks[i] = applyEdit(bytes.Clone(chunks[i]), at, v); len(chunks[i]) == 0 {
			q.sections[n] = slices.Delete(chunks, i, i+1) // there are no empty chunks
		}
	}
	return q.assemble(t).data
}

// useHostile does with file what a store does with a segment.
func useHostile(t *testing.T, file []byte, other stored) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := segment.Open(bytes.NewReader(file), int64(len(file)), "fuzz", segment.NewCache(1<<20))
	if err == nil {
		var tab *table
		if tab, err = openTable(r); err == nil {
			useTable(t, tab, other.open(t))
		}
	}
	corruptOrNil(t, "open", err)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > maxFuzzBytes {
		t.Fatalf("%d bytes of segment made the store allocate %d MiB", len(file), n>>20)
	}
}

func corruptOrNil(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil && (!errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) || strings.Contains(err.Error(), "\n")) {
		t.Fatalf("%s: %v, want ErrCorrupt in one line, or an answer", what, err)
	}
}

// useTable asks a table, alone and beside a good one, everything, and merges
// it.
func useTable(t *testing.T, tab, other *table) {
	ctx := context.Background()
	defer func(n, share uint32) { ownSearch, scopeShare = n, share }(ownSearch, scopeShare)
	store := &Store{hasher: normalize.NewHasher(testKey), results: newResultCache(1 << 20)}
	for _, tables := range [][]*table{{tab}, {other, tab}} {
		sn := &snapshot{store: store}
		for _, tab := range tables {
			sn.segments = append(sn.segments, &handle{reader: tab.seg, table: tab})
		}
		for i, q := range hostileQueries() {
			// A search looks at what is in scope, with and without indexes, or at
			// whole dictionaries.
			ownSearch, scopeShare = []uint32{0, 0, 1 << 20}[i%3], []uint32{1 << 20, 1}[i%2]
			d, err := compileDetails(t.Context(), &q)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := hostileDetails(ctx, sn, d)
			corruptOrNil(t, "details", err)
			for i := range rows[:min(len(rows), 20)] {
				_, err := sn.occurrences(ctx, d.plan, rows[i].hash)
				corruptOrNil(t, "by hash", err)
			}
			c := stats.NewCollector(stats.CollectorOptions{})
			err = sn.observe(ctx, d.plan, c)
			corruptOrNil(t, "stats", err)
			if err == nil {
				c.Report(nil)
			}
		}
		for _, key := range []analyticsKey{{RootDomain, "b.test"}, {RootDomain, "example.org"}, {EmailDomain, "mail.example"}, {EmailDomain, "nobody.example"}} {
			_, err := sn.analyticsOf(ctx, key)
			corruptOrNil(t, "analytics", err)
		}
		for _, dropBefore := range []uint32{0, 1_700_000_000 + 20*3607} {
			_, err := mergeTables(ctx, segment.NewWriter(io.Discard), tables, mergeOptions{dropBefore: dropBefore})
			corruptOrNil(t, "merge", err)
		}
	}
	corruptOrNil(t, "table", exercise(ctx, tab))
	corruptOrNil(t, "verify", tab.seg.Verify(ctx))
}

func hostileDetails(ctx context.Context, sn *snapshot, d *detailsPlan) ([]result, error) {
	if _, _, err := firstResults(ctx, sn, d, 0); err != nil {
		return nil, err
	}
	all := newRanker(d.sort, d.minSources, 0, nil)
	if err := gather(ctx, sn, d.plan, all); err != nil {
		return nil, err
	}
	rows, err := all.sorted(ctx, 0)
	if err == nil {
		_, err = sn.credentials(ctx, rows)
	}
	return rows, err
}

func hostileQueries() []DetailsQuery {
	return []DetailsQuery{
		{Scope: everything, Column: RootDomain},
		{Scope: everything, Column: RootDomain, Search: "ANNA"},
		{Scope: everything, Column: RootDomain, Search: "na@m"},
		{Scope: only("mail.example", "b.test"), Column: EmailDomain, Search: "login"},
		{Scope: only("b.test"), Column: RootDomain, Search: "TEST/"},
		{Scope: only("b.test", "example.org", "c.example.org"), Column: RootDomain},
		{Scope: only("mail.example", "b.test"), Column: EmailDomain, Filters: Filters{StartDate: "2023-11-15"}},
		{Scope: onlyUsers("anna@mail.example", "login", "+49301234"), Column: Username},
		{Scope: everything, Column: RootDomain, Filters: Filters{
			Type: []string{"Stealer"}, Country: []string{"DE", "FR"}, StealerName: []string{"redline", "LUMMA"},
			Software: []string{"Chrome", ""}, Protocol: []string{"https", ""}, UploadStealed: []Day{"2023-11-15", "2023-11-16"},
		}},
		{Scope: everything, Column: RootDomain, Filters: Filters{
			Domain: []string{"mail.b.test", "b.test"}, LocalPart: []string{"anna", "root"}, EmailDomain: []string{"mail.example"},
			RootDomain: []string{"b.test"}, UploadDate: []Day{"2023-11-15"},
		}},
		{Scope: everything, Column: RootDomain, Filters: Filters{
			Username: []string{"anna@mail.example"}, Host: []string{"https://b.test/login"}, MachineID: []string{"machine-1"},
			HardwareID: []string{"hw-1"}, ComputerName: []string{"DESKTOP-1"}, MachineUser: []string{"bob"}, IPAddress: []string{"192.0.2.1"},
			LogDate: []Day{"2023-11-15"},
		}},
	}
}
