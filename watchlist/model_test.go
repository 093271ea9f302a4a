package watchlist

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
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

func (p *play) wantGroup(w *modelWorkspace, id, name string) error {
	switch {
	case w == nil && strings.TrimSpace(name) != "":
		return ErrNotFound
	case strings.TrimSpace(name) == "":
		return ErrInvalid
	case slices.ContainsFunc(w.groups, func(g Group) bool { return g.ID != id && strings.EqualFold(g.Name, name) }):
		return ErrExists
	}
	return nil
}

func (p *play) create(rt *rapid.T, w *modelWorkspace, ws string, specs []EntrySpec) {
	// What is wanted: all that may be wrong, one of which must be said.
	var wrong []error
	var made []Entry
	more := map[Kind]int{}
	for _, s := range specs {
		v, err := p.Normalize(s.Kind, s.Value)
		if err != nil {
			wrong = append(wrong, ErrInvalid)
		}
		more[s.Kind]++
		made = append(made, Entry{"", ws, s.Group, s.Kind, v, s.Label, s.Note, !s.Inactive, Time{p.now()}, Time{p.now()}})
	}
	switch {
	case len(wrong) > 0:
	case w == nil:
		wrong = append(wrong, ErrNotFound)
	default:
		for k, n := range more {
			if w.Billing.Blocked && (k == Domain || k == Keyword || k == BIN) {
				wrong = append(wrong, ErrBilling)
			}
			if used, _ := w.used(k); used+n > w.limit(k) {
				wrong = append(wrong, ErrQuota)
			}
		}
		then := &modelWorkspace{entries: slices.Clone(w.entries)}
		for _, e := range made {
			if !w.hasGroup(e.Group) {
				wrong = append(wrong, ErrNotFound)
			}
			if then.taken(e.Kind, e.Value, "none") {
				wrong = append(wrong, ErrExists)
			}
			then.entries = append(then.entries, e)
		}
	}
	got, err := p.CreateEntries(p.t.Context(), ws, specs)
	if len(wrong) > 0 {
		if !slices.ContainsFunc(wrong, func(want error) bool { return errors.Is(err, want) }) {
			rt.Fatalf("create %+v: %v, want one of %v", specs, err, wrong)
		}
		var q *QuotaError
		if errors.As(err, &q) {
			k := Kind(strings.TrimSuffix(q.Metric, "s"))
			if used, _ := w.used(k); *q != (QuotaError{k.Metric(), used, w.limit(k), more[k]}) {
				rt.Fatalf("%+v", *q)
			}
		}
		return
	}
	if err != nil {
		rt.Fatalf("create %+v: %v", specs, err)
	}
	for i := range got {
		made[i].ID = got[i].ID
		p.ids = append(p.ids, got[i].ID)
	}
	if !slices.Equal(got, made) {
		rt.Fatalf("made %+v, want %+v", got, made)
	}
	w.entries = append(w.entries, made...)
}

func (p *play) update(rt *rapid.T, w *modelWorkspace, ws, id, group string) {
	var c EntryChange
	some := func(label string) bool { return rapid.Bool().Draw(rt, label) }
	if some("kind changes") {
		k := pick(rt, "kind", Kinds())
		c.Kind = &k
	}
	if some("value changes") {
		v := pick(rt, "value", modelValues[pick(rt, "value of", Kinds())])
		c.Value = &v
	}
	if some("group changes") {
		c.Group = &group
	}
	if some("label changes") {
		l := "L2"
		c.Label = &l
	}
	if some("active changes") {
		a := some("active")
		c.Active = &a
	}
	must := pick(rt, "must be", append(Kinds(), "", "", "", "", ""))
	var i = -1
	if w != nil {
		i = slices.IndexFunc(w.entries, func(e Entry) bool { return e.ID == id && (must == "" || must == e.Kind) })
	}
	got, err := p.UpdateEntry(p.t.Context(), ws, must, id, c)
	if i < 0 {
		if !errors.Is(err, ErrNotFound) {
			rt.Fatalf("update of nothing: %v", err)
		}
		return
	}
	e := w.entries[i]
	old := e.Kind
	var wrong []error
	if c.Kind != nil {
		e.Kind = *c.Kind
	}
	if c.Value != nil {
		e.Value = *c.Value
	}
	if c.Kind != nil || c.Value != nil {
		v, err := p.Normalize(e.Kind, e.Value)
		if err != nil {
			wrong = append(wrong, ErrInvalid)
		}
		e.Value = v
	}
	if c.Group != nil {
		if e.Group = *c.Group; !w.hasGroup(e.Group) {
			wrong = append(wrong, ErrNotFound)
		}
	}
	if c.Label != nil {
		e.Label = *c.Label
	}
	if c.Active != nil {
		e.Active = *c.Active
	}
	if e.Kind != old {
		if used, _ := w.used(e.Kind); used+1 > w.limit(e.Kind) {
			wrong = append(wrong, ErrQuota)
		}
		if w.Billing.Blocked && (e.Kind == Domain || e.Kind == Keyword || e.Kind == BIN) {
			wrong = append(wrong, ErrBilling)
		}
	}
	if w.taken(e.Kind, e.Value, e.ID) {
		wrong = append(wrong, ErrExists)
	}
	if len(wrong) > 0 {
		if !slices.ContainsFunc(wrong, func(want error) bool { return errors.Is(err, want) }) {
			rt.Fatalf("update %+v: %v, want one of %v", c, err, wrong)
		}
		return
	}
	e.UpdatedAt = Time{p.now()}
	if err != nil || got != e {
		rt.Fatalf("update %+v: %+v, %v; want %+v", c, got, err, e)
	}
	w.entries[i] = e
}

