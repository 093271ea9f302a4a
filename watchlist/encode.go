package watchlist

import (
	"time"

	"github.com/leakscope/leakscope/internal/codec"
)

// Every record begins with the version of its form.
const recordVersion = 1

func newRecord() *codec.Writer {
	w := new(codec.Writer)
	w.Uint8(recordVersion)
	return w
}

func openRecord(b []byte) *codec.Reader {
	r := codec.NewReader(b)
	if v := r.Uint8(); r.Err() == nil && v != recordVersion {
		r.Fail("unknown version of a record")
	}
	return r
}

// Times are kept to the second; the zero time is 0.
func putTime(w *codec.Writer, t time.Time) { w.Uint64(uint64(unix(t))) }

func getTime(r *codec.Reader) time.Time { return fromUnix(int64(r.Uint64())) }

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func putBool(w *codec.Writer, v bool) {
	if v {
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
}

func getBool(r *codec.Reader) bool {
	v := r.Uint8()
	if v > 1 {
		r.Fail("neither true nor false")
	}
	return v == 1
}

func putID(w *codec.Writer, i id) { w.Raw(i[:]) }

func getID(r *codec.Reader) (i id) {
	copy(i[:], r.Raw(len(i)))
	return i
}

// kindCounts are numbers of entries.
type kindCounts struct{ total, active int }

// workspaceRecord is a workspace and its counters.
type workspaceRecord struct {
	id       id
	name     string
	created  time.Time
	updated  time.Time
	billing  Billing
	quotas   [len(kinds)]int // 0: the kind's default
	counts   [len(kinds)]kindCounts
	groups   int
	revision uint64 // of the entries: grows with every change of them
}

func (w *workspaceRecord) encode() []byte {
	b := newRecord()
	b.String(w.name)
	putTime(b, w.created)
	putTime(b, w.updated)
	putBool(b, w.billing.Blocked)
	b.String(w.billing.Reason)
	b.String(w.billing.Status)
	b.Uvarint(uint64(w.groups))
	b.Uvarint(w.revision)
	b.Uvarint(uint64(len(kinds)))
	for k := range kinds {
		b.Uint64(uint64(int64(w.quotas[k])))
		b.Uint64(uint64(w.counts[k].total))
		b.Uint64(uint64(w.counts[k].active))
	}
	return b.Bytes()
}

func decodeWorkspace(i id, b []byte) (*workspaceRecord, error) {
	r := openRecord(b)
	w := &workspaceRecord{id: i, name: r.String(), created: getTime(r), updated: getTime(r)}
	w.billing = Billing{Blocked: getBool(r), Reason: r.String(), Status: r.String()}
	w.groups = int(r.Uvarint())
	w.revision = r.Uvarint()
	n := r.Count(24)
	if n > len(kinds) {
		r.Fail("more kinds than there are")
	}
	for k := range min(n, len(kinds)) {
		w.quotas[k] = int(int64(r.Uint64()))
		w.counts[k] = kindCounts{int(int64(r.Uint64())), int(int64(r.Uint64()))}
		if c := w.counts[k]; c.active < 0 || c.total < c.active || w.quotas[k] < NoEntries || w.quotas[k] > MaxQuota {
			r.Fail("counters that cannot be")
		}
	}
	if w.groups < 0 {
		r.Fail("counters that cannot be")
	}
	if err := r.Close(); err != nil {
		return nil, damaged("workspace", i, err)
	}
	return w, nil
}

// groupRecord is a stored group.
type groupRecord struct {
	id          id
	name        string
	description string
	created     time.Time
	updated     time.Time
}

func (g *groupRecord) encode() []byte {
	b := newRecord()
	b.String(g.name)
	b.String(g.description)
	putTime(b, g.created)
	putTime(b, g.updated)
	return b.Bytes()
}

func decodeGroup(i id, b []byte) (*groupRecord, error) {
	r := openRecord(b)
	g := &groupRecord{id: i, name: r.String(), description: r.String(), created: getTime(r), updated: getTime(r)}
	if err := r.Close(); err != nil {
		return nil, damaged("group", i, err)
	}
	return g, nil
}

// entryRecord is a stored entry.
type entryRecord struct {
	id      id
	kind    int // place in kinds
	group   id
	value   string
	label   string
	note    string
	active  bool
	created time.Time
	updated time.Time
}

func (e *entryRecord) encode() []byte {
	b := newRecord()
	putID(b, e.group)
	putBool(b, e.active)
	b.String(e.value)
	b.String(e.label)
	b.String(e.note)
	putTime(b, e.created)
	putTime(b, e.updated)
	return b.Bytes()
}

func decodeEntry(i id, kind int, b []byte) (*entryRecord, error) {
	r := openRecord(b)
	e := &entryRecord{id: i, kind: kind, group: getID(r), active: getBool(r), value: r.String(),
		label: r.String(), note: r.String(), created: getTime(r), updated: getTime(r)}
	if e.value == "" {
		r.Fail("an entry without a value")
	}
	if err := r.Close(); err != nil {
		return nil, damaged("entry", i, err)
	}
	return e, nil
}

// keyRecord is a stored API key.
type keyRecord struct {
	id        id
	workspace id // zero: an administrator's
	name      string
	role      int // place in roles
	hash      [32]byte
	created   time.Time
	expires   time.Time
	revoked   time.Time
}

func (k *keyRecord) encode() []byte {
	b := newRecord()
	b.String(k.name)
	b.Uint8(uint8(k.role))
	b.Raw(k.hash[:])
	putTime(b, k.created)
	putTime(b, k.expires)
	putTime(b, k.revoked)
	return b.Bytes()
}

func decodeKey(ws, i id, b []byte) (*keyRecord, error) {
	r := openRecord(b)
	k := &keyRecord{id: i, workspace: ws, name: r.String(), role: int(r.Uint8())}
	copy(k.hash[:], r.Raw(len(k.hash)))
	k.created, k.expires, k.revoked = getTime(r), getTime(r), getTime(r)
	if k.role >= len(roles) || (roles[k.role] == Admin) != (ws == noID) {
		r.Fail("a role that cannot be")
	}
	if err := r.Close(); err != nil {
		return nil, damaged("key", i, err)
	}
	return k, nil
}
