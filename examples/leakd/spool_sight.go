package main

import (
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// A form is what shows that a file, or anything in a folder, has changed.
type form struct {
	files int
	size  int64
	mod   int64 // the latest, in nanoseconds of Unix time
}

// A sighting is the form something had, and since when it has.
type sighting struct {
	form
	since time.Time
}

// formOf looks at a file, or at all that is in a folder.
func formOf(path string) (f form, err error) {
	err = filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			if at == path {
				return err
			}
			return nil // ingesting it will tell
		}
		info, err := e.Info()
		if err != nil {
			return nil // gone meanwhile, as the next look will see
		}
		f.files++
		if !info.IsDir() {
			f.size += info.Size()
		}
		f.mod = max(f.mod, info.ModTime().UnixNano())
		return nil
	})
	return f, err
}

// takes reports whether something may be one to ingest. Names with a dot before
// them, and those that end as downloads under way do, are not: who writes a file
// may give it such a name, and another when it is complete.
func (s *spool) takes(e fs.DirEntry) bool {
	name := e.Name()
	if !e.Type().IsRegular() && !e.IsDir() || strings.HasPrefix(name, ".") {
		return false
	}
	switch name {
	case spoolDone, spoolFailed:
		return false
	case spoolDocuments, spoolCards:
		return s.dataset != "credentials"
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".part", ".partial", ".tmp", ".crdownload":
		return false
	}
	return true
}

// sight says since when something looks as it does, and whether that is long
// enough. What has not changed for so long when it is first seen was renamed in.
func (s *spool) sight(name string, f form) (at sighting, complete bool) {
	now := s.now()
	at = sighting{f, now}
	if was, ok := s.seen[name]; ok && was.form == f {
		at.since = was.since
	} else if mod := time.Unix(0, f.mod); !ok && mod.Before(now) {
		at.since = mod
	}
	return at, now.Sub(at.since) >= s.settle
}
