package leaks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/kv"
	"github.com/leakscope/leakscope/internal/segment"
)

// background merges when there is enough of a size, and lets idle cursors go,
// until the store closes.
func (s *Store) background() {
	defer close(s.done)
	tick := time.NewTicker(max(s.opts.CursorIdle/4, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-tick.C:
			s.dropIdlePins()
		case <-s.wake:
			if s.opts.NoBackgroundMerge {
				continue
			}
			if err := s.mergeTiers(s.life); err != nil && s.life.Err() == nil {
				s.opts.Logger.Error("background merge", "error", err)
			}
			s.merged.signal()
		}
	}
}

// poke tells the background that there may be work.
func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// awaitMerging holds an ingest back while merging is far behind: until a round
// of merging has ended, or for a second. It does not insist: a merge that fails
// must not stop the ingest. A store of many segments as large as they get is not
// behind.
func (s *Store) awaitMerging(ctx context.Context) error {
	if s.opts.NoBackgroundMerge {
		return nil
	}
	merged := s.merged.wait()
	s.mu.Lock()
	backlog := false
	if s.current != nil {
		for set := range numSets {
			list := s.current.of(set)
			backlog = backlog || len(list) >= maxBacklog && fullTier(metas(list), s.opts.MergeFanout, s.mergeRows(set)) != nil
		}
	}
	s.mu.Unlock()
	if !backlog {
		return nil
	}
	s.poke()
	select {
	case <-merged:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Second):
	}
	return nil
}

// mergeTiers merges until no tier is full. While an ingest runs and nobody asks
// it leaves the segments as they are, unless they become very many: merging them
// all at once afterwards is cheaper, and the processor is the ingest's. While an ingest runs and queries
// are asked it merges fewer at a time: each segment that is open costs every
// query something.
func (s *Store) mergeTiers(ctx context.Context) error {
	for ctx.Err() == nil {
		merged, err := s.mergeOnce(ctx, func(set dataset, list []kv.SegmentMeta) []kv.SegmentMeta {
			fanout, rows := s.opts.MergeFanout, s.mergeRows(set)
			switch ingesting := s.ingests.Load() > 0; {
			case ingesting && s.askedLately():
				fanout = min(fanout, askedFanout)
			case ingesting && len(list) < maxDeferred:
				return nil
			}
			return fullTier(list, fanout, rows)
		})
		if err != nil || !merged {
			return err
		}
	}
	return ctx.Err()
}

// mergeRows is how many rows merging by tiers puts into one segment: beside an
// ingest, which has the memory of its own, fewer.
func (s *Store) mergeRows(set dataset) uint64 {
	most := set.segmentRows()
	if s.ingests.Load() == 0 {
		return most
	}
	return min(most, uint64(s.opts.MemoryBudget)/besideBytes)
}

// segmentRows is how many rows merging puts into one segment at most.
func (set dataset) segmentRows() uint64 {
	if set == setCredentials {
		return maxSegmentRows
	}
	return flat.MaxRows
}

// Merge does now what merging in the background does when it comes to it: it
// merges segments of like size until there are few of each. A program that
// ingests and ends gives the background no time, and calls this instead. It is
// cheap where nothing has come together.
func (s *Store) Merge(ctx context.Context) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.mergeTiers(ctx); err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	return nil
}

// Compact merges adjacent segments into as few as their greatest size allows
// and gives the disk of what was merged back. It returns when that is done, or
// ctx ends; what was done until then stays.
func (s *Store) Compact(ctx context.Context) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	for {
		merged, err := s.mergeOnce(ctx, func(set dataset, list []kv.SegmentMeta) []kv.SegmentMeta {
			return compactable(list, set.segmentRows())
		})
		if err != nil {
			return fmt.Errorf("compact: %w", ended(ctx, err))
		}
		if !merged {
			break
		}
	}
	if err := s.db.Reclaim(); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	return nil
}

