package httpapi

import (
	"context"
	"errors"

	"github.com/leakscope/leakscope/watchlist"
)

// gate is who knows the keys.
type gate interface {
	verify(ctx context.Context, secret string) (*caller, error)
	scope(ctx context.Context, workspace string) (watchlist.Scope, error)
}

type caller struct {
	id, role, workspace string
	gate                gate
}

func (c *caller) keyID() string { return c.id }
func (c *caller) mssp() bool    { return c.role == "mssp" || c.role == "admin" }

func (c *caller) scope(ctx context.Context, asked string) (watchlist.Scope, error) {
	switch {
	case c.role == "admin" && asked == "":
		return watchlist.Administrator(), nil
	case c.role == "admin":
		return c.gate.scope(ctx, asked)
	case asked != "" && asked != c.workspace:
		return watchlist.Scope{}, watchlist.ErrOutside
	}
	return c.gate.scope(ctx, c.workspace)
}
func (h *Handler) verify(ctx context.Context, secret string) (*caller, error) {
	return h.gate.verify(ctx, secret)
}

var errKey = errors.New("invalid or revoked API key")
