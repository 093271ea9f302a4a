package archives

import (
	"fmt"
	"io"
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
