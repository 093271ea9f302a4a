package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/httpapi"
	"github.com/leakscope/leakscope/watchlist"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A house is a handler over a store with a tenant, and its document.
type house struct {
	t       *testing.T
	handler http.Handler
	doc     *openapi3.T // as it is served
	strict  *openapi3.T // objects may have no other properties
	router  routers.Router
	acme    watchlist.Workspace
	keys    map[watchlist.Role]string
	hash    string            // of a credential in scope
	ids     map[string]string // of what is there, by the path before {id}
}

func newHouse(t *testing.T) *house {
	dir := t.TempDir()
	if shm, err := os.MkdirTemp("/dev/shm", "leakscope-test-"); err == nil {
		dir = shm
		t.Cleanup(func() { os.RemoveAll(shm) })
	}
	store, err := leaks.Open(dir, &leaks.Options{
		Key: [32]byte{1}, NoBackgroundMerge: true, MinFree: 1, MemoryBudget: 16 << 20, Now: func() time.Time { return today },
	})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	h, err := httpapi.New(httpapi.Options{Store: store, Rate: -1})
	must(t, err)
	hs := &house{t: t, handler: h, keys: map[watchlist.Role]string{}}

	ctx, watch := t.Context(), store.Watchlists()
	hs.acme, err = watch.CreateWorkspace(ctx, watchlist.WorkspaceSpec{Name: "Acme"})
	must(t, err)
	for _, e := range []watchlist.EntrySpec{
		{Kind: watchlist.Domain, Value: "acme.example"}, {Kind: watchlist.Keyword, Value: "acme-corp"},
		{Kind: watchlist.Executive, Value: "ceo@private.example"}, {Kind: watchlist.BIN, Value: "400000"},
		{Kind: watchlist.Asset, Value: "192.0.2.1"}, {Kind: watchlist.Ransom, Value: "Acme"},
	} {
		_, err := watch.CreateEntry(ctx, hs.acme.ID, e)
		must(t, err)
	}
	for _, role := range []watchlist.Role{watchlist.Member, watchlist.MSSP, watchlist.Admin} {
		spec := watchlist.KeySpec{Name: string(role), Role: role}
		if role != watchlist.Admin {
			spec.Workspace = hs.acme.ID
		}
		_, hs.keys[role], err = watch.CreateKey(ctx, spec)
		must(t, err)
	}
	_, err = store.Ingest(ctx, records(), &leaks.IngestOptions{Source: "feed-1", Seen: today})
	must(t, err)
	page, err := store.Details(ctx, leaks.DetailsQuery{Scope: watchlist.Administrator(), Column: leaks.RootDomain, Filters: leaks.Filters{RootDomain: []string{"acme.example"}}})
	must(t, err)
	hs.hash = page.Data[0].Hash

	group, err := watch.CreateGroup(ctx, hs.acme.ID, watchlist.GroupSpec{Name: "Board"})
	must(t, err)
	m, err := store.CreateMonitor(ctx, hs.acme.ID, watchlist.MonitorSpec{Name: "all", Threshold: 1, Webhook: "https://hooks.example/"}, true)
	must(t, err)
	_, err = watch.Evaluate(ctx, store)
	must(t, err)
	m, err = watch.Monitor(ctx, hs.acme.ID, m.ID)
	must(t, err)
	deliveries, err := watch.Deliveries(ctx, hs.acme.ID, "", watchlist.ListQuery{})
	must(t, err)
	// One that may be deleted, and a key that may be revoked.
	other, err := watch.CreateWorkspace(ctx, watchlist.WorkspaceSpec{Name: "Other"})
	must(t, err)
	key, _, err := watch.CreateKey(ctx, watchlist.KeySpec{Workspace: hs.acme.ID, Name: "other", Role: watchlist.Member})
	must(t, err)
	revoked, _, err := watch.CreateKey(ctx, watchlist.KeySpec{Workspace: hs.acme.ID, Name: "revoked", Role: watchlist.Member})
	must(t, err)
	hs.ids = map[string]string{
		"revoked":    revoked.ID,
		"watchlists": group.ID, "monitors": m.ID, "events": m.OpenEvent, "deliveries": deliveries.Items[0].ID,
		"workspaces": other.ID, "keys": key.ID,
	}
	for path, kind := range map[string]watchlist.Kind{"domain": watchlist.Domain, "keyword": watchlist.Keyword, "executive": watchlist.Executive, "bin": watchlist.BIN, "assets": watchlist.Asset, "ransom": watchlist.Ransom} {
		entries, err := watch.Entries(ctx, hs.acme.ID, watchlist.ListQuery{Kind: kind})
		must(t, err)
		hs.ids[path] = entries.Items[0].ID
	}

	hs.doc, hs.strict = hs.load(), hs.load()
	for _, s := range hs.strict.Components.Schemas {
		if s.Value.Type.Is("object") && s.Value.AdditionalProperties.Schema == nil {
			s.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
		}
	}
	hs.router, err = legacy.NewRouter(hs.strict)
	must(t, err)
	return hs
}

