package httpapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// An export is the rows of a walk; taken up again at any of its marks, it goes
// on behind it.
func TestExport(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{Now: func() time.Time { return hs.now }})
	const target = "/leaks/details/export?identifier_column=root_domain&type=stealer&type=combo"
	var want []string
	for c, err := range hs.store.Walk(t.Context(), leaks.DetailsQuery{Scope: watchlist.Administrator(), Column: leaks.RootDomain, SortBy: leaks.ByLastSeen}) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, string(b))
	}
	if len(want) <= exportPage {
		t.Fatal(len(want), "credentials are too few")
	}
	// take reads one answer: its rows, and its last mark.
	take := func(target string) (rows []string, mark exportMark) {
		t.Helper()
		code, body := hs.get(h, "admin", target)
		if code != 200 {
			t.Fatal(code, body)
		}
		for _, line := range strings.Split(body, "\n") {
			if !strings.Contains(line, `"cursor":`) {
				rows = append(rows, line)
				continue
			}
			mark = exportMark{}
			if err := json.Unmarshal([]byte(line), &mark); err != nil {
				t.Fatal(err)
			}
			if mark.Rows != len(rows) {
				t.Errorf("a mark after %d rows says %d", len(rows), mark.Rows)
			}
		}
		return rows, mark
	}
	rows, mark := take(target)
	if !slices.Equal(rows, want) || mark != (exportMark{Rows: len(want), End: true, NextStartDate: "2026-11-22"}) {
		t.Errorf("%d rows of %d, %+v", len(rows), len(want), mark)
	}
	for _, limit := range []int{1, 3, 199, 200, 201, len(want), len(want) + 1} {
		var all []string
		next, calls := "", 0
		for {
			rows, mark := take(fmt.Sprintf("%s&limit=%d%s", target, limit, next))
			all = append(all, rows...)
			if calls++; mark.End {
				break
			}
			if len(rows) != limit || mark.Cursor == "" {
				t.Fatalf("%d rows, %+v", len(rows), mark)
			}
			next = "&cursor=" + mark.Cursor
		}
		if !slices.Equal(all, want) || calls != (len(want)+limit-1)/limit {
			t.Errorf("by %d: %d rows of %d in %d calls", limit, len(all), len(want), calls)
		}
	}
	// A cursor is of its query and its scope, and nobody else's.
	_, mark = take(target + "&workspace=" + hs.acme.ID + "&limit=5")
	for _, c := range []struct {
		key, target string
		status      int
	}{
		{"member", target + "&cursor=" + mark.Cursor, 200},
		{"member", target + "&country=DE&cursor=" + mark.Cursor, 422},
		{"rival", target + "&cursor=" + mark.Cursor, 422},
		{"admin", target + "&cursor=" + mark.Cursor, 422},
		{"admin", target + "&workspace=" + hs.acme.ID + "&cursor=" + mark.Cursor, 200},
	} {
		if code, body := hs.get(h, c.key, c.target); code != c.status {
			t.Errorf("%s %s: %d %s", c.key, c.target, code, body)
		}
	}
	_, all := take(target + "&limit=7")
	// What is ingested in between is not seen behind the cursor.
	if _, err := hs.store.Ingest(t.Context(), records(), &leaks.IngestOptions{Source: "feed-9", Seen: today}); err != nil {
		t.Fatal(err)
	}
	if rows, _ := take(target + "&cursor=" + all.Cursor); !slices.Equal(rows, want[7:]) {
		t.Error("the snapshot changed")
	}
}
