// Package ours asks leakscope, in process, what its peers are asked.
package ours

import (
	"context"
	"fmt"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/leaks"
)

// A Session is an open store.
type Session struct{ Store *leaks.Store }

// Open opens a store, merging nothing in the background.
func Open(dir string) (*Session, error) { return OpenWith(dir, peers.Key) }

// OpenWith opens a store of another key.
func OpenWith(dir string, key [32]byte) (*Session, error) {
	s, err := leaks.Open(dir, &leaks.Options{Key: key, NoBackgroundMerge: true})
	if err != nil {
		return nil, err
	}
	return &Session{s}, nil
}

// Ask answers a query.
func (s *Session) Ask(ctx context.Context, q *peers.Query) (*peers.Answer, error) {
	a := new(peers.Answer)
	var err error
	switch q.Kind {
	case peers.Details:
		a.Details, err = s.Store.Details(ctx, q.Request())
	case peers.ByHash:
		a.Occurrences, err = s.Store.Occurrences(ctx, q.Scope(), q.Column, q.Hash)
	case peers.Analytics:
		a.Analytics, err = s.Store.Analytics(ctx, q.Scope(), q.Column, q.ID)
	default:
		err = fmt.Errorf("unknown kind %q", q.Kind)
	}
	return a, err
}

// Close closes the store.
func (s *Session) Close() error { return s.Store.Close() }
