package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

type ingestCmd struct {
	Format  string   `enum:"auto,jsonl,ulp,combo" default:"auto" help:"What the files hold: ${enum}."`
	Source  string   `placeholder:"ID" help:"Channel or feed, for records that name none."`
	Seen    instant  `placeholder:"TIME" help:"Detection time, for records that bring none; default now."`
	Rejects string   `placeholder:"FILE" help:"Append a JSON line (reason, file, line, detail) to FILE for each record refused."`
	Path    []string `arg:"" name:"path" help:"Files to ingest; - is standard input. A file whose very bytes were ingested before is skipped."`
}

// Help is the long text of leakctl ingest --help.
func (*ingestCmd) Help() string {
	return `Prints a JSON summary. An interrupted ingest keeps what was committed; the same command again goes on from there.`
}

// summary is what an ingest prints: files read to their end, files skipped
// because their content was ingested before, and counts of records.
type summary struct {
	Files         int                          `json:"files"`
	SkippedFiles  int                          `json:"skipped_files"`
	Read          int64                        `json:"read"`
	Ingested      int64                        `json:"ingested"`
	Rejected      int64                        `json:"rejected"`
	RejectReasons map[leaks.RejectReason]int64 `json:"reject_reasons"`
	Seconds       float64                      `json:"seconds"`
}

func (s *summary) add(r leaks.IngestResult) {
	s.Read += r.Read
	s.Ingested += r.Ingested
	s.Rejected += r.Rejected
	for reason, n := range r.Reasons {
		s.RejectReasons[reason] += n
	}
}

// Run ingests one file after the other. A file that cannot be ingested is
// reported and the others go on.
func (c *ingestCmd) Run(ctx context.Context, e *env) (err error) {
	format, err := formats.ParseFormat(c.Format)
	if err != nil {
		return usageErrorf("--format: %v", err)
	}
	rejects, err := openRejects(c.Rejects)
	if err != nil {
		return err
	}
	defer func() { err = e.after(err, rejects.close()) }()

	store, err := e.open(true, leaks.Options{})
	if err != nil {
		return err
	}
	defer func() { err = e.after(err, store.Close()) }()

	job := &ingestJob{
		env: e, store: store, format: format,
		opts: leaks.IngestOptions{Source: c.Source, Seen: c.Seen.Time, Reject: rejects.write},
		bar:  newBar(e.stderr, c.Path),
		sum:  summary{RejectReasons: map[leaks.RejectReason]int64{}},
	}
	start := time.Now()
	failed := false
	for _, path := range c.Path {
		err := job.file(ctx, path)
		if err == nil {
			continue
		}
		failed = true
		job.bar.clear()
		if ctx.Err() != nil {
			e.say("interrupted: what was committed is kept; run the same command again to go on%s", stdinNote(path))
			break
		}
		if !strings.Contains(err.Error(), path) {
			err = fmt.Errorf("%s: %w", path, err)
		}
		e.sayError(err)
		if errors.Is(err, leaks.ErrNoSpace) || errors.Is(err, leaks.ErrCorrupt) {
			break // every further file would fail alike
		}
	}
	job.bar.clear()
	job.sum.Seconds = time.Since(start).Seconds()
	if err := e.printJSON(job.sum); err != nil {
		return err
	}
	if failed {
		return errReported
	}
	return nil
}

// stdinNote warns that standard input cannot be recognised when it is given
// again.
func stdinNote(path string) string {
	if path == "-" {
		return " (not for standard input: it has no identity, and would be counted again)"
	}
	return ""
}

// ingestJob is the state shared by the files of one command.
type ingestJob struct {
	*env
	store  *leaks.Store
	format formats.Format
	opts   leaks.IngestOptions
	bar    *bar
	sum    summary
}

// file ingests one file and adds it to the summary.
func (j *ingestJob) file(ctx context.Context, path string) error {
	in, err := openInput(path, j.stdin)
	if err != nil {
		return err
	}
	defer in.Close()

	opts := j.opts
	if in.file != nil {
		j.bar.describe("checking " + in.name)
		id, err := in.identity(ctx, j.format)
		if err != nil {
			return err
		}
		// The same bytes said to come from elsewhere are another batch.
		opts.Batch = id + "/" + opts.Source
	}
	j.bar.describe(in.name)
	records := formats.Read(ctx, j.bar.count(in), formats.Options{Format: j.format, File: in.name, Source: opts.Source})
	result, err := j.store.Ingest(ctx, records, &opts)
	j.sum.add(result)
	switch {
	case err != nil:
		return err
	case result.Skipped:
		j.sum.SkippedFiles++
		j.bar.skip(in.size)
		return nil
	}
	j.sum.Files++
	if result.Rejected > 0 {
		j.bar.clear()
		j.say("%s: %s of %s records rejected (%s)", in.name, number(result.Rejected), number(result.Read), reasons(result.Reasons))
	}
	return nil
}

// reasons spells counts by reason, the most frequent first.
func reasons(counts map[leaks.RejectReason]int64) string {
	names := make([]leaks.RejectReason, 0, len(counts))
	for r := range counts {
		names = append(names, r)
	}
	slices.SortFunc(names, func(a, b leaks.RejectReason) int {
		if counts[a] != counts[b] {
			return int(counts[b] - counts[a])
		}
		return strings.Compare(string(a), string(b))
	})
	parts := make([]string, len(names))
	for i, r := range names {
		parts[i] = fmt.Sprintf("%s %d", r, counts[r])
	}
	return strings.Join(parts, ", ")
}
