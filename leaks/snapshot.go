package leaks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"sync"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/kv"
	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/stats"
)

// A handle is one open segment, shared by every snapshot that holds it. Its
// file may be unlinked already: what is open stays readable.
type handle struct {
	meta   kv.SegmentMeta
	file   *os.File
	reader *segment.Reader
	table  *table      // of the credentials, or
	flat   *flat.Table // of another data set
	refs   int         // snapshots that hold it; guarded by Store.mu

	unpublished *kv.SegmentFile // until it is published
}

// forMerge returns a view of the segment with a cache of its own: a merge reads
// everything about once, and must not push what queries use out of theirs. It reads
// the file, which takes no more memory than that cache, however large the file.
func (h *handle) forMerge(cache *segment.Cache) (*handle, error) {
	r, err := segment.Open(h.file, h.meta.Size, segmentName(h.meta.ID), cache)
	if err != nil {
		return nil, err
	}
	v := &handle{meta: h.meta, reader: r}
	return v, v.openTable()
}

// openTable opens what the segment holds.
func (h *handle) openTable() (err error) {
	if set := dataset(h.meta.Set); set == setCredentials {
		h.table, err = openTable(h.reader)
	} else if schema := set.schema(); schema != nil {
		h.flat, err = flat.Open(h.reader, schema)
	} else {
		err = fmt.Errorf("%w: it is of data set %d", ErrVersion, set)
	}
	if err != nil {
		return fmt.Errorf("segment %s: %w", segmentName(h.meta.ID), err)
	}
	return nil
}

func (h *handle) close() error {
	return errors.Join(h.reader.Close(), h.file.Close())
}

// A snapshot is an immutable list of segments, oldest first, and what was
// computed once for it. The current one is replaced by each publication; an
// old one lives for as long as somebody reads it.
type snapshot struct {
	store    *Store
	segments []*handle          // of the credentials
	flats    [numSets][]*handle // of the other data sets
	refs     int                // guarded by Store.mu

	selections [numSets]selectionCache

	ranks lazily[[][]uint32] // see rootRanks

	analyticsMu sync.Mutex
	analytics   map[analyticsKey]*stats.Analytics
}

// contents identifies the rows of a snapshot, whatever their segments:
// merging keeps it, ingest and expiry change it.
type contents struct{ seq, rows uint64 }

func (sn *snapshot) contents() contents {
	var c contents
	for _, h := range sn.segments {
		c.seq = max(c.seq, h.meta.EndSeq)
		c.rows += h.meta.Rows
	}
	return c
}

// of lists the segments of a data set.
func (sn *snapshot) of(set dataset) []*handle {
	if set == setCredentials {
		return sn.segments
	}
	return sn.flats[set]
}

// all gives every segment, data set by data set.
func (sn *snapshot) all() iter.Seq[*handle] {
	return func(yield func(*handle) bool) {
		for set := range numSets {
			for _, h := range sn.of(set) {
				if !yield(h) {
					return
				}
			}
		}
	}
}

// add puts a segment behind those of its data set.
func (sn *snapshot) add(h *handle) {
	if set := dataset(h.meta.Set); set == setCredentials {
		sn.segments = append(sn.segments, h)
	} else {
		sn.flats[set] = append(sn.flats[set], h)
	}
}

// metas lists a data set's segments for the merge policy.
func metas(list []*handle) []kv.SegmentMeta {
	out := make([]kv.SegmentMeta, len(list))
	for i, h := range list {
		out[i] = h.meta
	}
	return out
}

// retain takes the snapshot's own reference and one of each segment. The
// caller holds Store.mu, or is alone.
func (sn *snapshot) retain() {
	sn.refs++
	for h := range sn.all() {
		h.refs++
	}
}

// releaseLocked drops one reference; the last one drops the segments'.
func (sn *snapshot) releaseLocked() {
	sn.refs--
	if sn.refs > 0 {
		return
	}
	sn.store.results.drop(sn)
	for h := range sn.all() {
		h.refs--
		if h.refs == 0 {
			if err := h.close(); err != nil {
				sn.store.opts.Logger.Warn("closing a segment", "segment", segmentName(h.meta.ID), "error", err)
			}
		}
	}
}

// closeAll closes the segments of a snapshot that never went into use.
func (sn *snapshot) closeAll() {
	for h := range sn.all() {
		_ = h.close() // the error that led here is the one to report
	}
}

// acquire returns the current snapshot; the caller releases it.
func (s *Store) acquire() (*snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.current.refs++
	return s.current, nil
}

func (s *Store) release(sn *snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn.releaseLocked()
}

// publish makes e durable, then visible: added are the opened segments of
// e.Add.
func (s *Store) publish(ctx context.Context, e kv.Edit, added []*handle) error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if err := s.db.Publish(ctx, e); err != nil {
		return err
	}
	if len(added) == 0 && len(e.Remove) == 0 {
		return nil
	}
	for _, h := range added {
		h.unpublished = nil
	}
	s.mu.Lock()
	next := &snapshot{store: s}
	for h := range s.current.all() {
		if !slices.Contains(e.Remove, h.meta.ID) {
			next.add(h)
		}
	}
	for _, h := range added {
		next.add(h)
	}
	for set := range numSets {
		slices.SortFunc(next.of(set), func(a, b *handle) int { return cmp.Compare(a.meta.FirstSeq, b.meta.FirstSeq) })
	}
	next.retain()
	old := s.current
	s.current = next
	old.releaseLocked()
	s.mu.Unlock()

	// The manifest no longer names these; a failure here is swept at the next
	// open.
	for _, id := range e.Remove {
		if err := s.db.RemoveFile(id); err != nil {
			s.opts.Logger.Warn("removing a merged segment", "segment", segmentName(id), "error", err)
		}
	}
	return nil
}

// write makes a segment file of a data set: fill writes its sections. The segment
// is durable but unlisted; publish lists it.
func (s *Store) write(ctx context.Context, set dataset, fill func(*segment.Writer) (tableSummary, error)) (*handle, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := s.db.CreateSegment()
	if err != nil {
		return nil, err
	}
	sum, err := fill(segment.NewWriter(f))
	if err != nil {
		f.Abort()
		return nil, err
	}
	if _, err := f.Commit(); err != nil {
		return nil, err
	}
	h, err := s.openSegment(kv.SegmentMeta{
		ID: f.ID(), Size: sum.segment.Size, FooterSum: sum.segment.FooterSum,
		Rows: uint64(sum.rows), Groups: uint64(sum.groups), MinSeen: sum.minSeen, MaxSeen: sum.maxSeen,
		Set: uint8(set),
	})
	if err != nil {
		f.Abort()
		return nil, fmt.Errorf("reading back a new segment: %w", err)
	}
	h.unpublished = f
	return h, nil
}

// discard drops a written segment that was not published.
func (s *Store) discard(h *handle) {
	if err := h.close(); err != nil {
		s.opts.Logger.Warn("closing an unpublished segment", "segment", segmentName(h.meta.ID), "error", err)
	}
	h.unpublished.Abort()
}
