package index

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// A textForm makes writers of one form.
type textForm func(sink codec.ChunkSink, least uint32, shift int) textFormWriter

type textFormWriter interface {
	Add(s []byte, shared int)
	Finish() error
}

var textForms = map[string]textForm{
	"lists": func(sink codec.ChunkSink, least uint32, shift int) textFormWriter {
		return NewTextWriter(sink, least, shift)
	},
	"signs": func(sink codec.ChunkSink, least uint32, shift int) textFormWriter {
		return NewTextSigner(sink, least, shift)
	},
}

// eachForm yields the forms, always in one order: what is random stays the same.
func eachForm(yield func(name string, form textForm) bool) {
	for _, name := range []string{"lists", "signs"} {
		if !yield(name, textForms[name]) {
			return
		}
	}
}

// buildText writes an index in form of blocks of 1<<shift strings, and opens it.
func buildText(t testing.TB, form textForm, strs []string, shift int) (*Text, *codec.MemChunks) {
	t.Helper()
	chunks := new(codec.MemChunks)
	w := form(chunks, 0, shift)
	before := ""
	for _, s := range strs {
		w.Add([]byte(s), commonPrefix([]byte(before), []byte(s)))
		before = s
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	x, err := OpenText(chunks, uint32(len(strs)))
	if err != nil {
		t.Fatal(err)
	}
	return x, chunks
}

// nasty makes strings where folding, borders of runes and lengths matter.
func nasty(rng *rand.Rand, n int) []string {
	atoms := []string{"a", "A", "b", "ab", "s", "S", "ſ", "k", "K", "\u212a", "é", "É", "ß", "ẞ", "ж", "Ж", "Σ", "σ", "ς", "İ", "ı", "i", "\xc5", "\xbf", "\xe2\x84", "\xaa", "\xff", "\x00", "@", ".", "-", "_", "1", "9", "日", "本", "/", ":", "Ω", "Ω", "ǅ", "\U00010400", "\U00010428"}
	out := make([]string, n)
	for i := range out {
		var b strings.Builder
		for range rng.IntN(8) {
			b.WriteString(atoms[rng.IntN(len(atoms))])
		}
		out[i] = b.String()
	}
	slices.Sort(out)
	return out
}

// needles takes pieces of the strings, of either case, and some that are in
// none.
func needles(rng *rand.Rand, strs []string, n int) []string {
	out := []string{"", "a", "ab", "sk", "ſs", "kkk", "\u212a", "\u212a\u212a", "日本", "\xff\xff\xff", "zzzz", strings.Repeat("long", 300), strings.Repeat("longer", 20)}
	for range n {
		s := strs[rng.IntN(len(strs))]
		from := rng.IntN(len(s) + 1)
		s = s[from : from+rng.IntN(min(len(s)-from, 9)+1)]
		switch rng.IntN(4) {
		case 0:
			s = strings.ToUpper(s)
		case 1:
			s = Fold(s)
		case 2:
			s += string(byte(rng.IntN(256)))
		}
		out = append(out, s)
	}
	return out
}

// manyStrings makes strings enough for several parts.
func manyStrings(rng *rand.Rand, n int) []string {
	out := make([]string, n)
	for i := range out {
		b := make([]byte, 4+rng.IntN(20))
		for j := range b {
			b[j] = "abcdefghijklmnopqrstuvwxyz0123456789.-_"[rng.IntN(39)]
		}
		out[i] = string(b)
	}
	return out
}

func TestSearchTextIsSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	mixed, _ := corpus(rng, 9000)
	for name, strs := range map[string][]string{
		"none": nil, "one": {"École"}, "nasty": nasty(rng, 7000), "names": benchStrings(40_000), "mixed": append(nasty(rng, 1500), mixed...),
		"parts": manyStrings(rng, 250_000),
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := buildDict(t, strs)
			folded := make([]string, len(strs))
			for i, s := range strs {
				folded[i] = Fold(s)
			}
			var texts []*Text
			for form, write := range eachForm {
				shift := 3 + rng.IntN(9) // all sizes, and one beyond them each way
				if name == "parts" && form == "signs" {
					shift = textLeastShift
				}
				x, chunks := buildText(t, write, strs, shift)
				texts = append(texts, x)
				if name == "parts" && (len(*chunks) < 3 || form == "lists" && len(x.parts) < 2) {
					t.Fatalf("%s: %d chunks, %d parts", form, len(*chunks), len(x.parts))
				}
			}
			tries := 150
			if len(strs) > 100_000 {
				tries = 40
			}
			for _, needle := range needles(rng, append(strs, "filler"), tries) {
				m := NewMatcher(needle)
				lo := rng.IntN(len(strs) + 1)
				hi := lo + rng.IntN(len(strs)-lo+1)
				if rng.IntN(2) == 0 {
					lo, hi = 0, len(strs)
				}
				for _, x := range texts {
					checkSearchText(t, d, x, folded, lo, hi, m)
				}
			}
		})
	}
}

