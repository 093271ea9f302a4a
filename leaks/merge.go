package leaks

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	backlog := s.current != nil && len(s.current.segments) >= maxBacklog &&
		fullTier(s.current.metas(), s.opts.MergeFanout) != nil
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

// mergeTiers merges until no tier is full. While an ingest runs it leaves a few
// segments more: merging them all the more at once afterwards is cheaper, and
// the processor is the ingest's.
func (s *Store) mergeTiers(ctx context.Context) error {
	for ctx.Err() == nil {
		merged, err := s.mergeOnce(ctx, func(list []kv.SegmentMeta) []kv.SegmentMeta {
			if s.ingests.Load() > 0 && len(list) < ingestSlack*s.opts.MergeFanout {
				return nil
			}
			return fullTier(list, s.opts.MergeFanout)
		})
		if err != nil || !merged {
			return err
		}
	}
	return ctx.Err()
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
		merged, err := s.mergeOnce(ctx, compactable)
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

// Expire drops every occurrence detected before the given instant. The
// analytics of the domains concerned stay complete: what they counted is kept
// in their aggregates. It returns how many occurrences were dropped.
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
		h2, err := s.replace(ctx, []*handle{h}, limit)
		if err != nil {
			return dropped, fmt.Errorf("expire: %w", ended(ctx, err))
		}
		dropped += int64(h.meta.Rows - h2.meta.Rows)
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
func (s *Store) mergeOnce(ctx context.Context, pick func([]kv.SegmentMeta) []kv.SegmentMeta) (bool, error) {
	if err := s.maintaining.lockContext(ctx); err != nil {
		return false, err
	}
	defer s.maintaining.unlock()
	sn, err := s.acquire()
	if err != nil {
		return false, err
	}
	defer s.release(sn)
	byID := make(map[uint64]*handle, len(sn.segments))
	for _, h := range sn.segments {
		byID[h.meta.ID] = h
	}
	picked := pick(sn.metas())
	if len(picked) == 0 {
		return false, nil
	}
	sources := make([]*handle, len(picked))
	for i, m := range picked {
		sources[i] = byID[m.ID]
	}
	start := time.Now()
	h, err := s.replace(ctx, sources, 0)
	if err != nil {
		return false, err
	}
	s.opts.Logger.Info("merged", "segments", len(sources), "rows", h.meta.Rows, "bytes", h.meta.Size, "took", time.Since(start))
	return true, nil
}

// replace merges sources, adjacent and oldest first, into one segment and
// publishes it in their place. The caller holds maintaining.
func (s *Store) replace(ctx context.Context, sources []*handle, dropBefore uint32) (*handle, error) {
	tables := make([]*table, len(sources))
	cache := segment.NewCache(mergeCacheBytes)
	edit := kv.Edit{}
	for i, h := range sources {
		var err error
		if tables[i], err = h.forMerge(cache); err != nil {
			return nil, err
		}
		edit.Remove = append(edit.Remove, h.meta.ID)
	}
	h, err := s.write(ctx, func(w *segment.Writer) (tableSummary, error) {
		return mergeTables(ctx, w, tables, mergeOptions{dropBefore: dropBefore})
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
