package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// binary is leakctl, built once: these tests run it as anyone would.
var binary string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "leakctl-test-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "leakctl")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// secret stands in every password of these tests, and must be seen nowhere.
const secret = "canary"

// house is one user's world: a home, a store, a directory for files.
type house struct {
	t     *testing.T
	dir   string
	store string
}

func newHouse(t *testing.T) *house {
	t.Parallel()
	dir := t.TempDir()
	return &house{t, dir, filepath.Join(dir, "store")}
}

// write makes a file and returns its path.
func (h *house) write(name, content string) string {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// command prepares leakctl on the house's store.
func (h *house) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, append([]string{"--store", h.store}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+h.dir, "XDG_CONFIG_HOME="+filepath.Join(h.dir, "config"))
	cmd.Dir = h.dir
	return cmd
}

// result is what one run of leakctl gave.
type result struct {
	args           []string
	stdout, stderr string
	code           int
}

func (h *house) run(args ...string) result {
	h.t.Helper()
	return h.finish(h.command(args...), nil)
}

func (h *house) finish(cmd *exec.Cmd, stdin io.Reader) result {
	h.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	r := result{cmd.Args[1:], stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	h.checkClean(r)
	return r
}

// checkClean holds for every run: no secret, no stack trace, lines of ours.
func (h *house) checkClean(r result) {
	h.t.Helper()
	if strings.Contains(r.stdout+r.stderr, secret) {
		h.t.Errorf("%q tells a password:\n%s%s", r.args, r.stdout, r.stderr)
	}
	for line := range strings.Lines(r.stderr) {
		if !strings.HasPrefix(line, "leakctl: ") {
			h.t.Errorf("%q: a line on stderr that is not ours: %s", r.args, line)
		}
	}
}

// want fails unless the run ended with code and said, in a single line of
// standard error, all of parts.
func (r result) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("%q: exit code %d, want %d\n%s", r.args, r.code, code, r.stderr)
	}
	if len(parts) == 0 {
		return
	}
	for line := range strings.Lines(r.stderr) {
		found := true
		for _, p := range parts {
			found = found && strings.Contains(line, p)
		}
		if found {
			return
		}
	}
	t.Errorf("%q: no line with all of %q on stderr:\n%s", r.args, parts, r.stderr)
}

// quiet fails unless the run was done and said nothing on standard error.
func (r result) quiet(t *testing.T) result {
	t.Helper()
	if r.code != 0 || r.stderr != "" {
		t.Errorf("%q: exit code %d, stderr %q", r.args, r.code, r.stderr)
	}
	return r
}

// sum is an ingest's summary.
type sum struct {
	Files         int              `json:"files"`
	SkippedFiles  int              `json:"skipped_files"`
	PartialFiles  int              `json:"partial_files"`
	Read          int64            `json:"read"`
	Ingested      int64            `json:"ingested"`
	Rejected      int64            `json:"rejected"`
	RejectReasons map[string]int64 `json:"reject_reasons"`
	Machines      int64            `json:"machines"`
	Cards         int64            `json:"cards"`
	Cookies       int64            `json:"cookies"`
	Damaged       map[string]int64 `json:"damaged"`
	Seconds       float64          `json:"seconds"`
	MergeSeconds  float64          `json:"merge_seconds"`
}

func (r result) summary(t *testing.T) sum {
	t.Helper()
	return decode[sum](t, r)
}

// decode reads the run's answer, and fails on any member that T does not name.
func decode[T any](t *testing.T, r result) (v T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(r.stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v in %q\n%s", r.args, err, r.stdout, r.stderr)
	}
	if d.More() {
		t.Errorf("%q: more than one answer: %q", r.args, r.stdout)
	}
	return v
}

// total asks how many credentials the whole store holds.
func (h *house) total() int {
	h.t.Helper()
	r := h.run("--json", "details", "--identifier-column", "username", "--all", "--page-size", "1")
	if r.code != 0 {
		h.t.Fatalf("%q: %s", r.args, r.stderr)
	}
	var page struct{ Total int }
	if err := json.Unmarshal([]byte(r.stdout), &page); err != nil {
		h.t.Fatal(err)
	}
	return page.Total
}

// checkNoSecret fails if a password stands in any file of the store or the
// configuration.
func (h *house) checkNoSecret(dirs ...string) { h.t.Helper(); h.checkNot(secret, dirs...) }

// checkNot fails if a file below dirs holds a text.
func (h *house) checkNot(text string, dirs ...string) {
	h.t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if bytes.Contains(data, []byte(text)) {
				h.t.Errorf("%s holds a secret", path)
			}
			return err
		})
		if err != nil {
			h.t.Error(err)
		}
	}
}

// checkWidth fails if a table is wider than a terminal.
func checkWidth(t *testing.T, r result) {
	t.Helper()
	for line := range strings.Lines(r.stdout) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 120 {
			t.Errorf("%q: a line of %d columns: %s", r.args, n, line)
		}
	}
}
