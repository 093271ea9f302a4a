package engines

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/bench/peers/ours"
	"github.com/leakscope/leakscope/leaks"
)

// Every engine that is installed answers everything as leakscope does.
func TestAnswersAreTheSame(t *testing.T) {
	const n = 30_000
	ctx, dir := t.Context(), t.TempDir()
	c := corpus.New(7, n)
	in := peers.Input{Rows: n, Facts: filepath.Join(dir, "facts"), JSON: filepath.Join(dir, "facts.jsonl")}
	if err := peers.WriteFacts(in.Facts, in.JSON, c); err != nil {
		t.Fatal(err)
	}
	store, err := ours.Open(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	result, err := store.Store.Ingest(ctx, func(yield func(leaks.Record, error) bool) {
		for r := range c.Range(0, n) {
			if !yield(r, nil) {
				return
			}
		}
	}, nil)
	if err != nil || result.Ingested != n {
		t.Fatal(result, err)
	}
	w, err := peers.NewWorkload(ctx, c, store)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range All {
		t.Run(e.Name(), func(t *testing.T) {
			version, _, err := e.Describe(ctx)
			if errors.Is(err, peers.ErrAbsent) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Log(version)
			dir := filepath.Join(dir, e.Name())
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Load(ctx, dir, in); err != nil {
				t.Fatal(err)
			}
			s, err := e.Open(ctx, dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Check(ctx, s); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
