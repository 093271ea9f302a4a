package leaks

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leakscope/leakscope/internal/kv"
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/watchlist"
)

// A Store holds occurrences in one directory and answers queries over them. It
// is safe for concurrent use: any number of queries run beside one ingest and
// one merge.
type Store struct {
	opts  Options
	db    *kv.DB
	cache *segment.Cache
	// hasher holds the key. It is only ever cloned: a hasher is for one
	// goroutine.
	hasher *normalize.Hasher
	// id tells this store from others under the same key.
	id [storeIDBytes]byte

	// ingesting and maintaining are taken by whoever ingests, and by whoever
	// replaces segments: merging, Compact, Expire.
	ingesting   semaphore
	maintaining semaphore
	ingests     atomic.Int32 // that run now
	asking      atomic.Int32 // queries that run now; see courtesy
	asked       atomic.Int64 // when the last one ended; see sinceOpen
	opened      time.Time

	// publishing serialises changes of the manifest with those of current.
	publishing sync.Mutex

	// mu guards current, closed and pins.
	mu      sync.Mutex
	current *snapshot
	closed  bool
	pins    map[uint64]*pin

	results *resultCache
	sources numbering
	// watch says who may see what.
	watch *watchlist.Directory

	// life ends with the store, by stop; done is closed when the background
	// has ended.
	life   context.Context
	stop   context.CancelFunc
	done   chan struct{}
	wake   chan struct{} // tells the background that there may be work
	merged *broadcast    // tells a waiting ingest that a merge has ended
}

// Open opens the store in dir, which is made when missing. It fails with
// ErrWrongKey, ErrLocked, ErrCorrupt, ErrNoSpace, or ErrInvalid for options
// that make no sense.
func Open(dir string, opts *Options) (*Store, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, paramErrorf("dir", "must not be empty")
	}
	db, err := kv.Open(kv.Options{Dir: dir, Logger: o.Logger, MinFree: o.MinFree})
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{
		opts:        o,
		opened:      time.Now(),
		db:          db,
		hasher:      normalize.NewHasher(o.Key),
		cache:       segment.NewCache(o.MemoryBudget / 2),
		ingesting:   newSemaphore(),
		maintaining: newSemaphore(),
		pins:        make(map[uint64]*pin),
		results:     newResultCache(o.MemoryBudget / 8),
		done:        make(chan struct{}),
		wake:        make(chan struct{}, 1),
		merged:      newBroadcast(),
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), db.Close())
	}
	s.life, s.stop = context.WithCancel(context.Background())
	go s.background()
	s.poke() // an earlier process may have left something to merge
	return s, nil
}

const storeIDBytes = 16

// load checks the key and opens the listed segments.
func (s *Store) load() error {
	check := s.hasher.Check()
	stored, found, err := s.db.KeyCheck()
	switch {
	case err != nil:
		return err
	case !found:
		// A new store gets an identity beside the check of its key.
		stored = append(check[:], make([]byte, storeIDBytes)...)
		if _, err := rand.Read(stored[len(check):]); err != nil {
			return err
		}
		if err := s.db.SetKeyCheck(stored); err != nil {
			return err
		}
	case len(stored) != len(check)+storeIDBytes:
		return fmt.Errorf("%w: key check of %d bytes", ErrCorrupt, len(stored))
	case subtle.ConstantTimeCompare(stored[:len(check)], check[:]) != 1:
		return ErrWrongKey
	}
	s.id = [storeIDBytes]byte(stored[len(check):])
	if s.watch, err = openWatchlists(s.db, s.hasher, &s.opts); err != nil {
		return err
	}
	metas, err := s.db.Segments()
	if err != nil {
		return err
	}
	snap := &snapshot{store: s}
	for _, m := range metas {
		h, err := s.openSegment(m)
		if err != nil {
			snap.closeAll()
			return err
		}
		snap.add(h)
	}
	snap.retain()
	s.current = snap
	return nil
}

// openSegment opens the file of m and checks it against the manifest.
func (s *Store) openSegment(m kv.SegmentMeta) (*handle, error) {
	f, size, err := s.db.OpenSegment(m.ID)
	if err != nil {
		return nil, err
	}
	h := &handle{meta: m, file: f}
	fail := func(err error) (*handle, error) {
		if h.reader != nil {
			err = errors.Join(err, h.reader.Close())
		}
		return nil, errors.Join(err, f.Close())
	}
	if h.reader, err = segment.Open(f, size, segmentName(m.ID), s.cache); err != nil {
		return fail(err)
	}
	if h.reader.FooterSum() != m.FooterSum {
		return fail(fmt.Errorf("%w: segment %s is not the one the manifest lists", ErrCorrupt, segmentName(m.ID)))
	}
	if err := h.openTable(); err != nil {
		return fail(err)
	}
	// What was read until here is small, and stays.
	h.reader.Map(f)
	return h, nil
}

func segmentName(id uint64) string { return fmt.Sprintf("%016x", id) }

// Close ends merging, waits for a running ingest to notice, and closes the
// store. Queries and walks still running end with ErrClosed or their answer.
// A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.stop()
	<-s.done
	// Whoever still ingests or maintains has seen its context end or will
	// meet ErrClosed at its next publication.
	s.ingesting.lock()
	s.maintaining.lock()

	s.mu.Lock()
	for id, p := range s.pins {
		p.snap.releaseLocked()
		delete(s.pins, id)
	}
	s.results.clear()
	if s.current != nil {
		s.current.releaseLocked()
		s.current = nil
	}
	s.mu.Unlock()
	return errors.Join(s.watch.Close(), s.db.Close())
}

// A semaphore of one that can be waited for with a context.
type semaphore chan struct{}

func newSemaphore() semaphore { return make(semaphore, 1) }

func (s semaphore) lock()   { s <- struct{}{} }
func (s semaphore) unlock() { <-s }

func (s semaphore) lockContext(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A broadcast wakes everyone who waits on its channel.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBroadcast() *broadcast { return &broadcast{ch: make(chan struct{})} }

// wait returns a channel that the next signal closes.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

func (b *broadcast) signal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}

// now returns the store's clock, to the second.
func (s *Store) now() time.Time { return s.opts.Now().UTC().Truncate(time.Second) }
