package watchlist

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
)

// A Delivery is a notice that was not taken yet. It goes when it is.
type Delivery struct {
	ID        string        `json:"id"` // told to the receiver, who knows by it what it has had
	Workspace string        `json:"workspace"`
	Monitor   string        `json:"monitor"`
	Event     string        `json:"event"`
	URL       string        `json:"url"`
	Body      string        `json:"body"` // a Notice
	State     DeliveryState `json:"state"`
	Attempts  int           `json:"attempts"`
	Problem   string        `json:"problem"` // of the last attempt
	CreatedAt Time          `json:"createdAt"`
	NextAt    Time          `json:"nextAt"` // not before
}

// DeliveryState is what is done about a delivery.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending DeliveryState = "pending" // is tried again
	DeliveryDead    DeliveryState = "dead"    // is not, unless Redeliver says so
)

const (
	// maxAttempts is after how many failures a delivery is dead: some 20 hours.
	maxAttempts = 16
	firstWait   = 5 * time.Second
	longestWait = 3 * time.Hour
	maxProblem  = 200
	// maxDeliveries is how many deliveries one call of Deliver tries.
	maxDeliveries = 1000
	// senders is how many are tried at a time: one that does not answer must not
	// hold up everybody else's.
	senders = 8
)

// backoff is the wait after so many failures, 1 or more: five seconds, twice as
// long each time up to three hours, and of that a random part of at least a half,
// so that receivers that come back are not met by everybody at once.
func backoff(failures int, random uint32) time.Duration {
	wait := longestWait
	if n := failures - 1; n < 20 {
		wait = min(firstWait<<n, longestWait)
	}
	half := wait / 2
	return half + time.Duration(float64(half)*float64(random)/(1<<32))
}

// A Poster sends one delivery, signed with a secret; it is safe for concurrent
// use. [Sender] is one.
type Poster interface {
	Post(ctx context.Context, v Delivery, secret string) error
}

// Deliver sends what is due, eight at a time, at most 1,000 a call, and returns
// how many were taken and how many were tried and not. What fails is tried again
// later, more and more seldom, and is dead after 16 attempts. Sending is at least
// once: what was taken is sent again if the process ends before that is stored.
// Calls must not overlap.
func (d *Directory) Deliver(ctx context.Context, poster Poster) (taken, failed int, err error) {
	now := d.now()
	var due []Delivery
	err = d.view(ctx, func(r *kv.Reader) error {
		return scanJSON(ctx, r, []byte{recDelivery}, "delivery", func(_ id, v *Delivery) error {
			if len(due) < maxDeliveries && v.State == DeliveryPending && !now.Before(v.NextAt.Time) {
				due = append(due, *v)
			}
			return nil
		})
	})
	if err != nil {
		return 0, 0, err
	}
	var mu sync.Mutex // guards the results
	var errs []error
	var wg sync.WaitGroup
	work := make(chan Delivery)
	for range min(senders, len(due)) {
		wg.Go(func() {
			for v := range work {
				ok, err := d.deliver(ctx, poster, v)
				mu.Lock()
				switch {
				case err != nil:
					errs = append(errs, err)
				case ok:
					taken++
				default:
					failed++
				}
				mu.Unlock()
			}
		})
	}
	for _, v := range due {
		if ctx.Err() != nil {
			break
		}
		work <- v
	}
	close(work)
	wg.Wait()
	return taken, failed, cmp.Or(ctx.Err(), errors.Join(errs...))
}

// deliver makes one attempt and stores how it went.
func (d *Directory) deliver(ctx context.Context, poster Poster, v Delivery) (taken bool, err error) {
	secret, err := d.webhookSecret(v.Monitor)
	if err != nil {
		return false, err
	}
	problem := poster.Post(ctx, v, secret)
	if err := ctx.Err(); err != nil {
		return false, err // nobody's failure
	}
	if err := d.delivered(ctx, v, problem); err != nil && !isMissing(err) {
		return false, err
	}
	return problem == nil, nil
}

// delivered stores how an attempt went.
func (d *Directory) delivered(ctx context.Context, v Delivery, problem error) error {
	var random [4]byte
	if _, err := io.ReadFull(d.opts.Rand, random[:]); err != nil {
		return err
	}
	ws, _ := parseID(v.Workspace)
	return d.update(ctx, func(tx *kv.Writer) error {
		now, i, err := getJSON[Delivery](tx, recDelivery, "delivery", ws, v.ID)
		if err != nil {
			return err // deleted meanwhile, with its monitor
		}
		tx.Spare()
		key := joinKey(recDelivery, ws, i)
		if problem == nil {
			return tx.Delete(key)
		}
		now.attempt(problem.Error(), d.now(), binary.LittleEndian.Uint32(random[:]))
		return putJSON(tx, key, now)
	})
}

// attempt notes a failure.
func (v *Delivery) attempt(problem string, at time.Time, random uint32) {
	v.Attempts++
	v.Problem = problem[:min(len(problem), maxProblem)]
	if v.Attempts >= maxAttempts {
		v.State = DeliveryDead
		return
	}
	// Rounded up: times have seconds.
	v.NextAt = Time{at.Add(backoff(v.Attempts, random) + time.Second - 1).Truncate(time.Second)}
}

// Deliveries lists what was not taken yet, in one state unless it is empty: the
// dead ones are the dead-letter list. SortBy is createdAt (the default) or nextAt;
// Search looks in URLs. Kind, Group and Active say nothing.
func (d *Directory) Deliveries(ctx context.Context, workspace string, state DeliveryState, q ListQuery) (Page[Delivery], error) {
	if state != "" && state != DeliveryPending && state != DeliveryDead {
		return Page[Delivery]{}, paramErrorf("state", "must be one of %s, %s", DeliveryPending, DeliveryDead)
	}
	l := list[Delivery]{query: q, id: func(v *Delivery) string { return v.ID },
		match: func(v *Delivery, has func(string) bool) bool { return has(v.URL) },
		columns: columns[Delivery]{
			"createdAt": byTime(func(v *Delivery) time.Time { return v.CreatedAt.Time }),
			"nextAt":    byTime(func(v *Delivery) time.Time { return v.NextAt.Time }),
		},
		first: "createdAt"}
	return listJSON(ctx, d, &l, recDelivery, "delivery", workspace, func(v *Delivery) bool { return state == "" || v.State == state })
}

// Redeliver has a delivery, dead or not, sent at the next Deliver, with all its
// attempts before it.
func (d *Directory) Redeliver(ctx context.Context, workspace, delivery string) (Delivery, error) {
	var v *Delivery
	err := d.update(ctx, func(tx *kv.Writer) error {
		w, err := getWorkspace(tx, workspace)
		if err != nil {
			return err
		}
		var i id
		if v, i, err = getJSON[Delivery](tx, recDelivery, "delivery", w.id, delivery); err != nil {
			return err
		}
		v.State, v.Attempts, v.NextAt = DeliveryPending, 0, Time{d.now()}
		return putJSON(tx, joinKey(recDelivery, w.id, i), v)
	})
	if err != nil {
		return Delivery{}, err
	}
	return *v, nil
}

// WebhookSecret returns the secret that signs what a monitor sends. It is derived
// from the store's key, and stored nowhere.
func (d *Directory) WebhookSecret(ctx context.Context, workspace, monitor string) (string, error) {
	m, err := d.Monitor(ctx, workspace, monitor)
	if err != nil {
		return "", err
	}
	return d.webhookSecret(m.ID)
}