// Expire drops every occurrence detected before the given instant, and every
// document and card that was not detected since. The analytics of the domains
// concerned stay complete: what they counted is kept in their aggregates. It
// returns how many rows were dropped.
func (s *Store) Expire(ctx context.Context, before time.Time) (dropped int64, err error) {
	limit, ok := unixSeconds(before)
	if !ok || limit == 0 {
		return 0, paramErrorf("before", "must be from 1970-01-02 to 2106-02-07")
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.maintaining.lockContext(ctx); err != nil {
		return 0, fmt.Errorf("expire: %w", err)
	}
	defer s.maintaining.unlock()
	sn, err := s.acquire()
	if err != nil {
		return 0, fmt.Errorf("expire: %w", err)
	}
	defer s.release(sn)
	for _, h := range sn.segments {
		if h.meta.Rows == 0 || h.meta.MinSeen >= limit {
			continue
		}
		h2, err := s.replace(ctx, []*handle{h}, limit, nil)
		if err != nil {
			return dropped, fmt.Errorf("expire: %w", ended(ctx, err))
		}
		dropped += int64(h.meta.Rows - h2.meta.Rows)
	}
	for set := setCredentials + 1; set < numSets; set++ {
		n, err := s.expireSet(ctx, sn, set, limit)
		if dropped += n; err != nil {
			return dropped, fmt.Errorf("expire: %w", ended(ctx, err))
		}
	}
	return dropped, nil
}

// bound returns a context that also ends with the store.
func (s *Store) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// ended says why ctx, of bound, ended the work that failed with err: where the
// store was closed, its caller has cancelled nothing.
func ended(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), ErrClosed) {
		return ErrClosed
	}
	return err
}

// mergeOnce merges the adjacent segments that pick chooses; false means none.
func (s *Store) mergeOnce(ctx context.Context, pick func(dataset, []kv.SegmentMeta) []kv.SegmentMeta) (bool, error) {
	if err := s.maintaining.lockContext(ctx); err != nil {
		return false, err
	}
	defer s.maintaining.unlock()
	sn, err := s.acquire()
	if err != nil {
		return false, err
	}
	defer s.release(sn)
	for set := range numSets {
		picked := pick(set, metas(sn.of(set)))
		if len(picked) == 0 {
			continue
		}
		byID := make(map[uint64]*handle, len(sn.of(set)))
		for _, h := range sn.of(set) {
			byID[h.meta.ID] = h
		}
		sources := make([]*handle, len(picked))
		for i, m := range picked {
			sources[i] = byID[m.ID]
		}
		start := time.Now()
		h, err := s.replace(ctx, sources, 0, nil)
		if err != nil {
			return false, err
		}
		s.opts.Logger.Info("merged", "set", set, "segments", len(sources), "rows", h.meta.Rows, "bytes", h.meta.Size, "took", time.Since(start))
		return true, nil
	}
	return false, nil
}

// replace merges sources, adjacent ones of a data set and oldest first, into one
// segment and publishes it in their place. What they lose is what was detected
// before dropBefore, of credentials, and drops, of other data sets. The caller
// holds maintaining.
func (s *Store) replace(ctx context.Context, sources []*handle, dropBefore uint32, drops []flat.Drop) (*handle, error) {
	var (
		set    = dataset(sources[0].meta.Set)
		tables []*table
		flats  []*flat.Table
		cache  = segment.NewCache(mergeCacheBytes)
		edit   kv.Edit

		firstSeq []uint64
	)
	for _, h := range sources {
		v, err := h.forMerge(cache)
		if err != nil {
			return nil, err
		}
		tables, flats = append(tables, v.table), append(flats, v.flat)
		edit.Remove = append(edit.Remove, h.meta.ID)
		firstSeq = append(firstSeq, h.meta.FirstSeq)
	}
	h, err := s.write(ctx, set, func(w *segment.Writer) (tableSummary, error) {
		if set != setCredentials {
			return flatSummary(flat.Merge(ctx, w, set.schema(), flats, drops))
		}
		return mergeTables(ctx, w, tables, mergeOptions{dropBefore: dropBefore, polite: s.courtesy(), firstSeq: firstSeq, scratch: func() (scratchFile, error) { return s.db.Scratch() }})
	})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		return nil, err
	}
	h.meta.FirstSeq = sources[0].meta.FirstSeq
	h.meta.EndSeq = sources[len(sources)-1].meta.EndSeq
	edit.Add = []kv.SegmentMeta{h.meta}
	if err := s.publish(ctx, edit, []*handle{h}); err != nil {
		s.discard(h)
		return nil, err
	}
	return h, nil
}
