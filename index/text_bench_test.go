package index

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/leakscope/leakscope/internal/codec"
)

// textNames makes n distinct logins: syllables, so that trigrams are as many
// and as uneven as in real ones, sorted below some mail domains.
func textNames(n int) [][]byte {
	rng := rand.New(rand.NewPCG(31, 4))
	syllables := strings.Fields("an na ma ri ka ro ber to li sa da vid mo ham med jo han ne pe ter al ex lu cas em il mar co ste fan ol ga i van wei xia chen ni ko las the o do ra fer di nand gon za lez mül ler schmi dt wang kim lee pa tel sing gar cia ro dri guez smi th john son bro wn da vies wil son tay lor jack white har ris cla rk lew is")
	out := make([][]byte, 0, n)
	for len(out) < n {
		group := map[string]bool{}
		for range min(1+int(rng.ExpFloat64()*20_000), n-len(out)) {
			var b strings.Builder
			for range 2 + rng.IntN(3) {
				b.WriteString(syllables[rng.IntN(len(syllables))])
			}
			b.WriteString([]string{"", ".", "_", "-"}[rng.IntN(4)])
			b.WriteString(syllables[rng.IntN(len(syllables))])
			if rng.IntN(3) > 0 {
				fmt.Fprint(&b, rng.IntN(10_000))
			}
			group[b.String()] = true
		}
		from := len(out)
		for s := range group {
			out = append(out, []byte(s))
		}
		slices.SortFunc(out[from:], slices.Compare)
	}
	return out
}

// textSets are the strings of LEAKSCOPE_TEXT, files with one a line, or made
// ones.
func textSets(b *testing.B) (names []string, sets [][][]byte) {
	paths := strings.Fields(os.Getenv("LEAKSCOPE_TEXT"))
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			b.Fatal(err)
		}
		var set [][]byte
		for line := range strings.Lines(string(data)) {
			set = append(set, []byte(strings.TrimSuffix(line, "\n")))
		}
		names, sets = append(names, p[strings.LastIndexByte(p, '/')+1:]), append(sets, set)
	}
	if len(paths) == 0 {
		benchDict(b)
		var hosts [][]byte
		for _, h := range benchData.hosts {
			hosts = append(hosts, []byte(h))
		}
		names, sets = []string{"users", "hosts"}, [][][]byte{textNames(2_000_000), hosts}
	}
	return names, sets
}

// cpuTime returns the processor time of the process: what counts where others
// run, too.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkTextWrite(b *testing.B) {
	names, sets := textSets(b)
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	for i, set := range sets {
		for _, form := range benchForms {
			b.Run(fmt.Sprintf("%s/%s-%d", names[i], form.name, form.shift), func(b *testing.B) {
				var chunks codec.MemChunks
				b.ReportAllocs()
				began := cpuTime(b)
				for b.Loop() {
					chunks = nil
					w := textForms[form.name](&chunks, 0, form.shift)
					var before []byte
					for _, s := range set {
						w.Add(s, commonPrefix(before, s))
						before = s
					}
					if err := w.Finish(); err != nil {
						b.Fatal(err)
					}
				}
				report(b, b.N*len(set))
				b.ReportMetric(float64(cpuTime(b)-began)/float64(b.N*len(set)), "cpu-ns/string")
				raw, stored := 0, 0
				for _, c := range chunks {
					raw += len(c)
					stored += min(len(c), len(enc.EncodeAll(c, nil)))
				}
				b.ReportMetric(float64(raw)/float64(len(set)), "rawB/string")
				b.ReportMetric(float64(stored)/float64(len(set)), "zstdB/string")
			})
		}
	}
}

// benchForms are the forms of text indexes with sizes of blocks.
var benchForms = []struct {
	name  string
	shift int
}{{"lists", 7}, {"signs", 4}, {"signs", 5}}

func BenchmarkTextSearch(b *testing.B) {
	names, sets := textSets(b)
	for i, set := range sets {
		strs := make([]string, len(set))
		for j, s := range set {
			strs[j] = string(s)
		}
		d, _ := buildDict(b, strs)
		rng := rand.New(rand.NewPCG(32, 1))
		words := []string{"zzqx", "login", "maria", "dupo7"}
		for _, n := range []int{3, 4, 5, 6, 8} {
			s := strs[rng.IntN(len(strs))]
			for len(s) < n {
				s = strs[rng.IntN(len(strs))]
			}
			words = append(words, s[len(s)-n:])
		}
		for _, needle := range words {
			m := NewMatcher(needle)
			for _, form := range benchForms {
				x, _ := buildText(b, textForms[form.name], strs, form.shift)
				b.Run(fmt.Sprintf("%s/%s/%s-%d", names[i], needle, form.name, form.shift), func(b *testing.B) {
					c := d.Cursor()
					hits, looked := 0, 0
					for b.Loop() {
						c.SearchText(x, 0, d.Len(), m, func(uint32) bool { hits++; return true })
					}
					if c.Err() != nil {
						b.Fatal(c.Err())
					}
					x.Candidates(0, d.Len(), m, func(from, to uint32) bool { looked += int(to - from); return true })
					b.ReportMetric(float64(hits)/float64(b.N), "hits")
					b.ReportMetric(float64(looked)/float64(len(strs)), "looked")
				})
			}
		}
	}
}
