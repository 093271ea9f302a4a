package watchlist

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leakscope/leakscope/internal/codec"
	"github.com/leakscope/leakscope/internal/kv"
)

// A secret is lks_, 64 hex digits of 256 random bits, and 8 of a CRC-32 over
// them: what was cut or mistyped is told without looking, and a scanner for leaked
// secrets knows one when it sees it.
const (
	secretPrefix = "lks_"
	secretBytes  = 32
	secretLength = len(secretPrefix) + 2*secretBytes + 2*crc32.Size
)

func formatSecret(random [secretBytes]byte) string {
	s := secretPrefix + hex.EncodeToString(random[:])
	return fmt.Sprintf("%s%08x", s, crc32.ChecksumIEEE([]byte(s)))
}

// wellFormed reports whether formatSecret may have made s.
func wellFormed(s string) bool {
	if len(s) != secretLength || !strings.HasPrefix(s, secretPrefix) {
		return false
	}
	body, sum := s[:secretLength-2*crc32.Size], s[secretLength-2*crc32.Size:]
	var want [2 * crc32.Size]byte
	crc := crc32.ChecksumIEEE([]byte(body))
	hex.Encode(want[:], []byte{byte(crc >> 24), byte(crc >> 16), byte(crc >> 8), byte(crc)})
	return string(want[:]) == sum
}

