package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/leakscope/leakscope/internal/codec"
)

// The benchmarks' dictionary: addresses of 40 mail domains' users, one sorted
// range, as the user dictionary of a large domain would be.
func benchStrings(n int) []string {
	rng := rand.New(rand.NewPCG(1, 2))
	first := []string{"anna", "ben", "chris", "dora", "emil", "finn", "gina", "hugo", "ines", "jonas", "kim", "lena", "maria", "nina", "omar", "paul", "rosa", "sofia", "tom", "uwe"}
	last := []string{"ahrens", "becker", "costa", "dias", "egger", "fuchs", "garcia", "huber", "ito", "jansen", "kowalski", "lopez", "moreau", "novak", "olsen", "petrov", "rossi", "silva", "tanaka", "vogel"}
	set := make(map[string]bool, n)
	for len(set) < n {
		f, l := first[rng.IntN(20)], last[rng.IntN(20)]
		switch rng.IntN(4) {
		case 0:
			set[fmt.Sprintf("%s.%s%d", f, l, rng.IntN(10000))] = true
		case 1:
			set[fmt.Sprintf("%s%s%02d", f[:1], l, rng.IntN(100000))] = true
		case 2:
			set[fmt.Sprintf("%s_%d", f, rng.IntN(1000000))] = true
		default:
			set[fmt.Sprintf("%s%d.%s", l, rng.IntN(10000), f)] = true
		}
	}
	strs := make([]string, 0, n)
	for s := range set {
		strs = append(strs, s)
	}
	slices.Sort(strs)
	return strs
}

func benchHosts(n int) []string {
	rng := rand.New(rand.NewPCG(3, 4))
	paths := []string{"login", "signin", "account/login", "users/sign_in", "auth/realms/main/login", "wp-login.php", "", "register", "portal/index.php?page=login"}
	set := make(map[string]bool, n)
	for len(set) < n {
		set[fmt.Sprintf("https://www%d.shop-%05d.example/%s", rng.IntN(3), rng.IntN(n/4), paths[rng.IntN(len(paths))])] = true
	}
	strs := make([]string, 0, n)
	for s := range set {
		strs = append(strs, s)
	}
	slices.Sort(strs)
	return strs
}

var benchData struct {
	strs, hosts []string
}

func benchDict(b *testing.B) (*Dict, []string) {
	if benchData.strs == nil {
		benchData.strs = benchStrings(500_000)
		benchData.hosts = benchHosts(200_000)
	}
	d, _ := buildDict(b, benchData.strs)
	return d, benchData.strs
}

func report(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/string")
}

func BenchmarkDictWrite(b *testing.B) {
	benchDict(b)
	for _, set := range []struct {
		name string
		strs []string
	}{{"users", benchData.strs}, {"hosts", benchData.hosts}} {
		b.Run(set.name, func(b *testing.B) {
			raw, stored, plain := 0, 0, 0
			enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
			if err != nil {
				b.Fatal(err)
			}
			bytes := make([][]byte, len(set.strs))
			for i, s := range set.strs {
				bytes[i] = []byte(s)
				plain += len(s)
			}
			var chunks codec.MemChunks
			b.ResetTimer()
			for b.Loop() {
				chunks = nil
				w := NewDictWriter(&chunks)
				for _, s := range bytes {
					w.Add(s)
				}
				if err := w.Finish(); err != nil {
					b.Fatal(err)
				}
			}
			report(b, b.N*len(set.strs))
			for _, c := range chunks {
				raw += len(c)
				stored += len(enc.EncodeAll(c, nil))
			}
			n := float64(len(set.strs))
			b.ReportMetric(float64(plain)/n, "plainB/string")
			b.ReportMetric(float64(raw)/n, "rawB/string")
			b.ReportMetric(float64(stored)/n, "zstdB/string")
		})
	}
}

func BenchmarkDictAt(b *testing.B) {
	d, strs := benchDict(b)
	rng := rand.New(rand.NewPCG(5, 6))
	ords := make([]uint32, 1<<16)
	run := func(name string, next func(i int) uint32) {
		for i := range ords {
			ords[i] = next(i)
		}
		b.Run(name, func(b *testing.B) {
			c := d.Cursor()
			i, n := 0, 0
			for b.Loop() {
				n += len(c.At(ords[i&(1<<16-1)]))
				i++
			}
			if c.Err() != nil {
				b.Fatal(c.Err())
			}
		})
	}
	run("random", func(int) uint32 { return uint32(rng.IntN(len(strs))) })
	run("chunk", func(int) uint32 { return uint32(rng.IntN(3000)) })
	run("ascending", func(i int) uint32 { return uint32(i) })
	run("ascending-gaps", func(i int) uint32 { return uint32(i * 5) })
}

