package leaks

import (
	"context"
	"errors"

	"github.com/leakscope/leakscope/internal/kv"
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/watchlist"
)

// Watchlists returns the workspaces, watchlists and API keys that lie in the
// store. It ends with the store.
func (s *Store) Watchlists() *watchlist.Directory { return s.watch }

var errPublicSuffix = errors.New("no registrable domain")

// openWatchlists opens the directory, which compares as this package normalises.
func openWatchlists(db *kv.DB, hasher *normalize.Hasher, opts *Options) (*watchlist.Directory, error) {
	return watchlist.Open(context.Background(), db, watchlist.Options{
		Rules: watchlist.Rules{
			Domain: normalize.Domain,
			Root: func(domain string) (string, error) {
				root, ok := normalize.Registrable(domain)
				if !ok {
					return "", errPublicSuffix
				}
				return root, nil
			},
			Username: normalize.Username,
		},
		Derive: func(label string) []byte {
			mac := hasher.Clone().MAC([]byte(label)) // a hasher is for one goroutine
			return mac[:]
		},
		Now:    opts.Now,
		Logger: opts.Logger,
	})
}
