package index

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// corpus makes groups of sorted strings, of several shapes, some of them long.
func corpus(rng *rand.Rand, n int) (strs []string, starts []uint32) {
	for len(strs) < n {
		starts = append(starts, uint32(len(strs)))
		set := map[string]bool{}
		for range 1 + rng.IntN(200) {
			switch rng.IntN(20) {
			case 0:
				set[""] = true
			case 1:
				set[strings.Repeat("x", rng.IntN(600))+fmt.Sprint(rng.IntN(9))] = true
			case 2:
				set[string([]byte{byte(rng.IntN(256)), byte(rng.IntN(256)), 0})] = true
			default:
				set[fmt.Sprintf("user%d.name%d@mail%d.example", rng.IntN(50), rng.IntN(1000), rng.IntN(3))] = true
			}
		}
		if rng.IntN(10) == 0 {
			set[strings.Repeat("long", 5000+rng.IntN(11000))] = true
		}
		group := make([]string, 0, len(set))
		for s := range set {
			group = append(group, s)
		}
		slices.Sort(group)
		strs = append(strs, group...)
	}
	return strs, append(starts, uint32(len(strs)))
}

func buildDict(t testing.TB, strs []string) (*Dict, *codec.MemChunks) {
	t.Helper()
	chunks := new(codec.MemChunks)
	w := NewDictWriter(chunks)
	for i, s := range strs {
		if got := w.Add([]byte(s)); got != uint32(i) {
			t.Fatalf("ordinal %d, want %d", got, i)
		}
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDict(chunks, uint32(len(strs)))
	if err != nil {
		t.Fatal(err)
	}
	return d, chunks
}

// TestDictAddKept: strings that stay only until the next one has been added make the
// same dictionary as any others, also in turn with those.
func TestDictAddKept(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 2))
		strs, _ := corpus(rng, []int{1, 16, 17, 33, 5000, 20000}[seed])
		_, want := buildDict(t, strs)
		got := new(codec.MemChunks)
		w := NewDictWriter(got)
		var bufs [2][]byte
		before := ""
		for i, s := range strs {
			b := append(bufs[i&1][:0], s...)
			bufs[i&1] = b
			add := w.AddKept
			if seed&1 == 1 && rng.IntN(2) == 0 {
				add = w.Add
			}
			ord := add(b)
			if ord != uint32(i) || w.Shared() != commonPrefix([]byte(before), []byte(s)) {
				t.Fatalf("string %d: ordinal %d, %d bytes shared", i, ord, w.Shared())
			}
			before = s
			clear(bufs[1-i&1]) // the one before may go
		}
		if err := w.Finish(); err != nil || !slices.EqualFunc(*got, *want, bytes.Equal) {
			t.Fatalf("seed %d: other chunks, %v", seed, err)
		}
	}
}

func TestDictHoldsWhatWasAdded(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 1))
		strs, starts := corpus(rng, []int{0, 1, 15, 17, 5000, 20000}[seed])
		d, _ := buildDict(t, strs)
		c := d.Cursor()
		for ord := range strs {
			if got := c.At(uint32(ord)); string(got) != strs[ord] {
				t.Fatalf("seed %d: string %d differs", seed, ord)
			}
		}
		for range 5000 {
			if len(strs) == 0 {
				break
			}
			ord := rng.IntN(len(strs))
			if got := c.At(uint32(ord)); string(got) != strs[ord] {
				t.Fatalf("seed %d: string %d differs at random", seed, ord)
			}
			if rng.IntN(3) == 0 { // the place left behind by a search must not matter
				g := rng.IntN(len(starts) - 1)
				c.Find(starts[g], starts[g+1], []byte("user"))
			}
		}
		for range 200 {
			lo := rng.IntN(len(strs) + 1)
			hi := lo + rng.IntN(len(strs)-lo+1)
			stop := lo + rng.IntN(hi-lo+1)
			want := lo
			c.Scan(uint32(lo), uint32(hi), func(ord uint32, s []byte) bool {
				if int(ord) != want || string(s) != strs[want] {
					t.Fatalf("seed %d: scan gives %d for %d", seed, ord, want)
				}
				want++
				return int(ord) != stop
			})
			if want != min(stop+1, hi) {
				t.Fatalf("seed %d: scan of %d to %d stopped at %d", seed, lo, hi, want)
			}
		}
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
	}
}

func TestDictFindIsBinarySearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	strs, starts := corpus(rng, 30000)
	// One range long enough for several chunks, with prefixes longer than a separator.
	lo := len(strs)
	for i := range 20000 {
		strs = append(strs, strings.Repeat("p", 300)+fmt.Sprintf("%06d", i*3))
	}
	starts = append(starts, uint32(len(strs)))
	d, _ := buildDict(t, strs)
	c := d.Cursor()
	check := func(lo, hi int, key string) {
		t.Helper()
		want, found := slices.BinarySearch(strs[lo:hi], key)
		ord, ok := c.Find(uint32(lo), uint32(hi), []byte(key))
		if int(ord) != lo+want || ok != found {
			t.Fatalf("Find in %d..%d gives %d %v, want %d %v", lo, hi, ord, ok, lo+want, found)
		}
	}
	for range 40000 {
		g := rng.IntN(len(starts) - 1)
		a, b := int(starts[g]), int(starts[g+1])
		if rng.IntN(4) == 0 {
			a, b = lo, len(strs)
		}
		a += rng.IntN(b - a + 1)
		b = a + rng.IntN(b-a+1)
		key := []byte(strs[rng.IntN(len(strs))])
		if b > a && rng.IntN(3) > 0 {
			key = []byte(strs[a+rng.IntN(b-a)])
		}
		switch rng.IntN(4) {
		case 0:
			key = append(key, byte(rng.IntN(256)))
		case 1:
			key = key[:rng.IntN(len(key)+1)]
		case 2:
			if len(key) > 0 {
				key[rng.IntN(len(key))]++
			}
		}
		check(a, b, string(key))
		if b > a && rng.IntN(2) == 0 {
			ord := a + rng.IntN(b-a)
			if got := c.At(uint32(ord)); string(got) != strs[ord] {
				t.Fatalf("string %d differs after Find", ord)
			}
		}
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
}

func TestDictSearchIsScanAndMatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	strs, _ := corpus(rng, 20000)
	strs = append(strs, "ſtraße", "ÉCOLE.example", "\u212aelvin", "école", "abc\xff\xc5")
	d, _ := buildDict(t, strs)
	c := d.Cursor()
	for _, needle := range []string{"", "u", "user1", "NAME12", "x0", "longl", "é", "Straß", "kel", "École", "@mail2.ex", "nothing", "\xff", "\x00", "example", "user49.name999@mail2.example"} {
		m := NewMatcher(needle)
		for range 10 {
			lo := rng.IntN(len(strs) + 1)
			hi := lo + rng.IntN(len(strs)-lo+1)
			if rng.IntN(3) == 0 {
				lo, hi = 0, len(strs)
			}
			var want, got []uint32
			for i := lo; i < hi; i++ {
				if strings.Contains(Fold(strs[i]), Fold(needle)) {
					want = append(want, uint32(i))
				}
			}
			c.Search(uint32(lo), uint32(hi), m, func(ord uint32) bool { got = append(got, ord); return true })
			if !slices.Equal(got, want) {
				t.Fatalf("needle %q in %d..%d: %d matches, want %d", needle, lo, hi, len(got), len(want))
			}
			if len(want) > 1 {
				n := 0
				c.Search(uint32(lo), uint32(hi), m, func(uint32) bool { n++; return n < 2 })
				if n != 2 {
					t.Fatalf("needle %q: stopped after %d", needle, n)
				}
			}
		}
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
}

