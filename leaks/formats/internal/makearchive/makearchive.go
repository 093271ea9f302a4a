// Package makearchive makes archives for tests: of any kind, encrypted or not,
// from files held in memory, the same bytes each time. Nothing is compressed
// where the writer of a format is not at hand; readers are tried on real
// archives apart from that.
package makearchive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// A File goes into an archive.
type File struct {
	Name string
	Data []byte
}

// Time is the time that every file gets.
var Time = time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)

// must ends a test whose archive cannot be made; writing to memory does not
// fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Tar makes a tar.
func Tar(files []File) []byte {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		must(w.WriteHeader(&tar.Header{Name: f.Name, Size: int64(len(f.Data)), Mode: 0o644, ModTime: Time, Format: tar.FormatPAX}))
		_, err := w.Write(f.Data)
		must(err)
	}
	must(w.Close())
	return buf.Bytes()
}

// Gzip compresses.
func Gzip(data []byte) []byte {
	return compress(data, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
}

// Zstd compresses.
func Zstd(data []byte) []byte {
	return compress(data, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
}

// Xz compresses.
func Xz(data []byte) []byte {
	return compress(data, func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) })
}

func compress(data []byte, writer func(io.Writer) (io.WriteCloser, error)) []byte {
	var buf bytes.Buffer
	w, err := writer(&buf)
	must(err)
	_, err = w.Write(data)
	must(err)
	must(w.Close())
	return buf.Bytes()
}
