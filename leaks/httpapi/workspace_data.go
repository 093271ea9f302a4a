package httpapi

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// Inputs of the routes to what leaked. Each is about one value, which must be
// on the watchlists of the workspace.
type (
	credentialsIn struct {
		leaks.DetailsQuery
		value, workspace, order string
		window
	}
	documentsIn struct {
		leaks.DocumentsQuery
		workspace, order string
	}
	dataStatsIn struct{ domain, workspace string }
	machineIn   struct{ id, workspace string }
	cardsIn     struct {
		leaks.CardsQuery
		workspace, order string
	}
)

// A window bounds detection: from is included, to is not.
type window struct{ from, to leaks.Day }

func windowParams(from, to *leaks.Day) []*param {
	return []*param{
		day("fromDate", from, "First day of detection, included"),
		day("toDate", to, "Last day of detection, not included"),
	}
}

// filter sets the window of a query whose last day is included.
func (w window) filter(f *leaks.Filters) error {
	f.StartDate = w.from
	if w.to == "" {
		return nil
	}
	if w.to <= w.from {
		return &leaks.ParamError{Param: "toDate", Msg: "must be after fromDate"}
	}
	day, err := time.Parse(time.DateOnly, string(w.to))
	if err != nil {
		return &leaks.ParamError{Param: "toDate", Msg: "must be a day written YYYY-MM-DD"}
	}
	f.EndDate = leaks.Day(day.AddDate(0, 0, -1).Format(time.DateOnly))
	return nil
}

// emailForm is that of an e-mail address, as far as it tells which part is the
// domain.
var emailForm = &form{regexp.MustCompile(`^[^@\s]+@[^@\s]+$`), "must be an e-mail address"}

// binForm is that of a BIN.
var binForm = &form{regexp.MustCompile(`^[0-9]{6,8}$`), "must be 6 to 8 digits"}

// credentialParams are those of a list of credentials. It descends, as the Go
// API's do.
func credentialParams(in *credentialsIn) []*param {
	return append(append(pagingParams(&in.Page, &in.PageSize, &in.Search, &in.order)[:3],
		oneOf("sortBy", &in.SortBy, "What the list is sorted by, descending", leaks.BySourceCount, leaks.ByLastSeen).or(string(leaks.BySourceCount)),
		oneOf("sortOrder", &in.order, "Order", "desc").or("desc"),
		workspaceParam(&in.workspace)), windowParams(&in.from, &in.to)...)
}

