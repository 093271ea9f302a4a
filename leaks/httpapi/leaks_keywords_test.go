package httpapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// Keywords are those of the caller's workspace.
func TestLeaksKeywords(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	acme, err := hs.watch.Scope(t.Context(), hs.acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	admin := watchlist.Administrator()
	ctx := t.Context()
	same := func(key, target string, want any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := hs.get(h, key, target); code != 200 || body != string(b) {
			t.Errorf("%s %s: %d\n got %.300s\nwant %.300s", key, target, code, body, b)
		}
	}
	page, err := hs.store.KeywordSearch(ctx, leaks.KeywordQuery{Scope: acme})
	same("member", "/leaks/keyword/search", page, err)
	if len(page.Data) < 3 || page.Data[0].MatchedKeyword != "acme-corp" {
		t.Fatalf("%+v", page)
	}
	hash := page.Data[0].Hash
	page, err = hs.store.KeywordSearch(ctx, leaks.KeywordQuery{
		Scope: acme, Keywords: []string{"Acme-Corp"}, Search: "vendor1", SortBy: leaks.BySourceCount, Page: 2, PageSize: 2, MinOccurrences: 1, Filters: leaks.Filters{Type: []string{"stealer", "combo"}},
	})
	same("member", "/leaks/keyword/search?keyword=Acme-Corp&search=vendor1&sort_by=source_count&page=2&page_size=2&min_occurrences=1&type=stealer&type=combo", page, err)
	page, err = hs.store.KeywordSearch(ctx, leaks.KeywordQuery{Scope: admin, Keywords: []string{"rival"}})
	same("admin", "/leaks/keyword/search?keyword=rival", page, err)
	report, err := hs.store.KeywordStats(ctx, leaks.KeywordStatsQuery{Scope: acme, Granularity: "hour"})
	same("member", "/leaks/keyword/stats?granularity=hour", report, err)
	found, err := hs.store.KeywordOccurrences(ctx, acme, nil, hash)
	same("member", "/leaks/keyword/by-hash?hash="+hash, found, err)
	if len(found.Data) == 0 {
		t.Error("nothing found")
	}
	preview, err := hs.store.KeywordPreview(ctx, "rival")
	same("member", "/leaks/keyword/preview?keyword=rival", preview, err)

	for _, c := range []struct {
		key, target string
		status      int
		want        string
	}{
		{"rival", "/leaks/keyword/search", 200, `{"data":[],"total":0,"page":1,"page_size":50,"total_pages":0}`}, // has none
		{"rival", "/leaks/keyword/by-hash?hash=" + hash, 200, `{"data":[]}`},
		{"member", "/leaks/keyword/by-hash?hash=" + noHash, 200, `{"data":[]}`},
		{"member", "/leaks/keyword/search?keyword=rival", 403, `{"detail":"You don't have permission to view this"}`},
		{"member", "/leaks/keyword/search?keyword=acme-corp&keyword=unheard-of", 403, `{"detail":"You don't have permission to view this"}`},
		{"member", "/leaks/keyword/stats?keyword=rival", 403, `{"detail":"You don't have permission to view this"}`},
		{"member", "/leaks/keyword/by-hash?keyword=rival&hash=" + hash, 403, `{"detail":"You don't have permission to view this"}`},
	} {
		if code, body := hs.get(h, c.key, c.target); code != c.status || body != c.want {
			t.Errorf("%s %s: %d %s", c.key, c.target, code, body)
		}
	}
	// An administrator has no keywords but those they name.
	for _, target := range []string{"/leaks/keyword/search", "/leaks/keyword/stats", "/leaks/keyword/by-hash?hash=" + hash} {
		if code, body := hs.get(h, "admin", target); code != 200 || strings.Contains(body, "acme") {
			t.Errorf("%s: %d %s", target, code, body)
		}
	}
}
