package archtest

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// TestArrows fails on every import in the repository that is not drawn.
func TestArrows(t *testing.T) {
	root := os.DirFS("../..")
	if _, err := root.Open("go.mod"); err != nil {
		t.Fatalf("not at the root of the repository: %v", err)
	}
	bad, err := check(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bad {
		t.Error(line)
	}
}

// TestDetects shows that the check bites: each file breaks, or keeps, one rule.
func TestDetects(t *testing.T) {
	const here = module + "/"
	for _, c := range []struct {
		file, pkg, imp string
		bad            string // a part of the complaint; empty if allowed
	}{
		{"internal/codec/a.go", "codec", "hash/crc32", ""},
		{"internal/segment/a.go", "segment", here + "internal/codec", ""},
		{"internal/segment/a.go", "segment", here + "index", "no such arrow"},
		{"internal/segment/a.go", "segment", here + "leaks", "no such arrow"},
		{"internal/codec/a.go", "codec", here + "internal/normalize", "no such arrow"},
		{"watchlist/a.go", "watchlist", here + "internal/kv", ""},
		{"watchlist/a.go", "watchlist", here + "stats", "no such arrow"},
		{"leaks/a.go", "leaks", here + "internal/kv", ""},
		{"leaks/a.go", "leaks", here + "leaks/formats", "no such arrow"},
		{"leaks/a_test.go", "leaks", here + "leaks/formats", "no such arrow"},
		{"leaks/a_test.go", "leaks_test", here + "leaks/formats", ""},
		{"leaks/a_test.go", "leaks_test", here + "internal/normalize", ""},
		{"stats/a_test.go", "stats_test", here + "internal/kv", "no such arrow"},
		{"leaks/formats/a.go", "formats", here + "leaks", ""},
		{"leaks/formats/deep/a.go", "deep", here + "leaks/formats", ""},
		{"leaks/formats/a.go", "formats", here + "leaks/httpapi", "no such arrow"},
		{"leaks/formats/a.go", "formats", here + "internal/kv", "no such arrow"},
		{"leaks/httpapi/a.go", "httpapi", here + "watchlist", ""},
		{"leaks/httpapi/a.go", "httpapi", here + "internal/kv", "no such arrow"},
		{"leaks/httpapi/a.go", "httpapi", here + "leaks/formats", "no such arrow"},
		{"leaks/httpapi/a_test.go", "httpapi", "github.com/getkin/kin-openapi/openapi3", "only leaks/httpapi/conformance"},
		{"leaks/httpapi/conformance/a_test.go", "conformance", "github.com/getkin/kin-openapi/openapi3", ""},
		{"examples/leakctl/a.go", "main", here + "leaks/formats", ""},
		{"examples/leakctl/a.go", "main", here + "stats", ""},
		{"examples/leakctl/a.go", "main", here + "internal/normalize", "no such arrow"},
		{"examples/leakctl/a.go", "main", here + "examples/quickstart/gen", "no such arrow"},
		{"bench/gen/a.go", "main", here + "bench/corpus", ""},
		{"bench/gen/a.go", "main", here + "index", "no such arrow"},
		{"util/a.go", "util", "fmt", "no room"},
		{"internal/a.go", "internal", "fmt", "no room"},
		{"stats/a.go", "stats", here + "util", "no room"},
		{"a.go", "leakscope", "fmt", "no room"},

		{"internal/kv/a.go", "kv", "github.com/dgraph-io/badger/v4", ""},
		{"leaks/a.go", "leaks", "github.com/dgraph-io/badger/v4/options", "only internal/kv"},
		{"leaks/a_test.go", "leaks", "github.com/dgraph-io/badger/v4", "only internal/kv"},
		{"index/a.go", "index", "github.com/RoaringBitmap/roaring/v2", ""},
		{"stats/a.go", "stats", "github.com/RoaringBitmap/roaring/v2", "only index"},
		{"stats/a.go", "stats", "github.com/axiomhq/hyperloglog", ""},
		{"leaks/a.go", "leaks", "github.com/axiomhq/hyperloglog", "only stats"},
		{"leaks/a.go", "leaks", "github.com/alecthomas/kong", "only examples"},
		{"bench/peers/a.go", "peers", "github.com/dgraph-io/badger/v4", ""},
		{"leaks/a.go", "leaks", "pgregory.net/rapid", "only test files"},
		{"leaks/a_test.go", "leaks", "pgregory.net/rapid", ""},

		{"leaks/testdata/a.go", "x", here + "util", ""}, // passed over
		{".ci/a.go", "x", here + "util", ""},
	} {
		src := "package " + c.pkg + "\n\nimport _ \"" + c.imp + "\"\n"
		bad, err := check(fstest.MapFS{c.file: {Data: []byte(src)}})
		switch {
		case err != nil:
			t.Errorf("%s importing %s: %v", c.file, c.imp, err)
		case c.bad == "" && len(bad) != 0:
			t.Errorf("%s (package %s) importing %s: refused: %v", c.file, c.pkg, c.imp, bad)
		case c.bad != "" && (len(bad) != 1 || !strings.Contains(bad[0], c.bad)):
			t.Errorf("%s (package %s) importing %s: got %q, want a complaint with %q", c.file, c.pkg, c.imp, bad, c.bad)
		}
	}
}

// TestDrawing: the table itself is sound: every arrow ends at a room, and the
// arrows make no circle.
func TestDrawing(t *testing.T) {
	byName := map[string]room{}
	for _, r := range rooms {
		byName[r.name] = r
	}
	const open, done = 1, 2
	state := map[string]int{}
	var visit func(name string)
	visit = func(name string) {
		r, ok := byName[name]
		if !ok {
			t.Errorf("an arrow ends at %s, which is no room", name)
			return
		}
		state[name] = open
		for _, to := range r.to {
			switch state[to] {
			case open:
				t.Errorf("a circle through %s and %s", name, to)
			case 0:
				visit(to)
			}
		}
		state[name] = done
	}
	for _, r := range rooms {
		if state[r.name] == 0 {
			visit(r.name)
		}
	}
}
