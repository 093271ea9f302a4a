package watchlist

import (
	"errors"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"pgregory.net/rapid"
)

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
