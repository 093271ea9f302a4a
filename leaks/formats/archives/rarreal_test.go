package archives

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
)

// TestRealRar reads archives made by rar itself, where one is at hand: on the
// PATH, or named by RARBIN. testdata/rar.sh says why they are not kept.
func TestRealRar(t *testing.T) {
	dir := t.TempDir()
	if _, err := exec.LookPath("rar"); err != nil && os.Getenv("RARBIN") == "" {
		t.Skip("no rar here")
	}
	if out, err := exec.CommandContext(t.Context(), "bash", "testdata/rar.sh", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	list, err := os.ReadFile("testdata/made/list.txt")
	if err != nil {
		t.Fatal(err)
	}
	prog, err := os.ReadFile("testdata/made/prog.bin")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.rar"))
	if err != nil || len(names) < 10 {
		t.Fatal(len(names), err)
	}
	later := regexp.MustCompile(`part[2-9]`)
	for _, path := range names {
		name := filepath.Base(path)
		if later.MatchString(name) {
			continue
		}
		encrypted := strings.Contains(name, "crypt") || strings.Contains(name, "hidden")
		for _, passwords := range [][]string{nil, {"wrong", "secret"}} {
			files, damages := read(t, path, Options{Passwords: passwords})
			if encrypted && passwords == nil {
				if len(damages) == 0 || damages[0].Trouble != formats.TroubleEncrypted {
					t.Errorf("%s without a password: %v", name, damages)
				}
				continue
			}
			if len(damages) > 0 {
				t.Errorf("%s: %v", name, damages)
			}
			got := map[string]string{}
			for _, f := range files {
				place, content, _ := strings.Cut(f, "=")
				got[strings.TrimPrefix(place, name+"!/")] = content
			}
			for i := 1; i <= 3; i++ {
				log := fmt.Sprintf("log %d/", i)
				for inner, content := range map[string]string{"Passwords.txt": string(list), "program.exe": string(prog), "пароли.txt": fmt.Sprint("имя ", i), "empty.txt": ""} {
					if have, ok := got[log+inner]; !ok || have != content {
						t.Errorf("%s: %s has %d bytes, want %d", name, log+inner, len(have), len(content))
					}
				}
			}
			if len(got) != 13 || len(got["noise.txt"]) < 250_000 {
				t.Errorf("%s: %d files, %d bytes of the last", name, len(got), len(got["noise.txt"]))
			}
		}
		// A volume less, and what stood before is there, and it is told.
		if strings.Contains(name, "volumes") && !strings.Contains(name, "crypt") {
			third := strings.Replace(path, "part1", "part3", 1)
			if third == path {
				third = strings.TrimSuffix(path, ".rar") + ".r01"
			}
			if err := os.Remove(third); err != nil {
				t.Fatal(err)
			}
			files, damages := read(t, path, Options{})
			if len(files) < 10 || len(damages) == 0 {
				t.Errorf("%s without a volume: %d files, %v", name, len(files), damages)
			}
		}
	}
}
