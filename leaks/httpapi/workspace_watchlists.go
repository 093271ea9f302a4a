package httpapi

import (
	"context"
	"net/http"

	"github.com/leakscope/leakscope/watchlist"
)

// Everything about watchlists is of one workspace: the key's, or the one that
// an administrator names.
type (
	listIn struct {
		workspace string
		watchlist.ListQuery
	}
	createIn[T any] struct {
		workspace string
		body      T
	}
	updateIn[T any] struct {
		workspace, id string
		body          T
	}
	workspaceIn struct{ workspace string }
)

func (in *listIn) asked() string      { return in.workspace }
func (in *createIn[T]) asked() string { return in.workspace }
func (in *updateIn[T]) asked() string { return in.workspace }
func (in *workspaceIn) asked() string { return in.workspace }

// params are those of a list that can be sorted by these fields, by the first
// unless another is asked for.
func (in *listIn) params(sorts ...string) []*param {
	return append(pagingParams(&in.Page, &in.PageSize, &in.Search, &in.SortOrder),
		oneOf("sortBy", &in.SortBy, "What the list is sorted by", sorts...).or(sorts[0]))
}

const idDoc = "Id, as the list has it"

// groupRoutes are those of the groups of a workspace.
func (h *Handler) groupRoutes() []*endpoint {
	watch := h.opts.Store.Watchlists()
	return []*endpoint{
		route("GET", "/api/v1/watchlists", about{
			api: workspaceStyle, summary: "The watchlists of the workspace", errors: scoped,
		}, func(in *listIn) []*param {
			return append(in.params("name", "createdAt", "updatedAt"),
				workspaceParam(&in.workspace))
		}, own(func(ctx context.Context, w string, in *listIn) (*many[watchlist.Group], error) {
			return listEnvelope(watch.Groups(ctx, w, in.ListQuery))
		})),
		route("POST", "/api/v1/watchlists/create", about{
			api: workspaceStyle, summary: "Make a watchlist", errors: conflicting, status: http.StatusCreated,
		}, func(in *createIn[watchlist.GroupSpec]) []*param {
			return []*param{body(&in.body, "Its name, unique in the workspace, and description"), workspaceParam(&in.workspace)}
		}, own(func(ctx context.Context, w string, in *createIn[watchlist.GroupSpec]) (*one[watchlist.Group], error) {
			return oneEnvelope(watch.CreateGroup(ctx, w, in.body))
		})),
		route("PUT", "/api/v1/watchlists/{id}", about{
			api: workspaceStyle, summary: "Change a watchlist", errors: conflicting,
			doc: "What the body does not name, or names null, stays.",
		}, func(in *updateIn[watchlist.GroupChange]) []*param {
			return []*param{segment("id", &in.id, idDoc), body(&in.body, "What changes"), workspaceParam(&in.workspace)}
		}, own(func(ctx context.Context, w string, in *updateIn[watchlist.GroupChange]) (*one[watchlist.Group], error) {
			return oneEnvelope(watch.UpdateGroup(ctx, w, in.id, in.body))
		})),
		route("POST", "/api/v1/watchlists/delete", about{
			api: workspaceStyle, summary: "Delete watchlists with their entries", errors: scoped,
			doc: "Ids of no watchlist are passed over, and not counted.",
		}, func(in *createIn[idsBody]) []*param {
			return []*param{body(&in.body, "At most 1,000 ids"), workspaceParam(&in.workspace)}
		}, own(func(ctx context.Context, w string, in *createIn[idsBody]) (*one[countAnswer], error) {
			n, err := watch.DeleteGroups(ctx, w, in.body.IDs)
			return oneEnvelope(countAnswer{n}, err)
		})),
		route("GET", "/api/v1/watchlists/stats", about{
			api: workspaceStyle, summary: "How many entries of each kind there are, and may be", errors: scoped,
		}, func(in *workspaceIn) []*param {
			return []*param{workspaceParam(&in.workspace)}
		}, own(func(ctx context.Context, w string, in *workspaceIn) (*one[watchlist.Stats], error) {
			return oneEnvelope(watch.Stats(ctx, w))
		})),
	}
}

// conflicting are the errors of a route that makes or changes something.
var conflicting = append([]int{http.StatusConflict}, scoped...)

