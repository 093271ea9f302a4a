package leaks

import (
	"bytes"
	"context"
	"testing"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/segment"
)

// BenchmarkTableSearch searches the merged corpus, with the text indexes and
// without.
func BenchmarkTableSearch(b *testing.B) {
	benchRows(b)
	var tabs []*table
	for _, p := range benchTables() {
		tabs = append(tabs, p.open(b))
	}
	var buf bytes.Buffer
	sum, err := mergeTables(context.Background(), segment.NewWriter(&buf), tabs, mergeOptions{})
	if err != nil {
		b.Fatal(err)
	}
	s := stored{buf.Bytes(), sum}
	with, without := s.open(b), s.open(b)
	clear(without.texts[:])
	for _, needle := range []string{"jensen72", "7233", "maria", "rosa.z", "zoe_jensen7233@post", "3@postbox", "freemail", "qqq"} {
		m := index.NewMatcher(needle)
		for name, tab := range map[string]*table{"text": with, "plain": without} {
			b.Run("users/"+needle+"/"+name, func(b *testing.B) {
				c, hits := tab.cursor(), 0
				for b.Loop() {
					hits = 0
					c.searchUsers(m, needle, func(lo, hi uint32) bool { hits += int(hi - lo); return true })
				}
				b.ReportMetric(float64(hits), "hits")
			})
			b.Run("hosts/"+needle+"/"+name, func(b *testing.B) {
				c, hits := tab.cursor(), 0
				for b.Loop() {
					hits = 0
					c.search(dictHost, 0, tab.dictLen(dictHost), m, func(uint32) bool { hits++; return true })
				}
				b.ReportMetric(float64(hits), "hits")
			})
		}
	}
}
