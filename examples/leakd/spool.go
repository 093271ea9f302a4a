package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leakscope/leakscope/examples/internal/intake"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// A spool is a folder whose files are ingested as they come: a store belongs to
// one process, so while a server runs there is no other way in. What is complete is
// ingested as leakctl ingest would, and moved to the folder done or failed within
// the spool, with a report beside it. Until it is moved it stays where it is: after
// an end in the middle it is taken up again, and what was committed is not taken
// twice.
type spool struct {
	dir    string
	store  *leaks.Store
	log    *slog.Logger
	source string // of records that name none
	// passwords is a file with what encrypted archives are tried with; empty: none.
	passwords string
	settle    time.Duration // how long a file must not have changed
	now       func() time.Time
	seen      map[string]sighting
}

// A sighting is how a file looked, and since when it has.
type sighting struct {
	size  int64
	mod   time.Time
	since time.Time
}

// The folders of a spool.
const (
	spoolDone   = "done"
	spoolFailed = "failed"
)

// openSpool makes what is missing of a spool.
func (o *options) openSpool(s *leaks.Store, log *slog.Logger) (*spool, error) {
	for _, sub := range []string{spoolDone, spoolFailed} {
		if err := os.MkdirAll(filepath.Join(o.Spool, sub), 0o700); err != nil {
			return nil, fmt.Errorf("--spool: %w", err)
		}
	}
	return &spool{
		dir: o.Spool, store: s, log: log, source: o.SpoolSource, passwords: o.SpoolPasswords,
		settle: o.SpoolSettle, now: time.Now, seen: map[string]sighting{},
	}, nil
}

// job is what run does for a server.
func (o *options) job(s *spool) func(context.Context) {
	return func(ctx context.Context) {
		tick := time.NewTicker(o.SpoolInterval)
		defer tick.Stop()
		s.run(ctx, tick.C)
	}
}

// run looks until ctx ends.
func (s *spool) run(ctx context.Context, ticks <-chan time.Time) {
	for {
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("spool", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// look ingests what is complete, in the order of names. Its error is one that
// every further file would meet.
func (s *spool) look(ctx context.Context) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	here := make(map[string]sighting, len(entries))
	var ready []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !s.takes(info) {
			continue // gone meanwhile, or none of ours
		}
		at, complete := s.sight(info)
		here[e.Name()] = at
		if complete {
			ready = append(ready, e.Name())
		}
	}
	s.seen = here
	for _, name := range ready {
		if slices.ContainsFunc(s.volumes(name), func(v string) bool { return !slices.Contains(ready, v) }) {
			continue // a volume of it is still coming
		}
		if _, err := os.Lstat(filepath.Join(s.dir, name)); errors.Is(err, fs.ErrNotExist) {
			continue // went with the first volume
		}
		if err := s.take(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// takes reports whether a file may be one to ingest. Names with a dot before
// them, and those that end as downloads under way do, are not: who writes a file
// may give it such a name, and another when it is complete.
func (s *spool) takes(info fs.FileInfo) bool {
	name := info.Name()
	if !info.Mode().IsRegular() || strings.HasPrefix(name, ".") {
		return false
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".part", ".partial", ".tmp", ".crdownload":
		return false
	}
	return true
}

// sight says since when a file looks as it does, and whether that is long enough.
// One that has not changed for so long when it is first seen was renamed in.
func (s *spool) sight(info fs.FileInfo) (at sighting, complete bool) {
	now := s.now()
	at = sighting{info.Size(), info.ModTime(), now}
	if was, ok := s.seen[info.Name()]; ok && was.size == at.size && was.mod.Equal(at.mod) {
		at.since = was.since
	} else if !ok && at.mod.Before(now) {
		at.since = at.mod
	}
	return at, now.Sub(at.since) >= s.settle
}

// volumes are the names of the files that a file is one archive with; itself alone,
// if it is none in several.
func (s *spool) volumes(name string) []string {
	list, err := archives.Volumes(filepath.Join(s.dir, name))
	if err != nil || len(list) == 0 {
		return []string{name}
	}
	for i := range list {
		list[i] = filepath.Base(list[i])
	}
	return list
}

// A spoolReport is what lies beside a file that was taken.
type spoolReport struct {
	File     string     `json:"file"`
	Finished leaks.Time `json:"finished"`
	intake.Summary
	// Notes are what could not be read, or was refused; no more than 1,000.
	Notes []string `json:"notes"`
}

// maxNotes bounds a report.
const maxNotes = 1000

// take ingests one file and moves it. The log has its name and numbers; what is
// told of its content is in the report.
func (s *spool) take(ctx context.Context, name string) error {
	path := filepath.Join(s.dir, name)
	list := s.volumes(name)
	passwords, err := intake.Passwords(s.passwords) // again each time: it may have more by now
	if err != nil {
		return err
	}
	notes := &spoolNotes{list: []string{}}
	job := &intake.Job{
		Store: s.store, Dataset: "credentials", Observer: notes, Sum: intake.NewSummary(),
		In:   &intake.Reader{Format: formats.Auto, Source: s.source, Options: archives.Options{Skip: formats.Grabbed, Passwords: passwords}},
		Opts: leaks.IngestOptions{Source: s.source},
	}
	start := s.now()
	units, err := job.Plan(ctx, []string{path})
	if err == nil {
		_, err = job.Run(ctx, units)
	}
	if err != nil {
		return err // it stays, and is taken up again
	}
	job.Sum.Seconds = s.now().Sub(start).Seconds()
	report := &spoolReport{File: name, Finished: leaks.Time{Time: s.now()}, Summary: job.Sum, Notes: notes.list}
	to := spoolDone
	if job.Failed || job.Sum.PartialFiles > 0 {
		to = spoolFailed
	}
	s.log.Info("spool", "file", name, "to", to, "read", job.Sum.Read, "ingested", job.Sum.Ingested,
		"rejected", job.Sum.Rejected, "known", job.Sum.SkippedFiles, "notes", len(report.Notes))
	return s.move(list, to, report)
}

// move puts a file and its further volumes into one of the folders. The report
// comes first: of what was moved there is one.
func (s *spool) move(names []string, to string, report *spoolReport) error {
	target := filepath.Join(s.dir, to)
	suffix := ""
	for n := 2; slices.ContainsFunc(names, func(name string) bool { return exists(filepath.Join(target, name+suffix)) }); n++ {
		suffix = fmt.Sprintf(".%d", n)
	}
	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(target, names[0]+suffix+".report.json"), append(b, '\n'), 0o600); err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(s.dir, name), filepath.Join(target, name+suffix)); err != nil {
			return err
		}
		delete(s.seen, name) // what comes by that name is another
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// A spoolNotes takes down what a job says of a file, and shows nothing.
type spoolNotes struct{ list []string }

// Say takes down a line.
func (n *spoolNotes) Say(line string) {
	if len(n.list) < maxNotes {
		n.list = append(n.list, line)
	}
}

// Rejected has nothing to add: the summary has the numbers. Nor have the others,
// which are for those who wait.
func (*spoolNotes) Rejected(intake.Unit, leaks.IngestResult) {}
func (*spoolNotes) Begin(int, intake.Unit)                   {}
func (*spoolNotes) End(intake.Unit)                          {}
func (*spoolNotes) Describe(string)                          {}
func (*spoolNotes) Read(int)                                 {}
func (*spoolNotes) Record()                                  {}
func (*spoolNotes) Count(int64)                              {}
func (*spoolNotes) Counted() int64                           { return 0 }
