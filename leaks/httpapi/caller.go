package httpapi

import (
	"context"

	"github.com/leakscope/leakscope/watchlist"
)

// directory is what the foundation asks of a [watchlist.Directory].
type directory interface {
	Verify(ctx context.Context, secret string) (watchlist.Identity, error)
	Scope(ctx context.Context, workspace string) (watchlist.Scope, error)
	Workspace(ctx context.Context, workspace string) (watchlist.Workspace, error)
}

// A caller is whose key came with a request.
type caller struct {
	who   watchlist.Identity
	watch directory
}

func (c *caller) keyID() string { return c.who.Key.ID }

// mssp reports whether the caller may see what the role mssp may.
func (c *caller) mssp() bool {
	return c.who.Key.Role == watchlist.MSSP || c.who.Admin()
}

// scope is what the caller may see. asked is the parameter workspace: an
// administrator sees as that workspace, or everything when it is empty. This is
// the only place that grants everything. To others it names their own
// workspace at best; any other is outside, whether there is one or not.
func (c *caller) scope(ctx context.Context, asked string) (watchlist.Scope, error) {
	if c.who.Admin() && asked == "" {
		return watchlist.Administrator(), nil
	}
	workspace, err := c.workspace(asked)
	if err != nil {
		return watchlist.Scope{}, err
	}
	return c.watch.Scope(ctx, workspace)
}

// workspace is the one that a request is about: the key's own, or the one that
// an administrator asked for; empty if they did not.
func (c *caller) workspace(asked string) (string, error) {
	own := c.who.Key.Workspace
	if c.who.Admin() {
		return asked, nil
	}
	if asked != "" && asked != own {
		return "", watchlist.ErrOutside
	}
	return own, nil
}

// workspaceParam is the parameter that scope and workspace take. Empty is not
// the same as missing: a script that lost an id must not see everything.
func workspaceParam(dst *string) *param {
	return text("workspace", dst, 64, "For administrators: see what this workspace sees. Without it they see everything; others always see their own workspace.").filled()
}
