package watchlist

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func (b *bench) key(spec KeySpec) (Key, string) {
	b.t.Helper()
	if spec.Name == "" {
		spec.Name = "test"
	}
	k, secret, err := b.CreateKey(b.t.Context(), spec)
	if err != nil {
		b.t.Fatal(err)
	}
	return k, secret
}

// TestSecretIsNowhere: no file has a secret, in letters or in bytes, at any time.
func TestSecretIsNowhere(t *testing.T) {
	b := newBench(t)
	ws := b.workspace(nil)
	var secrets []string
	for i := range 20 {
		k, secret := b.key(KeySpec{Workspace: ws, Role: Member, Name: fmt.Sprint("findable ", i)})
		if _, err := b.Verify(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			_, fresh, err := b.RotateKey(t.Context(), k.ID, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, fresh)
		}
		secrets = append(secrets, secret)
	}
	look := func(when string) {
		found := false
		err := fs.WalkDir(os.DirFS(b.dir), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(b.dir + "/" + path)
			if err != nil {
				return err
			}
			found = found || bytes.Contains(content, []byte("findable 7"))
			for _, s := range secrets {
				body := s[len(secretPrefix) : len(secretPrefix)+2*secretBytes]
				raw, err := hex.DecodeString(body)
				if err != nil {
					return err
				}
				if bytes.Contains(content, []byte(body)) || bytes.Contains(content, raw) || bytes.Contains(content, raw[:16]) {
					t.Errorf("%s, %s holds a secret", when, path)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			t.Errorf("%s, the names of keys were not found either: this test sees nothing", when)
		}
	}
	look("open")
	b.reopen()
	look("closed and open")
	if _, err := b.Verify(t.Context(), secrets[3]); err != nil {
		t.Error(err)
	}
}

func TestVerify(t *testing.T) {
	b := newBench(t)
	ws := b.workspace(nil)
	ctx := t.Context()
	key, secret := b.key(KeySpec{Workspace: ws, Role: MSSP, ExpiresAt: b.clock.now().Add(time.Hour)})
	admin, adminSecret := b.key(KeySpec{Role: Admin})
	other, otherSecret := b.key(KeySpec{Workspace: ws, Role: Member})
	if err := b.RevokeKey(ctx, other.ID); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret, "lks_") || len(secret) != 76 || secret == adminSecret {
		t.Errorf("secrets %q, %q", secret, adminSecret)
	}
	flip := func(s string, i int) string {
		c := s[i] ^ 1
		return s[:i] + string(c) + s[i+1:]
	}
	var random [secretBytes]byte
	random[5] = 7
	for _, round := range []string{"open", "opened again"} {
		who, err := b.Verify(ctx, secret)
		if err != nil || who.Key.ID != key.ID || who.Key.Role != MSSP || who.Key.Workspace != ws || who.Admin() {
			t.Errorf("%s: %+v, %v", round, who, err)
		}
		if _, err := b.ScopeOf(ctx, who); err != nil {
			t.Error(err)
		}
		who, err = b.Verify(ctx, adminSecret)
		if err != nil || who.Key.ID != admin.ID || !who.Admin() {
			t.Errorf("%s: %+v, %v", round, who, err)
		}
		if s, err := b.ScopeOf(ctx, who); !errors.Is(err, ErrOutside) || !s.Empty() {
			t.Errorf("an administrator's scope: %+v, %v", s, err)
		}
		if s, err := b.ScopeOf(ctx, Identity{}); !errors.Is(err, ErrOutside) || !s.Empty() {
			t.Errorf("nobody's scope: %+v, %v", s, err)
		}
		for bad, problem := range map[string]string{
			"": "malformed", "lks_": "malformed", secret[1:]: "malformed", secret + "0": "malformed", " " + secret[1:]: "malformed",
			strings.ToUpper(secret): "malformed", flip(secret, 10): "malformed", flip(secret, 75): "malformed",
			strings.Repeat("x", 1<<20): "malformed", formatSecret(random): "unknown", otherSecret: "revoked",
		} {
			who, err := b.Verify(ctx, bad)
			if !errors.Is(err, ErrKey) || err.Error() != "invalid or revoked API key" || KeyProblem(err) != problem || who != (Identity{}) {
				t.Errorf("%s: %.80q: %v, %s", round, bad, err, KeyProblem(err))
			}
		}
		b.reopen()
	}
	b.clock.add(time.Hour - time.Second)
	if _, err := b.Verify(ctx, secret); err != nil {
		t.Errorf("a second before it expires: %v", err)
	}
	b.clock.add(time.Second)
	if _, err := b.Verify(ctx, secret); KeyProblem(err) != "expired" {
		t.Errorf("expired: %v", err)
	}
	if got, err := b.Key(ctx, other.ID); err != nil || got.RevokedAt.IsZero() || KeyProblem(err) != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := b.Key(ctx, ws); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// TestRevokeAtOnce: no Verify that begins after RevokeKey has returned succeeds.
func TestRevokeAtOnce(t *testing.T) {
	b := newBench(t)
	ws := b.workspace(nil)
	for range 20 {
		k, secret := b.key(KeySpec{Workspace: ws, Role: Member})
		revoked := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					var over bool
					select {
					case <-revoked:
						over = true
					default:
					}
					_, err := b.Verify(context.Background(), secret)
					if over {
						if !errors.Is(err, ErrKey) {
							t.Errorf("after the revocation: %v", err)
						}
						return
					}
				}
			})
		}
		if err := b.RevokeKey(t.Context(), k.ID); err != nil {
			t.Error(err)
		}
		close(revoked)
		wg.Wait()
	}
}

