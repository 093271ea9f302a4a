package leaks

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wantError fails unless err is as wanted and says so in one line, without the
// text that must not be told.
func wantError(t *testing.T, what string, err, want error, secret string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
		return
	}
	if text := err.Error(); strings.Contains(text, "\n") || len(text) > 400 || secret != "" && strings.Contains(text, secret) {
		t.Errorf("%s: says %q", what, text)
	}
}

// TestOpenRefuses: what is no store, or not this one's key, or in use, is left
// as it is.
func TestOpenRefuses(t *testing.T) {
	open := func(dir string, change func(o *Options)) error {
		opts := testOptions()
		if change != nil {
			change(opts)
		}
		s, err := Open(dir, opts)
		if err == nil {
			err = errors.Join(errors.New("it opens"), s.Close())
		}
		return err
	}
	top := testDir(t)
	dir := filepath.Join(top, "store")
	s := openTest(t, dir, testOptions())
	ingestAll(t, s, newWorld(1).records(50))
	before := answers(t, s)
	wantError(t, "a store that is open", open(dir, nil), ErrLocked, "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "another key", open(dir, func(o *Options) { o.Key[0]++ }), ErrWrongKey, "")

	foreign := filepath.Join(top, "foreign")
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "letter.txt"), []byte("dear anna"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(t, "a directory of something else", open(foreign, nil), ErrNotStore, "")
	if entries, _ := os.ReadDir(foreign); len(entries) != 1 {
		t.Errorf("the directory of something else now holds %v", entries)
	}
	if err := open(filepath.Join(foreign, "letter.txt"), nil); err == nil || strings.Contains(err.Error(), "it opens") {
		t.Errorf("a file: %v", err)
	}

	for name, change := range map[string]func(o *Options){
		"key":           func(o *Options) { o.Key = [32]byte{} },
		"memory_budget": func(o *Options) { o.MemoryBudget = 1 },
		"segment_rows":  func(o *Options) { o.SegmentRows = -1 },
		"merge_fanout":  func(o *Options) { o.MergeFanout = 1 },
		"workers":       func(o *Options) { o.Workers = -1 },
		"min_free":      func(o *Options) { o.MinFree = -1 },
		"cursor_idle":   func(o *Options) { o.CursorIdle = -1 },
	} {
		err := open(filepath.Join(top, "new"), change)
		wantError(t, name, err, ErrInvalid, "")
		var pe *ParamError
		if !errors.As(err, &pe) || pe.Param != name {
			t.Errorf("%s: %v names another parameter", name, err)
		}
	}
	if _, err := Open(filepath.Join(top, "new"), nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("no options: %v", err)
	}
	if err := open("", nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("no directory: %v", err)
	}
	if _, err := os.Stat(filepath.Join(top, "new")); !os.IsNotExist(err) {
		t.Errorf("refused options made a directory: %v", err)
	}

	s = openTest(t, dir, testOptions())
	if answers(t, s) != before {
		t.Error("the store has changed")
	}
}

// TestQueriesRefused: each malformed parameter is named.
func TestQueriesRefused(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	details := func(change func(q *DetailsQuery)) func() error {
		return func() error {
			q := DetailsQuery{Scope: only("a.example"), Column: RootDomain}
			change(&q)
			_, err := s.Details(t.Context(), q)
			return err
		}
	}
	narrow := func(col Column, ids ...string) func() error {
		return func() error { _, err := Narrow(everything, col, ids...); return err }
	}
	for _, c := range []struct {
		param string
		call  func() error
	}{
		{"identifier_column", details(func(q *DetailsQuery) { q.Column = "" })},
		{"identifier_column", details(func(q *DetailsQuery) { q.Column = "password" })},
		{"identifier", narrow(RootDomain, "not a domain")},
		{"identifier", narrow(AnyColumn, "a.example", "a b@c.example")},
		{"identifier", narrow(EmailDomain, "")},
		{"identifier", narrow(Username, " ")},
		{"identifier", narrow(EmailDomain, make([]string, maxIdentifiers+1)...)},
		{"username", details(func(q *DetailsQuery) { q.Filters.Username = make([]string, maxIdentifiers+1) })},
		{"page", details(func(q *DetailsQuery) { q.Page = -1 })},
		{"page_size", details(func(q *DetailsQuery) { q.PageSize = 201 })},
		{"page_size", details(func(q *DetailsQuery) { q.PageSize = -1 })},
		{"min_occurrences", details(func(q *DetailsQuery) { q.MinOccurrences = -1 })},
		{"sort_by", details(func(q *DetailsQuery) { q.SortBy = "hash" })},
		{"search", details(func(q *DetailsQuery) { q.Search = strings.Repeat("a", maxSearchBytes+1) })},
		{"type", details(func(q *DetailsQuery) { q.Type = []string{"Combination"} })},
		{"hash", details(func(q *DetailsQuery) { q.Hash = []string{"12"} })},
		{"hash", details(func(q *DetailsQuery) { q.Hash = []string{strings.Repeat("g", 32)} })},
		{"upload_stealed", details(func(q *DetailsQuery) { q.UploadStealed = []Day{"2024-02-30"} })},
		{"upload_date", details(func(q *DetailsQuery) { q.UploadDate = []Day{"yesterday"} })},
		{"log_date", details(func(q *DetailsQuery) { q.LogDate = []Day{"2024-1-2"} })},
		{"start_date", details(func(q *DetailsQuery) { q.StartDate = "2024" })},
		{"end_date", details(func(q *DetailsQuery) { q.EndDate = "2024-13-01" })},
		{"end_date", details(func(q *DetailsQuery) { q.StartDate, q.EndDate = "2024-06-02", "2024-06-01" })},
		{"cursor", details(func(q *DetailsQuery) { q.Cursor = "nonsense" })},
		{"hash", func() error { _, err := s.Occurrences(t.Context(), everything, RootDomain, "xyz"); return err }},
		{"identifier_column", func() error {
			_, err := s.Occurrences(t.Context(), everything, "", fmt.Sprintf("%032x", 1))
			return err
		}},
		{"identifier_column", func() error { _, err := s.Analytics(t.Context(), everything, Username, "a.example"); return err }},
		{"domain", func() error { _, err := s.Analytics(t.Context(), everything, RootDomain, "a b"); return err }},
		{"domain", func() error { _, err := s.Analytics(t.Context(), everything, EmailDomain, ""); return err }},
		{"granularity", func() error {
			_, err := s.Stats(t.Context(), StatsQuery{Scope: everything, Column: RootDomain, Granularity: "week"})
			return err
		}},
		{"username", func() error { _, err := s.Exposed(t.Context(), "", "", "a.example"); return err }},
		{"domain", func() error { _, err := s.Exposed(t.Context(), "anna", "x", "https://"); return err }},
		{"before", func() error { _, err := s.Expire(t.Context(), time.Time{}); return err }},
		{"batch", func() error {
			_, err := s.Ingest(t.Context(), seqOf(nil), &IngestOptions{Batch: strings.Repeat("b", maxFactBytes+1)})
			return err
		}},
		{"source", func() error {
			_, err := s.Ingest(t.Context(), seqOf(nil), &IngestOptions{Source: strings.Repeat("b", maxFactBytes+1)})
			return err
		}},
		{"seen", func() error {
			_, err := s.Ingest(t.Context(), seqOf(nil), &IngestOptions{Seen: time.Unix(-1, 0)})
			return err
		}},
	} {
		err := c.call()
		wantError(t, c.param, err, ErrInvalid, "")
		var pe *ParamError
		if errors.As(err, &pe) && pe.Param != c.param {
			t.Errorf("%v names another parameter than %s", err, c.param)
		}
	}
}

// secret is the password of the records below; no trace of it may be left.
const secret = "Tr0ub4dor-and-3-staples"

// TestBadRecords: a record that cannot be taken is told by its reason, without
// any of its values, and costs none of its neighbours.
func TestBadRecords(t *testing.T) {
	good := Record{Username: "anna@mail.example", Password: secret, Host: "https://a.example/login"}
	bad := []struct {
		reason RejectReason
		change func(r *Record)
	}{
		{RejectURLOnly, func(r *Record) { r.Username, r.Password = " \t", "" }},
		{RejectHost, func(r *Record) { r.Host = "https://" + secret + ":x y/" }},
		{RejectDomain, func(r *Record) { r.Domain = secret + " " + secret }},
		{RejectRoot, func(r *Record) { r.Root = "a b" }},
		{RejectEmailDomain, func(r *Record) { r.EmailDomain = "other.example" }},
		{RejectLocalPart, func(r *Record) { r.LocalPart = secret }},
		{RejectCountry, func(r *Record) { r.Country = "Atlantis" }},
		{RejectIP, func(r *Record) { r.IPAddress = "192.0.2.1:" + secret }},
		{RejectProtocol, func(r *Record) { r.Protocol = "no scheme " + secret }},
		{RejectType, func(r *Record) { r.Type = 9 }},
		{RejectStealed, func(r *Record) { r.UploadStealed = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{RejectUploadDate, func(r *Record) { r.UploadDate = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{RejectLogDate, func(r *Record) { r.LogDate = time.Unix(-1, 0) }},
		{RejectTooLong, func(r *Record) { r.Username = strings.Repeat(secret, 1000) }},
		{RejectTooLong, func(r *Record) { r.Password = strings.Repeat(secret, 1000) }},
		{RejectTooLong, func(r *Record) { r.Host = strings.Repeat(secret, 1000) }},
		{RejectTooLong, func(r *Record) { r.ComputerName = strings.Repeat(secret, 1000) }},
	}
	var list []Record
	for _, b := range bad {
		r := good
		r.Source = fmt.Sprint(len(list)) // tells the good ones apart
		r.Place.Line = int64(len(list))
		list = append(list, r)
		r.Place.Line++
		b.change(&r)
		list = append(list, r)
	}
	var told []*Reject
	dir := testDir(t)
	s := openTest(t, dir, testOptions())
	res, err := s.Ingest(t.Context(), seqOf(list), &IngestOptions{Reject: func(r *Reject) { told = append(told, r) }})
	if err != nil || res.Ingested != int64(len(bad)) || len(told) != len(bad) {
		t.Fatalf("%+v, %v, %d told", res, err, len(told))
	}
	for i, r := range told {
		if r.Reason != bad[i].reason || r.Place.Line != int64(2*i+1) {
			t.Errorf("record %d: %v at line %d, want %s at line %d", i, r, r.Place.Line, bad[i].reason, 2*i+1)
		}
		if text := fmt.Sprintf("%v %+v", r, *r); strings.Contains(text, secret[:8]) || strings.Contains(text, "\n") {
			t.Errorf("a reject says %q", text)
		}
	}
	page, err := s.Details(t.Context(), DetailsQuery{Scope: everything, Column: RootDomain})
	if err != nil || page.Total != 1 || page.Data[0].SourceCount != len(bad) {
		t.Fatalf("%+v, %v", page, err)
	}
	if known, err := s.Exposed(t.Context(), "Anna@mail.example", secret, "a.example"); err != nil || !known {
		t.Errorf("exposed: %v, %v", known, err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	noTrace(t, dir)
}

// noTrace looks for the secret in every byte below dir.
func noTrace(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, part := range []string{secret, secret[1:], secret[:len(secret)-1]} {
			if bytes.Contains(b, []byte(part)) {
				t.Errorf("%s holds a password", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