// TestTextEdges: the first and last strings of blocks and chunks are found, whatever
// number of strings there are, and however many are held back at first; what is in
// one string only leads to few others.
func TestTextEdges(t *testing.T) {
	for form, write := range eachForm {
		const chunk = textSignBlocks << textLeastShift
		for _, n := range []int{1, 2, 15, 16, 17, 1023, 1024, 1025, chunk - 1, chunk, chunk + 1, 2 * chunk, 5*chunk/2 + 7} {
			for _, least := range []uint32{0, uint32(n), chunk + 1, 2*chunk + 1} {
				strs := make([]string, n)
				for i := range strs {
					strs[i] = fmt.Sprintf("é%05x", i*40503%(1<<20))
				}
				chunks := new(codec.MemChunks)
				w := write(chunks, least, textLeastShift)
				for i, s := range strs {
					shared := 0
					if i > 0 {
						shared = commonPrefix([]byte(strs[i-1]), []byte(s))
					}
					w.Add([]byte(s), shared)
				}
				if err := w.Finish(); err != nil {
					t.Fatal(err)
				}
				x, err := OpenText(chunks, uint32(n))
				if err != nil || (x == nil) != (uint32(n) < least) {
					t.Fatalf("%s of %d strings, %d at least: %v, %v", form, n, least, x, err)
				}
				if x != nil {
					checkEdges(t, form, x, strs)
				}
			}
		}
	}
}

func checkEdges(t *testing.T, form string, x *Text, strs []string) {
	t.Helper()
	looked, asked := uint32(0), 0
	for i := 0; i < len(strs); i++ {
		if j := i % 1024; len(strs) > 100 && j > 16 && j < 1000 {
			continue
		}
		// The narrowest range, and all.
		for _, r := range [][2]int{{i, i + 1}, {0, len(strs)}, {max(0, i-20), min(len(strs), i+20)}} {
			found, n := false, uint32(0)
			used, err := x.Candidates(uint32(r[0]), uint32(r[1]), NewMatcher(strings.ToUpper(strs[i])), func(from, to uint32) bool {
				found = found || from <= uint32(i) && uint32(i) < to
				n += to - from
				return true
			})
			if !used || err != nil || !found {
				t.Fatalf("%s of %d strings: string %d is not found from %d to %d: %v, %v", form, len(strs), i, r[0], r[1], used, err)
			}
			if r[1]-r[0] == len(strs) {
				looked += n
				asked++
			}
		}
	}
	if len(strs) > 1000 && int(looked)/asked > len(strs)/20 {
		t.Errorf("%s of %d strings: one leads to %d on average", form, len(strs), int(looked)/asked)
	}
}

