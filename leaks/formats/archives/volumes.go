package archives

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// volumeName is the name of the n-th part of name.001.
func volumeName(first string, n int) string {
	return fmt.Sprintf("%s%03d", strings.TrimSuffix(first, "001"), n)
}

var (
	cutPart    = regexp.MustCompile(`^(.*\.)(\d{3,})$`)
	rarPart    = regexp.MustCompile(`(?i)^(.*\.part)(\d+)(\.rar)$`)
	oldRarPart = regexp.MustCompile(`(?i)^(.*)\.[r-z]\d\d$`)
	zipPart    = regexp.MustCompile(`(?i)^(.*)\.z\d\d$`)
)

// laterVolume reports whether a file is a further volume of one that lies
// beside it, and is read with that.
func laterVolume(name string, beside map[string]bool) bool {
	if m := cutPart.FindStringSubmatch(name); m != nil && m[2] != "001" {
		n, err := strconv.Atoi(m[2])
		// Without its forerunner it is a file of its own.
		return err == nil && n > 1 && beside[m[1]+"001"] && beside[volumeName(m[1]+"001", n-1)]
	}
	if m := rarPart.FindStringSubmatch(name); m != nil {
		n, err := strconv.Atoi(m[2])
		return err == nil && n > 1 && beside[fmt.Sprintf("%s%0*d%s", m[1], len(m[2]), 1, m[3])]
	}
	if m := oldRarPart.FindStringSubmatch(name); m != nil && (beside[m[1]+".rar"] || beside[m[1]+".RAR"]) {
		return true
	}
	if m := zipPart.FindStringSubmatch(name); m != nil {
		return beside[m[1]+".zip"] || beside[m[1]+".ZIP"]
	}
	return false
}

// Volumes returns the files that are read as one with the file at path: path
// itself, and its further volumes in the same folder, by name.
func Volumes(path string) ([]string, error) {
	list := []string{path}
	first := filepath.Base(path)
	if !cutPart.MatchString(first) && !strings.EqualFold(filepath.Ext(first), ".rar") && !namedZip(first) {
		return list, nil
	}
	if !cutPart.MatchString(first) && !rarPart.MatchString(first) && !continued(path) {
		return list, nil
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	beside := make(map[string]bool, len(entries))
	for _, e := range entries {
		beside[e.Name()] = true
	}
	stem := volumeStem(first)
	for _, e := range entries {
		if e.Name() != first && e.Type().IsRegular() && volumeStem(e.Name()) == stem && laterVolume(e.Name(), beside) {
			list = append(list, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return list, nil
}

// continued reports whether the second volume of name.zip or name.rar lies
// beside it. A folder of thousands of archives is not listed for each of them.
func continued(path string) bool {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	for _, second := range []string{".z01", ".Z01", ".r00", ".R00"} {
		if _, err := os.Lstat(stem + second); err == nil {
			return true
		}
	}
	return false
}

// volumeStem is what the names of the volumes of one archive have in common.
func volumeStem(name string) string {
	for _, re := range []*regexp.Regexp{cutPart, rarPart, oldRarPart, zipPart} {
		if m := re.FindStringSubmatch(name); m != nil {
			return strings.TrimSuffix(m[1], ".")
		}
	}
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// A joined file is read from its parts.
type joined struct {
	parts []io.ReaderAt
	ends  []int64
	size  int64
}

func (j *joined) add(r io.ReaderAt, size int64) {
	j.size += size
	j.parts, j.ends = append(j.parts, r), append(j.ends, j.size)
}

func (j *joined) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errNegative
	}
	for n < len(p) {
		i := sort.Search(len(j.ends), func(i int) bool { return j.ends[i] > off })
		if i == len(j.ends) {
			return n, io.EOF
		}
		begin := int64(0)
		if i > 0 {
			begin = j.ends[i-1]
		}
		room := min(int64(len(p)-n), j.ends[i]-off)
		got, err := j.parts[i].ReadAt(p[n:n+int(room)], off-begin)
		n += got
		off += int64(got)
		if int64(got) < room {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF // the part shrank
			}
			return n, err
		}
	}
	return n, nil
}
