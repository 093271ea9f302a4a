package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/leaks"
)

// reported writes the table of one query measured on leakscope and sqlite.
func reported(t *testing.T, sqlite *Figures) string {
	t.Helper()
	c := &config{n: 1000, work: t.TempDir()}
	c.out = c.path("RESULTS.md")
	if err := os.Mkdir(c.path("figures"), 0o700); err != nil {
		t.Fatal(err)
	}
	w := &peers.Workload{
		Queries: []peers.Query{{Name: "giant", Title: "giant domain", Kind: peers.Details, Bar: 2, Kept: true}},
		Answers: []peers.Answer{{Details: &leaks.DetailsPage{Total: 12345}}},
	}
	ours := &Figures{
		Engine: self, Rows: 1000, Disk: 60_000, Peak: 100 << 20, Workload: w.ID(), When: time.Unix(0, 0).UTC(),
		Load:    peers.Loaded{Stages: []peers.Stage{{Name: "ingest", Seconds: 0.5}}},
		Queries: []peers.Timing{{Name: "giant", Runs: 9, Median: 0.5, P99: 0.75, First: 1}},
		Ours:    &OurFigures{ULPSeconds: 1},
	}
	if sqlite.Workload == "" {
		sqlite.Workload = w.ID()
	}
	for name, v := range map[string]any{"workload": w, self: ours, "sqlite": sqlite} {
		if err := c.save(name, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.report(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Clean(c.out))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sqliteFigures() *Figures {
	return &Figures{
		Engine: "sqlite", Rows: 1000, Disk: 600_000, Peak: 400 << 20,
		Load: peers.Loaded{Stages: []peers.Stage{
			{Name: "insert", Seconds: 4}, {Name: "search", Seconds: 4, Extra: true}, {Name: "vacuum", Seconds: 100, Compaction: true},
		}},
		Queries: []peers.Timing{{Name: "giant", Median: 10, P99: 11, First: 20}},
	}
}

func TestReportPairsFigures(t *testing.T) {
	got := reported(t, sqliteFigures())
	for _, line := range []string{
		"| giant domain (12,345 found), ms | 2.00 | **0.500** | 10.0 | 20.0× |",
		"| – asked for the first time, ms ³ | 2.00 | **1.00** | 20.0 | 20.0× |",
		"| ingest a JSONL file, everything built, records/s ¹ | 500,000 | **2,000** | 250 | 8.00× |",
		"| the same, with what search needs ² |  | **2,000** | 125 | 16.0× |",
		"| disk after compaction, bytes/record | 70 | **60.0** | 600 | 10.0× |",
		"| giant domain | 0.500 / 0.750 / 1.00 | 10.0 / 11.0 / 20.0 |",
		"**No figures of duckdb: not measured in this run**",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("no line %s in\n%s", line, got)
		}
	}
}

// A peer that is absent, failed, or was asked something else is named, and has
// no column.
func TestReportNamesWhatIsMissing(t *testing.T) {
	absent, failed, stale := sqliteFigures(), sqliteFigures(), sqliteFigures()
	absent.Absent, failed.Failed, stale.Workload = "not installed", "answers differ", "another"
	for want, f := range map[string]*Figures{
		"**No figures of sqlite: not installed**":          absent,
		"**sqlite failed: answers differ**":                failed,
		"**No figures of sqlite: what it was asked is not": stale,
	} {
		got := reported(t, f)
		if !strings.Contains(got, want) || strings.Contains(got, "| sqlite |") {
			t.Errorf("%s not in\n%s", want, got)
		}
	}
}
