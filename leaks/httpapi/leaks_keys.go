package httpapi

import (
	"context"

	"github.com/leakscope/leakscope/leaks"
)

// A keyAnswer is what a key is told of itself.
type keyAnswer struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Role      string     `json:"role"` // member, mssp or admin
	CreatedAt leaks.Time `json:"created_at"`
	ExpiresAt leaks.Time `json:"expires_at"` // empty: never
}

// An organisationAnswer is the workspace of a key.
type organisationAnswer struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	CreatedAt leaks.Time `json:"created_at"`
}

// meAnswer is the answer of GET /leaks/me.
type meAnswer struct {
	Organisation *organisationAnswer `json:"organisation"` // null for an administrator's key
	Key          keyAnswer           `json:"key"`
}

// verifyAnswer is the answer of POST /api-keys/verify; a key that is not valid
// is 401.
type verifyAnswer struct {
	Valid bool `json:"valid"` // true
	meAnswer
}

func (h *Handler) keyRoutes() []*endpoint {
	return []*endpoint{
		route("GET", "/leaks/me", about{
			api: leaksStyle, summary: "The organisation of the key",
		}, nothing, func(ctx context.Context, c *caller, _ *struct{}) (*meAnswer, error) {
			return c.me(ctx)
		}),
		route("POST", "/api-keys/verify", about{
			api: leaksStyle, summary: "Whether the key in X-Api-Key is valid, and whose it is",
		}, nothing, func(ctx context.Context, c *caller, _ *struct{}) (*verifyAnswer, error) {
			me, err := c.me(ctx)
			if err != nil {
				return nil, err
			}
			return &verifyAnswer{true, *me}, nil
		}),
	}
}

func (c *caller) me(ctx context.Context) (*meAnswer, error) {
	k := c.who.Key
	me := &meAnswer{Key: keyAnswer{k.ID, k.Name, string(k.Role), k.CreatedAt, k.ExpiresAt}}
	if k.Workspace == "" {
		return me, nil
	}
	w, err := c.watch.Workspace(ctx, k.Workspace)
	if err != nil {
		return nil, err
	}
	me.Organisation = &organisationAnswer{w.ID, w.Name, w.CreatedAt}
	return me, nil
}
