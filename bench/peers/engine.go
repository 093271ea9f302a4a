package peers

import (
	"context"
	"errors"
	"time"
)

// An Engine can be loaded with rows and asked queries.
type Engine interface {
	// Name is short, unique and in lower case.
	Name() string
	// Describe returns the version and how the engine is set up, a line each.
	// Its error says why the engine cannot be run here; it matches ErrAbsent.
	Describe(ctx context.Context) (version string, setup []string, err error)
	// Load fills dir, which is empty, with the rows.
	Load(ctx context.Context, dir string, in Input) (*Loaded, error)
	// Open opens what Load made.
	Open(ctx context.Context, dir string) (Session, error)
}

// A Session answers queries. It is for one goroutine at a time.
type Session interface {
	Ask(ctx context.Context, q *Query) (*Answer, error)
	Close() error
}

// ErrAbsent: an engine is not installed, or was built without what it needs.
var ErrAbsent = errors.New("absent")

// An Input names the files of a corpus.
type Input struct {
	Rows  int64
	Facts string // for Facts
	JSON  string // the same rows as JSON lines
}

// Loaded says what a load took.
type Loaded struct {
	Stages []Stage
	// Alternatives are other ways to load that were measured as well; they
	// are in no sum.
	Alternatives []Stage
	// DiskBytes is what the engine keeps, where that is less than all files,
	// some of which it will drop by itself; 0: all files.
	DiskBytes int64
	// PeakBytes is the greatest resident memory of processes other than the
	// harness's own; 0 when there were none.
	PeakBytes int64
	// Notes are for the reader of the results.
	Notes []string
}

// A Stage is a part of a load.
type Stage struct {
	Name    string
	Seconds float64
	// Extra marks a stage that only some queries need: the index for search.
	Extra bool
	// Compaction marks a stage that no rate counts: work that an engine would
	// do in its own time, as leakscope compacts.
	Compaction bool
	Bytes      int64 // on disk after the stage, if it is known
}

// Time runs a stage and records it.
func (l *Loaded) Time(name string, stage func() error) error {
	start := time.Now()
	err := stage()
	l.Stages = append(l.Stages, Stage{Name: name, Seconds: time.Since(start).Seconds()})
	return err
}
