package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestBar: bytes add up to the sizes of the units whatever of them is read,
// and the line says files, records a second, the unit, and the time left.
func TestBar(t *testing.T) {
	if newBar(new(bytes.Buffer), nil) != nil {
		t.Error("a bar where no terminal is")
	}
	var out bytes.Buffer
	b := drawnOn(&out, []unit{{path: "in/first.rar", size: 1000}, {path: "in/second.txt", size: 3000}})
	b.start = time.Now().Add(-10 * time.Second)
	b.begin(0, unit{path: "in/first.rar", size: 1000})
	b.describe("in/first.rar")
	b.read(700)
	b.read(700) // parts of an archive are read twice
	for range 8192 {
		b.record()
	}
	if n := b.p.State().CurrentNum; n != 1000 {
		t.Errorf("%d bytes of 1000", n)
	}
	b.end(unit{})
	b.begin(1, unit{path: "in/second.txt", size: 3000})
	b.read(500)
	b.count(20_000) // 2,000 a second
	b.describe("in/second.txt")
	time.Sleep(150 * time.Millisecond) // the bar draws ten times a second
	b.read(100)
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
	b.end(unit{})
	if s := b.p.State(); s.CurrentNum != 4000 {
		t.Errorf("%d bytes of 4000 at the end", s.CurrentNum)
	}
	b.clear()

	// Of standard input nobody knows the length: it counts what comes.
	open := drawnOn(&out, []unit{{path: "-"}})
	open.begin(0, unit{path: "-"})
	open.read(5000)
	if n := open.p.State().CurrentBytes; n != 5000 {
		t.Errorf("%v bytes of standard input", n)
	}
	open.end(unit{})

	var none *bar
	none.begin(0, unit{})
	none.describe("x")
	none.read(1)
	none.record()
	none.count(1)
	none.end(unit{})
	none.clear()
}
