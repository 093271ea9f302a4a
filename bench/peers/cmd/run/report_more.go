package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
)

// runsOf says how often something was timed, and between which seconds it took.
func runsOf(all []float64) string {
	if len(all) == 0 {
		return "once"
	}
	return fmt.Sprintf("median of %d: %.1f to %.1f", len(all), slices.Min(all), slices.Max(all))
}

// writeOurs: what only leakscope is measured at.
func (r *results) writeOurs(b *strings.Builder) {
	o := r.ours.Ours
	b.WriteString("### leakscope alone\n\n")
	fmt.Fprintf(b, "- JSONL of %s MB (%.0f bytes a record) in %.1f s (%s); `url:user:pass` of %s MB in %.1f s (%s), peak %s MiB.\n",
		number(o.FileBytes/1e6), float64(o.FileBytes)/float64(r.c.n), loadSeconds(r.ours, false), runsOf(o.JSONLRuns), number(o.ULPBytes/1e6), o.ULPSeconds, runsOf(o.ULPRuns), number(o.ULPPeak>>20))
	fmt.Fprintf(b, "- As ingested: %d segments, %.1f bytes/record. Compacted in %.1f s (peak %s MiB): %d segments, %.1f bytes/record.\n",
		o.Segments, float64(o.Disk)/float64(r.c.n), o.Compact, number(o.CompactPeak>>20), o.SegmentsCompact, float64(r.ours.Disk)/float64(r.c.n))
	fmt.Fprintf(b, "- A walk of the whole store in order: %s credentials in %.2f s, %s/s.\n\n", number(o.Walked), o.WalkSeconds, whole(float64(o.Walked)/o.WalkSeconds))
	b.WriteString("| query, ms | before compaction: median / p99 / first | compacted: median / p99 / first |\n|---|---|---|\n")
	for _, q := range r.w.Queries {
		x, y := timing(o.Uncompacted, q.Name), timing(r.ours.Queries, q.Name)
		fmt.Fprintf(b, "| %s | %s / %s / %s | %s / %s / %s |\n", q.Title,
			significant(x.Median), significant(x.P99), significant(x.First), significant(y.Median), significant(y.P99), significant(y.First))
	}
	fmt.Fprintf(b, "\nWhile half as many records more are ingested of the same corpus, 35 %% of them repeats as everywhere, %s records/s, and merging runs, up to %d segments (bar: at most 3 times the quiet median). The queries are asked in turn, both times; one asked again and again, quiet, as above, finds the processor's caches filled with what it needs. The first places of a large domain that several segments share are kept until something is published, so the median is of those kept, and the tail of those found:\n\n", whole(o.BesideRate), o.BesideSegments)
	b.WriteString("| query | again and again, quiet | in turn, quiet | in turn beside the ingest | p99 | ratio of the two in turn | runs |\n|---|---|---|---|---|---|---|\n")
	for _, q := range o.Beside {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %.1f | %d |\n", q.Name, significant(q.Again), significant(q.Quiet), significant(q.Busy), significant(q.P99), q.Busy/q.Quiet, q.Runs)
	}
	b.WriteString("\n")
}