func TestDictRefusals(t *testing.T) {
	w := NewDictWriter(new(codec.MemChunks))
	w.Add(make([]byte, MaxString))
	w.Add(make([]byte, MaxString+1))
	if err := w.Finish(); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long a string: %v", err)
	}
	d, chunks := buildDict(t, []string{"a", "b", "c"})
	for _, misuse := range []func(*DictCursor){
		func(c *DictCursor) { c.At(3) },
		func(c *DictCursor) { c.Find(0, 4, []byte("x")) },
		func(c *DictCursor) { c.Scan(2, 1, func(uint32, []byte) bool { return true }) },
		func(c *DictCursor) { c.Search(1, 9, NewMatcher("x"), func(uint32) bool { return true }) },
	} {
		c := d.Cursor()
		c.At(1)
		misuse(c)
		if !errors.Is(c.Err(), codec.ErrCorrupt) {
			t.Errorf("misuse: %v", c.Err())
		}
		if c.At(0) != nil {
			t.Error("an answer after an error")
		}
		if ord, ok := c.Find(0, 2, []byte("b")); ok || ord != 0 {
			t.Error("an answer after an error")
		}
	}
	for _, n := range []uint32{0, 2, 4} {
		if _, err := OpenDict(chunks, n); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("3 strings opened as %d: %v", n, err)
		}
	}
	if _, err := OpenDict(new(codec.MemChunks), 1); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("nothing opened as 1: %v", err)
	}
	if d, err := OpenDict(new(codec.MemChunks), 0); err != nil || d.Len() != 0 {
		t.Errorf("nothing opened as 0: %v", err)
	}
	if c, err := OpenDict((*codec.MemChunks)(&[][]byte{(*chunks)[1]}), 3); err == nil {
		t.Errorf("directory without its chunk opened: %v", c)
	}
}

// exercise asks everything of a dictionary whose bytes nobody vouches for.
func exercise(d *Dict, key []byte) error {
	n := d.Len()
	var errs []error
	run := func(fn func(c *DictCursor)) {
		c := d.Cursor()
		fn(c)
		errs = append(errs, c.Err())
	}
	for ord := uint32(0); ord < n; ord += 1 + n/64 {
		run(func(c *DictCursor) { c.At(ord) })
	}
	run(func(c *DictCursor) { c.Find(0, n, key) })
	run(func(c *DictCursor) { c.Find(n/3, n, key) })
	run(func(c *DictCursor) {
		c.Scan(0, n, func(_ uint32, s []byte) bool { return len(s) <= MaxString })
	})
	run(func(c *DictCursor) { c.Search(0, n, NewMatcher("name"), func(uint32) bool { return true }) })
	return errors.Join(errs...)
}

func TestDictDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	strs, _ := corpus(rng, 3000)
	_, chunks := buildDict(t, strs)
	for range 4000 {
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
				at = rng.IntN(min(len(bad[i]), 2000)) // where the lengths are
			}
			bad[i][at] = byte(rng.IntN(256))
		}
		d, err := OpenDict(&bad, uint32(len(strs)))
		if err == nil {
			err = exercise(d, []byte("user1.name500"))
		}
		if err != nil && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
	}
}

func FuzzDict(f *testing.F) {
	_, chunks := buildDict(f, []string{"alpha.example", "alpine.example", "beta.example", strings.Repeat("z", 300)})
	f.Add((*chunks)[0], (*chunks)[1], uint16(4), []byte("alpha"))
	f.Add([]byte{}, []byte{1, 0, 0, 0}, uint16(0), []byte{})
	f.Fuzz(func(t *testing.T, chunk, dir []byte, n uint16, key []byte) {
		d, err := OpenDict(&codec.MemChunks{chunk, dir}, uint32(n))
		if err == nil {
			err = exercise(d, key)
		}
		if err != nil && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

func FuzzDictRoundTrip(f *testing.F) {
	f.Add([]byte("b\na\nab\nabc"), []byte("ab"))
	f.Fuzz(func(t *testing.T, text, key []byte) {
		parts := bytes.Split(text, []byte("\n"))
		strs := make([]string, len(parts))
		for i, p := range parts {
			strs[i] = string(p)
		}
		slices.Sort(strs)
		strs = slices.Compact(strs)
		for i, s := range strs {
			if len(s) > MaxString {
				strs[i] = s[:MaxString]
			}
		}
		d, _ := buildDict(t, strs)
		c := d.Cursor()
		for i, s := range strs {
			if string(c.At(uint32(i))) != s {
				t.Fatalf("string %d differs", i)
			}
		}
		want, found := slices.BinarySearch(strs, string(key))
		if ord, ok := c.Find(0, uint32(len(strs)), key); int(ord) != want || ok != found {
			t.Fatalf("Find gives %d %v, want %d %v", ord, ok, want, found)
		}
	})
}