// hashSecret is all that is kept of a secret. There are 256 random bits in it, so
// it needs no salt and no slowness.
func hashSecret(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// useEvery is how often the last use of a key is stored at most.
const useEvery = time.Minute

// A keyring holds all keys in memory: their number is that of people and
// programs. It is what Verify believes, and changes within the transactions that
// change the records.
type keyring struct {
	mu     sync.RWMutex
	byHash map[[32]byte]*heldKey
	byID   map[id]*heldKey

	dirty   atomic.Bool // some last use is to be stored
	timing  sync.Mutex
	timer   stopper // guarded by timing; nil when none runs
	stopped bool    // guarded by timing
}

// A heldKey changes by being replaced; only its last use is written to.
type heldKey struct {
	keyRecord
	use *keyUse
}

// keyUse is shared by all versions of a key.
type keyUse struct {
	last   atomic.Int64 // unix seconds
	stored atomic.Int64 // what the record has
}

func (d *Directory) loadKeys(ctx context.Context) error {
	return d.view(ctx, func(r *kv.Reader) error {
		p := poll{ctx: ctx}
		for rec, err := range r.All([]byte{recKey}) {
			if err == nil {
				err = p.err()
			}
			if err != nil {
				return err
			}
			if len(rec.Key) != 33 {
				return fmt.Errorf("%w: watchlist: an API key under a key of %d bytes", codec.ErrCorrupt, len(rec.Key))
			}
			ws, i := id(rec.Key[1:17]), lastID(rec.Key)
			k, err := decodeKey(ws, i, rec.Value)
			if err != nil {
				return err
			}
			b, ok, err := r.Get(keyUsedKey(ws, i))
			if err != nil {
				return err
			}
			var used time.Time
			if ok {
				u := openRecord(b)
				used = getTime(u)
				if err := u.Close(); err != nil {
					return damaged("last use of key", i, err)
				}
			}
			d.keys.add(k, used)
		}
		return nil
	})
}

func (kr *keyring) add(k *keyRecord, used time.Time) {
	kr.mu.Lock()
	defer kr.mu.Unlock()
	if kr.byID == nil {
		kr.byID, kr.byHash = map[id]*heldKey{}, map[[32]byte]*heldKey{}
	}
	h := &heldKey{*k, new(keyUse)}
	h.use.last.Store(unix(used))
	h.use.stored.Store(unix(used))
	kr.byID[k.id], kr.byHash[k.hash] = h, h
}

func (kr *keyring) replace(k *keyRecord) {
	kr.mu.Lock()
	defer kr.mu.Unlock()
	if old, ok := kr.byID[k.id]; ok {
		h := &heldKey{*k, old.use}
		kr.byID[k.id], kr.byHash[k.hash] = h, h
	}
}

func (kr *keyring) dropWorkspace(ws id) {
	kr.mu.Lock()
	defer kr.mu.Unlock()
	for i, k := range kr.byID {
		if k.workspace == ws {
			delete(kr.byID, i)
			delete(kr.byHash, k.hash)
		}
	}
}

// record returns a copy of a key's record.
func (kr *keyring) record(i id) (keyRecord, bool) {
	kr.mu.RLock()
	defer kr.mu.RUnlock()
	if k, ok := kr.byID[i]; ok {
		return k.keyRecord, true
	}
	return keyRecord{}, false
}

func (kr *keyring) public(i id) Key {
	kr.mu.RLock()
	defer kr.mu.RUnlock()
	if k, ok := kr.byID[i]; ok {
		return k.public()
	}
	return Key{}
}

func (kr *keyring) each(ws id, fn func(Key)) {
	kr.mu.RLock()
	defer kr.mu.RUnlock()
	for _, k := range kr.byID {
		if k.workspace == ws {
			fn(k.public())
		}
	}
}

// verify finds the key of a secret, or says why it grants nothing. All secrets
// take the same way: hash, look up, compare.
func (kr *keyring) verify(secret string, now time.Time) (k *heldKey, problem string) {
	if !wellFormed(secret) {
		return nil, "malformed"
	}
	hash := hashSecret(secret)
	kr.mu.RLock()
	k = kr.byHash[hash]
	kr.mu.RUnlock()
	// The look-up has compared already, by a hash whose preimages nobody can
	// choose; this one takes the same time for any two hashes.
	if k == nil || subtle.ConstantTimeCompare(k.hash[:], hash[:]) != 1 {
		return nil, "unknown"
	}
	switch {
	case !k.revoked.IsZero():
		return nil, "revoked"
	case !k.valid(now):
		return nil, "expired"
	}
	return k, ""
}

// valid reports whether the key grants something at a time.
func (k *keyRecord) valid(now time.Time) bool {
	return k.revoked.IsZero() && (k.expires.IsZero() || now.Before(k.expires))
}

func (k *heldKey) public() Key {
	p := Key{ID: k.id.String(), Workspace: k.workspace.String(), Name: k.name, Role: roles[k.role],
		CreatedAt: Time{k.created}, ExpiresAt: Time{k.expires}, RevokedAt: Time{k.revoked}}
	p.LastUsed = Time{fromUnix(k.use.last.Load())}
	return p
}

// used notes a use, and reports whether a storing must be scheduled.
func (kr *keyring) used(k *heldKey, now time.Time) bool {
	n := now.Unix()
	if k.use.last.Load() < n {
		k.use.last.Store(n)
	}
	if k.use.last.Load() == k.use.stored.Load() {
		return false
	}
	return !kr.dirty.Load() && kr.dirty.CompareAndSwap(false, true)
}

// schedule stores the last uses in a while.
func (kr *keyring) schedule(d *Directory) {
	kr.timing.Lock()
	defer kr.timing.Unlock()
	if kr.stopped {
		return
	}
	kr.timer = d.opts.after(useEvery, func() {
		if err := d.storeUses(context.Background()); err != nil {
			d.opts.Logger.Warn("the last uses of API keys could not be stored", "error", err)
		}
	})
}

// stop ends the scheduling and stores what there is to store.
func (kr *keyring) stop(d *Directory) error {
	kr.timing.Lock()
	kr.stopped = true
	if kr.timer != nil {
		kr.timer.Stop()
	}
	kr.timing.Unlock()
	return d.storeUses(context.Background())
}

// maxUses is how many last uses go into one transaction.
const maxUses = 500

// storeUses stores the last uses that are not stored yet.
func (d *Directory) storeUses(ctx context.Context) error {
	d.keys.dirty.Store(false) // a use from now on schedules again
	d.keys.mu.RLock()
	var todo []*heldKey
	for _, k := range d.keys.byID {
		if k.use.last.Load() != k.use.stored.Load() {
			todo = append(todo, k)
		}
	}
	d.keys.mu.RUnlock()
	for len(todo) > 0 {
		part := todo[:min(len(todo), maxUses)]
		todo = todo[len(part):]
		err := d.records.Update(ctx, func(tx *kv.Writer) error {
			for _, k := range part {
				if _, ok := d.keys.record(k.id); !ok {
					continue // its workspace was deleted meanwhile
				}
				n := k.use.last.Load()
				w := newRecord()
				putTime(w, fromUnix(n))
				if err := tx.Put(keyUsedKey(k.workspace, k.id), w.Bytes()); err != nil {
					return err
				}
				tx.Then(func() { k.use.stored.Store(n) })
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
