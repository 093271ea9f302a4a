package httpapi

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/leakscope/leakscope/leaks"
)

// nobody takes an answer and keeps nothing.
type nobody struct{ header http.Header }

func (n *nobody) Header() http.Header         { return n.header }
func (n *nobody) Write(p []byte) (int, error) { return len(p), nil }
func (n *nobody) WriteHeader(int)             {}

// What a page costs through the handler, and what of it is the Go API's.
func BenchmarkDetails(b *testing.B) {
	hs := newHouse(b)
	scope, err := hs.watch.Scope(b.Context(), hs.acme.ID)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := hs.store.Details(b.Context(), leaks.DetailsQuery{Scope: scope, Column: leaks.RootDomain, Filters: leaks.Filters{Type: []string{"Stealer"}}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("http", func(b *testing.B) {
		h := hs.handler(b, Options{Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)), Observe: func(Observation) {}})
		r := httptest.NewRequest("GET", "/leaks/details?identifier_column=root_domain&type=Stealer", nil)
		r.Header.Set("X-Api-Key", hs.keys["member"])
		w := &nobody{http.Header{}}
		b.ReportAllocs()
		for b.Loop() {
			h.ServeHTTP(w, r)
		}
		if rec := ask(h, "GET", r.URL.String(), "", "X-Api-Key: "+hs.keys["member"]); rec.Code != 200 {
			b.Fatal(rec.Code, rec.Body)
		}
	})
}
