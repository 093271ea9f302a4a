package kv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"pgregory.net/rapid"
)

func mustRecords(t testing.TB, db *DB) *Records {
	t.Helper()
	r, err := db.Records(context.Background(), Watchlists)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// contents reads all records.
func contents(t testing.TB, r *Records) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := r.View(context.Background(), func(rd *Reader) error {
		for rec, err := range rd.All(nil) {
			if err != nil {
				return err
			}
			m[string(rec.Key)] = string(rec.Value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRecordsModel compares transactions of all sizes with a map.
func TestRecordsModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		opt := testOptions(dir)
		opt.noSync = true
		db := mustOpen(t, opt)
		defer func() { db.Close() }()
		m := roomModel{db: db, opt: opt, t: t, r: mustRecords(t, db), model: map[string]string{}}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			m.step(rt)
			db = m.db
		}
	})
}

type roomModel struct {
	t     *testing.T
	db    *DB
	opt   Options
	r     *Records
	model map[string]string
	gen   uint64
}

func (m *roomModel) step(rt *rapid.T) {
	t, r, model := m.t, m.r, m.model
	key := rapid.Custom(func(rt *rapid.T) string {
		return rapid.StringOfN(rapid.SampledFrom([]rune("ab\x00ÿ")), 1, 4, -1).Draw(rt, "key")
	})
	switch rapid.IntRange(0, 9).Draw(rt, "step") {
	case 0:
		if err := m.db.Close(); err != nil {
			rt.Fatal(err)
		}
		m.db = mustOpen(t, m.opt)
		r = mustRecords(t, m.db)
		m.r = r
	case 1, 2:
		prefix, start := rapid.SampledFrom([]string{"", "a", "ab", "b\x00"}).Draw(rt, "prefix"), key.Draw(rt, "start")
		var want []string
		for _, k := range slices.Sorted(maps.Keys(model)) {
			if strings.HasPrefix(k, prefix) && k >= start {
				want = append(want, k+"="+model[k])
			}
		}
		var got []string
		limit := rapid.SampledFrom([]int{1, 1000}).Draw(rt, "limit")
		err := r.View(t.Context(), func(rd *Reader) error {
			for rec, err := range rd.From([]byte(prefix), []byte(start)) {
				if err != nil {
					return err
				}
				if got = append(got, string(rec.Key)+"="+string(rec.Value)); len(got) == limit {
					break
				}
			}
			return nil
		})
		if want = want[:min(limit, len(want))]; err != nil || !slices.Equal(got, want) {
			rt.Fatalf("from %q with %q: %q, %v; want %q", start, prefix, got, err, want)
		}
	default:
		next := maps.Clone(model)
		fail := rapid.IntRange(0, 4).Draw(rt, "fail") == 0
		boom := errors.New("boom")
		large := rapid.IntRange(0, 9).Draw(rt, "large") == 0
		called := false
		err := r.Update(t.Context(), func(w *Writer) error {
			n := rapid.IntRange(0, 6).Draw(rt, "changes")
			for range n {
				k := key.Draw(rt, "key")
				if v, ok, err := w.Get([]byte(k)); err != nil || ok != (hasKey(next, k)) || string(v) != next[k] {
					rt.Fatalf("%q: %q, %v, %v; want %q", k, v, ok, err, next[k])
				}
				if rapid.Bool().Draw(rt, "delete") {
					if err := w.Delete([]byte(k)); err != nil {
						return err
					}
					delete(next, k)
					continue
				}
				v := rapid.StringN(0, 5, -1).Draw(rt, "value")
				if large {
					v = strings.Repeat(v, 3000)
				}
				if err := w.Put([]byte(k), []byte(v)); err != nil {
					return err
				}
				next[k] = v
			}
			if large {
				for i := range 3000 {
					k := fmt.Sprintf("ÿlarge %d", i)
					if hasKey(next, k) {
						delete(next, k)
						if err := w.Delete([]byte(k)); err != nil {
							return err
						}
					} else {
						next[k] = ""
						if err := w.Put([]byte(k), nil); err != nil {
							return err
						}
					}
				}
			}
			w.Then(func() { called = true })
			if fail {
				return boom
			}
			return nil
		})
		switch {
		case fail && !errors.Is(err, boom) || !fail && err != nil:
			rt.Fatalf("update: %v", err)
		case called == fail:
			rt.Fatalf("Then was called: %v", called)
		case !fail:
			model = next
			m.model = next
		}
	}
	g := m.db.rooms[Watchlists].generation
	if g < m.gen {
		rt.Fatalf("generation %d after %d", g, m.gen)
	}
	m.gen = g
	if got := contents(t, r); !maps.Equal(got, model) {
		rt.Fatalf("%d records, want %d", len(got), len(model))
	}
}

func hasKey(m map[string]string, k string) bool { _, ok := m[k]; return ok }

// put writes n records of one value in one transaction.
func put(r *Records, value string, n int) error {
	return r.Update(context.Background(), func(w *Writer) error {
		for i := range n {
			if err := w.Put(fmt.Appendf(nil, "k%05d", i), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestLargeTransaction breaks a large transaction before each of its steps: what
// is there after opening again is all of it or nothing, and nobody sees less.
func TestLargeTransaction(t *testing.T) {
	const n = 2500
	for fail := 1; ; fail++ {
		dir := t.TempDir()
		opt := testOptions(dir)
		opt.noSync = true
		left := -1
		opt.commit = func() error {
			if left--; left == 0 {
				return errors.New("the disk is gone")
			}
			return nil
		}
		db := mustOpen(t, opt)
		r := mustRecords(t, db)
		if err := put(r, "old", n); err != nil {
			t.Fatal(err)
		}
		left = fail
		failed := put(r, "new", n)
		left = -1
		if failed != nil {
			if err := put(r, "more", 1); !errors.Is(err, ErrFailed) {
				t.Errorf("step %d: a write after a failed one: %v", fail, err)
			}
			err := r.View(t.Context(), func(rd *Reader) error {
				v, _, err := rd.Get([]byte("k00000"))
				if err == nil && string(v) != "old" {
					err = fmt.Errorf("%q is seen", v)
				}
				return err
			})
			if err != nil && !errors.Is(err, ErrFailed) {
				t.Errorf("step %d: %v", fail, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		opt.commit = nil
		db = mustOpen(t, opt)
		r = mustRecords(t, db)
		counts := map[string]int{}
		for _, v := range contents(t, r) {
			counts[v]++
		}
		if len(counts) != 1 || counts["old"]+counts["new"] != n || failed == nil && counts["new"] != n {
			t.Errorf("step %d, %v: %v", fail, failed, counts)
		}
		err := db.view(func(txn *badger.Txn) error {
			it := txn.NewIterator(badger.DefaultIteratorOptions)
			defer it.Close()
			for it.Rewind(); it.Valid(); it.Next() {
				if k := it.Item().Key()[0]; k == prefixJournal || k == prefixSeal {
					return fmt.Errorf("a record of kind %q is left", k)
				}
			}
			return nil
		})
		if err != nil {
			t.Errorf("step %d: %v", fail, err)
		}
		if err := put(r, "again", n); err != nil {
			t.Errorf("step %d: %v", fail, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if failed == nil {
			t.Logf("%d steps", fail-1)
			return
		}
	}
}

func TestRecordLimits(t *testing.T) {
	db := mustOpen(t, testOptions(t.TempDir()))
	r := mustRecords(t, db)
	for name, fn := range map[string]func(w *Writer) error{
		"no key":     func(w *Writer) error { return w.Put(nil, nil) },
		"long key":   func(w *Writer) error { return w.Delete(make([]byte, maxRecordKey+1)) },
		"long value": func(w *Writer) error { return w.Put([]byte("k"), make([]byte, maxValue+1)) },
		"ignored":    func(w *Writer) error { _ = w.Put(nil, nil); return w.Put([]byte("k"), nil) },
		"huge": func(w *Writer) error {
			for i := range maxEditBytes/maxValue + 1 {
				if err := w.Put(fmt.Append(nil, i), make([]byte, maxValue)); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		if err := r.Update(t.Context(), fn); err == nil || errors.Is(err, ErrFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := contents(t, r); len(got) != 0 {
		t.Errorf("%d records", len(got))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Update(ctx, func(*Writer) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := r.View(ctx, func(*Reader) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.View(t.Context(), func(*Reader) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := put(r, "v", 1); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestRecordsSpace(t *testing.T) {
	free := int64(1 << 30)
	opt := testOptions(t.TempDir())
	opt.MinFree = 64 << 20
	opt.free = func(string) (int64, error) { return free, nil }
	db := mustOpen(t, opt)
	r := mustRecords(t, db)
	if err := put(r, "v", 3); err != nil {
		t.Fatal(err)
	}
	free = 63 << 20
	if err := put(r, "w", 3); !errors.Is(err, ErrNoSpace) {
		t.Errorf("on a full disk: %v", err)
	}
	if err := put(r, "w", 3000); !errors.Is(err, ErrNoSpace) {
		t.Errorf("a large one on a full disk: %v", err)
	}
	err := r.Update(t.Context(), func(w *Writer) error {
		w.Spare()
		return w.Delete([]byte("k00000"))
	})
	if err != nil || len(contents(t, r)) != 2 {
		t.Errorf("giving something up: %v", err)
	}
}

// childRecords writes transactions of one value each, large and small, and reports
// each value when it is durable.
func childRecords(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	db, err := Open(testOptions(dir))
	fail(err)
	r, err := db.Records(context.Background(), Watchlists)
	fail(err)
	step := 0
	fail(r.View(context.Background(), func(rd *Reader) error {
		v, ok, err := rd.Get([]byte("k00000"))
		if ok {
			_, err = fmt.Sscan(string(v), &step)
		}
		return err
	}))
	for ; ; step++ {
		fmt.Println(step)
		// All records of a transaction have its number, so any mixture shows.
		fail(put(r, fmt.Sprint(step+1), 3000))
	}
}
