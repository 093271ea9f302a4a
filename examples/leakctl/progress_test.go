package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/examples/internal/intake"
)

// TestBar: bytes add up to the sizes of the units whatever of them is read,
// and the line says files, records a second, the unit, and the time left.
func TestBar(t *testing.T) {
	if newBar(new(bytes.Buffer), nil) != nil {
		t.Error("a bar where no terminal is")
	}
	var out bytes.Buffer
	b := drawnOn(&out, []intake.Unit{{Path: "in/first.rar", Size: 1000}, {Path: "in/second.txt", Size: 3000}})
	b.start = time.Now().Add(-10 * time.Second)
	b.Begin(0, intake.Unit{Path: "in/first.rar", Size: 1000})
	b.Describe("in/first.rar")
	b.Read(700)
	b.Read(700) // parts of an archive are read twice
	for range 8192 {
		b.Record()
	}
	if n := b.p.State().CurrentNum; n != 1000 {
		t.Errorf("%d bytes of 1000", n)
	}
	b.End(intake.Unit{})
	b.Begin(1, intake.Unit{Path: "in/second.txt", Size: 3000})
	b.Read(500)
	b.Count(20_000) // 2,000 a second
	b.Describe("in/second.txt")
	time.Sleep(150 * time.Millisecond) // the bar draws ten times a second
	b.Read(100)
	shown := out.String()
	for _, want := range []string{"1/2 files", "2/2 files", "first.rar", "second.txt", "records/s"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in %q", want, shown)
		}
	}
	if !strings.Contains(shown, " 1,9") && !strings.Contains(shown, " 2,0") {
		t.Errorf("no rate of about 2,000 in %q", shown)
	}
	last := shown[strings.LastIndexByte(shown, '\r')+1:]
	if !strings.Contains(last, "40%") || !strings.Contains(last, "[") || !strings.Contains(last, ":") {
		t.Errorf("no share and time left in %q", last)
	}
	b.End(intake.Unit{})
	if s := b.p.State(); s.CurrentNum != 4000 {
		t.Errorf("%d bytes of 4000 at the end", s.CurrentNum)
	}
	b.clear()

	// Of standard input nobody knows the length: it counts what comes.
	open := drawnOn(&out, []intake.Unit{{Path: "-"}})
	open.Begin(0, intake.Unit{Path: "-"})
	open.Read(5000)
	if n := open.p.State().CurrentBytes; n != 5000 {
		t.Errorf("%v bytes of standard input", n)
	}
	open.End(intake.Unit{})

	var none *bar
	none.Begin(0, intake.Unit{})
	none.Describe("x")
	none.Read(1)
	none.Record()
	none.Count(1)
	none.End(intake.Unit{})
	none.clear()
}
