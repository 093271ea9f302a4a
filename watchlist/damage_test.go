package watchlist

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/kv"
)

// TestDamagedRecords: records whose frame is whole and whose content is not are
// corruption that names them, and what they held is in no message.
func TestDamagedRecords(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	ws := b.workspace(nil)
	w, _ := parseID(ws)
	g, err := b.CreateGroup(ctx, ws, GroupSpec{Name: "findable"})
	if err != nil {
		t.Fatal(err)
	}
	e := b.entry(ws, Domain, "findable.test")
	k, _ := b.key(KeySpec{Workspace: ws, Role: Member, Name: "findable"})
	gid, _ := parseID(g.ID)
	eid, _ := parseID(e.ID)
	kid, _ := parseID(k.ID)
	for name, c := range map[string]struct {
		key []byte
		id  string
		use func() error
	}{
		"workspace": {workspaceKey(w), ws, func() error { _, err := b.Stats(ctx, ws); return err }},
		"group":     {groupKey(w, gid), g.ID, func() error { _, err := b.Group(ctx, ws, g.ID); return err }},
		"groups":    {groupKey(w, gid), g.ID, func() error { _, err := b.Groups(ctx, ws, ListQuery{}); return err }},
		"entry":     {entryKey(w, 0, eid), e.ID, func() error { _, err := b.Entry(ctx, ws, "", e.ID); return err }},
		"entries":   {entryKey(w, 0, eid), e.ID, func() error { _, err := b.Entries(ctx, ws, ListQuery{}); return err }},
		"update":    {entryKey(w, 0, eid), e.ID, func() error { _, err := b.UpdateEntry(ctx, ws, "", e.ID, EntryChange{}); return err }},
		"delete":    {entryKey(w, 0, eid), e.ID, func() error { _, err := b.DeleteEntries(ctx, ws, "", []string{e.ID}); return err }},
		"scope": {entryKey(w, 0, eid), e.ID, func() error {
			b.scopes.invalidate(w)
			s, err := b.Scope(ctx, ws)
			if err != nil && !s.Empty() {
				t.Error("a scope of damaged entries")
			}
			return err
		}},
		"key": {keyKey(w, kid), k.ID, func() error { _, err := Open(ctx, b.db, b.opts); return err }},
	} {
		var good []byte
		set := func(v []byte) {
			t.Helper()
			err := b.records.Update(ctx, func(tx *kv.Writer) (err error) {
				if good == nil {
					if good, _, err = tx.Get(c.key); err != nil {
						return err
					}
				}
				return tx.Put(c.key, v)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		set([]byte{})
		for what, bad := range map[string][]byte{
			"empty": {}, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "of another version": append([]byte{99}, good[1:]...),
		} {
			set(bad)
			if err := c.use(); !errors.Is(err, codec.ErrCorrupt) || !strings.Contains(err.Error(), c.id) || strings.Contains(err.Error(), "findable") {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
		set(good)
		if name != "delete" {
			if err := c.use(); err != nil {
				t.Errorf("%s repaired: %v", name, err)
			}
		}
	}
}

// FuzzDecode: no bytes make a decoder panic; what is read is written the same.
func FuzzDecode(f *testing.F) {
	now := time.Unix(1e9, 0)
	one := id{1}
	f.Add((&workspaceRecord{name: "Acme", created: now, billing: Billing{true, "r", "s"}, groups: 3, counts: [len(kinds)]kindCounts{{5, 4}}}).encode())
	f.Add((&groupRecord{name: "g", created: now, updated: now}).encode())
	f.Add((&entryRecord{group: one, value: "a.test", active: true, label: "l", created: now}).encode())
	f.Add((&keyRecord{name: "k", role: 1, hash: [32]byte{9}, expires: now}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(what string, again []byte) {
			// A length may be written in more than one way; the content not.
			if len(again) == len(b) && !bytes.Equal(again, b) {
				t.Errorf("%s %x is %x", what, b, again)
			}
		}
		if w, err := decodeWorkspace(one, b); err == nil {
			same("workspace", w.encode())
		}
		if g, err := decodeGroup(one, b); err == nil {
			same("group", g.encode())
		}
		if e, err := decodeEntry(one, 0, b); err == nil {
			same("entry", e.encode())
		}
		if k, err := decodeKey(one, one, b); err == nil {
			same("key", k.encode())
		}
	})
}
