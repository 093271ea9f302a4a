package leaks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// segmentFiles lists what stands in the directory of segments.
func segmentFiles(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "segments"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// tooMuch is more than any disk has free.
const tooMuch = 1 << 60

// TestMinFree: with too little free disk nothing is written and nothing lost;
// what is there can be read, and with room again work goes on.
func TestMinFree(t *testing.T) {
	dir := testDir(t)
	short, roomy := testOptions(), testOptions()
	short.MinFree, roomy.SegmentRows = tooMuch, 40
	if s, err := Open(filepath.Join(dir, "new"), short); !errors.Is(err, ErrNoSpace) {
		t.Fatalf("a new store: %v, %v, want ErrNoSpace", s, err)
	}
	if err := openTest(t, filepath.Join(dir, "new"), roomy).Close(); err != nil {
		t.Fatalf("with room again: %v", err)
	}

	dir = filepath.Join(dir, "store")
	s, o, w := openTest(t, dir, roomy), &oracle{}, newWorld(5)
	list := w.records(400)
	p := s.preparer(0, "")
	for _, r := range list {
		o.add(p, r)
	}
	io := &IngestOptions{Batch: "b"}
	half, err := s.Ingest(t.Context(), cutSeq(list, 200, func() error { return errOutside }), io)
	if !errors.Is(err, errOutside) {
		t.Fatal(err)
	}
	before := answers(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir, short)
	files := segmentFiles(t, dir)
	if res, err := s.Ingest(t.Context(), seqOf(list), io); !errors.Is(err, ErrNoSpace) || res.Read != 0 || res.Resumed != 200 {
		t.Errorf("ingest: %+v, %v, want ErrNoSpace", res, err)
	}
	if err := s.Compact(t.Context()); !errors.Is(err, ErrNoSpace) {
		t.Errorf("compact: %v, want ErrNoSpace", err)
	}
	if _, err := s.Expire(t.Context(), worldStart.AddDate(0, 0, 100)); !errors.Is(err, ErrNoSpace) {
		t.Errorf("expire: %v, want ErrNoSpace", err)
	}
	if answers(t, s) != before {
		t.Error("the answers are others than before")
	}
	if left := segmentFiles(t, dir); strings.Join(left, " ") != strings.Join(files, " ") {
		t.Errorf("files %v, before %v", left, files)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir, roomy)
	rest, err := s.Ingest(t.Context(), seqOf(list), io)
	if err != nil || rest.Resumed != half.Read || rest.Read != int64(len(list))-half.Read {
		t.Fatalf("with room again: %+v, %v", rest, err)
	}
	w.compareQueries(t, s, o, 3)
}

// TestFullDisk fills a real, small file system. The store is used in a child,
// so that a SIGBUS would be seen for what it is.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux, to mount a tmpfs: a really full disk was NOT tested, only the simulated one")
	}
	if testing.Short() {
		t.Skip("a really full disk is not tested with -short, only the simulated one")
	}
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "leakscope-test", disk).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s: a really full disk was NOT tested, only the simulated one", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	out, err := child("fill", filepath.Join(disk, "store")).CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "done\n") {
		t.Fatalf("%v: %.2000s", err, out)
	}
	t.Log(strings.TrimSpace(string(out)))
}

// childFill takes a store on a disk of 24 MiB to its end and back.
func childFill(dir string) {
	const n = 120_000
	ctx := context.Background()
	expect := func(what string, ok bool, args ...any) {
		if !ok {
			childFailed(fmt.Errorf("%s: %v", what, args))
		}
	}
	filler := func(name string, size int) {
		f, err := os.Create(filepath.Join(filepath.Dir(dir), name))
		childFailed(err)
		for step := 64 << 10; step > 0 && size > 0; {
			wrote, err := f.Write(make([]byte, min(step, size)))
			if size -= wrote; err != nil {
				step /= 2
			}
		}
		childFailed(f.Close())
	}
	opts := testOptions()
	opts.NoBackgroundMerge, opts.MergeFanout, opts.SegmentRows, opts.MinFree = false, 4, 3000, 5<<20
	s, err := Open(dir, opts)
	childFailed(err)
	filler("some", 8<<20)
	io := &IngestOptions{Batch: "b"}
	res, err := s.Ingest(ctx, bigCorpus(1, n), io)
	expect("ingest", errors.Is(err, ErrNoSpace) && !strings.Contains(err.Error(), "\n"), err)
	expect("ingest", res.Read > 0 && res.Read < n, res.Read)
	fmt.Println(res.Read, "records fit")
	filler("all", 1<<40)

	check := func(what string, rows int64) {
		page, err := s.Details(ctx, DetailsQuery{Scope: everything, Column: RootDomain, Page: 20})
		childFailed(err)
		expect(what, len(page.Data) == 50, len(page.Data))
		info, err := s.Info(ctx)
		childFailed(err)
		expect(what, int64(info.Rows) == rows, info.Rows, rows)
		childFailed(s.Verify(ctx))
	}
	check("on a full disk", res.Read)
	_, err = s.Ingest(ctx, bigCorpus(1, n), io)
	expect("on a full disk", errors.Is(err, ErrNoSpace), err)
	childFailed(s.Close())
	s, err = Open(dir, opts)
	childFailed(err)
	check("opened on a full disk", res.Read)

	for _, name := range []string{"some", "all"} {
		childFailed(os.Remove(filepath.Join(filepath.Dir(dir), name)))
	}
	rest, err := s.Ingest(ctx, bigCorpus(1, n), io)
	childFailed(err)
	expect("with room again", rest.Resumed == res.Read && rest.Read == n-res.Read, rest.Resumed, rest.Read)
	check("with room again", n)
	again, err := s.Ingest(ctx, bigCorpus(1, n), io)
	childFailed(err)
	expect("a second time", again.Skipped)
	childFailed(s.Close())
	fmt.Println("done")
}