// A timer that rings when told.
type bell struct {
	mu    sync.Mutex
	fn    func()
	rings int
}

func (t *bell) Stop() bool { return true }

func (t *bell) after(d time.Duration, fn func()) stopper {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d != time.Minute || t.fn != nil {
		panic("two timers, or none of a minute")
	}
	t.fn = fn
	return t
}

func (t *bell) ring() bool {
	t.mu.Lock()
	fn := t.fn
	t.fn = nil
	t.mu.Unlock()
	if fn == nil {
		return false
	}
	t.rings++
	fn()
	return true
}

// TestLastUse: uses are stored together, a while later, and at Close.
func TestLastUse(t *testing.T) {
	b := newBench(t)
	bell := &bell{}
	b.opts.after = bell.after
	b.reopen()
	ws := b.workspace(nil)
	var keys []Key
	var secrets []string
	for range 5 {
		k, s := b.key(KeySpec{Workspace: ws, Role: Member})
		keys, secrets = append(keys, k), append(secrets, s)
	}
	use := func(i int) {
		t.Helper()
		if _, err := b.Verify(t.Context(), secrets[i]); err != nil {
			t.Fatal(err)
		}
	}
	used := func(i int) time.Time {
		t.Helper()
		k, err := b.Key(t.Context(), keys[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		return k.LastUsed.Time
	}
	before := records(t, b)
	for range 1000 {
		use(0)
		use(1)
	}
	if n := records(t, b); n != before || !used(0).Equal(b.clock.now()) || !used(2).IsZero() {
		t.Errorf("%d records, %d before; used %v, %v", n, before, used(0), used(2))
	}
	if !bell.ring() || records(t, b) != before+2 {
		t.Error("the uses were not stored")
	}
	use(0) // in the same second: nothing new
	if bell.ring() {
		t.Error("stored without need")
	}
	first := b.clock.now()
	b.clock.add(3 * time.Second)
	use(2)
	use(0)
	b.reopen()
	if got := used(0); !got.Equal(b.clock.now()) {
		t.Errorf("used %v after opening again", got)
	}
	if got := used(1); !got.Equal(first) {
		t.Errorf("used %v, was %v", got, first)
	}
	if !used(3).IsZero() {
		t.Error("used by nobody")
	}
}

func BenchmarkVerify(b *testing.B) {
	bb := newBench(b)
	ws := bb.workspace(nil)
	_, secret := bb.key(KeySpec{Workspace: ws, Role: Member})
	bad := formatSecret([32]byte{1})
	for name, s := range map[string]string{"good": secret, "unknown": bad} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, _ = bb.Verify(context.Background(), s)
				}
			})
		})
	}
}