func checkSearchText(t *testing.T, d *Dict, x *Text, folded []string, lo, hi int, m *Matcher) {
	t.Helper()
	var want []uint32
	for i := lo; i < hi; i++ {
		if strings.Contains(folded[i], string(m.needle)) {
			want = append(want, uint32(i))
		}
	}
	// The ranges: apart, ascending, within, and all matches in them.
	next, i := uint32(lo), 0
	first := true
	used, err := x.Candidates(uint32(lo), uint32(hi), m, func(from, to uint32) bool {
		if from >= to || from < next || !first && from == next || to > uint32(hi) {
			t.Fatalf("needle %q in %d..%d: range %d..%d after %d", m.needle, lo, hi, from, to, next)
		}
		if i < len(want) && want[i] < from {
			t.Fatalf("needle %q in %d..%d: %d is missed", m.needle, lo, hi, want[i])
		}
		for i < len(want) && want[i] < to {
			i++
		}
		next, first = to, false
		return true
	})
	if err != nil || used != (x != nil && len(m.needle) >= 3) || used && i != len(want) {
		t.Fatalf("needle %q in %d..%d: %d of %d in candidates; used %v, %v", m.needle, lo, hi, i, len(want), used, err)
	}
	c := d.Cursor()
	var got []uint32
	c.SearchText(x, uint32(lo), uint32(hi), m, func(ord uint32) bool { got = append(got, ord); return true })
	if !slices.Equal(got, want) || c.Err() != nil {
		t.Fatalf("needle %q in %d..%d: %d matches, want %d (%v)", m.needle, lo, hi, len(got), len(want), c.Err())
	}
	if len(want) > 1 {
		n := 0
		c.SearchText(x, uint32(lo), uint32(hi), m, func(uint32) bool { n++; return n < 2 })
		if n != 2 {
			t.Fatalf("needle %q: stopped after %d", m.needle, n)
		}
	}
}

func TestTextList(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 1))
	for range 20_000 {
		blocks := uint32(1 + rng.IntN(1<<rng.IntN(17)))
		blocks = min(blocks, textPartBlocks)
		set := map[uint16]bool{}
		for range 1 + rng.IntN(1<<rng.IntN(9)) {
			b := uint16(rng.IntN(int(blocks)))
			if rng.IntN(3) == 0 { // clusters leave long gaps
				b %= 64
				b = uint16(min(uint32(b), blocks-1))
			}
			set[b] = true
		}
		var list []uint16
		for b := range set {
			list = append(list, b)
		}
		slices.Sort(list)
		stored := appendList(nil, list, blocks)
		got, ok := decodeList(nil, stored, blocks)
		if !ok || len(got) != len(list) {
			t.Fatalf("%d of %d: %v, %d back", len(list), blocks, ok, len(got))
		}
		for i, b := range list {
			if got[i] != uint32(b) {
				t.Fatalf("number %d of %d: %d, want %d", i, len(list), got[i], b)
			}
		}
		if _, ok := decodeList(nil, stored, uint32(list[len(list)-1])); ok {
			t.Fatal("a number beyond the blocks passes")
		}
	}
}

func TestTranspose(t *testing.T) {
	rng := rand.New(rand.NewPCG(24, 1))
	var m [64]uint64
	for i := range m {
		m[i] = rng.Uint64()
	}
	got := m
	transpose(&got)
	for i := range m {
		for j := range m {
			if got[i]>>j&1 != m[j]>>i&1 {
				t.Fatalf("bit %d of word %d", j, i)
			}
		}
	}
}

// TestTextWritesNothing: small dictionaries pay nothing.
func TestTextWritesNothing(t *testing.T) {
	for form, write := range eachForm {
		for n, want := range map[int]bool{0: false, 99: false, 100: true} {
			chunks := new(codec.MemChunks)
			w := write(chunks, 100, 7)
			for range n {
				w.Add([]byte("name"), 0)
			}
			if err := w.Finish(); err != nil || (len(*chunks) > 0) != want {
				t.Fatalf("%s of %d strings: %d chunks, %v", form, n, len(*chunks), err)
			}
			x, err := OpenText(chunks, uint32(n))
			if err != nil || (x != nil) != want {
				t.Fatalf("%s of %d strings: %v, %v", form, n, x, err)
			}
		}
	}
}

func TestTextRefusals(t *testing.T) {
	for form, write := range eachForm {
		t.Run(form, func(t *testing.T) { testTextRefusals(t, write) })
	}
}

