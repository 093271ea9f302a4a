package peers

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
)

// A SQL session asks a database of table occ, whose columns are named as in
// [Columns], beside hash, pw, seq, seen, upload, log and stealer (0 or 1).
//
// A page is asked for in several statements, because that is faster everywhere
// than one: the order and the total of all groups need few columns, and only
// the rows of the 50 groups shown need the others.
type SQL struct {
	Conn *sql.Conn
	// Search returns the condition that a row contains a text, and its
	// arguments.
	Search func(text string) (string, []any)
	// Hash makes an argument of a hash.
	Hash func([16]byte) any
	// Literal, if set, spells an argument; statements are then run as whole
	// texts instead of prepared ones.
	Literal func(any) string
	// CountApart says that the total of a page is had faster by a statement
	// of its own than by a window over the groups.
	CountApart bool
	// Days is an expression for the day of seen, as days since 1970.
	Days string

	stmts map[string]*sql.Stmt
	done  []func() error
}

// OnClose adds what is to be done at Close, after the statements are closed.
func (s *SQL) OnClose(f func() error) { s.done = append(s.done, f) }

// Close ends the session.
func (s *SQL) Close() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	errs = append(errs, s.Conn.Close())
	for _, f := range s.done {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// query runs a statement, prepared at its first use.
func (s *SQL) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if s.Literal != nil {
		parts := strings.Split(text, "?")
		for i := range args {
			parts[i] += s.Literal(args[i])
		}
		return s.Conn.QueryContext(ctx, strings.Join(parts, ""))
	}
	st := s.stmts[text]
	if st == nil {
		var err error
		if st, err = s.Conn.PrepareContext(ctx, text); err != nil {
			return nil, fmt.Errorf("%w in %s", err, text)
		}
		if s.stmts == nil {
			s.stmts = make(map[string]*sql.Stmt)
		}
		s.stmts[text] = st
	}
	return st.QueryContext(ctx, args...)
}

// where returns the condition of a query.
func (s *SQL) where(q *Query) (string, []any) {
	var (
		conds []string
		args  []any
	)
	add := func(cond string, a ...any) { conds, args = append(conds, cond), append(args, a...) }
	if q.ID != "" {
		add(string(q.Column)+" = ?", q.ID)
	}
	if q.Type != "" {
		stealer := 0
		if q.Type == "Stealer" {
			stealer = 1
		}
		add("stealer = ?", stealer)
	}
	if q.Country != "" {
		add("country = ?", q.Country)
	}
	if q.From != 0 {
		add("seen >= ?", q.From)
	}
	if q.Search != "" {
		cond, a := s.Search(q.Search)
		add(cond, a...)
	}
	if len(conds) == 0 {
		return "1 = 1", nil
	}
	return strings.Join(conds, " AND "), args
}

// Ask answers a query.
func (s *SQL) Ask(ctx context.Context, q *Query) (*Answer, error) {
	switch q.Kind {
	case Details:
		page, err := s.details(ctx, q)
		return &Answer{Details: page}, err
	case ByHash:
		where, args := s.where(q)
		hash, err := parseHash(q.Hash)
		if err != nil {
			return nil, err
		}
		rows, err := s.rows(ctx, where+" AND hash = ?", append(args, s.Hash(hash)))
		return &Answer{Occurrences: FoldOccurrences(rows)}, err
	case Analytics:
		a, err := s.analytics(ctx, q)
		return &Answer{Analytics: a}, err
	}
	return nil, fmt.Errorf("unknown kind %q", q.Kind)
}

func (s *SQL) details(ctx context.Context, q *Query) (*leaks.DetailsPage, error) {
	where, args := s.where(q)
	groups, total, err := s.groups(ctx, q, where, args)
	if err != nil {
		return nil, err
	}
	if len(groups) == 0 {
		return Page(q, 0, nil, nil), nil
	}
	for _, g := range groups {
		args = append(args, s.Hash(g.Hash))
	}
	where += " AND hash IN (?" + strings.Repeat(",?", len(groups)-1) + ")"
	rows, err := s.rows(ctx, where, args)
	if err != nil {
		return nil, err
	}
	return Page(q, total, groups, rows), nil
}

// groups returns the groups of a page, in order, and the number of all.
func (s *SQL) groups(ctx context.Context, q *Query, where string, args []any) (groups []Group, total int, err error) {
	text := "SELECT hash, count(DISTINCT source) AS sources, max(seen) AS last FROM occ WHERE " + where + " GROUP BY hash"
	if s.CountApart {
		text = "SELECT g.*, 0 FROM (" + text + ") AS g"
	} else {
		text = "SELECT hash, sources, last, count(*) OVER () FROM (" + text + ")"
	}
	text += fmt.Sprintf(" ORDER BY sources DESC, last DESC, hash LIMIT %d OFFSET %d", PageSize, (q.Page-1)*PageSize)
	found, err := s.query(ctx, text, args...)
	if err != nil {
		return nil, 0, err
	}
	defer found.Close()
	for found.Next() {
		var (
			g Group
			h HashScan
		)
		if err := found.Scan(&h, &g.Sources, &g.Last, &total); err != nil {
			return nil, 0, err
		}
		g.Hash = h
		groups = append(groups, g)
	}
	if err := found.Err(); err != nil || !s.CountApart {
		return groups, total, err
	}
	count, err := s.query(ctx, "SELECT count(DISTINCT hash) FROM occ WHERE "+where, args...)
	if err != nil {
		return nil, 0, err
	}
	defer count.Close()
	for count.Next() {
		if err := count.Scan(&total); err != nil {
			return nil, 0, err
		}
	}
	return groups, total, count.Err()
}

