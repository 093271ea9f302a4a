package main

import (
	"encoding/json"
	"os"
	"time"

	"github.com/leakscope/leakscope/bench/peers"
)

// Figures are what was measured of one engine.
type Figures struct {
	Engine  string
	Version string
	Setup   []string
	When    time.Time
	// Absent says why the engine could not be run; Failed, why it failed.
	Absent, Failed string

	Load    peers.Loaded
	Rows    int64
	Peak    int64 // bytes: greatest resident memory of the load
	Disk    int64 // bytes of everything, in the end
	Open    float64
	Queries []peers.Timing
	// Workload is Workload.ID of what was asked.
	Workload string

	Ours *OurFigures `json:",omitempty"`
}

// OurFigures are those that only leakscope has.
type OurFigures struct {
	Segments, SegmentsCompact int
	Disk                      int64 // before compaction
	Compact                   float64
	CompactPeak               int64
	JSONLRuns, ULPRuns        []float64 // seconds of each ingest; the figures are their medians
	ULPSeconds                float64
	ULPPeak                   int64
	Uncompacted               []peers.Timing
	Beside                    []Beside
	BesideRate                float64 // records/s of the ingest beside the queries
	BesideSegments            int     // the most at a time
	Walked                    int64
	WalkSeconds               float64
	FileBytes, ULPBytes       int64
}

// Beside is a query while ingest and merging run.
type Beside struct {
	Name        string
	Again       float64 // median, ms, of the query asked again and again
	Quiet, Busy float64 // medians, ms, of all queries asked in turn
	P99         float64 // busy
	Runs        int
}

func (c *config) save(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	path := c.path("figures", name+".json")
	if err := os.WriteFile(path+".part", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

func (c *config) load(name string, v any) error {
	b, err := os.ReadFile(c.path("figures", name+".json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
