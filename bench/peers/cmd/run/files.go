package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/leakscope/leakscope/bench/corpus"
	"github.com/leakscope/leakscope/bench/peers"
)

func (c *config) corpus() *corpus.Corpus { return corpus.New(c.seed, c.n) }

func (c *config) input() peers.Input {
	return peers.Input{Rows: c.n, Facts: c.path("facts"), JSON: c.path("facts.jsonl")}
}

// prepare writes the files that are not there yet.
func (c *config) prepare() error {
	in, all := c.input(), c.corpus()
	for _, f := range []struct {
		path  string
		write func(io.Writer, int64, int64) error
	}{{c.path("corpus.jsonl"), all.WriteJSONL}, {c.path("corpus.ulp"), all.WriteULP}} {
		if exists(f.path) {
			continue
		}
		say("writing %s", f.path)
		if err := makeFile(f.path, func(w io.Writer) error { return f.write(w, 0, c.n) }); err != nil {
			return err
		}
	}
	if !exists(in.JSON) || !exists(in.Facts) {
		say("writing %s and %s", in.Facts, in.JSON)
		return peers.WriteFacts(in.Facts, in.JSON, all)
	}
	return nil
}

// makeCorpus writes a corpus as JSONL.
func makeCorpus(path string, c *corpus.Corpus) error {
	return makeFile(path, func(w io.Writer) error { return c.WriteJSONL(w, 0, c.Len()) })
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// makeFile makes a file that is whole or not there.
func makeFile(path string, fill func(io.Writer) error) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	err = fill(w)
	if err == nil {
		err = w.Flush()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// freshDir makes an empty directory in the work directory.
func (c *config) freshDir(name string) (string, error) {
	dir := c.path(name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// diskUsage returns the bytes allocated to everything below dir, so that
// files made large and sparse count for what they take.
func diskUsage(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		n, err := allocated(path)
		sum += n
		return err
	})
	return sum, err
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// warm reads every file below dir once, into the page cache.
func warm(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("warming: %w", err)
		}
		_, err = io.Copy(io.Discard, f)
		return errors.Join(err, f.Close())
	})
}
