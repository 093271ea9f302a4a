package watchlist

import (
	"context"
	"fmt"
	"sync"

	"github.com/leakscope/leakscope/internal/kv"
)

// Scope returns what a workspace may see: what its active entries grant. A
// workspace without any has an empty scope. The scope is that of some moment
// within the call; a later change of the workspace does not change it, so ask for
// one a request, which is cheap.
func (d *Directory) Scope(ctx context.Context, workspace string) (Scope, error) {
	ws, ok := parseID(workspace)
	if !ok {
		return Scope{}, missing("workspace")
	}
	if err := d.usable(ctx); err != nil {
		return Scope{}, err
	}
	s, version, ok := d.scopes.get(ws)
	if ok {
		return s, nil
	}
	var g grants
	err := d.view(ctx, func(r *kv.Reader) error {
		w, err := getWorkspace(r, workspace)
		if err != nil {
			return err
		}
		return scanEntries(ctx, r, w.id, -1, func(e *entryRecord) error {
			if e.active {
				g.add(kinds[e.kind], e.value)
			}
			return nil
		})
	})
	if err != nil {
		return Scope{}, err
	}
	s = newScope(g)
	d.scopes.put(ws, version, s)
	return s, nil
}

// add grants what an entry does.
func (g *grants) add(k Kind, value string) {
	switch k {
	case Domain:
		g.domains = append(g.domains, value)
	case Executive:
		g.usernames = append(g.usernames, value)
	case BIN:
		g.bins = append(g.bins, value)
	case Keyword:
		g.keywords = append(g.keywords, value)
	case Asset, Ransom: // see the package's documentation
	}
}

// ScopeOf returns what the holder of a key may see: the scope of its workspace.
// An administrator's key has none, and fails with [ErrOutside]: code that means
// everything says [Administrator].
func (d *Directory) ScopeOf(ctx context.Context, who Identity) (Scope, error) {
	if who.Key.Workspace == "" {
		return Scope{}, fmt.Errorf("%w: the key has no workspace", ErrOutside)
	}
	return d.Scope(ctx, who.Key.Workspace)
}

// scopeCache keeps the scopes of workspaces. Every write to a workspace raises its
// version, after the transaction and before the call returns; a scope is kept only
// if the version is still that from before its entries were read.
type scopeCache struct {
	mu    sync.RWMutex
	items map[id]cachedScope // of workspaces that were read or written
	kept  int                // items with a scope
}

type cachedScope struct {
	version uint64
	scope   Scope
	kept    bool
}

// maxScopes bounds the workspaces whose scopes are kept.
const maxScopes = 10_000

func (c *scopeCache) get(ws id) (s Scope, version uint64, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	item := c.items[ws]
	return item.scope, item.version, item.kept
}

func (c *scopeCache) put(ws id, version uint64, s Scope) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items[ws].version != version {
		return
	}
	if c.kept >= maxScopes { // any one will do
		for other, item := range c.items {
			if item.kept && other != ws {
				c.set(other, cachedScope{version: item.version})
				break
			}
		}
	}
	c.set(ws, cachedScope{version, s, true})
}

func (c *scopeCache) invalidate(ws id) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(ws, cachedScope{version: c.items[ws].version + 1})
}

func (c *scopeCache) set(ws id, item cachedScope) {
	if c.items == nil {
		c.items = make(map[id]cachedScope)
	}
	if c.items[ws].kept {
		c.kept--
	}
	if item.kept {
		c.kept++
	}
	c.items[ws] = item
}
