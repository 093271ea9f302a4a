package httpapi

import (
	"context"
	"slices"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
)

type keywordIn struct {
	leaks.KeywordQuery
	workspace string
}

type keywordStatsIn struct {
	leaks.KeywordStatsQuery
	workspace string
}

type keywordHashIn struct {
	keywords        []string
	hash, workspace string
}

type previewIn struct{ keyword string }

// keywordsParam names some of the scope's keywords. Without it, all are meant;
// to see everything is to have none, so administrators name them.
func keywordsParam(dst *[]string) *param {
	return texts("keyword", dst, "Only these of the workspace's keywords; administrators, who have none, name any")
}

func (h *Handler) keywordRoutes() []*endpoint {
	store := h.opts.Store
	return []*endpoint{
		route("GET", "/leaks/keyword/search", about{
			api: leaksStyle, summary: "Leaked credentials on hosts that match a keyword, deduplicated", errors: scoped,
			doc: "Without those on the workspace's own domains. A workspace without active keywords has an empty page.",
		}, func(in *keywordIn) []*param {
			return append(slices.Concat(pageParams(&in.Page, &in.PageSize), []*param{
				keywordsParam(&in.Keywords), searchParam(&in.Search), sortParam(&in.SortBy, leaks.ByLastSeen), sourcesParam(&in.MinOccurrences),
			}, filterParams(&in.Filters)), workspaceParam(&in.workspace))
		}, func(ctx context.Context, c *caller, in *keywordIn) (_ *leaks.KeywordPage, err error) {
			if in.Scope, err = c.scope(ctx, in.workspace); err != nil {
				return nil, err
			}
			return store.KeywordSearch(ctx, in.KeywordQuery)
		}),
		route("GET", "/leaks/keyword/stats", about{
			api: leaksStyle, summary: "Statistics of what a keyword search finds", errors: scoped,
			doc: "Identifiers are root domains; else as /leaks/stats.",
		}, func(in *keywordStatsIn) []*param {
			return append(append([]*param{
				keywordsParam(&in.Keywords), granularityParam(&in.Granularity),
			}, filterParams(&in.Filters)...), workspaceParam(&in.workspace))
		}, func(ctx context.Context, c *caller, in *keywordStatsIn) (_ *stats.Report, err error) {
			if in.Scope, err = c.scope(ctx, in.workspace); err != nil {
				return nil, err
			}
			return store.KeywordStats(ctx, in.KeywordStatsQuery)
		}),
		route("GET", "/leaks/keyword/preview", about{
			api: leaksStyle, summary: "How much a keyword would match in the whole store, without any credential",
		}, func(in *previewIn) []*param {
			return []*param{text("keyword", &in.keyword, 0, "3 to 100 characters").required()}
		}, func(ctx context.Context, _ *caller, in *previewIn) (*leaks.KeywordPreview, error) {
			return store.KeywordPreview(ctx, in.keyword)
		}),
		route("GET", "/leaks/keyword/by-hash", about{
			api: leaksStyle, summary: "Every occurrence of one credential on hosts that match a keyword, newest first", errors: scoped,
			doc: "A hash that is unknown, or not found by keyword, has none.",
		}, func(in *keywordHashIn) []*param {
			return []*param{hashParam(&in.hash), keywordsParam(&in.keywords), workspaceParam(&in.workspace)}
		}, func(ctx context.Context, c *caller, in *keywordHashIn) (*leaks.Occurrences, error) {
			scope, err := c.scope(ctx, in.workspace)
			if err != nil {
				return nil, err
			}
			return store.KeywordOccurrences(ctx, scope, in.keywords, in.hash)
		}),
	}
}
