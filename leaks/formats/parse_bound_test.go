package formats

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
)

// TestManyLogs: logs one after the other keep their machines' facts however
// many they are, though each one's system file comes behind its credentials.
func TestManyLogs(t *testing.T) {
	const victims, each = 80, 1500
	var entries iter.Seq2[Entry, error] = func(yield func(Entry, error) bool) {
		for v := range victims {
			dir := fmt.Sprintf("DE[%032X] [2024-08-10T07_20_02]/", v)
			var creds strings.Builder
			for i := range each {
				fmt.Fprintf(&creds, "URL: https://s%d.example/\nUsername: u%d\nPassword: p%d\n===============\n", i, v*each+i, i)
			}
			system := fmt.Sprintf("Build ID: b\nIP: 192.0.2.1\nUserName: u\nMachineName: PC%d\nCountry: DE\nHWID: %032X\nLog date: 20.08.2024 7:20:02\n", v, v)
			for _, f := range []struct{ name, text string }{{"Passwords.txt", creds.String()}, {"UserInformation.txt", system}} {
				open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(f.text)), nil }
				if !yield(Entry{Path: dir + f.name, Size: int64(len(f.text)), Open: open}, nil) {
					return
				}
			}
		}
	}
	n := 0
	for item, err := range Parse(t.Context(), entries, ParseOptions{MaxHeld: 2 << 20}) {
		if err != nil {
			t.Fatal(err)
		}
		if item.Record == nil {
			continue
		}
		var v int
		if _, err := fmt.Sscanf(item.Record.Username, "u%d", &v); err != nil || item.Record.ComputerName != fmt.Sprintf("PC%d", v/each) {
			t.Fatalf("%s of %s has computer %q", item.Record.Username, item.File, item.Record.ComputerName)
		}
		n++
	}
	if n != victims*each {
		t.Errorf("%d credentials", n)
	}
}
