package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

type ingestCmd struct {
	intakeFlags
	Dataset string   `enum:"credentials,documents,cards" default:"credentials" help:"What the files list: ${enum}. Documents and cards are JSONL or CSV; the cards in stealers' logs come with the credentials."`
	Source  string   `placeholder:"ID" help:"Channel or feed, for records that name none."`
	Seen    instant  `placeholder:"TIME" help:"Detection time, for records that bring none; default now."`
	Rejects string   `placeholder:"FILE" help:"Append a JSON line (reason, file, line, detail, and the line's shape without a word of it) to FILE for each record refused."`
	Merge   bool     `default:"true" negatable:"" help:"Merge segments of like size before the end, which takes about as long again for millions of records and makes queries quicker. Without it that is left to a later ingest, compact or leakd; everything is durable and found all the same."`
	Path    []string `arg:"" name:"path" help:"Files, folders and archives to ingest; - is standard input. A file whose very bytes were ingested before is skipped."`
}

// Help is the long text of leakctl ingest --help.
func (*ingestCmd) Help() string {
	return `Prints a JSON summary. An interrupted ingest keeps what was committed; the same command again goes on from there. In folders each archive and each list is recognised by its own bytes, each victim's log by those of all its files, so that of a folder that grew only what is new is ingested. What of an archive no password fits is told, and the archive not counted as ingested: give the password and ingest it again, and only what is missing is taken.`
}

// summary is what an ingest prints: files read to their end, files skipped
// because their content was ingested before, and counts of records. A victim's
// log in a folder counts as one, files that are passed over as none.
type summary struct {
	Files         int                          `json:"files"`
	SkippedFiles  int                          `json:"skipped_files"`
	PartialFiles  int                          `json:"partial_files"` // archives with files that stay encrypted
	Read          int64                        `json:"read"`
	Ingested      int64                        `json:"ingested"`
	Rejected      int64                        `json:"rejected"`
	RejectReasons map[leaks.RejectReason]int64 `json:"reject_reasons"`
	Machines      int64                        `json:"machines"` // without a credential
	Cards         int64                        `json:"cards"`
	Cookies       int64                        `json:"cookies"`
	Damaged       map[formats.Trouble]int64    `json:"damaged"`       // what could not be read
	Seconds       float64                      `json:"seconds"`       // until all was durable and found
	MergeSeconds  float64                      `json:"merge_seconds"` // what merging took after that
}

func (s *summary) add(r leaks.IngestResult) {
	s.Read += r.Read
	s.Ingested += r.Ingested
	s.Rejected += r.Rejected
	for reason, n := range r.Reasons {
		s.RejectReasons[reason] += n
	}
}

