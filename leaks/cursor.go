package leaks

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/leakscope/leakscope/internal/codec"
)

// StartCursor begins a walk by cursor: a [DetailsQuery] with it answers the
// first page and the cursor of the next.
const StartCursor = "*"

// A cursor names the snapshot, the query and the last row it has seen. It is
// authenticated under the store's key and identity, so nobody else can make one,
// and encrypted: how many rows the whole store has is nobody's business who sees
// a part of it. The key of a block of its body is the MAC of the whole, as in
// SIV: no two bodies share one.
//
//	MAC 16 | encrypted: version u8 | pin u64 | seq u64, rows u64 (the snapshot's
//	contents) | query digest 16 | sources u32 | last u32 | hash 16
const (
	cursorVersion = 2
	cursorMAC     = 16
)

type cursor struct {
	pin      uint64
	contents contents
	query    [16]byte
	after    result // sources, last and hash
}

func (cu *cursor) encode(s *Store) string {
	var w codec.Writer
	w.Uint8(cursorVersion)
	w.Uint64(cu.pin)
	w.Uint64(cu.contents.seq)
	w.Uint64(cu.contents.rows)
	w.Raw(cu.query[:])
	w.Uint32(cu.after.sources)
	w.Uint32(cu.after.last)
	b := cu.after.hash.bytes()
	w.Raw(b[:])
	body := w.Bytes()
	mac := s.cursorMAC(body)
	s.cryptCursor(mac, body)
	return base64.RawURLEncoding.EncodeToString(append(mac[:], body...))
}

// cursorMAC authenticates the body of a cursor of this store.
func (s *Store) cursorMAC(body []byte) [cursorMAC]byte {
	return s.hasher.Clone().MAC(append(s.id[:], body...))
}

// cryptCursor encrypts or decrypts the body of the cursor with this MAC in place.
func (s *Store) cryptCursor(mac [cursorMAC]byte, body []byte) {
	h := s.hasher.Clone()
	// No body begins with 255, so no block is the MAC of one.
	seed := append(append(append(s.id[:], 255), mac[:]...), 0)
	for len(body) > 0 {
		block := h.MAC(seed)
		body = body[subtle.XORBytes(body, body, block[:]):]
		seed[len(seed)-1]++
	}
}

var errCursorForm = errors.New("not a cursor of this store")

func (s *Store) decodeCursor(text string) (*cursor, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < cursorMAC {
		return nil, errCursorForm
	}
	given, body := [cursorMAC]byte(b), b[cursorMAC:]
	s.cryptCursor(given, body)
	if mac := s.cursorMAC(body); subtle.ConstantTimeCompare(mac[:], given[:]) != 1 {
		return nil, errCursorForm
	}
	r := codec.NewReader(body)
	if r.Uint8() != cursorVersion {
		return nil, errCursorForm
	}
	cu := &cursor{pin: r.Uint64(), contents: contents{r.Uint64(), r.Uint64()}}
	copy(cu.query[:], r.Raw(16))
	cu.after.sources, cu.after.last = r.Uint32(), r.Uint32()
	var hash [16]byte
	copy(hash[:], r.Raw(16))
	cu.after.hash = hashOf(hash)
	if r.Close() != nil {
		return nil, errCursorForm
	}
	return cu, nil
}

// A pin keeps a snapshot alive for the cursors that name it.
type pin struct {
	snap *snapshot
	used time.Time
}

// detailsAfter answers the page behind a cursor.
func (s *Store) detailsAfter(ctx context.Context, q *DetailsQuery, d *detailsPlan) (_ *DetailsPage, err error) {
	digest := d.digest(s.hasher.Clone())
	var (
		cu = &cursor{query: digest}
		sn *snapshot
	)
	if q.Cursor == StartCursor {
		sn, cu.pin, err = s.pinCurrent()
	} else {
		if cu, err = s.decodeCursor(q.Cursor); err != nil {
			return nil, paramErrorf("cursor", "is not one of this store")
		}
		if cu.query != digest {
			return nil, paramErrorf("cursor", "belongs to another query")
		}
		sn, cu.pin, err = s.pinned(cu)
	}
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	defer sn.watch().end(&err)
	var (
		rows         []result
		first, total int
	)
	if q.Cursor == StartCursor {
		rows, total, err = firstResults(ctx, sn, d, 0)
	} else {
		var w *window
		if w, first, err = s.windowBehind(ctx, sn, d, resultKey{sn, digest}, &cu.after, d.size); err == nil {
			rows, total = w.slice(first, d.size), w.total
		}
	}
	if err != nil {
		return nil, err
	}
	page := &DetailsPage{
		Total: total, Page: first/d.size + 1, PageSize: d.size, TotalPages: (total + d.size - 1) / d.size,
	}
	if first+len(rows) < total {
		next := cursor{pin: cu.pin, contents: sn.contents(), query: digest, after: rows[len(rows)-1]}
		page.NextCursor = next.encode(s)
	}
	page.Data, err = sn.credentials(ctx, rows)
	return page, err
}

// pinCurrent returns the current snapshot, acquired, and its pin.
func (s *Store) pinCurrent() (*snapshot, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, 0, ErrClosed
	}
	return s.current, s.pinLocked(s.current), nil
}

// pinLocked takes a reference for the caller and, where there is none yet, one
// for the pin.
func (s *Store) pinLocked(sn *snapshot) uint64 {
	sn.refs++
	now := time.Now()
	for id, p := range s.pins {
		if p.snap == sn {
			p.used = now
			return id
		}
	}
	if len(s.pins) >= maxPins {
		oldest := uint64(0)
		for id, p := range s.pins {
			if oldest == 0 || p.used.Before(s.pins[oldest].used) {
				oldest = id
			}
		}
		s.unpinLocked(oldest)
	}
	id := rand.Uint64() | 1
	sn.refs++
	s.pins[id] = &pin{snap: sn, used: now}
	return id
}

func (s *Store) unpinLocked(id uint64) {
	p := s.pins[id]
	delete(s.pins, id)
	p.snap.releaseLocked()
}

// pinned returns the snapshot a cursor names, acquired, and its pin. Where the
// pin is gone, the current snapshot serves if it has the same rows.
func (s *Store) pinned(cu *cursor) (*snapshot, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, 0, ErrClosed
	}
	if p, ok := s.pins[cu.pin]; ok && p.snap.contents() == cu.contents {
		p.used = time.Now()
		p.snap.refs++
		return p.snap, cu.pin, nil
	}
	if s.current.contents() == cu.contents {
		return s.current, s.pinLocked(s.current), nil
	}
	return nil, 0, ErrCursor
}

// dropIdlePins lets the snapshots of unused cursors go.
func (s *Store) dropIdlePins() {
	limit := time.Now().Add(-s.opts.CursorIdle)
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range s.pins {
		if p.used.Before(limit) {
			s.unpinLocked(id)
		}
	}
}
