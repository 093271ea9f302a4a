package watchlist

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leakscope/leakscope/internal/kv"
)

// The model is a directory that thinks about nothing: lists that are searched
// from front to back.
type model struct {
	workspaces []*modelWorkspace
	keys       []*modelKey
}

type modelWorkspace struct {
	Workspace
	groups  []Group
	entries []Entry
}

type modelKey struct {
	Key
	secret string
}

func (w *modelWorkspace) limit(k Kind) int {
	switch n := w.Quotas[k]; {
	case n < 0:
		return 0
	case n == 0:
		return k.DefaultQuota()
	default:
		return n
	}
}

func (w *modelWorkspace) used(k Kind) (used, active int) {
	for _, e := range w.entries {
		if e.Kind == k {
			used++
			if e.Active {
				active++
			}
		}
	}
	return used, active
}

func (w *modelWorkspace) hasGroup(id string) bool {
	return id == "" || slices.ContainsFunc(w.groups, func(g Group) bool { return g.ID == id })
}

func (w *modelWorkspace) taken(k Kind, value, except string) bool {
	return slices.ContainsFunc(w.entries, func(e Entry) bool {
		same := e.Value == value
		if k == Asset || k == Ransom {
			same = strings.EqualFold(e.Value, value)
		}
		return e.Kind == k && same && e.ID != except
	})
}

// A play is a directory and its model, played the same.
type play struct {
	*bench
	model model
	ids   []string // that were ever given out, of whatever
}

// TestModel plays random moves on the directory and on the model.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		c := newClock()
		p := &play{bench: &bench{t: t, dir: dir, clock: c, opts: Options{Rules: testRules, Now: c.now,
			after: func(time.Duration, func()) stopper { return time.NewTimer(time.Hour) }}}}
		p.open()
		defer p.close()
		p.begin(rt)
		for range rapid.IntRange(5, 30).Draw(rt, "moves") {
			p.move(rt)
			c.add(time.Duration(rapid.IntRange(0, 1500).Draw(rt, "ms")) * time.Millisecond)
		}
		p.reopen()
		for _, w := range p.model.workspaces {
			p.compare(rt, w)
		}
		p.compareKeys(rt)
		if n := p.countRecords(); records(t, p.bench) != n {
			rt.Fatalf("%d records, want %d", records(t, p.bench), n)
		}
	})
}

// begin makes a workspace with something in it.
func (p *play) begin(rt *rapid.T) {
	w, err := p.CreateWorkspace(p.t.Context(), WorkspaceSpec{Name: "First"})
	if err != nil {
		rt.Fatal(err)
	}
	first := &modelWorkspace{Workspace: w}
	p.model.workspaces = append(p.model.workspaces, first)
	g, err := p.CreateGroup(p.t.Context(), w.ID, GroupSpec{Name: "Begin"})
	if err != nil {
		rt.Fatal(err)
	}
	first.groups = append(first.groups, g)
	p.ids = append(p.ids, w.ID, g.ID)
	var specs []EntrySpec
	for _, k := range Kinds() {
		group := g.ID
		if k == Asset {
			group = ""
		}
		specs = append(specs, EntrySpec{Kind: k, Value: modelValues[k][0], Group: group, Label: "Acme label"})
	}
	p.create(rt, first, w.ID, specs)
}

// countRecords: one a thing, and one more for each value and each used key.
func (p *play) countRecords() int {
	n := len(p.model.keys)
	for _, k := range p.model.keys {
		if !k.LastUsed.IsZero() {
			n++
		}
	}
	for _, w := range p.model.workspaces {
		n += 1 + len(w.groups) + 2*len(w.entries)
	}
	return n
}

func pick[T any](rt *rapid.T, label string, s []T) (v T) {
	if len(s) > 0 {
		v = rapid.SampledFrom(s).Draw(rt, label)
	}
	return v
}

var modelValues = map[Kind][]string{
	Domain:    {"a.test", "A.TEST.", "b.test", "x.a.test", "co.test", "c.co.test", "192.0.2.1", "", "test"},
	Keyword:   {"acme", "ACME ", "acme corp", "acme  corp", "ab", "---", "a-1"},
	BIN:       {"411111", "41111111", "4111", "41111x"},
	Executive: {"Eva@A.test", "eva@a.test", "eva", "Eva", " "},
	Asset:     {"192.0.2.9", "192.0.2.9/24", "h.a.test", "H.a.test", "Router 7", "router 7", "x"},
	Ransom:    {"Acme", "ACME", "Other Inc", "!!"},
}

