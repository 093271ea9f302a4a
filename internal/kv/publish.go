package kv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
)

// An Edit is one step of the store: all of it becomes visible, and durable, or
// nothing.
type Edit struct {
	Add    []SegmentMeta // committed files that become part of the store
	Remove []uint64      // segments that leave it; their files go with RemoveFile
	Batch  *BatchRecord  // how far an input has come, nil: no news
}

// Publish makes an edit in one small transaction, which is durable when it
// returns nil. At most about 1000 segments fit into one edit.
//
// Each added segment must come from CreateSegment and be committed with the size
// given; each removed one must be listed; no two segments of a data set may share
// sequence numbers afterwards. An edit that breaks a rule is refused whole. ErrNoSpace
// means that nothing was written. After any other failure of the disk the store
// takes no more writes (ErrFailed), since the edit may or may not be there.
func (db *DB) Publish(ctx context.Context, e Edit) error {
	db.write.Lock()
	defer db.write.Unlock()
	if err := db.writable(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}

	segments := maps.Clone(db.segments) // only the holder of the write lock changes it
	st := db.state
	st.generation++
	var changes []change
	for _, id := range e.Remove {
		m, ok := segments[id]
		if !ok {
			return fmt.Errorf("publish: %s is not in the store", label(id))
		}
		delete(segments, id)
		st.segments--
		st.sums ^= m.sum()
		changes = append(changes, change{key: keySegment(id)}, change{keyDropped(id), []byte{}})
	}
	for _, m := range e.Add {
		if err := db.checkAdd(segments, m); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		segments[m.ID] = m
		st.segments++
		st.sums ^= m.sum()
		st.nextSegment = max(st.nextSegment, m.ID+1)
		st.nextSeq = max(st.nextSeq, m.EndSeq)
		changes = append(changes, change{keySegment(m.ID), m.encode()})
	}
	if len(e.Add) > 0 {
		if err := checkSequences(segments); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	if e.Batch != nil {
		payload, err := e.Batch.encode()
		if err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		changes = append(changes, change{keyBatch(e.Batch.ID), payload})
	}
	gone := db.goneFiles(maxTxnKeys / 4)
	for _, id := range gone {
		changes = append(changes, change{key: keyDropped(id)})
	}
	changes = append(changes, change{keyState(), st.encode()})

	// What only gives up segments is how a full disk gets room again.
	need := db.opt.MinFree
	if len(e.Add) == 0 && e.Batch == nil {
		need = min(need, openNeed)
	}
	if err := db.commit(need, changes); err != nil {
		if errors.Is(err, errBigEdit) {
			return fmt.Errorf("publish: %w", err)
		}
		return err
	}

	// Durable now; the names follow. Should this fail, the next Open does it.
	for _, m := range e.Add {
		if err := os.Rename(db.segmentPath(m.ID, unpublishedExt), db.segmentPath(m.ID, publishedExt)); err != nil {
			db.warn("segment file keeps its temporary name", "segment", m.ID, "error", err)
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.state, db.segments = st, segments
	for _, m := range e.Add {
		delete(db.committed, m.ID)
	}
	for _, id := range e.Remove {
		db.dropped[id] = dropListed
	}
	for _, id := range gone {
		delete(db.dropped, id)
	}
	return nil
}

func (m *SegmentMeta) sum() uint64 {
	key := keySegment(m.ID)
	_, sum, err := unframe(key, frame(key, m.encode()))
	if err != nil {
		return 0 // cannot be: it was framed just now
	}
	return sum
}

func (db *DB) checkAdd(segments map[uint64]SegmentMeta, m SegmentMeta) error {
	if _, ok := segments[m.ID]; ok {
		return fmt.Errorf("%s is in the store already", label(m.ID))
	}
	db.mu.RLock()
	size, ok := db.committed[m.ID]
	db.mu.RUnlock()
	switch {
	case !ok:
		return fmt.Errorf("%s has no committed file", label(m.ID))
	case size != m.Size:
		return fmt.Errorf("%s: its file has %d bytes, the edit says %d", label(m.ID), size, m.Size)
	}
	return m.check()
}

// checkSequences: the order of ingest is, within a data set, the order of the
// segments. A merged segment may span what another set got in between.
func checkSequences(segments map[uint64]SegmentMeta) error {
	list := slices.SortedFunc(maps.Values(segments), compareSegments)
	var end [256]uint64
	for _, m := range list {
		if m.FirstSeq < end[m.Set] && m.EndSeq > m.FirstSeq {
			return fmt.Errorf("%s shares sequence numbers with another segment", label(m.ID))
		}
		end[m.Set] = max(end[m.Set], m.EndSeq)
	}
	return nil
}

// goneFiles lists at most n dropped segments whose files are durably gone.
func (db *DB) goneFiles(n int) []uint64 {
	db.mu.RLock()
	defer db.mu.RUnlock()
	var ids []uint64
	for id, stage := range db.dropped {
		if stage == dropGone && len(ids) < n {
			ids = append(ids, id)
		}
	}
	return ids
}

// Batch returns the record of a batch; ok is false for one never heard of.
func (db *DB) Batch(id string) (rec BatchRecord, ok bool, err error) {
	if id == "" || len(id) > maxBatchID {
		return BatchRecord{}, false, nil
	}
	b, ok, err := db.read(keyBatch(id))
	if err != nil || !ok {
		return BatchRecord{}, false, wrapBatch(err)
	}
	rec, err = decodeBatch(id, b)
	if err != nil {
		return BatchRecord{}, false, wrapBatch(err)
	}
	return rec, true, nil
}

func wrapBatch(err error) error {
	if err == nil || errors.Is(err, ErrClosed) {
		return err
	}
	return fmt.Errorf("catalogue: batch: %w", err)
}

// KeyCheck returns the value set by SetKeyCheck; ok is false if there is none.
func (db *DB) KeyCheck() (b []byte, ok bool, err error) {
	b, ok, err = db.read(keyKeyCheck())
	if err != nil && !errors.Is(err, ErrClosed) {
		err = fmt.Errorf("catalogue: key check: %w", err)
	}
	return b, ok, err
}

// SetKeyCheck stores the check value, 1 to 64 bytes, for good: a store that has
// one takes no other.
func (db *DB) SetKeyCheck(b []byte) error {
	if len(b) == 0 || len(b) > maxKeyCheck {
		return fmt.Errorf("key check of %d bytes; 1 to %d are allowed", len(b), maxKeyCheck)
	}
	db.write.Lock()
	defer db.write.Unlock()
	if err := db.writable(); err != nil {
		return err
	}
	old, ok, err := db.KeyCheck()
	if err != nil {
		return err
	}
	if ok {
		if slices.Equal(old, b) {
			return nil
		}
		return errors.New("the store has another key check already")
	}
	st := db.state
	st.generation++
	if err := db.commit(db.opt.MinFree, []change{{keyKeyCheck(), b}, {keyState(), st.encode()}}); err != nil {
		return err
	}
	db.mu.Lock()
	db.state = st
	db.mu.Unlock()
	return nil
}
