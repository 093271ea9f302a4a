package peers

import (
	"path/filepath"
	"testing"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
)

// Same must see every kind of difference, or comparing proves nothing.
func TestSameSeesDifferences(t *testing.T) {
	details := func(change func(*leaks.DetailsPage)) *Answer {
		p := &leaks.DetailsPage{Total: 2, TotalPages: 1, Data: []leaks.Credential{{Username: "a", Types: []string{"Combo"}}, {Username: "b"}}}
		change(p)
		return &Answer{Details: p}
	}
	analytics := func(change func(*stats.Analytics)) *Answer {
		a := &stats.Analytics{TotalLeaks: 100_000, UniqueLeaks: 50_000, LeaksByType: []stats.TypeCount{{Type: "Combo", Count: 7}}}
		change(a)
		return &Answer{Analytics: a}
	}
	occurrences := func(n ...string) *Answer {
		o := new(leaks.Occurrences)
		for _, s := range n {
			o.Data = append(o.Data, leaks.Occurrence{Source: s})
		}
		return &Answer{Occurrences: o}
	}
	none := func(*leaks.DetailsPage) {}
	for _, c := range []struct {
		name         string
		kind         Kind
		ours, theirs *Answer
		same         bool
	}{
		{"equal", Details, details(none), details(none), true},
		{"total", Details, details(none), details(func(p *leaks.DetailsPage) { p.Total++ }), false},
		{"field", Details, details(none), details(func(p *leaks.DetailsPage) { p.Data[1].Country = "NL" }), false},
		{"types", Details, details(none), details(func(p *leaks.DetailsPage) { p.Data[0].Types = nil }), false},
		{"order", Details, details(none), details(func(p *leaks.DetailsPage) { p.Data[0], p.Data[1] = p.Data[1], p.Data[0] }), false},
		{"fewer", Details, details(none), details(func(p *leaks.DetailsPage) { p.Data = p.Data[:1] }), false},
		{"none", Details, details(none), &Answer{}, false},
		{"occurrences", ByHash, occurrences("a", "b"), occurrences("a", "b"), true},
		{"their order", ByHash, occurrences("a", "b"), occurrences("b", "a"), false},
		{"their number", ByHash, occurrences("a"), occurrences("a", "a"), false},
		{"estimates", Analytics, analytics(func(*stats.Analytics) {}), analytics(func(a *stats.Analytics) { a.UniqueLeaks += 500 }), true},
		{"far off", Analytics, analytics(func(*stats.Analytics) {}), analytics(func(a *stats.Analytics) { a.UniqueLeaks += 5000 }), false},
		{"small numbers are exact", Analytics, analytics(func(a *stats.Analytics) { a.UniqueSources = 1000 }), analytics(func(a *stats.Analytics) { a.UniqueSources = 1001 }), false},
		{"counts", Analytics, analytics(func(*stats.Analytics) {}), analytics(func(a *stats.Analytics) { a.LeaksByType[0].Count++ }), false},
	} {
		err := Same(&Query{Name: c.name, Kind: c.kind}, c.ours, c.theirs)
		if (err == nil) != c.same {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What is read of a facts file is what was written.
func TestFactsComeBack(t *testing.T) {
	c := corpus.New(3, 500)
	path := filepath.Join(t.TempDir(), "facts")
	if err := WriteFacts(path, path+".jsonl", c); err != nil {
		t.Fatal(err)
	}
	norm := newNormaliser()
	n := 0
	for got, err := range Facts(path) {
		if err != nil {
			t.Fatal(err)
		}
		var want Row
		rec := c.Record(int64(n))
		norm.row(&want, uint32(n), &rec)
		if *got != want {
			t.Fatalf("row %d is %+v, want %+v", n, *got, want)
		}
		n++
	}
	if n != 500 {
		t.Errorf("%d rows", n)
	}
}

// Damaged rows are an error, never a panic.
func TestReadFactDamaged(t *testing.T) {
	norm := newNormaliser()
	var r, back Row
	rec := corpus.New(3, 10).Record(4)
	norm.row(&r, 4, &rec)
	whole := AppendFact(nil, &r)
	for i := range whole {
		if err := ReadFact(string(whole[:i]), &back); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a row", i, len(whole))
		}
	}
	for i := factsFixed; i < len(whole); i++ {
		b := append([]byte(nil), whole...)
		b[i] ^= 0xff
		_ = ReadFact(string(b), &back) // may be a row or not
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{"": "", "abc": "****", "abcd": "a****d", "Grüße": "G****e", "ßxxß": "ß****ß"} {
		if got := mask(in); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
}
