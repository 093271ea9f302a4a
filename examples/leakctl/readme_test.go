package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestReadmeMonitors: the README's lines of leakctl monitor do what they say, in
// their order. A shell splits them.
func TestReadmeMonitors(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	h.run("ingest", h.write("list.txt", "https://www.example.com/:anna@example.com:"+secret+"\n")).want(t, 0)
	workspace, monitor, n := h.workspace(), "", 0
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		rest, ok := strings.CutPrefix(line, "leakctl --store DIR monitor ")
		if !ok {
			continue
		}
		n++
		out, err := exec.Command("sh", "-euc", `printf '%s\0' `+strings.TrimSpace(rest)).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		args := []string{"--json", "monitor"}
		for arg := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
			switch arg {
			case "ID":
				arg = workspace
			case "MONITOR":
				arg = monitor
			}
			args = append(args, arg)
		}
		r := h.run(args...).quiet(t)
		if args[2] == "create" {
			var made struct{ ID string }
			if err := json.Unmarshal([]byte(r.stdout), &made); err != nil || made.ID == "" {
				t.Fatalf("%s: %s", line, r.stdout)
			}
			monitor = made.ID
		}
	}
	if n != 3 {
		t.Errorf("%d lines of leakctl monitor in the README", n)
	}
}
