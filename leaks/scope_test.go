package leaks

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/leakscope/leakscope/watchlist"
)

// scopesOf returns scopes of like size that see different rows of a store.
func scopesOf(t *testing.T) []watchlist.Scope {
	t.Helper()
	both, err := everything.Only(watchlist.Selection{Domains: []string{"org0.test"}, Usernames: []string{"login7"}})
	if err != nil {
		t.Fatal(err)
	}
	return []watchlist.Scope{
		{}, everything, only("org0.test"), only("org1.test"), only("www.org0.test"), only("org0.test", "org1.test"),
		onlyUsers("org0.test"), onlyUsers("login7"), both,
	}
}

// TestNoAnswerCrossesScopes: whatever was asked before, kept answers and cursors
// of one scope or column serve no other.
func TestNoAnswerCrossesScopes(t *testing.T) {
	s, o := openTest(t, testDir(t), testOptions()), &oracle{}
	w := newWorld(8)
	w.roots, w.users = []string{"org0.test", "org1.test"}, append(w.users, "login7", "x@org0.test", "y@org1.test")
	w.ingestRandomly(t, s, o, w.records(400))
	columns := []Column{RootDomain, EmailDomain, Username, AnyColumn}
	type cursorOf struct {
		scope  int
		column Column
		cursor string
	}
	var cursors []cursorOf
	scopes := scopesOf(t)
	for range 2 { // the second time from what was kept
		for i, sc := range scopes {
			for _, col := range columns {
				q := DetailsQuery{Scope: sc, Column: col, PageSize: 3, Cursor: StartCursor}
				page, err := s.Details(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				all := o.credentials(&q)
				if page.Total != len(all) || mustJSON(t, page.Data) != mustJSON(t, append([]Credential{}, all[:min(3, len(all))]...)) {
					t.Fatalf("scope %d by %s: %d rows, want %d", i, col, page.Total, len(all))
				}
				if page.NextCursor != "" {
					cursors = append(cursors, cursorOf{i, col, page.NextCursor})
				}
			}
		}
	}
	if len(cursors) < 20 {
		t.Fatalf("only %d cursors", len(cursors))
	}
	for _, from := range cursors {
		for i, sc := range scopes {
			for _, col := range columns {
				_, err := s.Details(t.Context(), DetailsQuery{Scope: sc, Column: col, PageSize: 3, Cursor: from.cursor})
				if own := i == from.scope && col == from.column; own && err != nil || !own && !errors.Is(err, ErrInvalid) {
					t.Fatalf("a cursor of scope %d by %s in scope %d by %s: %v", from.scope, from.column, i, col, err)
				}
			}
		}
	}
}

// TestNothingOutsideShows: what is outside a scope looks as if it did not exist.
func TestNothingOutsideShows(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, newWorld(1).records(300))
	hash := ""
	for c, err := range s.Walk(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain}) {
		if err != nil {
			t.Fatal(err)
		}
		hash = c.Hash
	}
	for i, sc := range []watchlist.Scope{{}, only("elsewhere.test"), onlyUsers("nobody")} {
		for _, col := range []Column{RootDomain, EmailDomain, Username, AnyColumn} {
			there, err := s.Occurrences(t.Context(), sc, col, hash)
			if err != nil {
				t.Fatal(err)
			}
			missing, err := s.Occurrences(t.Context(), sc, col, fmt.Sprintf("%032x", 1))
			if err != nil || mustJSON(t, there) != mustJSON(t, missing) {
				t.Errorf("scope %d by %s: %s, %v", i, col, mustJSON(t, there), err)
			}
		}
		for _, domain := range []string{"org0.test", "org0.example", "never-seen.test", "test"} {
			for _, col := range []Column{RootDomain, EmailDomain} {
				if a, err := s.Analytics(t.Context(), sc, col, domain); !errors.Is(err, ErrOutside) || a != nil {
					t.Errorf("analytics of %s in scope %d: %v", domain, i, err)
				}
			}
		}
	}
}

// TestCoversAreBounded: a table remembers what entries cover, within its limit.
func TestCoversAreBounded(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, numbered(100))
	table := s.current.segments[0].table
	for i := range 3000 {
		q := DetailsQuery{Scope: only(fmt.Sprintf("d%d.example", i)), Column: AnyColumn}
		if _, err := s.Details(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	cc := table.covers
	held := 0
	for key := range cc.covers {
		held += len(key.entry)
	}
	if cc.bytes > cc.limit || held > cc.limit || len(cc.covers) == 0 {
		t.Errorf("%d entries of %d bytes, the limit is %d", len(cc.covers), cc.bytes, cc.limit)
	}
}

func TestGroupSet(t *testing.T) {
	w := newWorld(3)
	for range 300 {
		var s groupSet
		var want []uint32
		at := uint32(0)
		for range w.rng.IntN(8) {
			at += uint32(w.rng.IntN(5))
			if w.chance(1, 2) {
				n := 1 + uint32(w.rng.IntN(40))
				s.ranges = append(s.ranges, span{at, at + n})
				for range n {
					want = append(want, at)
					at++
				}
			} else {
				s.list = append(s.list, at)
				want = append(want, at)
				at++
			}
		}
		if s.len() != uint32(len(want)) || s.empty() != (len(want) == 0) {
			t.Fatalf("%v: %d groups, want %d", s, s.len(), len(want))
		}
		if lo, hi := s.bounds(); len(want) > 0 && (lo != want[0] || hi != want[len(want)-1]+1) {
			t.Fatalf("%v: bounds %d to %d", s, lo, hi)
		}
		rest, got := s.clone(), []uint32(nil)
		for n := 1 + uint32(w.rng.IntN(20)); ; {
			block := rest.take(n, nil)
			if len(block) > int(n) {
				t.Fatalf("a block of %d, at most %d", len(block), n)
			}
			if len(block) == 0 {
				break
			}
			got = append(got, block...)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v: %v, want %v", s, got, want)
		}
		var more []uint32
		for g := uint32(0); g < at+5; g += 1 + uint32(w.rng.IntN(4)) {
			more = append(more, g)
		}
		both := s.with(more)
		got = nil
		if err := both.each(func(g uint32) error { got = append(got, g); return nil }); err != nil {
			t.Fatal(err)
		}
		union := append(slices.Clone(want), more...)
		slices.Sort(union)
		if union = slices.Compact(union); !slices.Equal(got, union) {
			t.Fatalf("%v and %v: %v", s, more, got)
		}
		common := slices.DeleteFunc(slices.Clone(more), func(g uint32) bool { return !slices.Contains(want, g) })
		if got := s.intersect(more); !slices.Equal(got, common) {
			t.Fatalf("common to %v: %v, want %v", s, got, common)
		}
	}
}
