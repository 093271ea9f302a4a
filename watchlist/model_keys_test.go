package watchlist

import (
	"errors"
	"reflect"
	"time"

	"pgregory.net/rapid"
)

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
