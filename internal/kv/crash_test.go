package kv

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childPublish adds and merges segments as fast as it can, until it is killed.
// After each durable step it prints the generation and the ids listed then, and
// with stepEnv set waits for a byte before the next.
func childPublish(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	db, err := Open(testOptions(dir))
	fail(err)
	report := func() []SegmentMeta {
		list, err := db.Segments()
		fail(err)
		var line strings.Builder
		fmt.Fprint(&line, db.Generation())
		for _, m := range list {
			fmt.Fprint(&line, " ", m.ID)
		}
		fmt.Println(line.String())
		if os.Getenv(stepEnv) != "" {
			_, err := os.Stdin.Read(make([]byte, 1))
			fail(err)
		}
		return list
	}
	write := func(first, end uint64) SegmentMeta {
		f, err := db.CreateSegment()
		fail(err)
		_, err = f.Write(bytesOf(f.ID(), 1000+int(f.ID()%5)*300_000))
		fail(err)
		size, err := f.Commit()
		fail(err)
		return SegmentMeta{ID: f.ID(), Size: size, FirstSeq: first, EndSeq: end}
	}
	report()
	for {
		seq := db.NextSeq()
		m := write(seq, seq+1)
		// Large, so that Badger's log is full and changed for a new one now and then.
		rec := &BatchRecord{ID: "batch", Records: int64(seq + 1), Reasons: map[string]int64{strings.Repeat("x", 60<<10): 1}}
		fail(db.Publish(context.Background(), Edit{Add: []SegmentMeta{m}, Batch: rec}))
		list := report()
		if len(list) < 4 {
			continue
		}
		e := Edit{Add: []SegmentMeta{write(list[0].FirstSeq, list[len(list)-1].EndSeq)}}
		for _, m := range list {
			e.Remove = append(e.Remove, m.ID)
		}
		fail(db.Publish(context.Background(), e))
		report()
		for _, id := range e.Remove {
			fail(db.RemoveFile(id))
		}
	}
}

// TestKill: a process that is killed at any moment leaves what it reported, and
// at most the step it was in.
func TestKill(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 2))
	steps := 0
	for round := range rounds {
		cmd := child(t, "publish", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var last string
		after := rnd.IntN(16) // steps, and then somewhere in the next one or two
		for seen := 0; lines.Scan(); seen++ {
			if strings.HasPrefix(lines.Text(), "error") {
				t.Errorf("round %d: %s", round, lines.Text())
			}
			if seen == after {
				time.AfterFunc(time.Duration(rnd.IntN(6000))*time.Microsecond, func() { cmd.Process.Kill() })
			}
			last = lines.Text()
		}
		steps += after
		_ = cmd.Wait() // killed

		db, err := Open(testOptions(dir))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		checkAfterKill(t, db, last)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills after at least %d steps", rounds, steps)
}

func checkAfterKill(t *testing.T, db *DB, last string) {
	t.Helper()
	fields := strings.Fields(last)
	if len(fields) == 0 {
		t.Fatal("the child said nothing")
	}
	gen := parseUint(fields[0])
	list, err := db.Segments()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	var end uint64
	for _, m := range list {
		ids = append(ids, fmt.Sprint(m.ID))
		if m.FirstSeq != end {
			t.Errorf("records [%d, %d) are missing", end, m.FirstSeq)
		}
		end = m.EndSeq
		if got := readSegment(t, db, m.ID); string(got) != string(bytesOf(m.ID, 1000+int(m.ID%5)*300_000)) {
			t.Errorf("%s reads differently", label(m.ID))
		}
	}
	switch db.Generation() {
	case gen:
		if !slices.Equal(ids, fields[1:]) {
			t.Errorf("segments %v, the last report said %v", ids, fields[1:])
		}
	case gen + 1: // made, and killed before it could report
	default:
		t.Errorf("generation %d, the last report said %d", db.Generation(), gen)
	}
	rec, ok, err := db.Batch("batch")
	if err != nil || ok != (end > 0) || rec.Records != int64(end) {
		t.Errorf("batch %+v, %v, %v; the records end at %d", rec, ok, err, end)
	}
	if n := len(listNames(t, db.path(segmentsDir))); n != len(list) {
		t.Errorf("%d files for %d segments", n, len(list))
	}
}

// parseUint gives 0 for what is no number; no generation is 0.
func parseUint(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}

// TestKillRecords: large transactions of another room are there whole or not at
// all, whenever the process is killed.
func TestKillRecords(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(3, 4))
	for round := range rounds {
		cmd := child(t, "records", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := ""
		after := rnd.IntN(3)
		lines := bufio.NewScanner(out)
		for seen := 0; lines.Scan(); seen++ {
			if last = lines.Text(); seen == after {
				time.AfterFunc(time.Duration(rnd.IntN(30_000))*time.Microsecond, func() { cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait() // killed
		db, err := Open(testOptions(dir))
		if err != nil {
			t.Fatalf("round %d, after %s: %v", round, last, err)
		}
		counts := map[string]int{}
		for _, v := range contents(t, mustRecords(t, db)) {
			counts[v]++
		}
		next := fmt.Sprint(parseUint(last) + 1)
		if last == "0" && len(counts) == 0 {
			counts[last] = 3000
		}
		if counts[last] != 3000 && counts[next] != 3000 || len(counts) != 1 {
			t.Errorf("round %d, after %q: %v", round, last, counts)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
