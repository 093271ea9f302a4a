package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the path of the repository's main module.
const module = "github.com/leakscope/leakscope"

// A room is a directory of the repository and all that lies under it, unless
// a longer entry claims it, or one as long that stands before it. A last
// element of * stands for any one name: each such directory is a room of its
// own.
type room struct {
	name string
	to   []string // rooms it may import, by the names of this table
}

// rooms is the drawing. Lower rooms know less: nothing points upwards.
var rooms = []room{
	{"internal/archtest", nil},
	{"internal/codec", nil},
	{"internal/readfull", nil},
	{"internal/normalize", nil},
	{"internal/segment", []string{"internal/codec"}},
	{"internal/kv", []string{"internal/codec"}},
	{"index", []string{"internal/codec"}},
	{"internal/flat", []string{"index", "internal/codec", "internal/segment"}},
	{"stats", []string{"internal/codec"}},
	{"watchlist", []string{"internal/kv", "internal/codec"}},
	{"leaks", []string{
		"stats", "watchlist", "index",
		"internal/codec", "internal/readfull", "internal/flat", "internal/kv", "internal/normalize", "internal/segment",
	}},
	{"leaks/httpapi", []string{"leaks", "stats", "watchlist"}},
	{"leaks/httpapi/conformance", []string{"leaks", "leaks/httpapi", "watchlist"}},
	{"leaks/*", []string{"leaks", "internal/readfull"}},
	{"examples/internal", []string{"leaks", "leaks/*"}},
	{"examples/*", []string{"examples/internal", "leaks", "leaks/*", "leaks/httpapi", "stats", "watchlist"}},
	{"bench", []string{"leaks", "leaks/*", "leaks/httpapi", "stats", "watchlist"}},
}

// owners says which rooms alone may import a library, tests included. The
// benchmarks are free: they run other engines beside ours.
var owners = map[string][]string{
	"github.com/dgraph-io/badger":        {"internal/kv", "bench"},
	"github.com/RoaringBitmap/roaring":   {"index", "bench"},
	"github.com/axiomhq/hyperloglog":     {"stats", "bench"},
	"github.com/alecthomas/kong":         {"examples/*", "bench"},
	"github.com/schollz/progressbar":     {"examples/*", "bench"},
	"github.com/VictoriaMetrics/metrics": {"examples/*"},
	"golang.org/x/time":                  {"leaks/httpapi", "bench"},
	"github.com/getkin/kin-openapi":      {"leaks/httpapi/conformance"},
}

// testOnly are libraries that only test files import.
var testOnly = []string{"pgregory.net/rapid", "go.uber.org/goleak"}

// check reads every Go file under fsys, the root of the repository, and
// returns one line for each import that the drawing does not allow.
func check(fsys fs.FS) ([]string, error) {
	var bad []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			// The same directories that the go command passes over.
			if name != "." && (base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" || base[0] == '.' || base[0] == '_' {
			return nil
		}
		lines, err := checkFile(fsys, name)
		bad = append(bad, lines...)
		return err
	})
	slices.Sort(bad)
	return bad, err
}

// checkFile returns a line for each import of one file that is not allowed.
func checkFile(fsys fs.FS, name string) ([]string, error) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	dir := path.Dir(name)
	from, own, ok := find(dir)
	if !ok {
		return []string{name + ": " + dir + " is no room of the drawing"}, nil
	}
	test := strings.HasSuffix(name, "_test.go")
	// An external test package stands outside its room as any program does,
	// and may use the public rooms.
	outside := test && strings.HasSuffix(f.Name.Name, "_test")

	var bad []string
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if why := judge(from, own, imp, test, outside); why != "" {
			bad = append(bad, fmt.Sprintf("%s: %s may not import %s: %s", name, own, imp, why))
		}
	}
	return bad, nil
}

// judge says why a file of room own (an instance of the table's from) may not
// import imp; empty if it may.
func judge(from room, own, imp string, test, outside bool) string {
	if imp == module || strings.HasPrefix(imp, module+"/") {
		to, other, ok := find(strings.TrimPrefix(strings.TrimPrefix(imp, module), "/"))
		switch {
		case !ok:
			return "it is no room of the drawing"
		case other == own, slices.Contains(from.to, to.name):
			return ""
		case outside && !strings.HasPrefix(to.name, "internal/") && !strings.HasPrefix(to.name, "examples/"):
			return ""
		}
		return "no such arrow is drawn"
	}
	for lib, allowed := range owners {
		if strings.HasPrefix(imp, lib) && !slices.Contains(allowed, from.name) {
			return "only " + strings.Join(allowed, ", ") + " may"
		}
	}
	if !test && from.name != "bench" && slices.ContainsFunc(testOnly, func(lib string) bool { return strings.HasPrefix(imp, lib) }) {
		return "only test files may"
	}
	return ""
}

// find returns the entry of the table that claims a directory, and the room's
// own name, with any * filled in. The longest entry wins.
func find(dir string) (r room, own string, ok bool) {
	best := 0
	for _, c := range rooms {
		name, matched := claim(c.name, dir)
		if n := strings.Count(name, "/") + 1; matched && n > best {
			r, own, ok, best = c, name, true, n
		}
	}
	return r, own, ok
}

// claim reports whether the entry called pattern claims dir, and as what.
func claim(pattern, dir string) (string, bool) {
	want, have := strings.Split(pattern, "/"), strings.Split(dir, "/")
	if len(have) < len(want) {
		return "", false
	}
	for i, w := range want {
		if w != "*" && w != have[i] {
			return "", false
		}
	}
	return strings.Join(have[:len(want)], "/"), true
}
