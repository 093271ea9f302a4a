package clickhouse

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
)

type session struct{ *server }

// Close stops the server.
func (s *session) Close() error { return s.stop() }

// uniqError is the relative error of uniqCombined at its default precision.
const uniqError = 0.005

// Ask answers a query.
func (s *session) Ask(ctx context.Context, q *peers.Query) (*peers.Answer, error) {
	switch q.Kind {
	case peers.Details:
		page, err := s.details(ctx, q)
		return &peers.Answer{Details: page}, err
	case peers.ByHash:
		rows, err := s.rows(ctx, where(q)+" AND hash = unhex("+quote(q.Hash)+")")
		return &peers.Answer{Occurrences: peers.FoldOccurrences(rows)}, err
	case peers.Analytics:
		a, err := s.analytics(ctx, q)
		return &peers.Answer{Analytics: a, Estimated: uniqError}, err
	}
	return nil, fmt.Errorf("unknown kind %q", q.Kind)
}

// where is the condition of a query.
func where(q *peers.Query) string {
	conds := []string{"1"}
	if q.ID != "" {
		conds = []string{string(q.Column) + " = " + quote(q.ID)}
	}
	if q.ID != "" && q.Column == leaks.Username {
		// The copy is sorted by e-mail domain first.
		_, domain, _ := strings.Cut(q.ID, "@")
		conds = append(conds, "email_domain = "+quote(domain))
	}
	switch q.Type {
	case "Stealer":
		conds = append(conds, "stealer = 1")
	case "Combo":
		conds = append(conds, "stealer = 0")
	}
	if q.Country != "" {
		conds = append(conds, "country = "+quote(q.Country))
	}
	if q.From != 0 {
		conds = append(conds, "seen >= "+strconv.FormatUint(uint64(q.From), 10))
	}
	if q.Search != "" {
		var any []string
		for _, f := range peers.Searched {
			any = append(any, "positionCaseInsensitiveUTF8("+peers.Columns[f]+", "+quote(q.Search)+") > 0")
		}
		conds = append(conds, "("+strings.Join(any, " OR ")+")")
	}
	return strings.Join(conds, " AND ")
}

func (s *session) details(ctx context.Context, q *peers.Query) (*leaks.DetailsPage, error) {
	table := "occ"
	if q.ID != "" && q.Column != leaks.RootDomain && q.Search == "" {
		table = "occ_mail"
	}
	// Of a query with GROUP BY, rows_before_limit_at_least is exact.
	out, err := s.ask(ctx, fmt.Sprintf(`SELECT hex(hash), any(root_domain), uniqExact(source) AS sources, max(seen) AS last
FROM %s WHERE %s GROUP BY hash ORDER BY sources DESC, last DESC, hash LIMIT %d, %d
FORMAT JSONCompact`, table, where(q), (q.Page-1)*peers.PageSize, peers.PageSize))
	if err != nil {
		return nil, err
	}
	var found struct {
		Data  [][4]any `json:"data"`
		Total int      `json:"rows_before_limit_at_least"`
	}
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, err
	}
	var (
		groups        []peers.Group
		hashes, roots []string
	)
	for _, row := range found.Data {
		h, ok := row[0].(string)
		root, ok2 := row[1].(string)
		hash, err := hex.DecodeString(h)
		if err != nil || len(hash) != 16 || !ok || !ok2 {
			return nil, fmt.Errorf("clickhouse: a group %v", row)
		}
		groups = append(groups, peers.Group{Hash: [16]byte(hash), Root: root})
		hashes, roots = append(hashes, "unhex('"+h+"')"), append(roots, quote(root))
	}
	if len(groups) == 0 {
		return peers.Page(q, 0, nil, nil), nil
	}
	cond := where(q) + " AND hash IN (" + strings.Join(hashes, ",") + ")"
	if q.ID == "" || q.Column != leaks.RootDomain {
		slices.Sort(roots)
		cond += " AND root_domain IN (" + strings.Join(slices.Compact(roots), ",") + ")"
	}
	rows, err := s.rows(ctx, cond)
	if err != nil {
		return nil, err
	}
	return peers.Page(q, found.Total, groups, rows), nil
}