// dataRoutes are those to what leaked.
func (h *Handler) dataRoutes() []*endpoint {
	store := h.opts.Store
	details := func(ctx context.Context, in *credentialsIn) (*many[leaks.Credential], error) {
		if err := in.filter(&in.Filters); err != nil {
			return nil, err
		}
		p, err := store.Details(ctx, in.DetailsQuery)
		if err != nil {
			return nil, err
		}
		return envelope(p.Data, p.Page, p.PageSize, p.Total), nil
	}
	return []*endpoint{
		route("GET", "/api/v1/dataleaks/credentials", about{
			api: workspaceStyle, summary: "Leaked credentials of a domain and those below it", errors: scoped,
			doc: "Those used at the domain, and those whose e-mail address is of it.",
		}, func(in *credentialsIn) []*param {
			return append(credentialParams(in), text("domain", &in.value, 0, "A domain on the watchlists, or below one").required())
		}, func(ctx context.Context, c *caller, in *credentialsIn) (*many[leaks.Credential], error) {
			scope, err := c.scope(ctx, in.workspace)
			if err != nil {
				return nil, err
			}
			in.Column = leaks.AnyColumn
			if in.Scope, err = narrow(scope, leaks.RootDomain, "domain", in.value); err != nil {
				return nil, err
			}
			return details(ctx, in)
		}),
		route("GET", "/api/v1/dataleaks/credentials/email", about{
			api: workspaceStyle, summary: "Leaked credentials of an e-mail address", errors: scoped,
			doc: "The address, or its domain, must be on the watchlists.",
		}, func(in *credentialsIn) []*param {
			return append(credentialParams(in), text("email", &in.value, 512, "The e-mail address").like(emailForm).required())
		}, func(ctx context.Context, c *caller, in *credentialsIn) (*many[leaks.Credential], error) {
			scope, err := c.scope(ctx, in.workspace)
			if err != nil {
				return nil, err
			}
			// An executive is watched wherever the address is of; others through
			// the domain of their address.
			in.Column = leaks.Username
			in.Scope, err = narrow(scope, leaks.Username, "email", in.value)
			if errors.Is(err, watchlist.ErrOutside) {
				in.Column, in.Filters.Username = leaks.EmailDomain, []string{in.value}
				in.Scope, err = narrow(scope, leaks.EmailDomain, "email", in.value[strings.LastIndexByte(in.value, '@')+1:])
			}
			if err != nil {
				return nil, err
			}
			return details(ctx, in)
		}),
		route("GET", "/api/v1/dataleaks/documents", about{
			api: workspaceStyle, summary: "Leaked documents that name a domain or one below it", errors: scoped,
		}, func(in *documentsIn) []*param {
			q := &in.DocumentsQuery
			return append(append(pagingParams(&q.Page, &q.PageSize, &q.Search, &in.order),
				oneOf("sortBy", &q.SortBy, "What the list is sorted by", "detectedAt", "publishedAt", "name", "domain", "url", "source", "size").or("detectedAt"),
				text("domain", &q.Domain, 0, "A domain on the watchlists, or below one").required(),
				workspaceParam(&in.workspace)), windowParams(&q.From, &q.To)...)
		}, func(ctx context.Context, c *caller, in *documentsIn) (_ *many[leaks.Document], err error) {
			if in.Scope, err = c.scope(ctx, in.workspace); err != nil {
				return nil, err
			}
			in.Descending = descending(in.SortBy, in.order)
			p, err := store.Documents(ctx, in.DocumentsQuery)
			if err != nil {
				return nil, err
			}
			return envelope(p.Data, p.Page, p.PageSize, p.Total), nil
		}),
		route("GET", "/api/v1/dataleaks/paymentcards/bins", about{
			api: workspaceStyle, summary: "Leaked payment cards of a BIN", errors: scoped,
		}, func(in *cardsIn) []*param {
			q := &in.CardsQuery
			return append(append(pagingParams(&q.Page, &q.PageSize, &q.Search, &in.order),
				oneOf("sortBy", &q.SortBy, "What the list is sorted by", "detectedAt", "bin", "last4", "brand", "expiry", "country", "source").or("detectedAt"),
				text("bin", &q.BIN, 0, "A BIN on the watchlists, or one that begins with it").like(binForm).required(),
				workspaceParam(&in.workspace)), windowParams(&q.From, &q.To)...)
		}, func(ctx context.Context, c *caller, in *cardsIn) (_ *many[leaks.Card], err error) {
			if in.Scope, err = c.scope(ctx, in.workspace); err != nil {
				return nil, err
			}
			in.Descending = descending(in.SortBy, in.order)
			p, err := store.Cards(ctx, in.CardsQuery)
			if err != nil {
				return nil, err
			}
			return envelope(p.Data, p.Page, p.PageSize, p.Total), nil
		}),
		route("GET", "/api/v1/dataleaks/stats", about{
			api: workspaceStyle, summary: "How much has leaked of a domain and those below it", errors: scoped,
		}, func(in *dataStatsIn) []*param {
			return []*param{
				text("domain", &in.domain, 0, "A domain on the watchlists, or below one").required(),
				workspaceParam(&in.workspace),
			}
		}, func(ctx context.Context, c *caller, in *dataStatsIn) (*one[*leaks.DataStats], error) {
			scope, err := c.scope(ctx, in.workspace)
			if err != nil {
				return nil, err
			}
			return oneEnvelope(store.DataStats(ctx, scope, in.domain))
		}),
		route("GET", "/api/v1/dataleaks/user", about{
			api: workspaceStyle, summary: "The profile of an infected machine", errors: scoped,
			doc: "Its facts, and every credential of it that is in scope. A machine without any is not found, whether it is known or not.",
		}, func(in *machineIn) []*param {
			return []*param{
				text("id", &in.id, 0, "The machine's id, or its hardware id").required(),
				workspaceParam(&in.workspace),
			}
		}, func(ctx context.Context, c *caller, in *machineIn) (*one[*leaks.Machine], error) {
			scope, err := c.scope(ctx, in.workspace)
			if err != nil {
				return nil, err
			}
			return oneEnvelope(store.Machine(ctx, scope, in.id))
		}),
	}
}

// narrow narrows a scope to the value of a parameter.
func narrow(scope watchlist.Scope, column leaks.Column, name, value string) (watchlist.Scope, error) {
	s, err := leaks.Narrow(scope, column, value)
	var p *leaks.ParamError
	if errors.As(err, &p) {
		err = &leaks.ParamError{Param: name, Msg: p.Msg}
	}
	return s, err
}

// descending is the order of a list that was sorted by a column.
func descending(sortBy, order string) bool {
	switch order {
	case "":
		return sortBy == "detectedAt" || sortBy == "publishedAt" || sortBy == "size"
	default:
		return order == "desc"
	}
}
