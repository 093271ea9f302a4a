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
	"time"

	"github.com/leakscope/leakscope/examples/internal/intake"
	"github.com/leakscope/leakscope/examples/internal/storekey"
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
	dir     string
	dataset string // credentials, documents or cards
	store   *leaks.Store
	log     *slog.Logger
	meter   *meter // may be nil
	source  string // of records that name none
	// passwords is a file with what encrypted archives are tried with; empty: none.
	passwords string
	settle    time.Duration // how long it must not have changed
	now       func() time.Time
	seen      map[string]sighting
}

// The folders of a spool, which are no part of what is ingested. Those of the data
// sets are spools themselves.
const (
	spoolDone      = "done"
	spoolFailed    = "failed"
	spoolDocuments = "documents"
	spoolCards     = "cards"
)

// openSpools makes what is missing of a spool. The first is that of credentials;
// the others lie in it.
func (o *options) openSpools(s *leaks.Store, log *slog.Logger, m *meter) (spools []*spool, err error) {
	for _, sub := range []struct{ dir, dataset string }{
		{"", "credentials"}, {spoolDocuments, "documents"}, {spoolCards, "cards"},
	} {
		dir := filepath.Join(o.Spool, sub.dir)
		for _, end := range []string{spoolDone, spoolFailed} {
			if err := os.MkdirAll(filepath.Join(dir, end), 0o700); err != nil {
				return nil, fmt.Errorf("--spool: %w", err)
			}
		}
		spools = append(spools, &spool{
			dir: dir, dataset: sub.dataset, store: s, log: log, meter: m, source: o.SpoolSource, passwords: o.SpoolPasswords,
			settle: o.SpoolSettle, now: time.Now, seen: map[string]sighting{},
		})
	}
	return spools, nil
}

// checkSpool refuses a spool that would take what must stay: it moves all that it
// finds, the files of a store included.
func (o *options) checkSpool() error {
	// Whatever is wrong with the key, where it is is known, or else opening says it.
	key, _ := storekey.Find(o.Store, o.KeyFile, false)
	for _, c := range []struct{ dir, path, msg string }{
		{o.Store, o.Spool, "lies inside the store, whose files it would take"},
		{o.Spool, o.Store, "has the store in it, which it would take"},
		{o.Spool, key.File, "has the store's key in it, which it would take"},
		{o.Spool, o.SpoolPasswords, "has the passwords in it, which it would take"},
		{o.Spool, o.TLSCert, "has the certificate in it, which it would take"},
		{o.Spool, o.TLSKey, "has the certificate's key in it, which it would take"},
	} {
		if c.path == "" {
			continue
		}
		inside, err := storekey.Inside(c.dir, c.path)
		if err != nil {
			return fmt.Errorf("--spool: %w", err)
		}
		if inside {
			return fmt.Errorf("--spool: %s %s", o.Spool, c.msg)
		}
	}
	// It is read again for each file; that it is there is seen now.
	if _, err := intake.Passwords(o.SpoolPasswords); err != nil {
		return fmt.Errorf("--spool-passwords: %w", err)
	}
	return nil
}

// spooling is what looks at spools for a server.
func (o *options) spooling(spools []*spool) func(context.Context) {
	return func(ctx context.Context) {
		tick := time.NewTicker(o.SpoolInterval)
		defer tick.Stop()
		for {
			for _, s := range spools {
				if err := s.look(ctx); err != nil && ctx.Err() == nil {
					s.log.Error("spool", "dataset", s.dataset, "error", err)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
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
		if !s.takes(e) {
			continue
		}
		form, err := formOf(filepath.Join(s.dir, e.Name()))
		if err != nil {
			continue // gone meanwhile
		}
		at, complete := s.sight(e.Name(), form)
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

// volumes are the names of the files that a file is one archive with; itself alone,
// if it is none in several, or a folder.
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
	Dataset  string     `json:"dataset"`
	Finished leaks.Time `json:"finished"`
	intake.Summary
	// Notes are what could not be read, Rejects the records that were refused, by
	// their places; the first 1,000 of each.
	Notes   []string            `json:"notes"`
	Rejects []intake.RejectLine `json:"rejects"`
}

// maxNotes bounds a report.
const maxNotes = 1000

// take ingests one file or folder and moves it. The log has its name and numbers;
// what is told of its content is in the report.
func (s *spool) take(ctx context.Context, name string) error {
	path := filepath.Join(s.dir, name)
	list := s.volumes(name)
	passwords, err := intake.Passwords(s.passwords) // again each time: it may have more by now
	if err != nil {
		return err
	}
	notes := &spoolNotes{list: []string{}, rejects: []intake.RejectLine{}}
	job := &intake.Job{
		Store: s.store, Dataset: s.dataset, Observer: notes, Sum: intake.NewSummary(),
		PastLimits: true, // nobody is there to raise one
		In:         &intake.Reader{Format: formats.Auto, Source: s.source, Options: archives.Options{Skip: formats.Grabbed, Passwords: passwords}},
		Opts:       leaks.IngestOptions{Source: s.source, Reject: notes.reject},
	}
	start := s.now()
	units, err := job.Plan(ctx, []string{path})
	if err == nil {
		_, err = job.Run(ctx, units)
	}
	if err != nil {
		return err // it stays, and is taken up again
	}
	// What came meanwhile was perhaps not seen: whoever wrote it must look.
	if form, err := formOf(path); err != nil || form != s.seen[name].form {
		job.Failed = true
		notes.Say(path + ": it changed while it was ingested: put it here again when it is complete")
	}
	job.Sum.SetSeconds(s.now().Sub(start), 0)
	report := &spoolReport{File: name, Dataset: s.dataset, Finished: leaks.Time{Time: s.now()}, Summary: job.Sum, Notes: notes.list, Rejects: notes.rejects}
	to := spoolDone
	if job.Failed || job.Sum.PartialFiles > 0 || job.Sum.Rejected > 0 && job.Sum.Rejected == job.Sum.Read {
		to = spoolFailed
	}
	s.log.Info("spool", "dataset", s.dataset, "file", name, "to", to, "read", job.Sum.Read, "ingested", job.Sum.Ingested,
		"rejected", job.Sum.Rejected, "known", job.Sum.SkippedFiles, "notes", len(report.Notes))
	s.meter.spooled(s.dataset, to, &job.Sum)
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
type spoolNotes struct {
	list    []string
	rejects []intake.RejectLine
}

func (n *spoolNotes) reject(r *leaks.Reject) {
	if len(n.rejects) < maxNotes {
		n.rejects = append(n.rejects, intake.LineOf(r))
	}
}

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
