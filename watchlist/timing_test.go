package watchlist

import (
	"fmt"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/internal/kv"
)

// A lookups notes what is looked up, by the length of the key and whether it was
// there.
type lookups struct {
	getter
	seen []string
}

func (l *lookups) Get(key []byte) ([]byte, bool, error) {
	v, ok, err := l.getter.Get(key)
	l.seen = append(l.seen, fmt.Sprintf("%c, %d bytes, %t", key[0], len(key), ok))
	return v, ok, err
}

// TestForeignIsUnknown: whether an id is another workspace's or nobody's, the
// same is looked up and not found. Keys begin with the workspace, so what is
// another's is not even near.
func TestForeignIsUnknown(t *testing.T) {
	b := newBench(t)
	mine, theirs := b.workspace(nil), b.workspace(nil)
	group, err := b.CreateGroup(t.Context(), theirs, GroupSpec{Name: "theirs"})
	if err != nil {
		t.Fatal(err)
	}
	entry := b.entry(theirs, Domain, "their.example")
	monitor, err := b.CreateMonitor(t.Context(), theirs, MonitorSpec{Name: "theirs", Threshold: 1, Webhook: "https://hook.example/"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Evaluate(t.Context(), &fakeStore{seq: []Hash{{1}}}); err != nil {
		t.Fatal(err)
	}
	events, err := b.Events(t.Context(), theirs, "", "", ListQuery{})
	if err != nil || len(events.Items) != 1 {
		t.Fatal(events, err)
	}
	deliveries, err := b.Deliveries(t.Context(), theirs, "", ListQuery{})
	if err != nil || len(deliveries.Items) != 1 {
		t.Fatal(deliveries, err)
	}
	nobody, err := b.ids.next()
	if err != nil {
		t.Fatal(err)
	}
	ws, _ := parseID(mine)
	err = b.view(t.Context(), func(r *kv.Reader) error {
		for name, c := range map[string]struct {
			id  string
			get func(r getter, id string) error
		}{
			"entry":        {entry.ID, func(r getter, id string) error { _, err := getEntry(r, ws, Domain, id); return err }},
			"entry of any": {entry.ID, func(r getter, id string) error { _, err := getEntry(r, ws, "", id); return err }},
			"group":        {group.ID, func(r getter, id string) error { _, err := getGroup(r, ws, id); return err }},
			"monitor": {monitor.ID, func(r getter, id string) error {
				_, _, err := getJSON[Monitor](r, recMonitor, "monitor", ws, id)
				return err
			}},
			"event": {events.Items[0].ID, func(r getter, id string) error {
				_, _, err := getJSON[Event](r, recEvent, "event", ws, id)
				return err
			}},
			"delivery": {deliveries.Items[0].ID, func(r getter, id string) error {
				_, _, err := getJSON[Delivery](r, recDelivery, "delivery", ws, id)
				return err
			}},
		} {
			ask := func(id string) ([]string, string) {
				l := &lookups{getter: r}
				err := c.get(l, id)
				if !isMissing(err) {
					t.Errorf("%s: %v", name, err)
				}
				return l.seen, fmt.Sprint(err)
			}
			foreign, why := ask(c.id)
			unknown, why1 := ask(nobody.String())
			if !slices.Equal(foreign, unknown) || why != why1 || len(foreign) == 0 {
				t.Errorf("%s: foreign %q %s, unknown %q %s", name, foreign, why, unknown, why1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