func testTextRefusals(t *testing.T, write textForm) {
	x, chunks := buildText(t, write, benchStrings(3000), 7)
	d, _ := buildDict(t, benchStrings(3000))
	m := NewMatcher("anna")
	for _, r := range [][2]uint32{{2, 1}, {0, 3001}} {
		if _, err := x.Candidates(r[0], r[1], m, nil); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("range %v: %v", r, err)
		}
	}
	for _, n := range []uint32{0, 2999, 3001, 1<<32 - 1} {
		if _, err := OpenText(chunks, n); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%d strings: %v", n, err)
		}
	}
	sink := errSink{errors.New("full")}
	w := write(sink, 0, 7)
	for range 5 {
		w.Add([]byte("abcdef"), 0)
	}
	if err := w.Finish(); !errors.Is(err, sink.err) {
		t.Errorf("sink's error: %v", err)
	}
	// An index that fails fails the search.
	(*chunks)[0] = []byte{0xff}
	c := d.Cursor()
	c.SearchText(x, 0, 3000, m, func(uint32) bool { return true })
	if !errors.Is(c.Err(), codec.ErrCorrupt) {
		t.Errorf("damage: %v", c.Err())
	}
}

type errSink struct{ err error }

func (s errSink) WriteChunk([]byte) error { return s.err }

// exerciseText asks an index whose bytes nobody vouches for.
func exerciseText(x *Text, needle string) error {
	last := uint32(0)
	_, err := x.Candidates(0, x.n, NewMatcher(needle), func(from, to uint32) bool {
		if from < last || to <= from || to > x.n {
			panic(fmt.Sprint("range ", from, to, last))
		}
		last = to
		return true
	})
	return err
}

func TestTextDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 1))
	strs := append(nasty(rng, 700), benchStrings(5000)...)
	words := needles(rng, strs, 50)
	for form, write := range eachForm {
		_, chunks := buildText(t, write, strs, 4)
		for range 4000 {
			bad := make(codec.MemChunks, len(*chunks))
			for i, b := range *chunks {
				bad[i] = slices.Clone(b)
			}
			i := rng.IntN(len(bad))
			at := rng.IntN(len(bad[i]))
			cut := rng.IntN(3) == 0
			if cut {
				bad[i] = bad[i][:at]
			} else {
				bad[i][at] = byte(rng.IntN(256))
			}
			x, err := OpenText(&bad, uint32(len(strs)))
			for k := 0; k < 10 && err == nil; k++ {
				err = exerciseText(x, words[rng.IntN(len(words))])
			}
			if err != nil && !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(err)
			}
			if cut && form == "signs" && err == nil {
				if err = exerciseText(x, "anna"); !errors.Is(err, codec.ErrCorrupt) {
					t.Fatalf("chunk %d cut at %d passes: %v", i, at, err)
				}
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, write := range eachForm {
		_, chunks := buildText(f, write, []string{"alpha.example", "alpine.example", "beta.example"}, 7)
		f.Add((*chunks)[0], (*chunks)[1], uint32(3), "alp")
	}
	f.Add([]byte{}, []byte{1, 0, 0, 0}, uint32(0), "xyz")
	f.Add(make([]byte, textSignBits*8), []byte{3, 0, 1, 33, 4}, uint32(33), "xyz")
	f.Fuzz(func(t *testing.T, chunk, dir []byte, n uint32, needle string) {
		bad := codec.MemChunks{chunk, dir}
		x, err := OpenText(&bad, n)
		if err == nil {
			err = exerciseText(x, needle)
		}
		if err != nil && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

// FuzzTextSearch: whatever the strings and the needle, the index misses
// nothing.
func FuzzTextSearch(f *testing.F) {
	f.Add("Straſse\n\u212aelvin\nabc", "SSE")
	f.Add("a\xe2\x84\xaab\nxyz", "akb")
	f.Fuzz(func(t *testing.T, text, needle string) {
		strs := strings.Split(text, "\n")
		for _, s := range strs {
			if len(s) > MaxString {
				return
			}
		}
		d, _ := buildDict(t, strs)
		folded := make([]string, len(strs))
		for i, s := range strs {
			folded[i] = Fold(s)
		}
		for _, write := range eachForm {
			x, _ := buildText(t, write, strs, 4)
			checkSearchText(t, d, x, folded, 0, len(strs), NewMatcher(needle))
		}
	})
}
