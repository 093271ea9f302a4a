package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// keyBody is what a new key is made of. One without a workspace is an
// administrator's.
type keyBody struct {
	Workspace string         `json:"workspace,omitempty"`
	Name      string         `json:"name"`
	Role      watchlist.Role `json:"role"`
	ExpiresAt leaks.Time     `json:"expiresAt,omitzero"` // missing: never
}

// secretAnswer is a new key with its secret, which is shown this once.
type secretAnswer struct {
	watchlist.Key
	Secret string `json:"secret"`
}

func secretEnvelope(k watchlist.Key, secret string, err error) (*one[secretAnswer], error) {
	return oneEnvelope(secretAnswer{k, secret}, err)
}

// rotateBody says how long the old key stays good.
type rotateBody struct {
	OverlapSeconds int `json:"overlapSeconds,omitempty"`
}

// maxOverlap is the longest that two keys of one rotation are good beside each
// other: 90 days.
const maxOverlap = 90 * 24 * 60 * 60

// adminRoutes administer workspaces and keys. The contract does not have them;
// without them a server would have to be stopped for each new customer.
func (h *Handler) adminRoutes() []*endpoint {
	watch := h.opts.Store.Watchlists()
	const workspaces, keys = "/api/v1/admin/workspaces", "/api/v1/admin/keys"
	gone := []int{http.StatusNotFound}
	return []*endpoint{
		route("GET", workspaces, about{
			api: workspaceStyle, access: adminKey, summary: "The workspaces",
		}, func(in *listIn) []*param {
			return in.params("name", "createdAt", "updatedAt")
		}, func(ctx context.Context, c *caller, in *listIn) (*many[watchlist.Workspace], error) {
			return listEnvelope(watch.Workspaces(ctx, in.ListQuery))
		}),
		route("POST", workspaces, about{
			api: workspaceStyle, access: adminKey, summary: "Make a workspace", status: http.StatusCreated,
		}, func(in *createIn[watchlist.WorkspaceChange]) []*param {
			return []*param{body(&in.body, "Its name, and billing and quotas if they are not the usual ones")}
		}, func(ctx context.Context, c *caller, in *createIn[watchlist.WorkspaceChange]) (*one[watchlist.Workspace], error) {
			spec := watchlist.WorkspaceSpec{Quotas: in.body.Quotas}
			if in.body.Name != nil {
				spec.Name = *in.body.Name
			}
			if in.body.Billing != nil {
				spec.Billing = *in.body.Billing
			}
			return oneEnvelope(watch.CreateWorkspace(ctx, spec))
		}),
		route("PUT", workspaces+"/{id}", about{
			api: workspaceStyle, access: adminKey, summary: "Change a workspace", errors: gone,
			doc: "What the body does not name, or names null, stays.",
		}, func(in *updateIn[watchlist.WorkspaceChange]) []*param {
			return []*param{segment("id", &in.id, idDoc), body(&in.body, "What changes")}
		}, func(ctx context.Context, c *caller, in *updateIn[watchlist.WorkspaceChange]) (*one[watchlist.Workspace], error) {
			return oneEnvelope(watch.UpdateWorkspace(ctx, in.id, in.body))
		}),
		route("DELETE", workspaces+"/{id}", about{
			api: workspaceStyle, access: adminKey, summary: "Delete a workspace with its watchlists and keys", errors: gone,
		}, func(in *updateIn[struct{}]) []*param {
			return []*param{segment("id", &in.id, idDoc)}
		}, func(ctx context.Context, c *caller, in *updateIn[struct{}]) (*one[countAnswer], error) {
			return oneEnvelope(countAnswer{1}, watch.DeleteWorkspace(ctx, in.id))
		}),
		route("GET", keys, about{
			api: workspaceStyle, access: adminKey, summary: "The keys of a workspace, or of administrators", errors: gone,
		}, func(in *listIn) []*param {
			return append(in.params("name", "createdAt", "expiresAt", "lastUsed"),
				text("workspace", &in.workspace, maxIDBytes, "Id of the workspace; administrators' keys without it"))
		}, func(ctx context.Context, c *caller, in *listIn) (*many[watchlist.Key], error) {
			return listEnvelope(watch.Keys(ctx, in.workspace, in.ListQuery))
		}),
		route("POST", keys, about{
			api: workspaceStyle, access: adminKey, summary: "Make a key; its secret is shown this once", errors: gone, status: http.StatusCreated,
		}, func(in *createIn[keyBody]) []*param {
			return []*param{body(&in.body, "Its name and role (member or mssp with a workspace, admin without)")}
		}, func(ctx context.Context, c *caller, in *createIn[keyBody]) (*one[secretAnswer], error) {
			b := in.body
			return secretEnvelope(watch.CreateKey(ctx, watchlist.KeySpec{
				Workspace: b.Workspace, Name: b.Name, Role: b.Role, ExpiresAt: b.ExpiresAt.Time,
			}))
		}),
		route("POST", keys+"/{id}/revoke", about{
			api: workspaceStyle, access: adminKey, summary: "End a key at once", errors: gone,
		}, func(in *updateIn[struct{}]) []*param {
			return []*param{segment("id", &in.id, idDoc)}
		}, func(ctx context.Context, c *caller, in *updateIn[struct{}]) (*one[watchlist.Key], error) {
			if err := watch.RevokeKey(ctx, in.id); err != nil {
				return nil, err
			}
			return oneEnvelope(watch.Key(ctx, in.id))
		}),
		route("POST", keys+"/{id}/rotate", about{
			api: workspaceStyle, access: adminKey, summary: "Make a key like this one, which then expires", errors: gone, status: http.StatusCreated,
		}, func(in *updateIn[rotateBody]) []*param {
			return []*param{segment("id", &in.id, idDoc), body(&in.body, "How long the old key stays good, 0 to 7,776,000 seconds")}
		}, func(ctx context.Context, c *caller, in *updateIn[rotateBody]) (*one[secretAnswer], error) {
			if n := in.body.OverlapSeconds; n < 0 || n > maxOverlap {
				return nil, &leaks.ParamError{Param: "overlapSeconds", Msg: "must be from 0 to 7776000"}
			}
			return secretEnvelope(watch.RotateKey(ctx, in.id, time.Duration(in.body.OverlapSeconds)*time.Second))
		}),
	}
}
