package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/leakscope/leakscope/watchlist"
)

// A bodyMaker makes bodies by a schema, right ones and wrong ones.
type bodyMaker struct {
	hs  *house
	rng *rand.Rand
	// lenient: something is null, which the server takes for missing wherever it
	// may be missing; the document does not say so.
	lenient bool
}

// body returns one for an operation.
func (m *bodyMaker) body(op *openapi3.Operation) string {
	m.lenient = false
	if m.rng.IntN(25) == 0 { // none that could be right
		return []string{"{", "[]", "null", `"x"`, "{}{}", "5", "\x00", `{"a":`, strings.Repeat("[", 2000), `{"name":"` + strings.Repeat("x", 5000) + `"}`}[m.rng.IntN(10)]
	}
	b, err := json.Marshal(m.value(op.RequestBody.Value.Content["application/json"].Schema, "", 0))
	must(m.hs.t, err)
	return string(b)
}

func (m *bodyMaker) value(ref *openapi3.SchemaRef, name string, depth int) any {
	s := ref.Value
	for len(s.AllOf) > 0 {
		s = s.AllOf[0].Value
	}
	if m.rng.IntN(25) == 0 || depth > 6 {
		m.lenient = true
		return nil
	}
	if depth > 0 && m.rng.IntN(20) == 0 { // of any type
		return []any{"x", 5, -1.5, true, []any{}, map[string]any{}, []any{1, "x"}}[m.rng.IntN(7)]
	}
	switch {
	case s.Type.Is("object"):
		return m.object(s, depth)
	case s.Type.Is("array"):
		list := []any{}
		for range m.rng.IntN(4) {
			list = append(list, m.value(s.Items, name, depth+1))
		}
		return list
	case s.Type.Is("boolean"):
		return m.rng.IntN(2) == 0
	case s.Type.Is("integer"), s.Type.Is("number"):
		return []any{0, 1, 5, 60, 100_000, -1, 1 << 40, json.Number("1e3"), json.Number("99999999999999999999"), json.Number("0.5")}[min(m.rng.IntN(16), 9)%10]
	}
	return m.text(name)
}

func (m *bodyMaker) object(s *openapi3.Schema, depth int) any {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		required := slices.Contains(s.Required, name)
		if required && m.rng.IntN(20) == 0 || !required && m.rng.IntN(2) == 0 {
			continue
		}
		out[name] = m.value(s.Properties[name], name, depth+1)
	}
	if more := s.AdditionalProperties.Schema; more != nil {
		for range m.rng.IntN(3) {
			out[[]string{"domain", "keyword", "bin", "planet"}[m.rng.IntN(4)]] = m.value(more, "", depth+1)
		}
	}
	if m.rng.IntN(25) == 0 {
		out["colour"] = "red"
	}
	return out
}

// text is a likely value of a field, or any.
func (m *bodyMaker) text(name string) string {
	if m.rng.IntN(8) == 0 {
		return []string{"", " ", "x", "ü", "\x00", "\u202e", strings.Repeat("y", 1100), "'; --", "<b>", "2026-02-30T00:00:00"}[m.rng.IntN(10)]
	}
	n := m.rng.IntN(1000)
	likely := map[string][]string{
		"value":       {fmt.Sprintf("acme%d.example", n), fmt.Sprintf("boss%d@acme.example", n), fmt.Sprint(400_000 + n), fmt.Sprintf("acme word %d", n)},
		"workspace":   {m.hs.ids["workspaces"], m.hs.acme.ID},
		"watchlistid": {m.hs.ids["watchlists"], ""},
		"role":        {"member", "mssp", "admin"},
		"webhook":     {"https://hooks.example/x", ""},
		"until":       {"2026-12-01T00:00:00", ""},
		"expiresAt":   {"2026-12-01T00:00:00", "", "2020-01-01T00:00:00"},
		"domains":     {"acme.example", "other.example"}, "keywords": {"acme-corp", "word"}, "types": {"Stealer", "combo"},
		"ids": {m.hs.ids["workspaces"], "none"}, // of nothing that is needed again
	}[name]
	if likely == nil {
		return fmt.Sprintf("text %d", n)
	}
	return likely[m.rng.IntN(len(likely))]
}

// Random bodies, made of the document: nothing makes the server fail, what the
// document calls wrong is refused, and every answer is as it says.
func TestRandomBodies(t *testing.T) {
	hs := newHouse(t)
	n := 6000
	if testing.Short() {
		n = 1000
	}
	rng := rand.New(rand.NewPCG(3, 4))
	m := &bodyMaker{hs: hs, rng: rng}
	ops := slices.Concat(hs.operations("POST"), hs.operations("PUT"), hs.operations("DELETE"))
	revoked := hs.ids["revoked"]
	accepted, refused := map[string]int{}, map[string]int{}
	for range n {
		o := ops[rng.IntN(len(ops))]
		name := o.method + " " + o.path
		body := ""
		if o.op.RequestBody != nil {
			body = m.body(o.op)
		}
		role := []watchlist.Role{watchlist.Member, watchlist.MSSP, watchlist.Admin}[rng.IntN(3)]
		target := hs.path(rng, o.path)
		if strings.HasSuffix(o.path, "/revoke") {
			target = strings.ReplaceAll(o.path, "{id}", revoked)
		}
		if role == watchlist.Admin && !strings.Contains(o.path, "/admin/") && strings.HasPrefix(o.path, "/api/v1/") {
			target += "?workspace=" + hs.acme.ID
		}
		x := hs.ask(hs.keys[role], o.method, target, body)
		switch {
		case x.status >= 500:
			t.Errorf("%s %s %.300s: %d %s", o.method, target, body, x.status, x.body)
		case x.status/100 == 2:
			accepted[name]++
			if x.request != nil && !m.lenient {
				t.Errorf("%s %s %.300s: %d, but the document refuses it: %v", o.method, target, body, x.status, x.request)
			}
		case x.status == http.StatusBadRequest:
			refused[name]++
			// Nothing of what was sent is said again but the names of fields.
			if bytes.Contains(x.body, []byte("\u202e")) || len(x.body) > 4096 {
				t.Errorf("%s %.300s: %s", name, body, x.body)
			}
		}
	}
	for _, o := range ops {
		name := o.method + " " + o.path
		if accepted[name] == 0 {
			t.Errorf("%s was never done", name)
		}
		if o.op.RequestBody != nil && refused[name] == 0 {
			t.Errorf("%s was never refused", name)
		}
	}
	// The house still stands.
	if x := hs.ask(hs.keys[watchlist.Member], "GET", "/api/v1/dataleaks/credentials?domain=acme.example", ""); x.status != http.StatusOK && x.status != http.StatusForbidden {
		t.Errorf("%d %s", x.status, x.body)
	}
}
