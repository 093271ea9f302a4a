package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// tried is the input of the routes that these tests try the foundation with.
type tried struct {
	Text, Kind, Day, Form, ID string
	Page                      int
	Many                      []string
	Days                      []string
	Body                      struct {
		Name  string   `json:"name"`
		Count int      `json:"count,omitempty"`
		Tags  []string `json:"tags,omitempty"`
	}
}

func triedTable(in *tried) []*param {
	return []*param{
		text("text", &in.Text, 10, "a text"),
		oneOf("kind", &in.Kind, "a kind", "a", "b", "c").or("b"),
		day("day", &in.Day, "a day"),
		days("days", &in.Days, "days"),
		texts("many", &in.Many, "many"),
		integer("page", &in.Page, 1, math.MaxInt, "a page").or("1"),
		integer("size", new(int), 1, 200, "a size").required(),
		text("hash", &in.Form, 0, "a hash").like(hashForm),
	}
}

// triedHandler serves routes in both styles, to keys named after their roles.
func triedHandler(t testing.TB, opts Options, routes ...*endpoint) *Handler {
	t.Helper()
	if opts.Store == nil {
		opts.Store = new(leaks.Store) // never asked
	}
	o, err := opts.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	h := newHandler(o)
	h.watch = keysByRole{}
	if err := h.serve(append(routes, h.ownRoutes()...)); err != nil {
		t.Fatal(err)
	}
	return h
}

// keysByRole knows the keys member-key, mssp-key and admin-key.
type keysByRole struct{ directory }

func (keysByRole) Verify(_ context.Context, secret string) (watchlist.Identity, error) {
	role, ok := strings.CutSuffix(secret, "-key")
	if !ok {
		return watchlist.Identity{}, watchlist.ErrKey
	}
	return watchlist.Identity{Key: watchlist.Key{ID: "id-of-" + role, Role: watchlist.Role(role)}}, nil
}

// echo answers with its input.
func echo(_ context.Context, _ *caller, in *tried) (*tried, error) { return in, nil }

func failing(err error) func(context.Context, *caller, *struct{}) (*tried, error) {
	return func(context.Context, *caller, *struct{}) (*tried, error) { return nil, err }
}

