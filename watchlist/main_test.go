package watchlist

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/leakscope/leakscope/internal/kv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testRules are simple ones: the suffixes are test, example, com and co.test.
var testRules = Rules{
	Domain: func(s string) (string, error) {
		s = strings.TrimSuffix(strings.ToLower(s), ".")
		if _, err := netip.ParseAddr(s); err == nil {
			return s, nil
		}
		for _, label := range strings.Split(s, ".") {
			if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
				return "", errors.New("no domain")
			}
		}
		return s, nil
	},
	Root: func(d string) (string, error) {
		labels := strings.Split(d, ".")
		n := 1
		if strings.HasSuffix("."+d, ".co.test") {
			n = 2
		}
		if len(labels) <= n {
			return "", errors.New("suffix")
		}
		return strings.Join(labels[len(labels)-n-1:], "."), nil
	},
	Username: func(s string) string {
		s = strings.TrimSpace(s)
		if strings.Contains(s, "@") {
			s = strings.ToLower(s)
		}
		return s
	},
}

// A clock that only moves when told.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// A bench is a directory in a database of its own, which may be closed and
// opened again.
type bench struct {
	*Directory
	t     testing.TB
	dir   string
	clock *clock
	opts  Options
	db    *kv.DB
}

func newBench(t testing.TB) *bench {
	t.Helper()
	c := newClock()
	b := &bench{t: t, dir: t.TempDir(), clock: c, opts: Options{Rules: testRules, Now: c.now}}
	b.open()
	t.Cleanup(b.close)
	return b
}

func (b *bench) open() {
	b.t.Helper()
	var err error
	if b.db, err = kv.Open(kv.Options{Dir: b.dir, MinFree: 1}); err != nil {
		b.t.Fatal(err)
	}
	if b.Directory, err = Open(b.t.Context(), b.db, b.opts); err != nil {
		b.db.Close()
		b.t.Fatal(err)
	}
}

func (b *bench) close() {
	b.t.Helper()
	if err := errors.Join(b.Directory.Close(), b.db.Close()); err != nil {
		b.t.Error(err)
	}
}

func (b *bench) reopen() {
	b.t.Helper()
	b.close()
	b.open()
}

// workspace makes one with quotas as given.
func (b *bench) workspace(quotas map[Kind]int) string {
	b.t.Helper()
	w, err := b.CreateWorkspace(b.t.Context(), WorkspaceSpec{Name: "Acme", Quotas: quotas})
	if err != nil {
		b.t.Fatal(err)
	}
	return w.ID
}

func (b *bench) entry(ws string, k Kind, value string) Entry {
	b.t.Helper()
	e, err := b.CreateEntry(b.t.Context(), ws, EntrySpec{Kind: k, Value: value})
	if err != nil {
		b.t.Fatalf("%s %s: %v", k, value, err)
	}
	return e
}
