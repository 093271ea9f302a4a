package kv

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/leakscope/leakscope/internal/codec"
)

// TestLostRecords: records that went missing, came back or changed places are
// found, whatever the way.
func TestLostRecords(t *testing.T) {
	for name, harm := range map[string]func(txn *badger.Txn, old []byte) error{
		"lost":  func(txn *badger.Txn, _ []byte) error { return txn.Delete(keyRecord(Watchlists, []byte("k00001"))) },
		"stale": func(txn *badger.Txn, old []byte) error { return txn.Set(keyRecord(Watchlists, []byte("k00001")), old) },
		"back": func(txn *badger.Txn, old []byte) error {
			return txn.Set(keyRecord(Watchlists, []byte("k1")), frame(keyRecord(Watchlists, []byte("k1")), nil))
		},
		"swapped": func(txn *badger.Txn, old []byte) error { return txn.Set(keyRecord(Watchlists, []byte("k00002")), old) },
		"cut": func(txn *badger.Txn, old []byte) error {
			return txn.Set(keyRecord(Watchlists, []byte("k00002")), old[:5])
		},
		"empty":    func(txn *badger.Txn, old []byte) error { return txn.Set(keyRecord(Watchlists, []byte("k00002")), nil) },
		"no state": func(txn *badger.Txn, old []byte) error { return txn.Delete(keyRoom(Watchlists)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := mustOpen(t, testOptions(dir))
			r := mustRecords(t, db)
			if err := put(r, "old", 10); err != nil {
				t.Fatal(err)
			}
			old := frame(keyRecord(Watchlists, []byte("k00001")), []byte("old"))
			if err := put(r, "fresh", 10); err != nil {
				t.Fatal(err)
			}
			if err := db.badger.Update(func(txn *badger.Txn) error { return harm(txn, old) }); err != nil {
				t.Fatal(err)
			}
			err := func() error {
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				db, err := Open(testOptions(dir))
				if err != nil {
					return err
				}
				defer db.Close()
				_, err = db.Records(t.Context(), Watchlists)
				return err
			}()
			if !errors.Is(err, codec.ErrCorrupt) || strings.Contains(err.Error(), "fresh") || strings.Contains(err.Error(), "k000") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestWitness: a catalogue that is whole and old is found out by the witness; a
// witness that is old, damaged or missing hides nothing and harms nothing.
func TestWitness(t *testing.T) {
	dir, before := t.TempDir(), t.TempDir()+"/before"
	db := mustOpen(t, testOptions(dir))
	if err := put(mustRecords(t, db), "old", 3); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	copyTree(t, dir, before)
	db = mustOpen(t, testOptions(dir))
	if err := put(mustRecords(t, db), "new", 3); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	path := db.path(badgerDir, witnessName)
	now, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	past, err := os.ReadFile(strings.Replace(path, dir, before, 1))
	if err != nil || bytes.Equal(now, past) {
		t.Fatalf("the witness did not change: %v", err)
	}
	openWith := func(dir string, b []byte) error {
		t.Helper()
		path := dir + "/" + badgerDir + "/" + witnessName
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if b != nil {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		db, err := Open(testOptions(dir))
		if err != nil {
			return err
		}
		mustRecords(t, db)
		return db.Close()
	}
	if err := openWith(before, now); !errors.Is(err, codec.ErrCorrupt) || !strings.Contains(err.Error(), "lost its newest") {
		t.Errorf("a catalogue that is old: %v", err)
	}
	bad := bytes.Clone(now)
	bad[len(bad)-1] ^= 1
	for name, b := range map[string][]byte{"old": past, "damaged": bad, "cut": now[:9], "empty": {}, "missing": nil, "zeros": make([]byte, 100)} {
		if err := openWith(dir, b); err != nil {
			t.Errorf("witness %s: %v", name, err)
		}
	}
}