func BenchmarkDictFind(b *testing.B) {
	d, strs := benchDict(b)
	rng := rand.New(rand.NewPCG(5, 6))
	keys := make([][]byte, 1<<14)
	for i := range keys {
		keys[i] = []byte(strs[rng.IntN(len(strs))])
	}
	c := d.Cursor()
	i := 0
	for b.Loop() {
		if _, ok := c.Find(0, d.Len(), keys[i&(1<<14-1)]); !ok {
			b.Fatal("not found")
		}
		i++
	}
}

func BenchmarkDictScan(b *testing.B) {
	d, _ := benchDict(b)
	c := d.Cursor()
	n := 0
	for b.Loop() {
		c.Scan(0, d.Len(), func(_ uint32, s []byte) bool { n += len(s); return true })
	}
	report(b, b.N*int(d.Len()))
}

func BenchmarkDictSearch(b *testing.B) {
	users, _ := benchDict(b)
	hosts, _ := buildDict(b, benchData.hosts)
	for _, set := range []struct {
		name   string
		d      *Dict
		needle string
	}{
		{"users/rare", users, "olsen77"}, {"users/s", users, "ss"}, {"users/none", users, "zzz"}, {"users/é", users, "é"},
		{"hosts/rare", hosts, "shop-00777"}, {"hosts/half", hosts, "LOGIN"},
	} {
		b.Run(set.name, func(b *testing.B) {
			c, m := set.d.Cursor(), NewMatcher(set.needle)
			hits := 0
			for b.Loop() {
				c.Search(0, set.d.Len(), m, func(uint32) bool { hits++; return true })
			}
			report(b, b.N*int(set.d.Len()))
			b.ReportMetric(float64(hits)/float64(b.N), "hits")
		})
		b.Run(set.name+"/match", func(b *testing.B) {
			c, m := set.d.Cursor(), NewMatcher(set.needle)
			hits := 0
			for b.Loop() {
				c.Scan(0, set.d.Len(), func(_ uint32, s []byte) bool {
					if m.Match(s) {
						hits++
					}
					return true
				})
			}
			report(b, b.N*int(set.d.Len()))
		})
	}
}

func BenchmarkMatcher(b *testing.B) {
	benchDict(b)
	var text []byte
	for _, s := range benchData.hosts[:20000] {
		text = append(text, s...)
	}
	for _, needle := range []string{"zzzz", "acme-corp", "logout", "ss99"} {
		b.Run(needle, func(b *testing.B) {
			m := NewMatcher(needle)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if m.Match(text) {
					b.Fatal("a match")
				}
			}
		})
	}
}

func BenchmarkBitmapsBuilder(b *testing.B) {
	const rows = 1 << 20
	rng := rand.New(rand.NewPCG(7, 8))
	values := make([]uint32, rows)
	for _, shape := range []struct {
		name string
		next func(i int) uint32
	}{
		{"type", func(int) uint32 { return uint32(rng.IntN(2)) }},
		{"country", func(int) uint32 { return uint32(min(rng.ExpFloat64()*20, 199)) }},
		{"runs", func(i int) uint32 { return uint32(i >> 10 & 31) }},
		{"software", func(int) uint32 { return uint32(rng.IntN(5000)) }},
	} {
		for i := range values {
			values[i] = shape.next(i)
		}
		b.Run(shape.name, func(b *testing.B) {
			var chunks codec.MemChunks
			b.ReportAllocs()
			for b.Loop() {
				chunks = chunks[:0]
				w := NewBitmapsBuilder(5000)
				for row, v := range values {
					w.Add(v, uint32(row))
				}
				if err := w.WriteTo(&chunks); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
			size := 0
			for _, c := range chunks {
				size += len(c)
			}
			b.ReportMetric(float64(size)/rows, "B/row")
		})
	}
}

func BenchmarkBitmapsGet(b *testing.B) {
	build := NewBitmapsBuilder(20)
	rng := rand.New(rand.NewPCG(7, 8))
	for row := range uint32(1 << 22) {
		build.Add(uint32(min(rng.ExpFloat64()*5, 19)), row)
	}
	chunks := new(codec.MemChunks)
	if err := build.WriteTo(chunks); err != nil {
		b.Fatal(err)
	}
	m, err := OpenBitmaps(chunks)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			m.Get(2)
		}
	})
	b.Run("range", func(b *testing.B) {
		for b.Loop() {
			m.GetRange(2, 1<<20+100, 1<<20+200_000)
		}
	})
	b.Run("append", func(b *testing.B) {
		s, _ := m.Get(2)
		var rows []uint32
		for b.Loop() {
			rows = s.Append(rows[:0], 100, 1<<22)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/row")
	})
}
