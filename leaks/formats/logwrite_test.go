package formats_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats/internal/makearchive"
)

func writeFolder(t *testing.T, dir string, files []memFile) string {
	root := filepath.Join(dir, "logs")
	for _, f := range files {
		name := filepath.Join(root, filepath.FromSlash(f.Path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(f.Text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func writeZip(t *testing.T, dir string, files []memFile) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		m, err := w.Create(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		m.Write([]byte(f.Text))
	}
	return writeFile(t, filepath.Join(dir, "logs.zip"), &b, w.Close())
}

func writeTar(t *testing.T, dir string, files []memFile) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.Path, Mode: 0o644, Size: int64(len(f.Text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(f.Text))
	}
	return writeFile(t, filepath.Join(dir, "logs.tar.gz"), &b, errors.Join(w.Close(), z.Close()))
}

func madeFiles(files []memFile) []makearchive.File {
	made := make([]makearchive.File, len(files))
	for i, f := range files {
		made[i] = makearchive.File{Name: f.Path, Data: []byte(f.Text)}
	}
	return made
}

func writeMade(t *testing.T, dir, name string, data []byte) string {
	return writeFile(t, filepath.Join(dir, name), bytes.NewBuffer(data), nil)
}

func writeFile(t *testing.T, name string, b *bytes.Buffer, err error) string {
	if err = errors.Join(err, os.WriteFile(name, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	return name
}
