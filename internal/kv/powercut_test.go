package kv

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestPowerCut: what Publish has acknowledged survives the machine. The store
// lies on a file system inside an image file; right after an acknowledgement the
// image is copied, which is what a disk would hold had the power gone then:
// nothing that only the page cache knew.
func TestPowerCut(t *testing.T) {
	const untested = ": surviving a power cut was NOT tested"
	if testing.Short() || runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux and a second or two" + untested)
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		t.Skip(err.Error() + untested)
	}
	run := func(name string, args ...string) (string, bool) {
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			return strings.TrimSpace(name + ": " + err.Error() + ": " + string(out)), false
		}
		return "", true
	}
	must := func(name string, args ...string) {
		t.Helper()
		if msg, ok := run(name, args...); !ok {
			t.Fatal(msg)
		}
	}
	dir := t.TempDir()
	image, disk := filepath.Join(dir, "image"), filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	must("truncate", "-s", "192M", image)
	must("mkfs.ext4", "-q", "-F", image)
	// commit=300: the journal writes nothing by itself that nobody asked for.
	if msg, ok := run("mount", "-o", "loop,commit=300", image, disk); !ok {
		t.Skip(msg + untested)
	}
	mounted := true
	defer func() {
		if mounted {
			run("umount", disk)
		}
	}()

	cmd := child(t, "publish", filepath.Join(disk, "store"))
	cmd.Env = append(cmd.Env, stepEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	proceed := func() {
		if _, err := in.Write([]byte{'\n'}); err != nil {
			t.Error(err)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		run("umount", disk)
		mounted = false
	}()
	// Cut right after the store was made, and at some later steps.
	cuts := map[int]bool{1: true, 2: true, 5: true, 23: true, 24: true, 25: true, 26: true, 27: true, 50: true, 60: true}
	lines := bufio.NewScanner(out)
	for step := 1; len(cuts) > 0 && lines.Scan(); step++ {
		if !cuts[step] {
			proceed()
			continue
		}
		delete(cuts, step)
		if strings.HasPrefix(lines.Text(), "error") {
			t.Fatal(lines.Text())
		}
		copied := filepath.Join(dir, "copy")
		must("cp", "--sparse=always", image, copied)
		checkCut(t, step, copied, filepath.Join(dir, "after"), lines.Text(), run)
		proceed()
	}
	if len(cuts) > 0 {
		t.Errorf("the child ended before steps %v", cuts)
	}
}

func checkCut(t *testing.T, step int, image, disk, last string, run func(string, ...string) (string, bool)) {
	t.Helper()
	if err := os.MkdirAll(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if msg, ok := run("mount", "-o", "loop", image, disk); !ok {
		t.Fatal(msg)
	}
	defer run("umount", disk)
	db, err := Open(testOptions(filepath.Join(disk, "store")))
	if err != nil {
		t.Errorf("step %d: %v", step, err)
		return
	}
	defer db.Close()
	list, err := db.Segments()
	if err != nil {
		t.Fatal(err)
	}
	found := fmt.Sprint(db.Generation())
	var end uint64
	for _, m := range list {
		found += fmt.Sprint(" ", m.ID)
		if m.FirstSeq != end {
			t.Errorf("step %d: records [%d, %d) are missing", step, end, m.FirstSeq)
		}
		end = m.EndSeq
		if got := readSegment(t, db, m.ID); string(got) != string(bytesOf(m.ID, 1000+int(m.ID%5)*300_000)) {
			t.Errorf("step %d: %s reads differently", step, label(m.ID))
		}
	}
	if rec, ok, err := db.Batch("batch"); err != nil || ok != (end > 0) || rec.Records != int64(end) {
		t.Errorf("step %d: batch %+v, %v, %v; the records end at %d", step, rec, ok, err, end)
	}
	if found != last {
		t.Errorf("step %d: generation and segments are %s, acknowledged was %s", step, found, last)
	}
}
