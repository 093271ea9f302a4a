package watchlist

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
)

// A Role is what the holder of a key may do beyond reading its scope.
type Role string

// The roles.
const (
	// Member reads what its workspace's scope covers and edits its watchlists.
	Member Role = "member"
	// MSSP may also ask for analytics.
	MSSP Role = "mssp"
	// Admin administers all workspaces and belongs to none.
	Admin Role = "admin"
)

// The place of a role is stored.
var roles = [...]Role{Member, MSSP, Admin}

// A Key is an API key, without its secret, which nobody has but its holder.
type Key struct {
	ID        string `json:"id"`
	Workspace string `json:"workspace"` // empty for an administrator's
	Name      string `json:"name"`
	Role      Role   `json:"role"`
	CreatedAt Time   `json:"createdAt"`
	ExpiresAt Time   `json:"expiresAt"` // zero: never
	RevokedAt Time   `json:"revokedAt"` // zero: it is not
	// LastUsed is when the key was last verified; zero: never. It is stored
	// within a minute, so an end that is no Close may lose that much.
	LastUsed Time `json:"lastUsed"`
}

// KeySpec is what a new key is made of.
type KeySpec struct {
	Workspace string    `json:"workspace"` // empty if and only if the role is admin
	Name      string    `json:"name"`      // 1 to 100 characters; need not be unique
	Role      Role      `json:"role"`
	ExpiresAt time.Time `json:"expiresAt"` // zero: never; otherwise in the future
}

// CreateKey makes a key and returns its secret, which is not kept: it cannot be
// shown again.
func (d *Directory) CreateKey(ctx context.Context, spec KeySpec) (Key, string, error) {
	k := &keyRecord{created: d.now(), expires: spec.ExpiresAt.UTC().Truncate(time.Second), role: slices.Index(roles[:], spec.Role)}
	var err error
	switch {
	case k.role < 0:
		return Key{}, "", paramErrorf("role", "must be one of %s", roles)
	case (spec.Role == Admin) != (spec.Workspace == ""):
		return Key{}, "", paramErrorf("workspace", "must be given, except for the role admin")
	case !spec.ExpiresAt.IsZero() && !k.expires.After(k.created):
		return Key{}, "", paramErrorf("expiresAt", "must be in the future")
	}
	if k.name, err = text("name", spec.Name, 1, maxName); err != nil {
		return Key{}, "", err
	}
	secret, err := d.newSecret(k)
	if err != nil {
		return Key{}, "", err
	}
	err = d.update(ctx, func(tx *kv.Writer) error {
		if spec.Workspace != "" {
			w, err := getWorkspace(tx, spec.Workspace)
			if err != nil {
				return err
			}
			k.workspace = w.id
		}
		if err := tx.Put(keyKey(k.workspace, k.id), k.encode()); err != nil {
			return err
		}
		tx.Then(func() { d.keys.add(k, time.Time{}) })
		return nil
	})
	if err != nil {
		return Key{}, "", err
	}
	return d.keys.public(k.id), secret, nil
}

// newSecret draws a secret and gives the record its hash and id.
func (d *Directory) newSecret(k *keyRecord) (string, error) {
	var random [secretBytes]byte
	if _, err := io.ReadFull(d.opts.Rand, random[:]); err != nil {
		return "", err
	}
	var err error
	if k.id, err = d.ids.next(); err != nil {
		return "", err
	}
	secret := formatSecret(random)
	k.hash = hashSecret(secret)
	return secret, nil
}

// RevokeKey ends a key: when it returns, no Verify takes the key any more. To
// revoke a key again is no error, and leaves the first time.
func (d *Directory) RevokeKey(ctx context.Context, key string) error {
	i, _ := parseID(key)
	k, ok := d.keys.record(i)
	if !ok {
		return missing("key")
	}
	return d.update(ctx, func(tx *kv.Writer) error {
		k, ok := d.keys.record(k.id) // as it is now: it may be gone, or be revoked already
		if !ok {
			return missing("key")
		}
		if !k.revoked.IsZero() {
			return nil
		}
		k.revoked = d.now()
		tx.Spare() // a right must be taken away on a full disk too
		if err := tx.Put(keyKey(k.workspace, k.id), k.encode()); err != nil {
			return err
		}
		tx.Then(func() { d.keys.replace(&k) })
		return nil
	})
}

