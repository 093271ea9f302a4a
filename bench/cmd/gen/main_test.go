package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corpus")
	if err := run([]string{"-n", "100", "-seed", "2", "-format", "ulp", "-o", path}, nil); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"-n", "100", "-seed", "2", "-format", "ulp"}, &out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, out.Bytes()) || bytes.Count(file, []byte("\n")) != 100 {
		t.Errorf("the file has %d bytes, standard output %d", len(file), out.Len())
	}
	for _, args := range [][]string{{"-n", "0"}, {"-format", "xml"}, {"-o", filepath.Join(path, "below-a-file")}} {
		if err := run(args, &out); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
