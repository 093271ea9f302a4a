package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakscope/leakscope/examples/internal/intake"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

type ingestCmd struct {
	intakeFlags
	Dataset    string   `enum:"credentials,documents,cards" default:"credentials" help:"What the files list: ${enum}. Documents and cards are JSONL or CSV; the cards in stealers' logs come with the credentials."`
	Source     string   `placeholder:"ID" help:"Channel or feed, for records that name none."`
	Seen       instant  `placeholder:"TIME" help:"Detection time, for records that bring none; default now."`
	Rejects    string   `placeholder:"FILE" help:"Append a JSON line (reason, file, line, detail, and the line's shape without a word of it) to FILE for each record refused."`
	Merge      bool     `default:"true" negatable:"" help:"Merge segments of like size before the end, which takes about as long again for millions of records and makes queries quicker. Without it that is left to a later ingest, compact or leakd; everything is durable and found all the same."`
	PastLimits bool     `help:"Pass over what is over a limit, for good, and go on behind it. Without it an archive is ingested as far as that, and goes on from there when it is ingested again with a higher limit."`
	Path       []string `arg:"" name:"path" help:"Files, folders and archives to ingest; - is standard input. A file whose very bytes were ingested before is skipped."`
}

// Help is the long text of leakctl ingest --help.
func (*ingestCmd) Help() string {
	return `Prints a JSON summary. An interrupted ingest keeps what was committed; the same command again goes on from there. In folders each archive and each list is recognised by its own bytes, each victim's log by those of all its files, so that of a folder that grew only what is new is ingested. What of an archive no password fits is told, and the archive not counted as ingested: give the password and ingest it again, and only what is missing is taken. An archive that is over a limit is ingested as far as that, and goes on from there with a higher one.`
}

// Run ingests one unit after the other. What cannot be ingested is reported
// and the others go on.
func (c *ingestCmd) Run(ctx context.Context, e *env) (err error) {
	in, err := c.reader(e, c.Source)
	if err != nil {
		return err
	}
	if f := in.Format; c.Dataset != "credentials" && f != formats.Auto && f != formats.JSONL && f != formats.CSV {
		return usageErrorf("--format: documents and cards are jsonl or csv")
	}
	rejects, err := intake.OpenRejects(c.Rejects)
	if err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	defer func() { err = e.after(err, rejects.Close()) }()

	store, err := e.open(true, leaks.Options{})
	if err != nil {
		return err
	}
	defer func() { err = e.after(err, store.Close()) }()

	watch := &ingestObserver{env: e}
	job := &intake.Job{
		Store: store, In: in, Dataset: c.Dataset, Observer: watch, Sum: intake.NewSummary(), PastLimits: c.PastLimits,
		Opts: leaks.IngestOptions{Source: c.Source, Seen: c.Seen.Time, Reject: rejects.Write},
	}
	start := time.Now()
	units, err := job.Plan(ctx, c.Path)
	if err != nil {
		job.Failed = true
		e.say("interrupted: nothing was ingested")
	} else {
		watch.bar = newBar(e.stderr, units)
		at, err := job.Run(ctx, units)
		watch.clear()
		if err != nil && ctx.Err() != nil {
			e.say("interrupted: what was committed is kept; run the same command again to go on%s", stdinNote(at.Path))
		} else if param, ok := errors.AsType[*leaks.ParamError](err); ok {
			return param
		}
	}
	took := time.Since(start)
	var merging time.Duration
	// This process ends before the background would merge what it brought.
	// Interrupted here, nothing is missing but that.
	if c.Merge {
		if err := store.Merge(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		merging = time.Since(start) - took
	}
	job.Sum.SetSeconds(took, merging)
	if err := e.printJSON(job.Sum); err != nil {
		return err
	}
	if job.Failed {
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

// An ingestObserver shows a bar on a terminal, and says the rest.
type ingestObserver struct {
	*env
	*bar
}

// Say prints a line, with the bar out of the way.
func (o *ingestObserver) Say(line string) {
	o.clear()
	o.say("%s", line)
}

// Rejected says how much of a unit was refused, and why.
func (o *ingestObserver) Rejected(u intake.Unit, result leaks.IngestResult) {
	o.Say(fmt.Sprintf("%s: %s of %s records rejected (%s)", u.Path, number(result.Rejected), number(result.Read), reasons(result.Reasons)))
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
