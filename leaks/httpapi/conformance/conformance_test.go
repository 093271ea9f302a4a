package conformance

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/leakscope/leakscope/watchlist"
)

// The document has the routes of the contract, all of them.
func TestRoutes(t *testing.T) {
	hs := newHouse(t)
	var have []string
	for path, item := range hs.doc.Paths.Map() {
		for method := range item.Operations() {
			have = append(have, method+" "+path)
		}
	}
	for _, want := range []string{
		"GET /leaks/details", "GET /leaks/details/by-hash", "GET /leaks/stats", "GET /leaks/stats/analytics",
		"GET /leaks/details/export", "GET /leaks/keyword/search", "GET /leaks/keyword/stats",
		"GET /leaks/keyword/preview", "GET /leaks/keyword/by-hash", "GET /leaks/me", "POST /api-keys/verify", "GET /openapi.json",
	} {
		if !slices.Contains(have, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// An operation of the document, and its parameters.
type operation struct {
	method, path string
	op           *openapi3.Operation
}

func (hs *house) operations(method string) []operation {
	var list []operation
	for path, item := range hs.doc.Paths.Map() {
		for m, op := range item.Operations() {
			if m == method {
				list = append(list, operation{m, path, op})
			}
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].path < list[j].path })
	return list
}

// path is one of a pattern, mostly of what is there.
func (hs *house) path(rng *rand.Rand, pattern string) string {
	before, after, ok := strings.Cut(pattern, "/{id}")
	if !ok {
		return pattern
	}
	id := hs.ids[before[strings.LastIndexByte(before, '/')+1:]]
	if id == "" || rng.IntN(8) == 0 {
		id = []string{"none", "0", "%20", "%C3%BC", strings.Repeat("a", 26)}[rng.IntN(5)]
	}
	return before + "/" + id + after
}

// values are what a parameter may be given: right and wrong ones.
func (hs *house) values(rng *rand.Rand, p *openapi3.Parameter) string {
	s := p.Schema.Value
	if s.Type.Is("array") {
		s = s.Items.Value
	}
	if rng.IntN(12) == 0 { // anything
		return []string{"", "x", "-1", "0", "1", "201", "99999999999999999999", "2026-02-30", "1e3", "null", strings.Repeat("y", 1100), "%", "ü", hs.hash + "0"}[rng.IntN(14)]
	}
	switch {
	case p.Name == "workspace":
		return hs.acme.ID
	case p.Name == "domain" && p.Required:
		return []string{"acme.example", "www.acme.example", "other.example"}[rng.IntN(3)]
	case p.Name == "email":
		return []string{"ceo@private.example", "user1@acme.example", "user1@other.example"}[rng.IntN(3)]
	case p.Name == "bin":
		return []string{"400000", "40000012", "510000"}[rng.IntN(3)]
	case p.Name == "cursor":
		return []string{"*", "", "AAAA"}[rng.IntN(3)]
	case p.Name == "keyword":
		return "acme-corp"
	case p.Name == "type":
		return []string{"stealer", "Combo"}[rng.IntN(2)]
	case s.Pattern == "^[0-9A-Fa-f]{32}$":
		return []string{hs.hash, strings.Repeat("0", 32)}[rng.IntN(2)]
	case len(s.Enum) > 0:
		return fmt.Sprint(s.Enum[rng.IntN(len(s.Enum))])
	case s.Type.Is("integer"):
		return fmt.Sprint(1 + rng.IntN(20))
	case s.Format == "date":
		return fmt.Sprintf("2026-11-%02d", 1+rng.IntN(22))
	}
	return []string{"user1@mail.example", "acme", "DE", "m4", "www.acme.example"}[rng.IntN(5)]
}

// stricter are the types of problems that a document cannot describe.
var stricter = []string{`"value_error"`, `"too_many_values"`, `"extra_forbidden"`, `"string_too_long"`, `"date_parsing"`, `"less_than_equal"`}

// Random requests, made of the document: what it calls wrong is refused, what
// it does not is answered, and every answer is as it says.
func TestRandomRequests(t *testing.T) {
	hs := newHouse(t)
	n := 4000
	if testing.Short() {
		n = 2000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	answered := map[string]int{}
	for range n {
		ops := hs.operations("GET")
		o := ops[rng.IntN(len(ops))]
		query := url.Values{}
		for _, ref := range o.op.Parameters {
			p := ref.Value
			if p.In != "query" || p.Required && rng.IntN(20) == 0 || !p.Required && rng.IntN(8) != 0 {
				continue
			}
			query.Add(p.Name, hs.values(rng, p))
			if p.Schema.Value.Type.Is("array") && rng.IntN(2) == 0 {
				query.Add(p.Name, hs.values(rng, p))
			}
		}
		target := hs.path(rng, o.path)
		if len(query) > 0 {
			target += "?" + query.Encode()
		}
		role := []watchlist.Role{watchlist.Member, watchlist.MSSP, watchlist.Admin, "", "wrong"}[rng.IntN(5)]
		key := hs.keys[role]
		if role == "wrong" {
			key = "wrong"
		}
		x := hs.ask(key, o.method, target, "")
		public := o.op.Security != nil && len(*o.op.Security) == 0
		refused := x.status == http.StatusUnprocessableEntity || x.status == http.StatusBadRequest
		switch {
		case x.status == http.StatusUnauthorized:
			if role != "" && role != "wrong" || public {
				t.Errorf("%s: %d with %s", target, x.status, role)
			}
		case x.status >= 500:
			t.Errorf("%s: %d %s", target, x.status, x.body)
		case x.status == http.StatusForbidden, x.status == http.StatusNotFound:
			if x.request != nil && role == watchlist.Admin {
				t.Errorf("%s: %d, yet the document refuses it: %v", target, x.status, x.request)
			}
		case x.request != nil && !refused:
			t.Errorf("%s: %d, but the document refuses it: %v", target, x.status, x.request)
		case x.request == nil && x.status == http.StatusUnprocessableEntity:
			if !slices.ContainsFunc(stricter, func(s string) bool { return bytes.Contains(x.body, []byte(s)) }) {
				t.Errorf("%s: %s, but the document allows it", target, x.body)
			}
		}
		if x.status == http.StatusOK {
			answered[o.path]++
		}
	}
	for _, o := range hs.operations("GET") {
		if answered[o.path] == 0 {
			t.Errorf("%s was never answered", o.path)
		}
	}
}

// The routes that are not GET, as far as they take no body.
func TestVerify(t *testing.T) {
	hs := newHouse(t)
	for _, key := range []string{hs.keys[watchlist.Member], hs.keys[watchlist.Admin], "wrong", ""} {
		x := hs.ask(key, "POST", "/api-keys/verify", "")
		if want := map[bool]int{true: 200, false: 401}[len(key) > 5]; x.status != want {
			t.Errorf("%d %s", x.status, x.body)
		}
	}
}
