package httpapi

import (
	"context"
	"net/http"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// monitorBody is what a new monitor is made of.
type monitorBody struct {
	Name          string                  `json:"name"`
	Filter        watchlist.MonitorFilter `json:"filter,omitzero"`     // missing: all that is in scope
	Threshold     *int                    `json:"threshold,omitempty"` // 1 if missing
	RenotifyAfter int64                   `json:"renotifyAfter,omitempty"`
	RenotifyCount int                     `json:"renotifyCount,omitempty"`
	Webhook       string                  `json:"webhook,omitempty"`
	Disabled      bool                    `json:"disabled,omitempty"`
	Backlog       bool                    `json:"backlog,omitempty"` // look at all there is, too
}

func (b *monitorBody) spec() watchlist.MonitorSpec {
	spec := watchlist.MonitorSpec{
		Name: b.Name, Filter: b.Filter, Disabled: b.Disabled, Threshold: 1,
		RenotifyAfter: b.RenotifyAfter, RenotifyCount: b.RenotifyCount, Webhook: b.Webhook,
	}
	if b.Threshold != nil {
		spec.Threshold = *b.Threshold
	}
	return spec
}

// muteBody says until when a monitor sends nothing.
type muteBody struct {
	Until leaks.Time `json:"until,omitzero"` // missing: the mute ends
}

// actionBody goes with what is done to an event.
type actionBody struct {
	Text string `json:"text,omitempty"`
}

// webhookAnswer is what signs the requests to a monitor's webhook.
type webhookAnswer struct {
	Secret string `json:"secret"`
}

type (
	eventsIn struct {
		listIn
		monitor string
		state   watchlist.EventState
	}
	deliveriesIn struct {
		listIn
		state watchlist.DeliveryState
	}
)

const (
	monitorsPath   = "/api/v1/monitors"
	eventsPath     = "/api/v1/events"
	deliveriesPath = "/api/v1/deliveries"
)

// monitorFilterDoc says what a filter counts; its last sentence is the one that
// surprises.
const monitorFilterDoc = "A credential is new once, for all monitors at the same time: when its first occurrence in the whole store comes in. " +
	"It counts if one of its new occurrences matches: values of one field are alternatives, fields must all hold. " +
	"So a credential that was there as Combo before it came as Stealer never counts for a monitor with types [\"Stealer\"]."

// monitorRoutes are those of the monitors of a workspace, of what they have found
// and of what they could not deliver. The contract does not have them; without
// them nobody could use monitors while a server has the store.
func (h *Handler) monitorRoutes() []*endpoint {
	store, watch := h.opts.Store, h.opts.Store.Watchlists()
	return append([]*endpoint{
		route("GET", monitorsPath, about{
			api: workspaceStyle, summary: "The monitors of the workspace", errors: scoped,
		}, func(in *listIn) []*param {
			return append(in.params("name", "createdAt", "updatedAt"),
				workspaceParam(&in.workspace))
		}, own(func(ctx context.Context, w string, in *listIn) (*many[watchlist.Monitor], error) {
			return listEnvelope(watch.Monitors(ctx, w, in.ListQuery))
		})),
		route("POST", monitorsPath, about{
			api: workspaceStyle, summary: "Make a monitor of what is ingested from now on", doc: monitorFilterDoc,
			errors: conflicting, status: http.StatusCreated,
		}, func(in *createIn[monitorBody]) []*param {
			return []*param{body(&in.body, "Its name, and what it looks for"), workspaceParam(&in.workspace)}
		}, own(func(ctx context.Context, w string, in *createIn[monitorBody]) (*one[watchlist.Monitor], error) {
			return oneEnvelope(store.CreateMonitor(ctx, w, in.body.spec(), in.body.Backlog))
		})),
		route("GET", monitorsPath+"/{id}", about{
			api: workspaceStyle, summary: "One monitor", errors: scoped,
		}, idParams[struct{}], own(func(ctx context.Context, w string, in *updateIn[struct{}]) (*one[watchlist.Monitor], error) {
			return oneEnvelope(watch.Monitor(ctx, w, in.id))
		})),
		route("PUT", monitorsPath+"/{id}", about{
			api: workspaceStyle, summary: "Change a monitor", errors: scoped,
			doc: "What the body does not name, or names null, stays. A filter takes the place of all there was. " + monitorFilterDoc,
		}, func(in *updateIn[watchlist.MonitorChange]) []*param {
			return append(idParams(in), body(&in.body, "What changes"))
		}, own(func(ctx context.Context, w string, in *updateIn[watchlist.MonitorChange]) (*one[watchlist.Monitor], error) {
			return oneEnvelope(store.UpdateMonitor(ctx, w, in.id, in.body))
		})),
		route("POST", monitorsPath+"/delete", about{
			api: workspaceStyle, summary: "Delete monitors with their events", errors: scoped,
			doc: "Ids of no monitor are passed over, and not counted.",
		}, func(in *createIn[idsBody]) []*param {
			return []*param{body(&in.body, "At most 1,000 ids"), workspaceParam(&in.workspace)}
		}, own(func(ctx context.Context, w string, in *createIn[idsBody]) (*one[countAnswer], error) {
			n, err := watch.DeleteMonitors(ctx, w, in.body.IDs)
			return oneEnvelope(countAnswer{n}, err)
		})),
		route("POST", monitorsPath+"/{id}/mute", about{
			api: workspaceStyle, summary: "Send nothing for a monitor until a time", errors: scoped,
			doc: "Events open and count meanwhile; what was not sent is sent afterwards. Without a time the mute ends.",
		}, func(in *updateIn[muteBody]) []*param {
			return append(idParams(in), body(&in.body, "Until when"))
		}, own(func(ctx context.Context, w string, in *updateIn[muteBody]) (*one[watchlist.Monitor], error) {
			return oneEnvelope(watch.MuteMonitor(ctx, w, in.id, in.body.Until.Time))
		})),
		route("POST", monitorsPath+"/{id}/secret", about{
			api: workspaceStyle, summary: "The secret that signs the requests to a monitor's webhook", errors: scoped,
			doc: "It stays the same as long as the monitor is there.",
		}, idParams[struct{}], own(func(ctx context.Context, w string, in *updateIn[struct{}]) (*one[webhookAnswer], error) {
			secret, err := watch.WebhookSecret(ctx, w, in.id)
			return oneEnvelope(webhookAnswer{secret}, err)
		})),
		route("GET", eventsPath, about{
			api: workspaceStyle, summary: "What monitors have found", errors: scoped,
			doc: "An event is open until somebody closes it: later matches are counted into it.",
		}, func(in *eventsIn) []*param {
			return append(in.params("openedAt", "updatedAt", "closedAt"),
				text("monitor", &in.monitor, maxIDBytes, "Only events of this monitor"),
				oneOf("state", &in.state, "Only events in this state", watchlist.EventOpen, watchlist.EventAcknowledged, watchlist.EventClosed),
				workspaceParam(&in.workspace))
		}, own(func(ctx context.Context, w string, in *eventsIn) (*many[watchlist.Event], error) {
			return listEnvelope(watch.Events(ctx, w, in.monitor, in.state, in.ListQuery))
		})),
		route("GET", eventsPath+"/{id}", about{
			api: workspaceStyle, summary: "One event", errors: scoped,
		}, idParams[struct{}], own(func(ctx context.Context, w string, in *updateIn[struct{}]) (*one[watchlist.Event], error) {
			return oneEnvelope(watch.Event(ctx, w, in.id))
		})),
		route("GET", deliveriesPath, about{
			api: workspaceStyle, summary: "What no webhook has taken: the dead letters, or what is still tried", errors: scoped,
		}, func(in *deliveriesIn) []*param {
			return append(in.params("createdAt", "nextAt"),
				oneOf("state", &in.state, "Given up, or tried again", watchlist.DeliveryDead, watchlist.DeliveryPending).or(string(watchlist.DeliveryDead)),
				workspaceParam(&in.workspace))
		}, own(func(ctx context.Context, w string, in *deliveriesIn) (*many[watchlist.Delivery], error) {
			return listEnvelope(watch.Deliveries(ctx, w, in.state, in.ListQuery))
		})),
		route("POST", deliveriesPath+"/{id}/redeliver", about{
			api: workspaceStyle, summary: "Have it sent again", errors: scoped,
		}, idParams[struct{}], own(func(ctx context.Context, w string, in *updateIn[struct{}]) (*one[watchlist.Delivery], error) {
			return oneEnvelope(watch.Redeliver(ctx, w, in.id))
		})),
	}, h.eventRoutes()...)
}

// idParams are those of a route about one thing of a workspace.
func idParams[T any](in *updateIn[T]) []*param {
	return []*param{segment("id", &in.id, idDoc), workspaceParam(&in.workspace)}
}

// eventRoutes are what may be done to an event, each in the name of the key.
func (h *Handler) eventRoutes() []*endpoint {
	watch := h.opts.Store.Watchlists()
	var all []*endpoint
	for _, a := range []struct {
		path          string
		action        watchlist.EventAction
		summary, text string
	}{
		{"acknowledge", watchlist.Acknowledge, "Say that somebody looks after an event: no more reminders", "What there is to say, if anything"},
		{"assign", watchlist.Assign, "Assign an event to somebody", "To whom; empty for nobody"},
		{"comment", watchlist.Comment, "Comment on an event", "The comment"},
		{"close", watchlist.Close, "Close an event: what comes then opens another one", "What there is to say, if anything"},
	} {
		all = append(all, route("POST", eventsPath+"/{id}/"+a.path, about{
			api: workspaceStyle, summary: a.summary, errors: conflicting,
			doc: "A closed event takes comments only; 409 says that it is not in a state for it.",
		}, func(in *updateIn[actionBody]) []*param {
			return append(idParams(in), body(&in.body, a.text))
		}, func(ctx context.Context, c *caller, in *updateIn[actionBody]) (*one[watchlist.Event], error) {
			w, err := ownWorkspace(c, in.workspace)
			if err != nil {
				return nil, err
			}
			return oneEnvelope(watch.ActOnEvent(ctx, w, in.id, c.keyID(), a.action, in.body.Text))
		}))
	}
	return all
}
