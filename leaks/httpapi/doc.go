// Package httpapi serves the leaks API and the workspace API over HTTP, as one
// [http.Handler] over the Go API of packages leaks, stats and watchlist. It has
// no logic of its own: a route parses its parameters, makes one call, and
// writes what that answers.
//
//	h, err := httpapi.New(httpapi.Options{Store: store, Logger: log})
//	...
//	server := httpapi.Server(h) // an http.Server with limits that fit
//	server.Addr = "127.0.0.1:8080"
//	err = server.ListenAndServe()
//
// # How a route is added
//
// A route is one value in a list (leaksRoutes, workspaceRoutes). Its input is a
// struct; its table says what goes into which field; its serve function takes
// the input and answers with a Go value or an error:
//
//	type byHashIn struct {
//		Column leaks.Column
//		Hash   string
//	}
//
//	route("GET", "/leaks/details/by-hash",
//		about{api: leaksStyle, summary: "Every occurrence of one credential"},
//		func(in *byHashIn) []*param {
//			return []*param{
//				columnParam(&in.Column),
//				text("hash", &in.Hash, 0, "Credential hash").like(hashForm).required(),
//			}
//		},
//		func(ctx context.Context, c *caller, in *byHashIn) (*leaks.Occurrences, error) {
//			...
//		})
//
// The table is all there is: requests are validated by it, and /openapi.json is
// made of it and of the types of input and answer, so nothing needs to be said
// twice. Parameters of the path are segment("id", ...), a JSON body is
// body(&in.Body, ...); streamed declares a route that answers with lines. Errors of the
// Go API are returned as they are: failureOf, the one place that knows, gives
// them a status, and the route's style a body. A type that writes its own JSON
// needs a line in spelled (schema.go).
//
// # What the contract leaves open
//
//   - A parameter that a route does not have is refused (422, type
//     extra_forbidden; 400 in the workspace API), and so is one that is given
//     twice and must not be: a misspelt filter that is passed over answers
//     another question than was asked. All that is wrong is said at once.
//   - First the key (401), then its rate (429), its role (403), the parameters
//     (422 or 400), and a free place (503); then the scope (403).
//   - A workspace's key sees its workspace. An administrator's key sees
//     everything, or with workspace=ID what that workspace sees; so decides
//     caller.scope, and nothing else. Another key may name its own workspace
//     only; any other is 403, whether there is one or not.
//   - What is outside the scope is absent: a filter finds nothing (200), an
//     unknown and a foreign hash have no occurrences (200).
//     Nor does the time tell which of the two it is: what a query does depends on
//     what is in scope, and is the same for a value that is another's as for one
//     that is nobody's (tests count it; TestTimingOfExistence measures it). Two
//     things are not covered: a search text in a scope of more than 4,096
//     credentials goes by indexes of the whole segment, and what somebody has just
//     asked for is in the caches.
//   - /leaks/keyword/search, stats and by-hash take keyword, repeatable: only
//     these of the workspace's. One that it does not have is 403. Administrators
//     have none of their own and name any.
//   - /leaks/details/export is sorted by last_seen unless asked otherwise, and
//     sends a mark with a cursor after every 200 rows, at its limit and at its
//     end; it is taken up again with the last one seen. What was detected after
//     an export is asked for with its last mark's next_start_date. Detected is
//     what upload_stealed says: what is ingested later and brings an earlier one is
//     not told that way, but by a monitor.
//   - A path has one spelling: //leaks or /leaks/ is 404, not redirected.
//   - The contract has no routes for monitors; these have the style of the
//     workspace API: /api/v1/monitors, /api/v1/events for what they have found and
//     /api/v1/deliveries for what no webhook took. Whatever key of a workspace
//     may do all of it. What is done to an event is done in the name of the key's
//     id. What an event's state does not allow is 409.
//   - A cursor whose snapshot is gone is 410: start again.
//   - x-request-id of the request is kept if it is at most 64 letters, digits,
//     dots, dashes and underscores, else a new one is made.
//   - The log holds the route's pattern, status, time, size and the key's id:
//     never the query, the path as sent, or the key.
//
// # Limits
//
// See [Options]. The handler bounds the query, the body, the time of each step,
// the requests computed at once and the rate of each key; [Server] bounds the
// header and idle connections. Nothing that a request says makes an answer or
// a log line grow.
package httpapi