func (p *play) list(rt *rapid.T, w *modelWorkspace, group string) {
	q := ListQuery{Kind: pick(rt, "kind", append(Kinds(), "")), Search: pick(rt, "search", []string{"", "", "ACM", "a", "l"}),
		SortBy:    pick(rt, "by", []string{"", "createdAt", "updatedAt", "value", "label", "kind"}),
		SortOrder: pick(rt, "order", []string{"", "asc", "desc"}), Page: rapid.IntRange(0, 3).Draw(rt, "page"), PageSize: rapid.IntRange(0, 3).Draw(rt, "size")}
	if rapid.Bool().Draw(rt, "of group") {
		q.Group = group
	}
	if rapid.Bool().Draw(rt, "of active") {
		a := rapid.Bool().Draw(rt, "active")
		q.Active = &a
	}
	got, err := p.Entries(p.t.Context(), w.ID, q)
	if !w.hasGroup(q.Group) {
		if !errors.Is(err, ErrNotFound) {
			rt.Fatalf("list of a group that is none: %v", err)
		}
		return
	}
	var want []Entry
	for _, e := range w.entries {
		text := strings.ToLower(e.Value + "\n" + e.Label + "\n" + e.Note)
		if (q.Kind == "" || q.Kind == e.Kind) && (q.Group == "" || q.Group == e.Group) && (q.Active == nil || *q.Active == e.Active) &&
			strings.Contains(text, strings.ToLower(q.Search)) {
			want = append(want, e)
		}
	}
	by := map[string]func(e Entry) string{
		"createdAt": func(e Entry) string { return e.CreatedAt.Format(time.RFC3339) }, "updatedAt": func(e Entry) string { return e.UpdatedAt.Format(time.RFC3339) },
		"value": func(e Entry) string { return e.Value }, "label": func(e Entry) string { return e.Label }, "kind": func(e Entry) string { return string(e.Kind) },
	}
	key := by["createdAt"]
	if q.SortBy != "" {
		key = by[q.SortBy]
	}
	up := q.SortOrder == "asc" || q.SortOrder == "" && (q.SortBy == "value" || q.SortBy == "label" || q.SortBy == "kind")
	sort.Slice(want, func(i, j int) bool {
		a, b := key(want[i])+"\n"+want[i].ID, key(want[j])+"\n"+want[j].ID
		if key(want[i]) != key(want[j]) {
			a, b = key(want[i]), key(want[j])
		}
		return a < b == up
	})
	size, page := q.PageSize, max(q.Page, 1)
	if size == 0 {
		size = 50
	}
	from := min((page-1)*size, len(want))
	if cut := want[from:min(from+size, len(want))]; err != nil || got.Total != len(want) || !slices.Equal(got.Items, cut) {
		rt.Fatalf("list %+v: %d of %d, %v; want %d of %d\n%+v\n%+v", q, len(got.Items), got.Total, err, len(cut), len(want), got.Items, cut)
	}
}

// compare looks at everything there is of a workspace.
func (p *play) compare(rt *rapid.T, w *modelWorkspace) {
	ctx := p.t.Context()
	got, err := p.Workspace(ctx, w.ID)
	if err != nil || !reflect.DeepEqual(got, w.Workspace) {
		rt.Fatalf("workspace %+v, %v; want %+v", got, err, w.Workspace)
	}
	stats := Stats{Groups: len(w.groups)}
	var g grants
	for _, k := range Kinds() {
		used, active := w.used(k)
		stats.Kinds = append(stats.Kinds, KindStats{k, used, active, w.limit(k)})
	}
	if got, err := p.Stats(ctx, w.ID); err != nil || !reflect.DeepEqual(got, stats) {
		rt.Fatalf("stats %+v, %v; want %+v", got, err, stats)
	}
	for _, e := range w.entries {
		if got, err := p.Entry(ctx, w.ID, e.Kind, e.ID); err != nil || got != e {
			rt.Fatalf("entry %+v, %v; want %+v", got, err, e)
		}
		for _, other := range p.model.workspaces {
			if _, err := p.Entry(ctx, other.ID, "", e.ID); other != w && !errors.Is(err, ErrNotFound) {
				rt.Fatalf("the entry of another workspace: %v", err)
			}
		}
		if e.Active {
			g.add(e.Kind, e.Value)
		}
	}
	groups, err := p.Groups(ctx, w.ID, ListQuery{PageSize: 200, SortBy: "createdAt", SortOrder: "asc"})
	want := slices.Clone(w.groups)
	sort.Slice(want, func(i, j int) bool { return want[i].ID < want[j].ID })
	if err != nil || !slices.Equal(groups.Items, want) {
		rt.Fatalf("groups %+v, %v; want %+v", groups.Items, err, want)
	}
	s, err := p.Scope(ctx, w.ID)
	if err != nil || s.Digest() != newScope(g).Digest() {
		rt.Fatalf("scope %+v, %v; want %+v", s, err, newScope(g))
	}
}

