package intake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// A Summary is what an ingest has done: files read to their end, files skipped
// because their content was ingested before, and counts of records. A victim's
// log in a folder counts as one, files that are passed over as none.
type Summary struct {
	Files         int                          `json:"files"`
	SkippedFiles  int                          `json:"skipped_files"`
	PartialFiles  int                          `json:"partial_files"` // archives of which something stays encrypted, or beyond a limit
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

func (s *Summary) add(r leaks.IngestResult) {
	s.Read += r.Read
	s.Ingested += r.Ingested
	s.Rejected += r.Rejected
	for reason, n := range r.Reasons {
		s.RejectReasons[reason] += n
	}
}

// SetSeconds says how long it took, to the microsecond.
func (s *Summary) SetSeconds(ingest, merge time.Duration) {
	s.Seconds = ingest.Round(time.Microsecond).Seconds()
	s.MergeSeconds = merge.Round(time.Microsecond).Seconds()
}

// NewSummary returns that of nothing.
func NewSummary() Summary {
	return Summary{RejectReasons: map[leaks.RejectReason]int64{}, Damaged: map[formats.Trouble]int64{}}
}

// An Observer follows a job. All but Read is called by one goroutine at a time.
type Observer interface {
	Begin(i int, u Unit)  // the unit i is under way
	End(u Unit)           //
	Describe(what string) // what is being done, and to what
	Read(n int)           // so many bytes were read
	Record()              // one more record was
	Count(n int64)        // so many records were, in all
	Counted() int64       // how many that were
	// Say tells something in one line: what could not be read, or was refused.
	Say(line string)
	// Rejected tells how many records of a unit were refused.
	Rejected(u Unit, result leaks.IngestResult)
}

// A Job ingests units. It is for one goroutine.
type Job struct {
	Store    *leaks.Store
	In       *Reader
	Opts     leaks.IngestOptions
	Dataset  string // credentials, documents or cards
	Observer Observer
	Sum      Summary
	// PastLimits goes on behind what is over one of the limits of archives, and
	// never comes back for it. Otherwise an archive is ingested as far as that,
	// and goes on from there when it comes again with a higher limit.
	PastLimits bool
	Failed     bool // something that was asked for is missing

	cards  []leaks.CardRecord // of the unit under way
	locked bool               // the unit has something encrypted
	found  bool               // the unit has anything to be read
	again  bool               // the unit is read a second time
	past   bool               // the unit is read past limits
	said   map[string]bool    // damages of the unit
}

// Plan lists the units of all paths. Those that cannot be listed are told and
// passed over; the error is that of ctx.
func (j *Job) Plan(ctx context.Context, paths []string) (units []Unit, err error) {
	for _, path := range paths {
		more, err := j.In.units(ctx, path)
		switch {
		case ctx.Err() != nil:
			return units, ctx.Err()
		case err != nil:
			j.Failed = true
			j.sayPath(path, err)
		default:
			units = append(units, more...)
		}
	}
	return units, nil
}

// Run ingests one unit after the other. What cannot be ingested is told, and the
// others go on; but not when ctx ends, or every further one would fail alike:
// that is the error, of the unit at.
func (j *Job) Run(ctx context.Context, units []Unit) (at Unit, err error) {
	j.In.Damage = j.damage
	for i, u := range units {
		j.Observer.Begin(i, u)
		err := j.unit(ctx, u)
		j.Observer.End(u)
		if err == nil {
			continue
		}
		j.Failed = true
		if ctx.Err() != nil {
			return u, ctx.Err()
		}
		if errors.As(err, new(*leaks.ParamError)) {
			return u, err
		}
		j.sayPath(u.Path, err)
		if errors.Is(err, leaks.ErrNoSpace) || errors.Is(err, leaks.ErrCorrupt) || errors.Is(err, leaks.ErrClosed) {
			return u, err
		}
	}
	if s := &j.Sum; !j.Failed && s.Files+s.SkippedFiles+s.PartialFiles == 0 {
		j.say("nothing to ingest was found")
	}
	return Unit{}, nil
}

func (j *Job) say(format string, args ...any) { j.Observer.Say(fmt.Sprintf(format, args...)) }

// sayPath tells what went wrong with a path, naming it once.
func (j *Job) sayPath(path string, err error) {
	if !strings.Contains(err.Error(), path) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	j.say("%s", err)
}

// errOver ends a unit at what is over a limit that can be raised.
var errOver = errors.New("over a limit")

// damage says what of a unit could not be read. The unit goes on, unless it is to
// be read on from there with a higher limit.
func (j *Job) damage(d *formats.Damage) error {
	if text := d.Error(); j.again && j.said[text] {
		return nil
	} else if len(j.said) < maxSaid {
		j.said[text] = true
	}
	j.Sum.Damaged[d.Trouble]++
	j.locked = j.locked || d.Trouble == formats.TroubleEncrypted
	// Links and odd names are told, but nothing that was asked for is missing.
	j.Failed = j.Failed || d.Trouble != formats.TroublePath && d.Trouble != formats.TroubleSpecial
	j.say("%s", d)
	if d.Limit != "" && !j.past {
		return errOver
	}
	return nil
}

// maxSaid bounds how many damages of a unit are remembered.
const maxSaid = 10_000

// errLocked ends a unit without anything that could be decrypted, so that it
// does not count as ingested.
var errLocked = errors.New("nothing could be decrypted")

// unit ingests one unit and adds it to the summary.
func (j *Job) unit(ctx context.Context, u Unit) error {
	opts := j.Opts
	j.locked, j.found, j.cards, j.said = false, false, nil, map[string]bool{}
	j.past = j.PastLimits || !u.isFile() // what is not recognised cannot go on
	j.In.Options.OnRead = nil            // hashing shows no progress of its own
	if u.isFile() {
		j.Observer.Describe("checking " + u.Path)
		id, err := j.identity(ctx, u)
		if err != nil {
			return err
		}
		// The same bytes said to come from elsewhere are another batch.
		opts.Batch = id + "/" + opts.Source
	}
	j.In.Options.OnRead = j.Observer.Read
	j.Observer.Describe(u.Path)
	result, err := j.take(ctx, u, &opts)
	j.Sum.add(result)
	switch {
	case errors.Is(err, errLocked):
		j.Sum.PartialFiles++
		return nil // said already
	case errors.Is(err, errPart):
		j.Sum.PartialFiles++
		j.say("%s: ingested in part: with the missing password, ingest it again and only the rest is taken", u.Path)
		return nil
	case errors.Is(err, errOver):
		j.Sum.PartialFiles++
		j.say("%s: ingested as far as that: with a higher limit, ingest it again and it goes on from there", u.Path)
		return nil
	case err != nil:
		return err
	case result.Skipped && !u.leftover:
		j.Sum.SkippedFiles++
		return nil
	case !u.leftover:
		j.Sum.Files++
	}
	if result.Rejected > 0 {
		j.Observer.Rejected(u, result)
	}
	return nil
}

// records are those of a unit; what else is in it is counted.
func (j *Job) records(ctx context.Context, u Unit) iter.Seq2[leaks.Record, error] {
	return func(yield func(leaks.Record, error) bool) {
		for item, err := range j.In.Items(ctx, u, formats.ParseOptions{}) {
			j.found = true
			switch {
			case err != nil:
				if !yield(leaks.Record{}, err) {
					return
				}
			case item.Record != nil:
				j.Observer.Record()
				if !yield(*item.Record, nil) {
					return
				}
			case item.Machine != nil:
				j.Sum.Machines++
			case item.Card != nil:
				j.Sum.Cards++
				c := item.Card
				j.cards = append(j.cards, leaks.CardRecord{
					BIN: c.BIN, Last4: c.Last4, Expiry: c.Expiry, Country: c.Country,
					Place: leaks.Place{File: item.File, Line: item.Line},
				})
			default:
				j.Sum.Cookies += item.Cookies
			}
		}
		if j.locked && !j.found && u.Path == "-" {
			yield(leaks.Record{}, errLocked)
		}
	}
}
