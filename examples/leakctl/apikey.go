package main

import (
	"context"
	"time"

	"github.com/leakscope/leakscope/watchlist"
)

// apiKeyCmd administers API keys.
type apiKeyCmd struct {
	Create apiKeyCreateCmd `cmd:"" help:"Make a key and print its secret, once."`
	List   apiKeyListCmd   `cmd:"" help:"List keys, without their secrets."`
	Rotate apiKeyRotateCmd `cmd:"" help:"Make a key like another one, which then expires."`
	Revoke apiKeyRevokeCmd `cmd:"" help:"End a key at once."`
}

// holderFlags say whose keys are meant.
type holderFlags struct {
	Workspace string `placeholder:"ID" help:"Keys of this workspace."`
	Admin     bool   `help:"Keys of administrators, who see the whole store."`
}

func (f *holderFlags) check() error {
	if f.Admin == (f.Workspace != "") {
		return usageErrorf("say either --workspace=ID or --admin")
	}
	return nil
}

// secretKey is a new key with its secret.
type secretKey struct {
	watchlist.Key
	Secret string `json:"secret"`
}

func printSecret(e *env, k watchlist.Key, secret string) error {
	return e.print(secretKey{k, secret}, func(p *page) {
		p.table(apiKeyHead, [][]string{apiKeyRow(k)})
		p.line("")
		p.line("%s", secret)
		p.line("Keep this secret now: it is not stored, and shown never again.")
	})
}

var apiKeyHead = []string{"ID", "NAME", "ROLE", "CREATED", "EXPIRES", "REVOKED", "LAST USED"}

func apiKeyRow(k watchlist.Key) []string {
	return []string{
		k.ID, shorten(k.Name, 20), string(k.Role),
		onDay(k.CreatedAt), onDay(k.ExpiresAt), onDay(k.RevokedAt), moment(k.LastUsed),
	}
}

type apiKeyCreateCmd struct {
	Name string `arg:"" help:"What the key is for."`
	holderFlags
	Role    string  `enum:"member,mssp" default:"member" help:"What a workspace's key may do: ${enum}; analytics need mssp."`
	Expires instant `placeholder:"TIME" help:"When it expires; never if not given."`
}

func (c *apiKeyCreateCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	role := watchlist.Role(c.Role)
	if c.Admin {
		role = watchlist.Admin
	}
	return e.directory(func(d *watchlist.Directory) error {
		k, secret, err := d.CreateKey(ctx, watchlist.KeySpec{
			Workspace: c.Workspace, Name: c.Name, Role: role, ExpiresAt: c.Expires.Time,
		})
		if err != nil {
			return err
		}
		return printSecret(e, k, secret)
	})
}

type apiKeyListCmd struct {
	holderFlags
	listFlags
}

func (c *apiKeyListCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	q, err := c.query()
	if err != nil {
		return err
	}
	return e.directory(func(d *watchlist.Directory) error {
		l, err := d.Keys(ctx, c.Workspace, q)
		if err != nil {
			return err
		}
		return printList(e, l, "keys", apiKeyHead, apiKeyRow)
	})
}

type apiKeyRotateCmd struct {
	Key     string        `arg:"" help:"Id of the key."`
	Overlap time.Duration `default:"1h" help:"How long the old key stays good."`
}

func (c *apiKeyRotateCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		k, secret, err := d.RotateKey(ctx, c.Key, c.Overlap)
		if err != nil {
			return err
		}
		return printSecret(e, k, secret)
	})
}

type apiKeyRevokeCmd struct {
	Key string `arg:"" help:"Id of the key."`
}

func (c *apiKeyRevokeCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		if err := d.RevokeKey(ctx, c.Key); err != nil {
			return err
		}
		k, err := d.Key(ctx, c.Key)
		if err != nil {
			return err
		}
		return e.print(k, func(p *page) { p.table(apiKeyHead, [][]string{apiKeyRow(k)}) })
	})
}