func (p *play) moveKeys(rt *rapid.T, ws string) {
	ctx := p.t.Context()
	k := pick(rt, "key", p.model.keys)
	valid := func(k *modelKey) bool {
		return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || p.opts.Now().Before(k.ExpiresAt.Time))
	}
	switch move := rapid.SampledFrom([]string{"new", "revoke", "rotate", "verify", "verify"}).Draw(rt, "key move"); {
	case move == "new":
		spec := KeySpec{Workspace: ws, Name: "k", Role: pick(rt, "role", []Role{Member, MSSP, Admin, "root"})}
		if rapid.Bool().Draw(rt, "expires") {
			spec.ExpiresAt = p.opts.Now().Add(time.Duration(rapid.IntRange(-1, 4).Draw(rt, "in")) * time.Second)
		}
		got, secret, err := p.CreateKey(ctx, spec)
		bad := spec.Role == "root" || (spec.Role == Admin) != (ws == "") || !spec.ExpiresAt.IsZero() && !spec.ExpiresAt.Truncate(time.Second).After(p.now())
		if bad != errors.Is(err, ErrInvalid) || !bad && err != nil {
			rt.Fatalf("create key %+v: %v", spec, err)
		}
		if err == nil {
			want := Key{ID: got.ID, Workspace: ws, Name: "k", Role: spec.Role, CreatedAt: Time{p.now()}, ExpiresAt: Time{spec.ExpiresAt.Truncate(time.Second)}}
			if got != want {
				rt.Fatalf("key %+v, want %+v", got, want)
			}
			p.model.keys = append(p.model.keys, &modelKey{got, secret})
		}
	case k == nil:
		if err := p.RevokeKey(ctx, pick(rt, "id", append(p.ids, ""))); !errors.Is(err, ErrNotFound) {
			rt.Fatalf("revoke nothing: %v", err)
		}
	case move == "revoke":
		if err := p.RevokeKey(ctx, k.ID); err != nil {
			rt.Fatal(err)
		}
		if k.RevokedAt.IsZero() {
			k.RevokedAt = Time{p.now()}
		}
	case move == "rotate":
		overlap := time.Duration(rapid.IntRange(0, 5).Draw(rt, "overlap")) * time.Second
		got, secret, err := p.RotateKey(ctx, k.ID, overlap)
		if !valid(k) {
			if !errors.Is(err, ErrNotFound) {
				rt.Fatalf("rotate a dead key: %v", err)
			}
			return
		}
		want := Key{ID: got.ID, Workspace: k.Workspace, Name: k.Name, Role: k.Role, CreatedAt: Time{p.now()}, ExpiresAt: k.ExpiresAt}
		if err != nil || got != want {
			rt.Fatalf("rotated %+v, %v; want %+v", got, err, want)
		}
		if end := p.now().Add(overlap); k.ExpiresAt.IsZero() || end.Before(k.ExpiresAt.Time) {
			k.ExpiresAt = Time{end}
		}
		p.model.keys = append(p.model.keys, &modelKey{got, secret})
	case move == "verify":
		got, err := p.Verify(ctx, k.secret)
		if !valid(k) {
			if !errors.Is(err, ErrKey) {
				rt.Fatalf("a dead key: %v", err)
			}
			return
		}
		k.LastUsed = Time{p.now()}
		if err != nil || got.Key != k.Key {
			rt.Fatalf("verified %+v, %v; want %+v", got.Key, err, k.Key)
		}
	}
}

func (p *play) compareKeys(rt *rapid.T) {
	got := map[string]Key{}
	for _, ws := range append([]*modelWorkspace{{}}, p.model.workspaces...) {
		page, err := p.Keys(p.t.Context(), ws.ID, ListQuery{PageSize: 200})
		if err != nil {
			rt.Fatal(err)
		}
		for _, k := range page.Items {
			got[k.ID] = k
		}
	}
	want := map[string]Key{}
	for _, k := range p.model.keys {
		want[k.ID] = k.Key
	}
	if !reflect.DeepEqual(got, want) {
		rt.Fatalf("keys %+v, want %+v", got, want)
	}
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
