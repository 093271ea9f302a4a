package kv

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// storeFormat is the format of the whole directory. A build reads its own and
// every earlier one.
//
//	1  the first: catalogue in Badger v4, segments in files of their own
const storeFormat = 1

// marker is the whole text of the marker file, for people too.
func marker(format int) string {
	return fmt.Sprintf("leakscope store\nformat %d\nDo not change anything in this directory by hand.\n", format)
}

// prepareDir makes sure that dir is a store, or becomes one, and says whether it
// is to be made. The directory must exist and be locked. A directory with
// foreign content is refused and left alone.
//
// A new store is claimed with the marker under its temporary name, made, and
// then sealed with the marker's own name. So one that a crash cut short is told
// from a foreign directory, and a sealed one without a catalogue is damage.
func prepareDir(dir string) (fresh bool, err error) {
	switch b, err := readMarker(filepath.Join(dir, markerName)); {
	case err == nil:
		return false, checkMarker(b)
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}

	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	claimed := false
	for _, e := range entries {
		switch e.Name() {
		case markerNewName:
			claimed = true
		case "lost+found": // of a disk of its own
		case badgerDir, segmentsDir:
			if _, err := os.Lstat(filepath.Join(dir, markerNewName)); err != nil {
				return false, fmt.Errorf("%w: it has no file %s", ErrNotStore, markerName)
			}
		default:
			return false, fmt.Errorf("%w: the directory is not empty", ErrNotStore)
		}
	}
	if claimed {
		// Sealed is only what is whole: the rest holds nothing anyone was told of.
		for _, name := range []string{badgerDir, segmentsDir} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return false, err
			}
		}
	}
	if err := writeFile(filepath.Join(dir, markerNewName), []byte(marker(storeFormat))); err != nil {
		return false, err
	}
	if err := syncDir(dir); err != nil {
		return false, err
	}
	// Others have no business in it, whoever made the directory.
	if err := os.Chmod(dir, 0o700); err != nil {
		return false, err
	}
	for _, name := range []string{badgerDir, segmentsDir} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return false, err
		}
	}
	return true, nil
}

// sealDir ends the making of a store.
func sealDir(dir string) error {
	if err := os.Rename(filepath.Join(dir, markerNewName), filepath.Join(dir, markerName)); err != nil {
		return err
	}
	return syncDir(dir)
}

func readMarker(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 256))
}

func checkMarker(b []byte) error {
	var format int
	if _, err := fmt.Sscanf(string(b), "leakscope store\nformat %d\n", &format); err != nil || format < 1 {
		return fmt.Errorf("%w: its file %s is not one of ours", ErrNotStore, markerName)
	}
	if format > storeFormat {
		return fmt.Errorf("%w that this build can read: format %d, this build reads up to %d", ErrNotStore, format, storeFormat)
	}
	return nil
}