// writeScale: how cost grows.
func (r *results) writeScale(b *strings.Builder) {
	if len(r.scale) == 0 {
		return
	}
	b.WriteString("### How cost grows\n\nThe same queries about a domain of the same size, asked of the three stores in turn; by-hash and user: of 64 records from all over the corpus, filtered: in 16 windows of time. Bars: within 1.5 times of each other, ingest at the largest at least 80 % of that at the smallest, memory constant.\n\n| |")
	for _, p := range r.scale {
		fmt.Fprintf(b, " %s records |", number(p.N))
	}
	b.WriteString(" largest / smallest |\n|---|" + strings.Repeat("---|", len(r.scale)+1) + "\n")
	// of, where it means something, gives the figure whose greatest and least
	// are compared.
	line := func(title string, show func(p *scalePoint) string, of func(p *scalePoint) float64) {
		fmt.Fprintf(b, "| %s |", title)
		least, most := math.Inf(1), 0.0
		for i := range r.scale {
			fmt.Fprintf(b, " %s |", show(&r.scale[i]))
			if of != nil {
				least, most = min(least, of(&r.scale[i])), max(most, of(&r.scale[i]))
			}
		}
		if of == nil || least == 0 {
			b.WriteString(" |\n")
			return
		}
		fmt.Fprintf(b, " %.2f |\n", most/least)
	}
	line("ingest, records/s", func(p *scalePoint) string { return whole(float64(p.N) / p.Seconds) },
		func(p *scalePoint) float64 { return float64(p.N) / p.Seconds })
	line("its peak memory, MiB", func(p *scalePoint) string { return number(p.Peak >> 20) },
		func(p *scalePoint) float64 { return float64(p.Peak) })
	line("compaction, s (peak MiB)", func(p *scalePoint) string { return fmt.Sprintf("%.1f (%d)", p.Compact, p.CompactPeak>>20) }, nil)
	line("disk, bytes/record", func(p *scalePoint) string { return fmt.Sprintf("%.1f", float64(p.Disk)/float64(p.N)) },
		func(p *scalePoint) float64 { return float64(p.Disk) / float64(p.N) })
	line("segments, before / after compaction", func(p *scalePoint) string { return fmt.Sprintf("%d / %d", p.Segments, p.SegmentsCompact) }, nil)
	line("rows of the domain", func(p *scalePoint) string { return number(int64(p.DomainRows)) }, nil)
	line("open to first answer, ms", func(p *scalePoint) string { return significant(p.Open) }, func(p *scalePoint) float64 { return p.Open })
	for i, t := range r.scale[0].After {
		line(t.Name+", before / after compaction, ms", func(p *scalePoint) string {
			return significant(p.Before[i].Median) + " / " + significant(p.After[i].Median)
		}, func(p *scalePoint) float64 { return p.After[i].Median })
	}
	b.WriteString("\n")
}

// writeLoads: what the peers' loads are made of.
func (r *results) writeLoads(b *strings.Builder) {
	b.WriteString("### What the peers' loads took\n\n| | stage | s | records/s | bytes/record after it |\n|---|---|---|---|---|\n")
	n := float64(r.c.n)
	for _, f := range r.peers {
		for _, s := range f.Load.Stages {
			name, size := s.Name, "–"
			if s.Extra {
				name += " (for search only)"
			}
			if s.Compaction {
				name += " (in no rate)"
			}
			if s.Bytes > 0 {
				size = significant(float64(s.Bytes) / n)
			}
			fmt.Fprintf(b, "| %s | %s | %.1f | %s | %s |\n", f.Engine, name, s.Seconds, whole(n/s.Seconds), size)
		}
		for _, s := range f.Load.Alternatives {
			fmt.Fprintf(b, "| %s | instead: %s | %.1f | %s | – |\n", f.Engine, s.Name, s.Seconds, whole(n/s.Seconds))
		}
	}
	b.WriteString("\n")
}

// writeSetup: versions, settings and the machine.
func (r *results) writeSetup(b *strings.Builder) {
	b.WriteString("### Set-up\n\n")
	fmt.Fprintf(b, "%s; %s; %s\n\n", machine(), runtime.Version(), r.ours.Version)
	for _, f := range append([]*Figures{r.ours}, r.peers...) {
		fmt.Fprintf(b, "- **%s** (%s, %s)\n", f.Engine, f.Version, f.When.Format("2006-01-02 15:04"))
		for _, s := range append(f.Setup, f.Load.Notes...) {
			fmt.Fprintf(b, "  - %s\n", s)
		}
	}
	fmt.Fprintf(b, "\nAt most %d runs of a query, fewer when they take longer than %s together, at least 3, but once only where one takes longer than that; of fewer than 100 runs the 99th percentile is the slowest.\n", r.c.effort.Runs, r.c.effort.Budget)
}

// machine describes where this ran.
func machine() string {
	s := fmt.Sprintf("%d CPUs", runtime.NumCPU())
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				s += " (" + strings.TrimSpace(value) + ")"
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int64
		if _, err := fmt.Sscanf(string(b), "MemTotal: %d kB", &kib); err == nil {
			s += fmt.Sprintf(", %.0f GiB", float64(kib)/(1<<20))
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		s += ", Linux " + strings.TrimSpace(string(b))
	}
	return s
}
