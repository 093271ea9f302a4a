package watchlist

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"
)

// A fakePoster takes deliveries, or not.
type fakePoster struct {
	mu      sync.Mutex
	problem error
	got     []Delivery
	secrets []string
}

func (p *fakePoster) Post(_ context.Context, v Delivery, secret string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got, p.secrets = append(p.got, v), append(p.secrets, secret)
	return p.problem
}

// TestDeliver: retries, the dead-letter list, redelivery.
func TestDeliver(t *testing.T) {
	b := newBench(t)
	b.opts.Derive = func(s string) []byte { return []byte(s) }
	b.reopen()
	ctx := t.Context()
	ws := b.workspace(nil)
	b.entry(ws, Domain, "a.test")
	m, err := b.CreateMonitor(ctx, ws, MonitorSpec{Name: "m", Threshold: 1, Webhook: "https://hooks.example/x"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := b.Evaluate(ctx, &fakeStore{seq: hashes(3, 0)}); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	p := &fakePoster{problem: errors.New("status 503")}
	var waits []time.Duration
	start := b.clock.now()
	for len(waits) < 100_000 {
		taken, failed, err := b.Deliver(ctx, p)
		if err != nil || taken != 0 {
			t.Fatal(taken, failed, err)
		}
		if failed == 1 {
			waits = append(waits, b.clock.now().Sub(start))
			if len(waits) == 3 {
				b.reopen()
			}
		}
		page, err := b.Deliveries(ctx, ws, "", ListQuery{})
		if err != nil || page.Total != 1 {
			t.Fatal(page, err)
		}
		v := page.Items[0]
		if v.Attempts != len(waits) || v.Problem != "status 503" {
			t.Fatalf("%+v after %d", v, len(waits))
		}
		if v.State == DeliveryDead {
			break
		}
		b.clock.add(max(v.NextAt.Sub(b.clock.now())-time.Second, 0))
		if taken, failed, _ := b.Deliver(ctx, p); taken+failed > 0 && b.clock.now().Before(v.NextAt.Time) {
			t.Fatal("before its time")
		}
		b.clock.add(time.Second)
	}
	if len(waits) != maxAttempts || waits[len(waits)-1] < 6*time.Hour || waits[len(waits)-1] > 48*time.Hour {
		t.Errorf("%d attempts: %v", len(waits), waits)
	}
	dead, err := b.Deliveries(ctx, ws, DeliveryDead, ListQuery{})
	if err != nil || dead.Total != 1 {
		t.Fatal(dead, err)
	}
	b.clock.add(1000 * time.Hour)
	if taken, failed, err := b.Deliver(ctx, p); taken+failed > 0 || err != nil {
		t.Error("a dead one was sent", err)
	}
	if v, err := b.Redeliver(ctx, ws, dead.Items[0].ID); err != nil || v.State != DeliveryPending || v.Attempts != 0 {
		t.Fatal(err)
	}
	p.problem = nil
	if taken, _, err := b.Deliver(ctx, p); taken != 1 || err != nil {
		t.Errorf("%d, %v", taken, err)
	}
	if page, err := b.Deliveries(ctx, ws, "", ListQuery{}); err != nil || page.Total != 0 {
		t.Error(page, err)
	}
	secret, err := b.WebhookSecret(ctx, ws, m.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range p.got {
		var n Notice
		if err := json.Unmarshal([]byte(v.Body), &n); err != nil || n.ID != p.got[0].ID || v.ID != n.ID || n.Count != 3 || n.Type != NoticeOpened || p.secrets[i] != secret {
			t.Errorf("%+v, %v", n, err)
		}
	}
	if _, err := b.Redeliver(ctx, ws, dead.Items[0].ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestBackoff(t *testing.T) {
	for n := 1; n < 100; n++ {
		low, high := backoff(n, 0), backoff(n, 1<<32-1)
		if low < firstWait/2 || high > longestWait || high < low || n > 1 && low < backoff(n-1, 0) {
			t.Errorf("%d: %v to %v", n, low, high)
		}
	}
}