// RotateKey makes a new key like the given one, of the same workspace, name, role
// and expiry, and lets the old one expire after overlap, 0 or more; so there is
// time to change it everywhere. A key that grants nothing any more is ErrNotFound.
func (d *Directory) RotateKey(ctx context.Context, key string, overlap time.Duration) (Key, string, error) {
	if overlap < 0 {
		return Key{}, "", paramErrorf("overlap", "must not be negative")
	}
	i, _ := parseID(key)
	fresh := &keyRecord{created: d.now()}
	secret, err := d.newSecret(fresh)
	if err != nil {
		return Key{}, "", err
	}
	err = d.update(ctx, func(tx *kv.Writer) error {
		old, ok := d.keys.record(i)
		if !ok || !old.valid(d.now()) {
			return missing("key")
		}
		fresh.workspace, fresh.name, fresh.role, fresh.expires = old.workspace, old.name, old.role, old.expires
		if end := fresh.created.Add(overlap); old.expires.IsZero() || end.Before(old.expires) {
			old.expires = end
		}
		for _, k := range []*keyRecord{fresh, &old} {
			if err := tx.Put(keyKey(k.workspace, k.id), k.encode()); err != nil {
				return err
			}
		}
		tx.Then(func() {
			d.keys.add(fresh, time.Time{})
			d.keys.replace(&old)
		})
		return nil
	})
	if err != nil {
		return Key{}, "", err
	}
	return d.keys.public(fresh.id), secret, nil
}

// Key returns one key.
func (d *Directory) Key(ctx context.Context, key string) (Key, error) {
	if err := d.usable(ctx); err != nil {
		return Key{}, err
	}
	i, _ := parseID(key)
	if _, ok := d.keys.record(i); !ok {
		return Key{}, missing("key")
	}
	return d.keys.public(i), nil
}

// Keys lists the keys of a workspace, or those of administrators if it is empty;
// revoked and expired ones too. Search looks in names; SortBy is name (the
// default), createdAt, expiresAt or lastUsed. Kind, Group and Active say nothing
// here.
func (d *Directory) Keys(ctx context.Context, workspace string, q ListQuery) (Page[Key], error) {
	l := list[Key]{query: q, id: func(k *Key) string { return k.ID },
		match: func(k *Key, has func(string) bool) bool { return has(k.Name) },
		columns: columns[Key]{
			"name":      byText(func(k *Key) string { return k.Name }),
			"createdAt": byTime(func(k *Key) time.Time { return k.CreatedAt.Time }),
			"expiresAt": byTime(func(k *Key) time.Time { return k.ExpiresAt.Time }),
			"lastUsed":  byTime(func(k *Key) time.Time { return k.LastUsed.Time }),
		},
		first: "name"}
	if err := l.prepare(); err != nil {
		return Page[Key]{}, err
	}
	ws := noID
	if workspace != "" {
		w, err := d.Workspace(ctx, workspace)
		if err != nil {
			return Page[Key]{}, err
		}
		ws, _ = parseID(w.ID)
	}
	if err := d.usable(ctx); err != nil {
		return Page[Key]{}, err
	}
	d.keys.each(ws, l.add)
	return l.page(), nil
}

// Identity is who presented a key.
type Identity struct {
	Key Key // as it was when it was verified
}

// Admin reports whether the key administers the directory.
func (i Identity) Admin() bool { return i.Key.Role == Admin }

// Verify tells who a secret belongs to. Its error for any that grants nothing is
// ErrKey alone, in words too; [KeyProblem] tells a log which it was. It takes
// microseconds and no disk, whether the secret is known or not, and notes the
// use, which is stored later.
func (d *Directory) Verify(ctx context.Context, secret string) (Identity, error) {
	if err := d.usable(ctx); err != nil {
		return Identity{}, err
	}
	now := d.opts.Now()
	k, problem := d.keys.verify(secret, now)
	if problem != "" {
		return Identity{}, &keyError{problem}
	}
	if d.keys.used(k, now) {
		d.keys.schedule(d)
	}
	return Identity{k.public()}, nil
}

// keyError is ErrKey, and knows more.
type keyError struct{ problem string }

func (e *keyError) Error() string        { return ErrKey.Error() }
func (e *keyError) Is(target error) bool { return target == ErrKey }

// KeyProblem says for a log why Verify refused a secret: malformed, unknown,
// revoked or expired; empty for any other error. It must not be shown to whoever
// presented the secret.
func KeyProblem(err error) string {
	var e *keyError
	if errors.As(err, &e) {
		return e.problem
	}
	return ""
}
