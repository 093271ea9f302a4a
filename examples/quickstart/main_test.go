package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRun: the tour ends well, leaves nothing behind, and its answers are
// those of the samples.
func TestRun(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var out bytes.Buffer
	if err := run(t.Context(), &out, [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ingested stealer.jsonl: 345 records, 0 rejected\n",
		"ingested combo.txt: 300 records, 0 rejected\n",
		"people at example.com: 179,",
		"Every sighting of cleo.vale@example.com g****7\n",
		"343 sightings of 179 credentials, 46 users, 65 passwords, 6 sources, 5 sites\n",
		"Stealer 176  Combo 167\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestSamples: gen writes the very samples that are shipped.
func TestSamples(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "./gen", dir).CombinedOutput(); err != nil {
		t.Fatalf("gen: %v\n%s", err, out)
	}
	for _, name := range []string{"stealer.jsonl", "combo.txt"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := samples.ReadFile("sample/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what gen writes", name)
		}
	}
}
