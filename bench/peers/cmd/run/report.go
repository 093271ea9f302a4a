package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/engines"
)

// A results holds all figures there are of a corpus.
type results struct {
	c     *config
	w     peers.Workload
	ours  *Figures
	peers []*Figures // those that ran
	gone  []*Figures // those absent, failed or not measured
	scale []scalePoint
}

// report writes the table from the figures in the work directory.
func (c *config) report() error {
	r := &results{c: c, ours: new(Figures)}
	if err := c.load("workload", &r.w); err != nil {
		return err
	}
	if err := c.load(self, r.ours); err != nil {
		return err
	}
	for _, e := range engines.All {
		f := &Figures{Engine: e.Name()}
		err := c.load(e.Name(), f)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			f.Absent = "not measured in this run"
		case err != nil:
			return err
		case f.Absent == "" && f.Failed == "" && f.Workload != r.ours.Workload:
			f.Absent = "what it was asked is not what leakscope was asked last; measure it again"
		}
		if f.Absent != "" || f.Failed != "" {
			r.gone = append(r.gone, f)
		} else {
			r.peers = append(r.peers, f)
		}
	}
	if err := c.load("scale", &r.scale); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var b strings.Builder
	r.write(&b)
	if c.out == "" {
		_, err := io.WriteString(os.Stdout, b.String())
		return err
	}
	old, err := os.ReadFile(c.out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(c.out, []byte(between(string(old), b.String())), 0o644)
}

// The report stands between these lines of the results file; what is around
// them is written by hand.
const (
	reportBegin = "<!-- make bench N=...: begin -->"
	reportEnd   = "<!-- make bench N=...: end -->"
)

// between returns page with what stands between the two lines replaced; a page
// without them gets them at its end.
func between(page, report string) string {
	before, rest, ok := strings.Cut(page, reportBegin)
	if !ok && page != "" {
		before = strings.TrimRight(page, "\n") + "\n\n"
	}
	_, after, _ := strings.Cut(rest, reportEnd)
	return before + reportBegin + "\n" + report + reportEnd + "\n" + strings.TrimLeft(after, "\n")
}

func (r *results) write(b *strings.Builder) {
	n := number(r.c.n)
	fmt.Fprintf(b, "## Beside its peers: %s records\n\n", n)
	fmt.Fprintf(b, "Written by `make bench N=%d` (bench/peers/cmd/run); seed %d, %s.\n", r.c.n, r.c.seed, r.ours.When.Format("2006-01-02"))
	b.WriteString("Every answer of every engine was compared with leakscope's, row for row, before anything was timed.\n\n")
	for _, f := range r.gone {
		if f.Failed != "" {
			fmt.Fprintf(b, "**%s failed: %s**\n\n", f.Engine, oneLine(f.Failed))
		} else {
			fmt.Fprintf(b, "**No figures of %s: %s**\n\n", f.Engine, oneLine(f.Absent))
		}
	}
	r.writeMain(b)
	r.writeTails(b)
	r.writeOurs(b)
	r.writeScale(b)
	r.writeLoads(b)
	r.writeSetup(b)
}