// rows returns the rows of a condition.
func (s *session) rows(ctx context.Context, cond string) ([]peers.Row, error) {
	out, err := s.ask(ctx, "SELECT hex(hash), seq, seen, upload, log, stealer, "+strings.Join(peers.Columns[:], ", ")+" FROM occ WHERE "+cond+" FORMAT TabSeparated")
	if err != nil {
		return nil, err
	}
	var rows []peers.Row
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6+peers.Texts {
			return nil, fmt.Errorf("clickhouse: a row of %d columns", len(f))
		}
		hash, err := hex.DecodeString(f[0])
		if err != nil || len(hash) != 16 {
			return nil, fmt.Errorf("clickhouse: a hash of %d digits", len(f[0]))
		}
		r := peers.Row{Hash: [16]byte(hash), Stealer: f[5] == "1"}
		for i, to := range []*uint32{&r.Seq, &r.Seen, &r.Upload, &r.Log} {
			v, err := strconv.ParseUint(f[1+i], 10, 32)
			if err != nil {
				return nil, err
			}
			*to = uint32(v)
		}
		for i := range r.Text {
			r.Text[i] = unescape.Replace(f[6+i])
		}
		rows = append(rows, r)
	}
	return rows, nil
}

var unescape = strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\t`, "\t", `\n`, "\n", `\r`, "\r", `\0`, "\x00", `\b`, "\b", `\f`, "\f")

// quote spells a string literal.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// analytics answers from the aggregates.
func (s *session) analytics(ctx context.Context, q *peers.Query) (*stats.Analytics, error) {
	if q.Column != leaks.RootDomain {
		return nil, fmt.Errorf("no aggregates by %s", q.Column)
	}
	out, err := s.ask(ctx, `SELECT countMerge(n), maxMerge(latest), uniqCombinedIfMerge(usernames), uniqCombinedIfMerge(passwords),
 uniqCombinedMerge(leaks), uniqCombinedMerge(sources), uniqCombinedIfMerge(inverse)
FROM by_root WHERE root_domain = `+quote(q.ID)+" FORMAT TabSeparated")
	if err != nil {
		return nil, err
	}
	a := &stats.Analytics{LeaksByType: []stats.TypeCount{}, LeaksByDay: []stats.DayCount{}, LeaksByStealer: []stats.StealerCount{}, LeaksByCountry: []stats.CountryCount{}}
	var latest int64
	_, err = fmt.Sscan(string(out), &a.TotalLeaks, &latest, &a.UniqueUsernames, &a.UniquePasswords, &a.UniqueLeaks, &a.UniqueSources, &a.UniqueDomains)
	if err != nil {
		return nil, err
	}
	a.LatestLeakDate = leaks.Time{Time: time.Unix(latest, 0)}.String()
	out, err = s.ask(ctx, "SELECT fact, sum(n) AS n FROM by_root_and WHERE root_domain = "+quote(q.ID)+" GROUP BY fact ORDER BY n DESC, fact FORMAT TabSeparated")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 2 {
			return nil, fmt.Errorf("clickhouse: an aggregate of %d columns", len(f))
		}
		n, err := strconv.ParseUint(f[1], 10, 64)
		if err != nil {
			return nil, err
		}
		kind, name, _ := strings.Cut(unescape.Replace(f[0]), " ")
		if name == "" {
			continue // a record without that fact
		}
		switch kind {
		case "type":
			a.LeaksByType = append(a.LeaksByType, stats.TypeCount{Type: name, Count: n})
		case "day":
			day, err := strconv.ParseInt(name, 10, 64)
			if err != nil {
				return nil, err
			}
			a.LeaksByDay = append(a.LeaksByDay, stats.DayCount{Date: time.Unix(day*86400, 0).UTC().Format(time.DateOnly), Count: n})
		case "stealer":
			a.LeaksByStealer = append(a.LeaksByStealer, stats.StealerCount{StealerName: name, Count: n})
		case "country":
			a.LeaksByCountry = append(a.LeaksByCountry, stats.CountryCount{Country: name, Count: n})
		}
	}
	a.LeaksByStealer = a.LeaksByStealer[:min(20, len(a.LeaksByStealer))]
	a.LeaksByCountry = a.LeaksByCountry[:min(20, len(a.LeaksByCountry))]
	slices.SortFunc(a.LeaksByDay, func(x, y stats.DayCount) int { return cmp.Compare(x.Date, y.Date) })
	return a, nil
}
