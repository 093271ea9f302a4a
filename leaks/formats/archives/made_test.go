package archives

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
)

// TestMade reads what testdata/make.sh made with other programs: every method,
// filter and sum.
func TestMade(t *testing.T) {
	file := func(name string) string {
		data, err := os.ReadFile(filepath.Join("testdata", "made", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	prog, list := file("prog.bin"), file("list.txt")
	names, err := filepath.Glob("testdata/made/*.*")
	if err != nil || len(names) < 30 {
		t.Fatal(len(names), err)
	}
	for _, path := range names {
		name := filepath.Base(path)
		want := map[string]string{"prog.bin": prog, "list.txt": list}
		unsupported := ""
		switch {
		case name == "prog.bin", name == "list.txt":
			continue
		case name == "far.zip":
			want = map[string]string{"far.bin": ""}
		case name == "two.txt.xz":
			want = map[string]string{"two.txt": list + list}
		case strings.HasSuffix(name, ".txt.xz"):
			want = map[string]string{strings.TrimSuffix(name, ".xz"): list}
		case strings.HasSuffix(name, ".bin.xz"):
			want = map[string]string{strings.TrimSuffix(name, ".xz"): prog}
		case name == "RISCV.7z":
			unsupported = "packed with filter for RISC-V programs"
		case name == "PPMd.zip":
			unsupported = "compressed with PPMd, version I"
		}
		got := map[string]string{}
		var damages []*formats.Damage
		files, ds := read(t, path, Options{Passwords: []string{"x", "secret"}})
		damages = append(damages, ds...)
		for _, f := range files {
			place, content, _ := strings.Cut(f, "=")
			got[place[strings.Index(place, "!/")+2:]] = content
		}
		if unsupported != "" {
			if len(damages) != 2 || damages[0].Trouble != formats.TroubleUnsupported || damages[0].Detail != unsupported {
				t.Errorf("%s: %v", name, damages)
			}
			continue
		}
		if len(damages) > 0 {
			t.Errorf("%s: %v", name, damages)
		}
		for path, content := range want {
			if name == "far.zip" {
				half := got[path]
				if len(half) != 77000 || half[:36000] != half[36000:72000] || strings.Trim(half[72000:], "\x00") != "" {
					t.Errorf("far.zip: %d bytes", len(half))
				}
				continue
			}
			if got[path] != content {
				t.Errorf("%s: %s has %d bytes, want %d", name, path, len(got[path]), len(content))
			}
		}
		// Cut short or changed, nothing panics, and what differs is told.
		data := []byte(file(name))
		for at := 0; at < len(data); at += len(data)/23 + 1 {
			bad := bytes.Clone(data)
			bad[at] ^= 0x10
			for _, b := range [][]byte{bad, data[:at]} {
				dir := write(t, map[string][]byte{name: b})
				files, damages := read(t, dir, Options{Passwords: []string{"secret"}})
				if len(damages) > 0 {
					continue
				}
				for _, f := range files {
					place, content, _ := strings.Cut(f, "=")
					inner := place[strings.Index(place, "!/")+2:]
					if w, ok := want[inner]; ok && w != content && name != "far.zip" && name != "none.txt.xz" && name != "delta.bin.xz" {
						t.Errorf("%s changed at %d: %s differs silently", name, at, inner)
					}
				}
			}
		}
	}
}