func records() iter.Seq2[leaks.Record, error] {
	return func(yield func(leaks.Record, error) bool) {
		for i := range 300 {
			r := leaks.Record{
				Username: fmt.Sprintf("user%d@mail.example", i%40), Password: fmt.Sprintf("S3cret!%d", i%9),
				Host:   fmt.Sprintf("https://h%d.acme.example/", i%5),
				Source: fmt.Sprintf("feed-%d", i%4), UploadStealed: today.Add(-time.Duration(i%20*24) * time.Hour),
			}
			switch i % 4 {
			case 0:
				r.MachineID, r.ComputerName, r.Country, r.StealerName = fmt.Sprintf("m%d", i%8), "PC", "DE", "RedLine"
			case 1:
				r.Username = "ceo@private.example"
			case 2:
				r.Host = fmt.Sprintf("https://acme-corp-%d.vendor.example/", i%6)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// load reads the served document.
func (hs *house) load() *openapi3.T {
	w := httptest.NewRecorder()
	hs.handler.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	if w.Code != http.StatusOK {
		hs.t.Fatal(w.Code, w.Body)
	}
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	must(hs.t, err)
	must(hs.t, doc.Validate(context.Background()))
	return doc
}

// An exchange is a request, what the document says of it, and its answer.
type exchange struct {
	request error // what is wrong with the request, by the document
	status  int
	body    []byte
}

// ask sends a request and holds its answer against the document.
func (hs *house) ask(key, method, target, body string) exchange {
	hs.t.Helper()
	newRequest := func() *http.Request {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		if key != "" {
			r.Header.Set("X-Api-Key", key)
			r.Header.Set("Authorization", "Bearer "+key)
		}
		return r
	}
	r := newRequest()
	route, params, err := hs.router.FindRoute(r)
	if err != nil {
		hs.t.Fatalf("%s %s: %v", method, target, err)
	}
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true,
		IncludeResponseStatus: true, SkipSettingDefaults: true,
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	x := exchange{request: openapi3filter.ValidateRequest(hs.t.Context(), in)}
	w := httptest.NewRecorder()
	hs.handler.ServeHTTP(w, newRequest())
	x.status, x.body = w.Code, w.Body.Bytes()
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: w.Code, Header: w.Header(), Options: options}
	out.SetBodyBytes(x.body)
	if err := openapi3filter.ValidateResponse(hs.t.Context(), out); err != nil {
		hs.t.Errorf("%s %s: the answer %d %.300s: %v", method, target, w.Code, x.body, err)
	}
	if w.Code == http.StatusOK && strings.HasPrefix(w.Header().Get("Content-Type"), "application/x-ndjson") {
		hs.checkLines(route, x.body)
	}
	return x
}

// checkLines holds each line of a stream against the schema of lines.
func (hs *house) checkLines(route *routers.Route, body []byte) {
	hs.t.Helper()
	raw, ok := route.Operation.Extensions["x-line-schema"].(map[string]any)
	if !ok {
		hs.t.Fatalf("%s has no schema of lines", route.Path)
	}
	var kinds []*openapi3.Schema
	for _, one := range raw["oneOf"].([]any) {
		name := strings.TrimPrefix(fmt.Sprint(one.(map[string]any)["$ref"]), "#/components/schemas/")
		kinds = append(kinds, hs.strict.Components.Schemas[name].Value)
	}
	for line := range bytes.Lines(body) {
		var v any
		must(hs.t, json.Unmarshal(line, &v))
		if !slices.ContainsFunc(kinds, func(s *openapi3.Schema) bool { return s.VisitJSON(v) == nil }) {
			hs.t.Errorf("%s: line %.300s is none of the kinds of lines", route.Path, line)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func init() {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", func(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		b, err := io.ReadAll(r)
		return string(b), err
	})
}
