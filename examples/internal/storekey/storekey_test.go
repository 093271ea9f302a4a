package storekey

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key is made once, outside the store, and found again by any path to it.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	store := filepath.Join(dir, "store")
	if _, err := Find(store, "", false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("none there: %v", err)
	}
	made, err := Find(store, "", true)
	if err != nil || !made.Made || made.Key == [32]byte{} || filepath.Dir(made.File) != filepath.Join(dir, "config", "leakscope") {
		t.Fatalf("%+v, %v", made, err)
	}
	if info, err := os.Stat(made.File); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.Mkdir(store, 0o700), os.Symlink(store, link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{store, link, store + "/"} {
		if k, err := Find(path, "", true); err != nil || k.Made || k.Key != made.Key {
			t.Errorf("%s: %+v, %v", path, k, err)
		}
	}
	for _, path := range []string{filepath.Join(store, "k"), filepath.Join(link, "k"), store} {
		if _, err := Find(store, path, true); !errors.Is(err, ErrInside) {
			t.Errorf("%s: %v", path, err)
		}
	}
	// What a file holds that is none is not told.
	other := filepath.Join(dir, "other")
	for _, content := range []string{"", "hunter2", strings.Repeat("ab", 31), strings.Repeat("ab", 33), strings.Repeat("hunter2", 100)} {
		if err := os.WriteFile(other, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Find(store, other, true); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "64 hex digits") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestInside(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "a"), 0o700), os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir, path string
		want      bool
	}{
		{"a", "a", true}, {"a", "a/b/c", true}, {"link", "a/b", true}, {"a", "link/b", true}, {"none", "none/b", true},
		{"a", "ab", false}, {"a", ".", false}, {"a/b", "a", false}, {"a", "a/../b", false}, {"link", "b", false},
	} {
		got, err := Inside(filepath.Join(dir, c.dir), dir+"/"+c.path)
		if err != nil || got != c.want {
			t.Errorf("%s in %s: %t, %v", c.path, c.dir, got, err)
		}
	}
}