func (p *play) move(rt *rapid.T) {
	w := pick(rt, "workspace", p.model.workspaces)
	ws := ""
	if w != nil {
		ws = w.ID
	}
	anyID := func(label string, mine []string) string {
		if rapid.IntRange(0, 5).Draw(rt, label+" of another") == 0 {
			return pick(rt, label, append(p.ids, "", "nonsense"))
		}
		return pick(rt, label, mine)
	}
	groups, entries := []string{""}, []string{}
	if w != nil {
		for _, g := range w.groups {
			groups = append(groups, g.ID)
		}
		for _, e := range w.entries {
			entries = append(entries, e.ID)
		}
	}
	ctx := p.t.Context()
	switch rapid.SampledFrom([]string{
		"new workspace", "workspace", "drop workspace", "group", "rename", "drop groups", "create", "create", "create",
		"update", "update", "update", "drop", "list", "list", "compare", "key", "revoke", "rotate", "verify", "reopen",
	}).Draw(rt, "move") {
	case "new workspace":
		if len(p.model.workspaces) >= 3 {
			return
		}
		spec := WorkspaceSpec{Name: pick(rt, "name", []string{"Acme", "", "Other"}), Quotas: p.quotas(rt)}
		got, err := p.CreateWorkspace(ctx, spec)
		if (spec.Name == "") != errors.Is(err, ErrInvalid) || err != nil && spec.Name != "" {
			rt.Fatalf("create workspace %+v: %v", spec, err)
		}
		if err == nil {
			p.model.workspaces = append(p.model.workspaces, &modelWorkspace{Workspace: got})
			p.ids = append(p.ids, got.ID)
		}
	case "workspace":
		if w == nil {
			return
		}
		b := Billing{rapid.Bool().Draw(rt, "blocked"), "unpaid", "past_due"}
		q := p.quotas(rt)
		got, err := p.UpdateWorkspace(ctx, ws, WorkspaceChange{Billing: &b, Quotas: q})
		if err != nil {
			rt.Fatal(err)
		}
		w.Billing = b
		for k, n := range q {
			if w.Quotas[k] = n; n == 0 {
				delete(w.Quotas, k)
			}
		}
		w.UpdatedAt = Time{p.now()}
		if !reflect.DeepEqual(got, w.Workspace) {
			rt.Fatalf("workspace %+v, want %+v", got, w.Workspace)
		}
	case "drop workspace":
		if w == nil || rapid.IntRange(0, 3).Draw(rt, "really") > 0 {
			return
		}
		if err := p.DeleteWorkspace(ctx, ws); err != nil {
			rt.Fatal(err)
		}
		p.model.workspaces = slices.DeleteFunc(p.model.workspaces, func(o *modelWorkspace) bool { return o == w })
		for _, k := range p.model.keys {
			if k.Workspace == ws {
				if _, err := p.Verify(ctx, k.secret); !errors.Is(err, ErrKey) {
					rt.Fatalf("the key of a deleted workspace: %v", err)
				}
			}
		}
		p.model.keys = slices.DeleteFunc(p.model.keys, func(k *modelKey) bool { return k.Workspace == ws })
		if _, err := p.Scope(ctx, ws); !errors.Is(err, ErrNotFound) {
			rt.Fatalf("the scope of a deleted workspace: %v", err)
		}
	case "group":
		name := pick(rt, "name", []string{"One", "one", "two", "three", " "})
		got, err := p.CreateGroup(ctx, ws, GroupSpec{Name: name, Description: "d"})
		if want := p.wantGroup(w, "", name); !errors.Is(err, want) {
			rt.Fatalf("create group %q: %v, want %v", name, err, want)
		}
		if err == nil {
			want := Group{got.ID, ws, name, "d", Time{p.now()}, Time{p.now()}}
			if got != want {
				rt.Fatalf("group %+v, want %+v", got, want)
			}
			w.groups = append(w.groups, got)
			p.ids = append(p.ids, got.ID)
		}
	case "rename":
		id, name := anyID("group", groups), pick(rt, "name", []string{"One", "TWO", "four", ""})
		got, err := p.UpdateGroup(ctx, ws, id, GroupChange{Name: &name})
		want := p.wantGroup(w, id, name)
		if w == nil || id == "" || !w.hasGroup(id) {
			want = ErrNotFound
		}
		if !errors.Is(err, want) {
			rt.Fatalf("rename group to %q: %v, want %v", name, err, want)
		}
		if err == nil {
			i := slices.IndexFunc(w.groups, func(g Group) bool { return g.ID == id })
			w.groups[i].Name, w.groups[i].UpdatedAt = name, Time{p.now()}
			if got != w.groups[i] {
				rt.Fatalf("group %+v, want %+v", got, w.groups[i])
			}
		}
	case "drop groups":
		ids := []string{anyID("group", groups), anyID("group", groups)}
		n, err := p.DeleteGroups(ctx, ws, ids)
		if w == nil {
			if !errors.Is(err, ErrNotFound) {
				rt.Fatal(err)
			}
			return
		}
		before := len(w.groups)
		w.groups = slices.DeleteFunc(w.groups, func(g Group) bool { return slices.Contains(ids, g.ID) })
		w.entries = slices.DeleteFunc(w.entries, func(e Entry) bool { return !w.hasGroup(e.Group) })
		if err != nil || n != before-len(w.groups) {
			rt.Fatalf("%d groups deleted, %v; want %d", n, err, before-len(w.groups))
		}
	case "create":
		var specs []EntrySpec
		for range rapid.IntRange(1, 3).Draw(rt, "specs") {
			k := pick(rt, "kind", append(Kinds(), "other"))
			specs = append(specs, EntrySpec{Kind: k, Value: pick(rt, "value", modelValues[k]), Group: anyID("group", groups),
				Label: pick(rt, "label", []string{"", "L", "Acme"}), Inactive: rapid.Bool().Draw(rt, "inactive")})
		}
		p.create(rt, w, ws, specs)
	case "update":
		p.update(rt, w, ws, anyID("entry", entries), anyID("group", groups))
	case "drop":
		ids := []string{anyID("entry", entries), anyID("entry", entries)}
		kind := pick(rt, "kind", append(Kinds(), "", "", ""))
		n, err := p.DeleteEntries(ctx, ws, kind, ids)
		if w == nil {
			if !errors.Is(err, ErrNotFound) {
				rt.Fatal(err)
			}
			return
		}
		before := len(w.entries)
		w.entries = slices.DeleteFunc(w.entries, func(e Entry) bool {
			return slices.Contains(ids, e.ID) && (kind == "" || kind == e.Kind)
		})
		if err != nil || n != before-len(w.entries) {
			rt.Fatalf("%d entries deleted, %v; want %d", n, err, before-len(w.entries))
		}
	case "list":
		if w != nil {
			p.list(rt, w, anyID("group", groups))
		}
	case "compare":
		if w != nil {
			p.compare(rt, w)
		}
		p.compareKeys(rt)
	case "key", "revoke", "rotate", "verify":
		p.moveKeys(rt, ws)
	case "reopen":
		p.reopen()
	}
}

func (p *play) quotas(rt *rapid.T) map[Kind]int {
	q := map[Kind]int{}
	for _, k := range Kinds() {
		if rapid.Bool().Draw(rt, "quota") {
			q[k] = rapid.IntRange(NoEntries, 4).Draw(rt, "quota of "+string(k))
		}
	}
	for k, n := range q { // as it will be said
		if n == 0 {
			delete(q, k)
		}
	}
	return q
}

// TestDirectoryStaysWhole: a process that ends without closing leaves all that
// was acknowledged.
func TestDirectoryStaysWhole(t *testing.T) {
	b := newBench(t)
	ws := b.workspace(nil)
	for i := range 50 {
		b.entry(ws, Domain, fmt.Sprintf("d%d.test", i))
	}
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(b.dir)); err != nil { // as a kill would leave it
		t.Fatal(err)
	}
	db, err := kv.Open(kv.Options{Dir: copied, MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d, err := Open(t.Context(), db, b.opts)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if s, err := d.Stats(t.Context(), ws); err != nil || s.Kinds[0].Used != 50 {
		t.Errorf("%+v, %v", s, err)
	}
}