// kindPaths are the kinds as paths have them.
var kindPaths = []struct {
	path string
	kind watchlist.Kind
	what string
}{
	{"assets", watchlist.Asset, "assets: host names, addresses, CIDR blocks and other identifiers"},
	{"domain", watchlist.Domain, "domains, each with those below it"},
	{"bin", watchlist.BIN, "BINs: the first 6 to 8 digits of payment cards"},
	{"executive", watchlist.Executive, "executives: e-mail addresses or logins"},
	{"keyword", watchlist.Keyword, "keywords, matched with the words of hosts"},
	{"ransom", watchlist.Ransom, "names looked for in announcements of ransomware"},
}

// entryBody is what a new entry is made of.
type entryBody struct {
	Value  string `json:"value"`
	Group  string `json:"watchlistid,omitempty"`
	Label  string `json:"label,omitempty"`
	Note   string `json:"note,omitempty"`
	Active *bool  `json:"active,omitempty"` // true if missing
}

// entryChangeBody is what changes in an entry.
type entryChangeBody struct {
	Value  *string `json:"value,omitempty"`
	Group  *string `json:"watchlistid,omitempty"` // empty: into none
	Label  *string `json:"label,omitempty"`
	Note   *string `json:"note,omitempty"`
	Active *bool   `json:"active,omitempty"`
}

// entryRoutes are those of the entries, for each kind the same.
func (h *Handler) entryRoutes() []*endpoint {
	watch := h.opts.Store.Watchlists()
	var all []*endpoint
	for _, k := range kindPaths {
		base := "/api/v1/watchlists/" + k.path
		all = append(all,
			route("GET", base, about{
				api: workspaceStyle, summary: "List " + k.what, errors: scoped,
			}, func(in *listIn) []*param {
				return append(in.params("createdAt", "updatedAt", "value", "label"),
					text("watchlistid", &in.Group, maxIDBytes, "Only entries of this watchlist"),
					workspaceParam(&in.workspace))
			}, own(func(ctx context.Context, w string, in *listIn) (*many[watchlist.Entry], error) {
				in.Kind = k.kind
				return listEnvelope(watch.Entries(ctx, w, in.ListQuery))
			})),
			route("POST", base, about{
				api: workspaceStyle, summary: "Add one of the " + k.what, errors: conflicting, status: http.StatusCreated,
			}, func(in *createIn[entryBody]) []*param {
				return []*param{body(&in.body, "The entry"), workspaceParam(&in.workspace)}
			}, own(func(ctx context.Context, w string, in *createIn[entryBody]) (*one[watchlist.Entry], error) {
				b := in.body
				return oneEnvelope(watch.CreateEntry(ctx, w, watchlist.EntrySpec{
					Kind: k.kind, Value: b.Value, Group: b.Group, Label: b.Label, Note: b.Note,
					Inactive: b.Active != nil && !*b.Active,
				}))
			})),
			route("PUT", base+"/{id}", about{
				api: workspaceStyle, summary: "Change one of the " + k.what, errors: conflicting,
				doc: "What the body does not name, or names null, stays.",
			}, func(in *updateIn[entryChangeBody]) []*param {
				return []*param{segment("id", &in.id, idDoc), body(&in.body, "What changes"), workspaceParam(&in.workspace)}
			}, own(func(ctx context.Context, w string, in *updateIn[entryChangeBody]) (*one[watchlist.Entry], error) {
				b := in.body
				return oneEnvelope(watch.UpdateEntry(ctx, w, k.kind, in.id, watchlist.EntryChange{
					Value: b.Value, Group: b.Group, Label: b.Label, Note: b.Note, Active: b.Active,
				}))
			})),
			route("POST", base+"/delete", about{
				api: workspaceStyle, summary: "Delete some of the " + k.what, errors: scoped,
				doc: "Ids of no such entry are passed over, and not counted.",
			}, func(in *createIn[idsBody]) []*param {
				return []*param{body(&in.body, "At most 1,000 ids"), workspaceParam(&in.workspace)}
			}, own(func(ctx context.Context, w string, in *createIn[idsBody]) (*one[countAnswer], error) {
				n, err := watch.DeleteEntries(ctx, w, k.kind, in.body.IDs)
				return oneEnvelope(countAnswer{n}, err)
			})),
		)
	}
	return all
}