// ask sends one request in process; header lines are "Name: value".
func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body == "" {
		r = httptest.NewRequest(method, target, nil)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const (
	memberKey = "X-Api-Key: member-key"
	bearer    = "Authorization: Bearer member-key"
	isJSON    = "Content-Type: application/json"
)

func TestFoundation(t *testing.T) {
	h := triedHandler(t, Options{MaxQueryBytes: 2000, MaxBodyBytes: 200},
		route("GET", "/leaks/try", about{api: leaksStyle}, triedTable, echo),
		route("GET", "/leaks/mssp", about{api: leaksStyle, access: msspKey}, nothing, failing(nil)),
		route("GET", "/api/v1/try", about{api: workspaceStyle}, triedTable, echo),
		route("PUT", "/api/v1/try/{id}", about{api: workspaceStyle, status: 201}, func(in *tried) []*param {
			return []*param{segment("id", &in.ID, "an id"), body(&in.Body, "a body")}
		}, echo),
		route("GET", "/leaks/outside", about{api: leaksStyle}, nothing, failing(fmt.Errorf("x: %w", watchlist.ErrOutside))),
		route("GET", "/leaks/cursor", about{api: leaksStyle}, nothing, failing(leaks.ErrCursor)),
		route("GET", "/leaks/closed", about{api: leaksStyle}, nothing, failing(leaks.ErrClosed)),
		route("GET", "/leaks/full", about{api: leaksStyle}, nothing, failing(leaks.ErrNoSpace)),
		route("GET", "/leaks/slow", about{api: leaksStyle}, nothing, failing(context.DeadlineExceeded)),
		route("GET", "/leaks/param", about{api: leaksStyle}, nothing, failing(&leaks.ParamError{Param: "search", Msg: "is wrong"})),
		route("GET", "/api/v1/param", about{api: workspaceStyle}, nothing, failing(&leaks.ParamError{Param: "search", Msg: "is wrong"})),
		route("GET", "/leaks/broken", about{api: leaksStyle}, nothing, failing(errors.New("secret detail"))),
		route("GET", "/leaks/panic", about{api: leaksStyle}, nothing, func(context.Context, *caller, *struct{}) (*tried, error) { panic("secret") }),
		route("GET", "/api/v1/panic", about{api: workspaceStyle}, nothing, func(context.Context, *caller, *struct{}) (*tried, error) { panic("secret") }),
	)
	const (
		noInput  = `{"Text":"","Kind":"b","Day":"","Form":"","ID":"","Page":1,"Many":null,"Days":null,"Body":{"name":""}}`
		internal = `Internal error, request the-id`
	)
	detail := func(items ...string) string { return `{"detail":[` + strings.Join(items, ",") + `]}` }
	item := func(name, msg, typ string) string {
		return fmt.Sprintf(`{"loc":["query",%q],"msg":%q,"type":%q}`, name, msg, typ)
	}
	for _, c := range []struct {
		name, method, target, body string
		header                     []string
		status                     int
		want                       string
	}{
		{"no key", "GET", "/leaks/try?size=1", "", nil, 401, `{"detail":"Missing API key"}`},
		{"empty key", "GET", "/leaks/try?size=1", "", []string{"X-Api-Key: "}, 401, `{"detail":"Missing API key"}`},
		{"two keys", "GET", "/leaks/try?size=1", "", []string{memberKey, memberKey}, 401, `{"detail":"Missing API key"}`},
		{"wrong key", "GET", "/leaks/try?size=1", "", []string{"X-Api-Key: x"}, 401, `{"detail":"Invalid or revoked API key"}`},
		{"long key", "GET", "/leaks/try?size=1", "", []string{"X-Api-Key: " + strings.Repeat("x", 300) + "-key"}, 401, `{"detail":"Invalid or revoked API key"}`},
		{"key of the other API", "GET", "/leaks/try?size=1", "", []string{bearer}, 401, `{"detail":"Missing API key"}`},
		{"no key before bad parameters", "GET", "/leaks/try", "", nil, 401, `{"detail":"Missing API key"}`},
		{"no bearer", "GET", "/api/v1/try?size=1", "", nil, 401, `{"error":"Missing API key"}`},
		{"basic", "GET", "/api/v1/try?size=1", "", []string{"Authorization: Basic bWVtYmVyLWtleQ=="}, 401, `{"error":"Missing API key"}`},
		{"wrong bearer", "GET", "/api/v1/try?size=1", "", []string{"Authorization: Bearer x"}, 401, `{"error":"Invalid or revoked API key"}`},
		{"wrong role", "GET", "/leaks/mssp", "", []string{memberKey}, 403, `{"detail":"The API key's role does not permit this"}`},

		{"least", "GET", "/leaks/try?size=1", "", []string{memberKey}, 200, noInput},
		{"other case of bearer", "GET", "/api/v1/try?size=1", "", []string{"Authorization: bearer member-key"}, 200, noInput},
		{"at the limits", "GET", "/leaks/try?size=200&text=0123456789&kind=c&day=2024-02-29&many=a&many=&days=1970-01-01&days=2026-01-01&page=9223372036854775807&hash=0123456789ABCDEF0123456789abcdef",
			"", []string{memberKey}, 200, `{"Text":"0123456789","Kind":"c","Day":"2024-02-29","Form":"0123456789ABCDEF0123456789abcdef","ID":"","Page":9223372036854775807,"Many":["a",""],"Days":["1970-01-01","2026-01-01"],"Body":{"name":""}}`},
		{"missing", "GET", "/leaks/try", "", []string{memberKey}, 422, detail(item("size", "Field required", "missing"))},
		{"all beyond", "GET", "/leaks/try?size=201&text=0123456789x&kind=d&day=2023-02-29&days=2026-01-01&days=x&page=0&hash=0&nope=secret", "", []string{memberKey}, 422, detail(
			item("text", "must have at most 10 bytes", "string_too_long"),
			item("kind", "must be a, b or c", "enum"),
			item("day", "must be a day written YYYY-MM-DD", "date_parsing"),
			item("days", "must be a day written YYYY-MM-DD", "date_parsing"),
			item("page", "must be at least 1", "greater_than_equal"),
			item("size", "must be at most 200", "less_than_equal"),
			item("hash", "must be 32 hex digits", "string_pattern_mismatch"),
			item("nope", "There is no such parameter", "extra_forbidden"))},
		{"all empty", "GET", "/leaks/try?size=&text=&kind=&day=&page=&hash=", "", []string{memberKey}, 422, detail(
			item("kind", "must be a, b or c", "enum"),
			item("day", "must be a day written YYYY-MM-DD", "date_parsing"),
			item("page", "must be an integer", "int_parsing"),
			item("size", "must be an integer", "int_parsing"),
			item("hash", "must be 32 hex digits", "string_pattern_mismatch"))},
		{"not integers", "GET", "/leaks/try?size=%2B5&page=1e3", "", []string{memberKey}, 422, detail(
			item("page", "must be an integer", "int_parsing"), item("size", "must be an integer", "int_parsing"))},
		{"beyond int", "GET", "/leaks/try?size=-99999999999999999999&page=99999999999999999999", "", []string{memberKey}, 422, detail(
			item("page", "must be at most 9223372036854775807", "less_than_equal"), item("size", "must be at least 1", "greater_than_equal"))},
		{"twice", "GET", "/leaks/try?size=1&size=1", "", []string{memberKey}, 422, detail(item("size", "must be given once", "too_many_values"))},
		{"no UTF-8", "GET", "/leaks/try?size=1&many=a&many=%ff", "", []string{memberKey}, 422, detail(item("many", "must be valid UTF-8", "string_unicode"))},
		{"bad escape", "GET", "/leaks/try?size=%zz", "", []string{memberKey}, 422, `{"detail":[{"loc":["query"],"msg":"The query string is malformed","type":"query_parsing"}]}`},
		{"semicolon", "GET", "/leaks/try?size=1;page=2", "", []string{memberKey}, 422, `{"detail":[{"loc":["query"],"msg":"The query string is malformed","type":"query_parsing"}]}`},
		{"strange name", "GET", "/leaks/try?size=1&%3Cb%3E%ff=1", "", []string{memberKey}, 422, detail(item("\\u003cb\\u003e\uFFFD", "There is no such parameter", "extra_forbidden"))},
		{"query at the limit", "GET", "/leaks/try?size=1&many=" + strings.Repeat("x", 2000-len("size=1&many=")), "", []string{memberKey}, 200, "*"},
		{"query beyond", "GET", "/leaks/try?size=1&many=" + strings.Repeat("x", 2001-len("size=1&many=")), "", []string{memberKey}, 414, `{"detail":"The URL is too long"}`},
		{"missing, workspace", "GET", "/api/v1/try?page=x", "", []string{bearer}, 400, `{"error":"page: must be an integer; size: Field required"}`},
		{"malformed, workspace", "GET", "/api/v1/try?%zz", "", []string{bearer}, 400, `{"error":"query: The query string is malformed"}`},

		{"body", "PUT", "/api/v1/try/a%2Fb", `{"name":"n","count":3,"tags":["x"]}`, []string{bearer, isJSON}, 201,
			`{"Text":"","Kind":"","Day":"","Form":"","ID":"a/b","Page":0,"Many":null,"Days":null,"Body":{"name":"n","count":3,"tags":["x"]}}`},
		{"no body", "PUT", "/api/v1/try/x", "", []string{bearer, isJSON}, 400, `{"error":"body: Field required"}`},
		{"no type", "PUT", "/api/v1/try/x", "{}", []string{bearer}, 415, `{"error":"The body must be application/json"}`},
		{"form", "PUT", "/api/v1/try/x", "a=b", []string{bearer, "Content-Type: application/x-www-form-urlencoded"}, 415, `{"error":"The body must be application/json"}`},
		{"broken", "PUT", "/api/v1/try/x", `{"name":`, []string{bearer, isJSON}, 400, `{"error":"body: must be JSON"}`},
		{"array", "PUT", "/api/v1/try/x", `[1]`, []string{bearer, isJSON}, 400, `{"error":"body: must be a JSON object"}`},
		{"mistyped", "PUT", "/api/v1/try/x", `{"name":{}}`, []string{bearer, isJSON}, 400, `{"error":"name: must be a string"}`},
		{"mistyped number", "PUT", "/api/v1/try/x", `{"count":"secret"}`, []string{bearer, isJSON}, 400, `{"error":"count: must be a number"}`},
		{"unknown field", "PUT", "/api/v1/try/x", `{"nam":"secret"}`, []string{bearer, isJSON}, 400, `{"error":"nam: There is no such field"}`},
		{"two values", "PUT", "/api/v1/try/x", `{}{}`, []string{bearer, isJSON}, 400, `{"error":"body: must be one JSON value"}`},
		{"body at the limit", "PUT", "/api/v1/try/x", `{"name":"` + strings.Repeat("x", 200-11) + `"}`, []string{bearer, isJSON}, 201, "*"},
		{"body beyond", "PUT", "/api/v1/try/x", `{"name":"` + strings.Repeat("x", 200-10) + `"}`, []string{bearer, isJSON}, 413, `{"error":"The body is too large"}`},
		{"deep", "PUT", "/api/v1/try/x", strings.Repeat("[", 150), []string{bearer, isJSON}, 400, `{"error":"body: must be JSON"}`},

		{"outside", "GET", "/leaks/outside", "", []string{memberKey}, 403, `{"detail":"You don't have permission to view this"}`},
		{"cursor", "GET", "/leaks/cursor", "", []string{memberKey}, 410, `{"detail":"The cursor is not valid any more: start again"}`},
		{"closed", "GET", "/leaks/closed", "", []string{memberKey}, 503, `{"detail":"The server is shutting down"}`},
		{"full", "GET", "/leaks/full", "", []string{memberKey}, 507, `{"detail":"The server has no room left"}`},
		{"slow", "GET", "/leaks/slow", "", []string{memberKey}, 504, `{"detail":"The answer took too long"}`},
		{"parameter", "GET", "/leaks/param", "", []string{memberKey}, 422, detail(item("search", "is wrong", "value_error"))},
		{"parameter, workspace", "GET", "/api/v1/param", "", []string{bearer}, 400, `{"error":"search: is wrong"}`},
		{"unforeseen", "GET", "/leaks/broken", "", []string{memberKey}, 500, `{"detail":"` + internal + `"}`},
		{"panic", "GET", "/leaks/panic", "", []string{memberKey}, 500, `{"detail":"` + internal + `"}`},
		{"panic, workspace", "GET", "/api/v1/panic", "", []string{bearer}, 500, `{"error":"` + internal + `"}`},

		{"no path", "GET", "/leaks/nope", "", nil, 404, `{"detail":"Not found"}`},
		{"no path, workspace", "GET", "/api/v1/nope", "", nil, 404, `{"error":"Not found"}`},
		{"root", "GET", "/", "", nil, 404, `{"error":"Not found"}`},
		{"slash behind", "GET", "/leaks/try/", "", nil, 404, `{"detail":"Not found"}`},
		{"slashes", "GET", "//leaks/try", "", nil, 404, `{"error":"Not found"}`},
		{"slashes within", "GET", "/leaks//try", "", nil, 404, `{"detail":"Not found"}`},
		{"dots", "GET", "/leaks/x/../try", "", nil, 404, `{"detail":"Not found"}`},
		{"hidden dots", "GET", "/leaks/x/%2e%2e/try", "", nil, 404, `{"detail":"Not found"}`},
		{"hidden slash", "GET", "/leaks%2Ftry", "", nil, 404, `{"detail":"Not found"}`},
		{"other case", "GET", "/LEAKS/try", "", nil, 404, `{"error":"Not found"}`},
		{"NUL", "GET", "/leaks/try%00", "", nil, 404, `{"detail":"Not found"}`},
		{"long path", "GET", "/leaks/" + strings.Repeat("x", 2000), "", nil, 414, `{"detail":"The URL is too long"}`},
		{"method", "POST", "/leaks/try", "", []string{memberKey}, 405, `{"detail":"Method not allowed"}`},
		{"own method", "BREW", "/api/v1/try", "", nil, 405, `{"error":"Method not allowed"}`},
		{"head", "HEAD", "/leaks/try?size=1", "", []string{memberKey}, 200, noInput}, // a server drops it
		{"connect", "CONNECT", "/leaks/try", "", nil, 405, `{"detail":"Method not allowed"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ask(h, c.method, c.target, c.body, append(c.header, "X-Request-Id: the-id")...)
			got := strings.TrimSuffix(w.Body.String(), "\n")
			if w.Code != c.status || c.want != "*" && got != strings.ReplaceAll(c.want, `\\u`, `\u`) {
				t.Errorf("got %d %s\nwant %d %s", w.Code, got, c.status, c.want)
			}
			if got := w.Header().Get("X-Request-Id"); got != "the-id" {
				t.Errorf("X-Request-Id %q", got)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			if strings.Contains(got, "secret") {
				t.Error("the answer repeats what was sent, or what is inside")
			}
			if c.status == 401 && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	if allow := ask(h, "DELETE", "/leaks/try", "").Header().Get("Allow"); allow != "GET, HEAD" {
		t.Errorf("Allow: %q", allow)
	}
}

func TestRequestID(t *testing.T) {
	h := triedHandler(t, Options{})
	for given, kept := range map[string]bool{
		"abc-1.2_3": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "a b": false, "a\"b": false, "é": false, "": false,
	} {
		got := ask(h, "GET", "/openapi.json", "", "X-Request-Id: "+given).Header().Get("X-Request-Id")
		if kept && got != given || !kept && len(got) != 32 {
			t.Errorf("%q: got %q", given, got)
		}
	}
}

// The log and the metrics have a line for each request, and nothing that a
// caller sent but a harmless request id.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	var seen []Observation
	h := triedHandler(t, Options{
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "time" || a.Key == "took" || a.Key == "stack" {
				return slog.Attr{}
			}
			return a
		}})),
		Observe: func(o Observation) { o.Duration = 0; seen = append(seen, o) },
	},
		route("GET", "/leaks/try", about{api: leaksStyle}, triedTable, echo),
		route("GET", "/leaks/broken", about{api: leaksStyle}, nothing, failing(errors.New("disk on fire"))),
		route("GET", "/leaks/panic", about{api: leaksStyle}, nothing, func(context.Context, *caller, *struct{}) (*tried, error) { panic("oh") }))
	id := "X-Request-Id: 1"
	ask(h, "GET", "/leaks/try?size=1&text=personal", "", memberKey, id)
	ask(h, "GET", "/leaks/try?size=personal&personal=1", "", memberKey, id)
	ask(h, "GET", "/leaks/personal", "", "X-Api-Key: personal", id)
	ask(h, "GET", "/leaks/try", "", "X-Api-Key: personal", id)
	ask(h, "PERSONAL", "/leaks/try", "", id)
	ask(h, "GET", "/leaks/broken", "", memberKey, id)
	ask(h, "GET", "/leaks/panic", "", memberKey, id)
	const want = `{"level":"INFO","msg":"request","id":"1","method":"GET","route":"/leaks/try","status":200,"bytes":110,"key":"id-of-member"}
{"level":"INFO","msg":"request","id":"1","method":"GET","route":"/leaks/try","status":422,"bytes":175,"key":"id-of-member"}
{"level":"INFO","msg":"request","id":"1","method":"GET","route":"unknown","status":404,"bytes":23}
{"level":"INFO","msg":"request","id":"1","method":"GET","route":"/leaks/try","status":401,"bytes":40,"error":"invalid or revoked API key"}
{"level":"INFO","msg":"request","id":"1","method":"OTHER","route":"unknown","status":405,"bytes":32}
{"level":"WARN","msg":"request","id":"1","method":"GET","route":"/leaks/broken","status":500,"bytes":39,"key":"id-of-member","error":"disk on fire"}
{"level":"ERROR","msg":"panic","id":"1","panic":"oh"}
{"level":"WARN","msg":"request","id":"1","method":"GET","route":"/leaks/panic","status":500,"bytes":39,"key":"id-of-member","error":"panic"}
`
	if got := log.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(seen) != 7 || seen[0] != (Observation{Method: "GET", Route: "/leaks/try", Status: 200, Bytes: 110}) || seen[4].Method != "OTHER" {
		t.Errorf("%+v", seen)
	}
}

// A stream that fails at once is an error like any other; one that fails later
// is broken off.
func TestStreams(t *testing.T) {
	type line struct {
		N int `json:"n"`
	}
	count := func(n int, err error) *endpoint {
		return streamed("GET", fmt.Sprintf("/leaks/%d/%t", n, err != nil), about{api: leaksStyle, lines: []reflect.Type{reflect.TypeFor[line]()}}, nothing, func(_ context.Context, _ *caller, _ *struct{}, out *lines) error {
			for i := range n {
				if err := out.add(line{i}); err != nil {
					return err
				}
			}
			return err
		})
	}
	broken := errors.New("broken")
	h := triedHandler(t, Options{}, count(0, nil), count(2, nil), count(2, broken), count(10000, broken))
	srv := httptest.NewServer(h)
	defer srv.Close()
	get := func(path string) (int, string, string, error) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Api-Key", "member-key")
		resp, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header.Get("Content-Type"), string(b), err
	}
	if code, typ, text, err := get("/leaks/0/false"); code != 200 || typ != linesMedia || text != "" || err != nil {
		t.Error(code, typ, text, err)
	}
	if code, typ, text, err := get("/leaks/2/false"); code != 200 || typ != linesMedia || text != "{\"n\":0}\n{\"n\":1}\n" || err != nil {
		t.Error(code, typ, text, err)
	}
	if code, typ, text, err := get("/leaks/2/true"); code != 500 || typ != "application/json" || strings.Contains(text, "n") && !strings.Contains(text, "Internal") || err != nil {
		t.Error(code, typ, text, err)
	}
	if code, _, text, err := get("/leaks/10000/true"); code != 200 || err == nil || len(text) < flushBytes {
		t.Error(code, len(text), err)
	}
}