// rows returns the rows of a condition.
func (s *SQL) rows(ctx context.Context, where string, args []any) ([]Row, error) {
	text := "SELECT hash, seq, seen, upload, log, stealer, " + strings.Join(Columns[:], ", ") + " FROM occ WHERE " + where
	found, err := s.query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var (
		out  []Row
		r    Row
		hash HashScan
	)
	into := []any{&hash, &r.Seq, &r.Seen, &r.Upload, &r.Log, &r.Stealer}
	for i := range r.Text {
		into = append(into, &r.Text[i])
	}
	for found.Next() {
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		r.Hash = hash
		out = append(out, r)
	}
	return out, found.Err()
}

func (s *SQL) analytics(ctx context.Context, q *Query) (*stats.Analytics, error) {
	where, args := s.where(q)
	a := &stats.Analytics{
		LeaksByType: []stats.TypeCount{}, LeaksByDay: []stats.DayCount{},
		LeaksByStealer: []stats.StealerCount{}, LeaksByCountry: []stats.CountryCount{},
	}
	inverse := "email_domain"
	if q.Column == leaks.EmailDomain {
		inverse = "root_domain"
	}
	var latest uint32
	// An empty name is none, but an unnamed source is a source.
	one := func(each func(*sql.Rows) error, text string) error {
		rows, err := s.query(ctx, text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	from := " FROM occ WHERE " + where
	err := one(func(r *sql.Rows) error {
		return r.Scan(&a.TotalLeaks, &latest, &a.UniqueUsernames, &a.UniquePasswords, &a.UniqueLeaks, &a.UniqueSources, &a.UniqueDomains)
	}, `SELECT count(*), max(seen), count(DISTINCT nullif(username, '')),
 count(DISTINCT CASE WHEN mask <> '' THEN pw END), count(DISTINCT hash), count(DISTINCT source),
 count(DISTINCT nullif(`+inverse+`, ''))`+from)
	if err != nil {
		return nil, err
	}
	a.LatestLeakDate = leaks.Time{Time: timeOf(latest)}.String()
	err = errors.Join(
		one(func(r *sql.Rows) error {
			var c stats.TypeCount
			defer func() { a.LeaksByType = append(a.LeaksByType, c) }()
			return r.Scan(&c.Type, &c.Count)
		}, "SELECT CASE WHEN stealer = 1 THEN 'Stealer' ELSE 'Combo' END AS t, count(*)"+from+" GROUP BY 1 ORDER BY 2 DESC, 1"),
		one(func(r *sql.Rows) error {
			var day uint32
			var c stats.DayCount
			err := r.Scan(&day, &c.Count)
			c.Date = timeOf(day * 86400).Format("2006-01-02")
			a.LeaksByDay = append(a.LeaksByDay, c)
			return err
		}, "SELECT "+s.Days+" AS d, count(*)"+from+" GROUP BY 1 ORDER BY 1"),
		one(func(r *sql.Rows) error {
			var c stats.StealerCount
			defer func() { a.LeaksByStealer = append(a.LeaksByStealer, c) }()
			return r.Scan(&c.StealerName, &c.Count)
		}, "SELECT stealer_name, count(*)"+from+" AND stealer_name <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"),
		one(func(r *sql.Rows) error {
			var c stats.CountryCount
			defer func() { a.LeaksByCountry = append(a.LeaksByCountry, c) }()
			return r.Scan(&c.Country, &c.Count)
		}, "SELECT country, count(*)"+from+" AND country <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"),
	)
	return a, err
}

func parseHash(s string) (h [16]byte, err error) {
	b, err := hex.DecodeString(s)
	if err == nil && len(b) != len(h) {
		err = fmt.Errorf("a hash of %d bytes", len(b))
	}
	if err != nil {
		return h, err
	}
	return [16]byte(b), nil
}

// A HashScan is a hash read from a column of 16 bytes or of a UUID.
type HashScan [16]byte

// Scan implements sql.Scanner.
func (h *HashScan) Scan(v any) error {
	switch v := v.(type) {
	case []byte:
		if len(v) == len(h) {
			copy(h[:], v)
			return nil
		}
	case string:
		b, err := parseHash(strings.ReplaceAll(v, "-", ""))
		*h = b
		return err
	}
	return fmt.Errorf("a hash as %T", v)
}