// Run ingests one unit after the other. What cannot be ingested is reported
// and the others go on.
func (c *ingestCmd) Run(ctx context.Context, e *env) (err error) {
	in, err := c.intake(e, c.Source)
	if err != nil {
		return err
	}
	if f := in.format; c.Dataset != "credentials" && f != formats.Auto && f != formats.JSONL && f != formats.CSV {
		return usageErrorf("--format: documents and cards are jsonl or csv")
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
		env: e, store: store, in: in, dataset: c.Dataset,
		opts: leaks.IngestOptions{Source: c.Source, Seen: c.Seen.Time, Reject: rejects.write},
		sum:  summary{RejectReasons: map[leaks.RejectReason]int64{}, Damaged: map[formats.Trouble]int64{}},
	}
	in.damage = job.damage
	start := time.Now()
	job.plan(ctx, c.Path)
	for i, u := range job.units {
		job.bar.begin(i, u)
		err := job.unit(ctx, u)
		job.bar.end(u)
		if err == nil {
			continue
		}
		job.failed = true
		job.bar.clear()
		if ctx.Err() != nil {
			e.say("interrupted: what was committed is kept; run the same command again to go on%s", stdinNote(u.path))
			break
		}
		job.sayPathError(u.path, err)
		if errors.Is(err, leaks.ErrNoSpace) || errors.Is(err, leaks.ErrCorrupt) {
			break // every further file would fail alike
		}
	}
	job.bar.clear()
	job.sum.Seconds = time.Since(start).Seconds()
	// This process ends before the background would merge what it brought.
	// Interrupted here, nothing is missing but that.
	if c.Merge {
		if err := store.Merge(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		job.sum.MergeSeconds = time.Since(start).Seconds() - job.sum.Seconds
	}
	if err := e.printJSON(job.sum); err != nil {
		return err
	}
	if job.failed {
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

// ingestJob is the state shared by the units of one command.
type ingestJob struct {
	*env
	store *leaks.Store
	in    *intake
	opts  leaks.IngestOptions
	units []unit

	dataset string
	cards   []leaks.CardRecord // of the unit under way
	bar     *bar
	sum     summary
	failed  bool
	locked  bool            // the unit has something encrypted
	found   bool            // the unit has anything to be read
	again   bool            // the unit is read a second time
	said    map[string]bool // damages of the unit
}

// plan lists the units of all paths.
func (j *ingestJob) plan(ctx context.Context, paths []string) {
	for _, path := range paths {
		units, err := j.in.units(ctx, path)
		if err != nil {
			j.failed = true
			if ctx.Err() != nil {
				j.say("interrupted: nothing was ingested")
				return
			}
			j.sayPathError(path, err)
			continue
		}
		j.units = append(j.units, units...)
	}
	j.bar = newBar(j.stderr, j.units)
	j.in.options.OnRead = j.bar.read
}

// damage says what of a unit could not be read. The unit goes on.
func (j *ingestJob) damage(d *formats.Damage) {
	if text := d.Error(); j.again && j.said[text] {
		return
	} else if len(j.said) < maxSaid {
		j.said[text] = true
	}
	j.sum.Damaged[d.Trouble]++
	j.locked = j.locked || d.Trouble == formats.TroubleEncrypted
	// Links and odd names are told, but nothing that was asked for is missing.
	j.failed = j.failed || d.Trouble != formats.TroublePath && d.Trouble != formats.TroubleSpecial
	j.bar.clear()
	j.sayError(d)
}

// maxSaid bounds how many damages of a unit are remembered.
const maxSaid = 10_000

// errLocked ends a unit without anything that could be decrypted, so that it
// does not count as ingested.
var errLocked = errors.New("nothing could be decrypted")

// unit ingests one unit and adds it to the summary.
func (j *ingestJob) unit(ctx context.Context, u unit) error {
	opts := j.opts
	j.locked, j.found, j.cards, j.said = false, false, nil, map[string]bool{}
	j.in.options.OnRead = nil // hashing shows no progress of its own
	if u.isFile() {
		j.bar.describe("checking " + u.path)
		id, err := j.identity(ctx, u)
		if err != nil {
			return err
		}
		// The same bytes said to come from elsewhere are another batch.
		opts.Batch = id + "/" + opts.Source
	}
	j.in.options.OnRead = j.bar.read
	j.bar.describe(u.path)
	result, err := j.take(ctx, u, &opts)
	j.sum.add(result)
	switch {
	case errors.Is(err, errLocked):
		j.sum.PartialFiles++
		return nil // said already
	case errors.Is(err, errPart):
		j.sum.PartialFiles++
		j.bar.clear()
		j.say("%s: ingested in part: with the missing password, ingest it again and only the rest is taken", u.path)
		return nil
	case err != nil:
		return err
	case result.Skipped && !u.leftover:
		j.sum.SkippedFiles++
		return nil
	case !u.leftover:
		j.sum.Files++
	}
	if result.Rejected > 0 {
		j.bar.clear()
		j.say("%s: %s of %s records rejected (%s)", u.path, number(result.Rejected), number(result.Read), reasons(result.Reasons))
	}
	return nil
}

// records are those of a unit; what else is in it is counted.
func (j *ingestJob) records(ctx context.Context, u unit) iter.Seq2[leaks.Record, error] {
	return func(yield func(leaks.Record, error) bool) {
		for item, err := range j.in.items(ctx, u, formats.ParseOptions{}) {
			j.found = true
			switch {
			case err != nil:
				if !yield(leaks.Record{}, err) {
					return
				}
			case item.Record != nil:
				j.bar.record()
				if !yield(*item.Record, nil) {
					return
				}
			case item.Machine != nil:
				j.sum.Machines++
			case item.Card != nil:
				j.sum.Cards++
				c := item.Card
				j.cards = append(j.cards, leaks.CardRecord{
					BIN: c.BIN, Last4: c.Last4, Expiry: c.Expiry, Country: c.Country,
					Place: leaks.Place{File: item.File, Line: item.Line},
				})
			default:
				j.sum.Cookies += item.Cookies
			}
		}
		if j.locked && !j.found && u.path == "-" {
			yield(leaks.Record{}, errLocked)
		}
	}
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
