package harness

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	for text, good := range map[string]bool{
		strings.Repeat("0a", 32) + "\n": true, strings.Repeat("0a", 31): false, strings.Repeat("0a", 33): false,
		strings.Repeat("xy", 32): false, "": false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := ReadKey(path)
		if good != (err == nil) || good && key[31] != 0x0a {
			t.Errorf("%q: %x, %v", text, key, err)
		}
	}
	if _, err := ReadKey(path + "none"); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

func TestProfile(t *testing.T) {
	if stop, err := Profile(""); err != nil || stop() != nil {
		t.Errorf("no profile: %v", err)
	}
	path := filepath.Join(t.TempDir(), "profile")
	stop, err := Profile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(path); err != nil || i.Size() == 0 {
		t.Errorf("nothing written: %v", err)
	}
	if _, err := Profile(filepath.Join(path, "below")); err == nil {
		t.Error("a file below a file")
	}
}
