package formats_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
)

// BenchmarkParse measures stealer folders of 500 victims with 100 credentials
// each, in megabytes of text a second; the archive's work is not in it.
func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"redline", "vidar", "lumma"} {
		b.Run(name, func(b *testing.B) {
			var files []memFile
			total, records := 0, 0
			for _, f := range genFamilies {
				if f.name != name {
					continue
				}
				rng := rand.New(rand.NewPCG(1, 2))
				for n := range 500 {
					m, _ := genVictim(rng, n)
					var text strings.Builder
					for i := range 100 {
						text.WriteString(f.record(genRecord{
							host: fmt.Sprintf("https://portal%d.example.com/accounts/login?id=%d", i%40, i), user: fmt.Sprintf("user.%d@example.org", n*100+i),
							pass: fmt.Sprintf("S3cret-%d!", n*100+i), soft: "Google_[Chrome]_Default",
						}))
						records++
					}
					sysFile, sys := f.system(m)
					dir := f.folder(m) + "/"
					files = append(files, memFile{Path: dir + f.creds, Text: text.String()}, memFile{Path: dir + sysFile, Text: sys})
					total += text.Len() + len(sys)
				}
			}
			b.SetBytes(int64(total))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for it, err := range formats.Parse(context.Background(), entriesOf(files), formats.ParseOptions{}) {
					if err != nil {
						b.Fatal(err)
					}
					if it.Record != nil && it.Record.ComputerName != "" {
						n++
					}
				}
				if n != records {
					b.Fatalf("%d records", n)
				}
			}
			b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