// writeMain: the table of the bars.
func (r *results) writeMain(b *strings.Builder) {
	b.WriteString("| | bar | **leakscope** |")
	for _, f := range r.peers {
		fmt.Fprintf(b, " %s |", f.Engine)
	}
	b.WriteString(" ahead of the best peer |\n|---|---|---|" + strings.Repeat("---|", len(r.peers)+1) + "\n")

	row := func(title, bar string, ours float64, theirs []float64, higher bool, show func(float64) string) {
		fmt.Fprintf(b, "| %s | %s | **%s** |", title, bar, show(ours))
		best := math.NaN()
		for _, v := range theirs {
			if v == 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(b, " %s |", show(v))
			if math.IsNaN(best) || higher == (v > best) {
				best = v
			}
		}
		ratio := best / ours
		if higher {
			ratio = ours / best
		}
		if math.IsNaN(ratio) || ours == 0 {
			b.WriteString(" – |\n")
		} else {
			fmt.Fprintf(b, " %s× |\n", significant(ratio))
		}
	}
	each := func(get func(*Figures) float64) (all []float64) {
		for _, f := range r.peers {
			all = append(all, get(f))
		}
		return all
	}
	rate := func(f *Figures) float64 { return float64(f.Rows) / loadSeconds(f, false) }
	row("ingest a JSONL file, everything built, records/s ¹", "500,000", rate(r.ours), each(rate), true, whole)
	row("the same, with what search needs ²", "", rate(r.ours), each(func(f *Figures) float64 { return float64(f.Rows) / loadSeconds(f, true) }), true, whole)
	row("ingest a `url:user:pass` file, lines/s", "1,000,000", float64(r.c.n)/r.ours.Ours.ULPSeconds, each(func(*Figures) float64 { return 0 }), true, whole)
	disk := func(f *Figures) float64 { return float64(f.Disk) / float64(f.Rows) }
	row("disk after compaction, bytes/record", "70", disk(r.ours), each(disk), false, significant)
	peak := func(f *Figures) float64 { return float64(f.Peak) / (1 << 20) }
	row("peak memory of the ingest, MiB", "512", peak(r.ours), each(peak), false, whole)
	for i, q := range r.w.Queries {
		bar := ""
		if q.Bar > 0 {
			bar = significant(q.Bar)
		}
		title := fmt.Sprintf("%s (%s found), ms", q.Title, number(int64(r.w.Answers[i].Found())))
		get := func(f *Figures) float64 { return timing(f.Queries, q.Name).Median }
		row(title, bar, get(r.ours), each(get), false, significant)
		if q.Kept {
			first := func(f *Figures) float64 { return timing(f.Queries, q.Name).First }
			row("– asked for the first time, ms ³", bar, first(r.ours), each(first), false, significant)
		}
	}
	open := func(f *Figures) float64 { return f.Open }
	row("open a closed store to first answer, page cache warm, ms", "50", r.ours.Open, each(open), false, significant)
	b.WriteString("\nMedians. ¹ Peers read rows that are already normalised, masked and hashed. ² leakscope needs nothing more. ³ Of a session just opened: leakscope keeps such answers until the next ingest.\n\n")
}

// writeTails: 99th percentiles, and the first time a query is asked.
func (r *results) writeTails(b *strings.Builder) {
	fmt.Fprintf(b, "### Tails, and questions asked for the first time\n\nMedian / 99th percentile / median of the first question to a session just opened, which no kept answer can serve; ms. Where a query was run fewer than %d times, how often.\n\n| | leakscope |", r.c.effort.Runs)
	all := append([]*Figures{r.ours}, r.peers...)
	for _, f := range r.peers {
		fmt.Fprintf(b, " %s |", f.Engine)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(all)) + "\n")
	for _, q := range r.w.Queries {
		fmt.Fprintf(b, "| %s |", q.Title)
		for _, f := range all {
			t := timing(f.Queries, q.Name)
			fmt.Fprintf(b, " %s / %s / %s", significant(t.Median), significant(t.P99), significant(t.First))
			if t.Runs < r.c.effort.Runs {
				fmt.Fprintf(b, " (%d×)", t.Runs)
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

func loadSeconds(f *Figures, extra bool) (sum float64) {
	for _, s := range f.Load.Stages {
		if !s.Compaction && (extra || !s.Extra) {
			sum += s.Seconds
		}
	}
	return sum
}

func timing(all []peers.Timing, name string) peers.Timing {
	for _, t := range all {
		if t.Name == name {
			return t
		}
	}
	return peers.Timing{}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func whole(v float64) string { return number(int64(math.Round(v))) }

// significant writes two or three digits that mean something.
func significant(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v >= 100:
		return whole(v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// number writes thousands apart.
func number(v int64) string {
	s := fmt.Sprint(v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
