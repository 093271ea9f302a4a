package httpapi

import (
	"context"
	"math"
	"net/http"
	"slices"

	"github.com/leakscope/leakscope/watchlist"
)

// workspaceRoutes are those of CONTRACT section 4.
func (h *Handler) workspaceRoutes() []*endpoint {
	return slices.Concat([]*endpoint{
		route("GET", "/health", about{
			api: workspaceStyle, access: public, summary: "Whether the server answers",
		}, nothing, func(context.Context, *caller, *struct{}) (*healthAnswer, error) {
			return &healthAnswer{"ok"}, nil
		}),
	}, h.groupRoutes(), h.entryRoutes(), h.dataRoutes(), h.monitorRoutes(), h.adminRoutes())
}

type healthAnswer struct {
	Status string `json:"status"` // ok
}

// one is the envelope of a single resource.
type one[T any] struct {
	Data T `json:"data"`
}

// many is the envelope of a list.
type many[T any] struct {
	Data   []T    `json:"data"`
	Paging paging `json:"paging"`
}

type paging struct {
	CurrentPage  int  `json:"currentPage"`
	PageSize     int  `json:"pageSize"`
	TotalRecords int  `json:"totalRecords"`
	TotalPages   int  `json:"totalPages"`
	HasMore      bool `json:"hasMore"`
	NextPage     *int `json:"nextPage"` // null at the end
}

// envelope puts one page of a list into its envelope.
func envelope[T any](items []T, page, size, total int) *many[T] {
	p := paging{CurrentPage: page, PageSize: size, TotalRecords: total, TotalPages: total / size}
	if total%size > 0 {
		p.TotalPages++
	}
	if page < p.TotalPages {
		next := page + 1
		p.HasMore, p.NextPage = true, &next
	}
	if items == nil {
		items = []T{}
	}
	return &many[T]{items, p}
}

func listEnvelope[T any](l watchlist.Page[T], err error) (*many[T], error) {
	if err != nil {
		return nil, err
	}
	return envelope(l.Items, l.Page, l.PageSize, l.Total), nil
}

func oneEnvelope[T any](v T, err error) (*one[T], error) {
	if err != nil {
		return nil, err
	}
	return &one[T]{v}, nil
}

// countAnswer is how many a batch did away with.
type countAnswer struct {
	Count int `json:"count"`
}

// idsBody is the body of a batch delete.
type idsBody struct {
	IDs []string `json:"ids"`
}

// ownWorkspace is the workspace that a request about watchlists is about. An
// administrator has none, and has to name one.
func ownWorkspace(c *caller, asked string) (string, error) {
	w, err := c.workspace(asked)
	if err == nil && w == "" {
		return "", &failure{status: http.StatusBadRequest, msg: "workspace: Field required of an administrator's key"}
	}
	return w, err
}

// own answers a request about what is a workspace's own, given which one that is.
func own[In interface{ asked() string }, Out any](do func(ctx context.Context, workspace string, in In) (Out, error)) func(context.Context, *caller, In) (Out, error) {
	return func(ctx context.Context, c *caller, in In) (Out, error) {
		w, err := ownWorkspace(c, in.asked())
		if err != nil {
			var none Out
			return none, err
		}
		return do(ctx, w, in)
	}
}

// pagingParams are the parameters of a list.
func pagingParams(page, size *int, search, sortOrder *string) []*param {
	return []*param{
		integer("page", page, 1, math.MaxInt, "Number of the page; one past the end is empty").or("1"),
		integer("pageSize", size, 1, 200, "Rows a page").or("50"),
		text("search", search, 1<<10, "Only what contains this text, whatever the case"),
		oneOf("sortOrder", sortOrder, "Order; if it is not given, texts ascend and times descend", "asc", "desc"),
	}
}
