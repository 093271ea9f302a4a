package httpapi

import (
	"context"
	"slices"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
)

type detailsIn struct {
	leaks.DetailsQuery
	workspace string
}

type byHashIn struct {
	column          leaks.Column
	hash, workspace string
}

type statsIn struct {
	leaks.StatsQuery
	workspace string
}

type analyticsIn struct {
	column            leaks.Column
	domain, workspace string
}

func (h *Handler) detailsRoutes() []*endpoint {
	store := h.opts.Store
	return []*endpoint{
		route("GET", "/leaks/details", about{
			api: leaksStyle, summary: "Leaked credentials in scope, deduplicated", errors: scoped,
		}, func(in *detailsIn) []*param {
			return append(slices.Concat(pageParams(&in.Page, &in.PageSize), detailsParams(&in.DetailsQuery, leaks.BySourceCount)), workspaceParam(&in.workspace))
		}, func(ctx context.Context, c *caller, in *detailsIn) (_ *leaks.DetailsPage, err error) {
			if in.Scope, err = c.scope(ctx, in.workspace); err != nil {
				return nil, err
			}
			return store.Details(ctx, in.DetailsQuery)
		}),
		route("GET", "/leaks/details/by-hash", about{
			api: leaksStyle, summary: "Every occurrence of one credential in scope, newest first", errors: scoped,
			doc: "A hash that is unknown, or outside the scope, has none.",
		}, func(in *byHashIn) []*param {
			return []*param{
				hashParam(&in.hash),
				columnParam(&in.column, leaks.RootDomain, leaks.EmailDomain, leaks.Username),
				workspaceParam(&in.workspace),
			}
		}, func(ctx context.Context, c *caller, in *byHashIn) (*leaks.Occurrences, error) {
			scope, err := c.scope(ctx, in.workspace)
			if err != nil {
				return nil, err
			}
			return store.Occurrences(ctx, scope, in.column, in.hash)
		}),
		route("GET", "/leaks/stats", about{
			api: leaksStyle, summary: "Statistics of the scope in a window of detection time", errors: scoped,
			doc: "The window is from start_date to end_date, or the last 14 days; trends compare it with the window of equal length before it.",
		}, func(in *statsIn) []*param {
			return append(append([]*param{
				columnParam(&in.Column, leaks.RootDomain, leaks.EmailDomain, leaks.Username),
				granularityParam(&in.Granularity),
			}, filterParams(&in.Filters)...), workspaceParam(&in.workspace))
		}, func(ctx context.Context, c *caller, in *statsIn) (_ *stats.Report, err error) {
			if in.Scope, err = c.scope(ctx, in.workspace); err != nil {
				return nil, err
			}
			return store.Stats(ctx, in.StatsQuery)
		}),
		route("GET", "/leaks/stats/analytics", about{
			api: leaksStyle, summary: "Figures of one domain, without any credential", errors: scoped, access: msspKey,
			doc: "Of permanent aggregates: complete even after occurrences have been expired.",
		}, func(in *analyticsIn) []*param {
			return []*param{
				text("domain", &in.domain, 0, "A domain in scope").required(),
				columnParam(&in.column, leaks.RootDomain, leaks.EmailDomain),
				workspaceParam(&in.workspace),
			}
		}, func(ctx context.Context, c *caller, in *analyticsIn) (*stats.Analytics, error) {
			scope, err := c.scope(ctx, in.workspace)
			if err != nil {
				return nil, err
			}
			return store.Analytics(ctx, scope, in.column, in.domain)
		}),
	}
}
