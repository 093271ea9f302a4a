package badgerkv

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	badger "github.com/dgraph-io/badger/v4"

	"github.com/leakscope/leakscope/bench/peers"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
)

type session struct{ db *badger.DB }

// Close closes the database.
func (s *session) Close() error { return s.db.Close() }

// Ask answers a query.
func (s *session) Ask(ctx context.Context, q *peers.Query) (a *peers.Answer, err error) {
	a = new(peers.Answer)
	err = s.db.View(func(txn *badger.Txn) error {
		switch q.Kind {
		case peers.Details:
			a.Details, err = details(ctx, txn, q)
			return err
		case peers.ByHash:
			hash, err := hex.DecodeString(q.Hash)
			if err != nil || q.Column != leaks.RootDomain {
				return fmt.Errorf("by-hash within %s: %w", q.Column, err)
			}
			rows, err := rowsOf(txn, q, q.ID, hash)
			a.Occurrences = peers.FoldOccurrences(rows)
			return err
		case peers.Analytics:
			a.Analytics, err = analytics(ctx, txn, q)
			return err
		}
		return fmt.Errorf("unknown kind %q", q.Kind)
	})
	return a, err
}

// each calls fn with every key and value of a prefix.
func each(ctx context.Context, txn *badger.Txn, prefix []byte, fn func(key, value []byte) error) error {
	opts := badger.DefaultIteratorOptions
	opts.Prefix = prefix
	it := txn.NewIterator(opts)
	defer it.Close()
	for n := 0; ; n++ {
		if n == 0 {
			it.Rewind()
		} else {
			it.Next()
		}
		if !it.Valid() {
			return nil
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		item := it.Item()
		if err := item.Value(func(v []byte) error { return fn(item.Key(), v) }); err != nil {
			return err
		}
	}
}

// details goes over the keys of a scope, in which the rows of a credential
// stand together.
func details(ctx context.Context, txn *badger.Txn, q *peers.Query) (*leaks.DetailsPage, error) {
	var (
		groups  []peers.Group
		group   peers.Group
		sources = map[string]bool{}
		needle  = strings.ToLower(q.Search)
		row     peers.Row
	)
	finish := func() {
		if len(sources) > 0 {
			group.Sources = len(sources)
			groups = append(groups, group)
			clear(sources)
		}
	}
	add := func(key []byte, root string, seen uint32, source []byte) {
		if hash := key[len(key)-tail : len(key)-4]; !bytes.Equal(hash, group.Hash[:]) || len(sources) == 0 {
			finish()
			group = peers.Group{Hash: [16]byte(hash), Root: root}
		}
		group.Last = max(group.Last, seen)
		if !sources[string(source)] {
			sources[string(source)] = true
		}
	}
	prefix, short := []byte{byRoot}, false
	switch {
	case q.ID == "":
	case q.Column == leaks.RootDomain:
		prefix = appendPrefix(nil, byRoot, q.ID)
	case q.Column == leaks.EmailDomain:
		prefix, short = appendPrefix(nil, byMail, q.ID), true
	default:
		prefix, short = appendPrefix(nil, byUser, q.ID), true
	}
	if short && (q.Type != "" || q.Country != "" || q.From != 0 || q.Search != "") {
		return nil, fmt.Errorf("no filters within %s", q.Column)
	}
	err := each(ctx, txn, prefix, func(key, value []byte) error {
		if short {
			root := key[len(prefix) : len(key)-tail-1]
			if len(sources) > 0 && string(root) == group.Root {
				add(key, group.Root, binary.BigEndian.Uint32(value), value[5:])
			} else {
				add(key, string(root), binary.BigEndian.Uint32(value), value[5:])
			}
			return nil
		}
		if err := peers.ReadFact(string(value), &row); err != nil {
			return err
		}
		if q.Matches(&row, needle) {
			add(key, row.Text[peers.Root], row.Seen, []byte(row.Text[peers.Source]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	finish()
	slices.SortFunc(groups, func(a, b peers.Group) int { return peers.CompareGroups(&a, &b) })
	total := len(groups)
	lo := min((q.Page-1)*peers.PageSize, total)
	groups = groups[lo:min(lo+peers.PageSize, total)]
	var rows []peers.Row
	for i := range groups {
		more, err := rowsOf(txn, q, groups[i].Root, groups[i].Hash[:])
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return peers.Page(q, total, groups, rows), nil
}

// rowsOf returns the selected rows of one credential.
func rowsOf(txn *badger.Txn, q *peers.Query, root string, hash []byte) (rows []peers.Row, err error) {
	needle := strings.ToLower(q.Search)
	err = each(context.Background(), txn, append(appendPrefix(nil, byRoot, root), hash...), func(_, value []byte) error {
		var r peers.Row
		if err := peers.ReadFact(string(value), &r); err != nil {
			return err
		}
		if q.Matches(&r, needle) {
			rows = append(rows, r)
		}
		return nil
	})
	return rows, err
}

// analytics counts the rows of a root domain.
func analytics(ctx context.Context, txn *badger.Txn, q *peers.Query) (*stats.Analytics, error) {
	if q.Column != leaks.RootDomain {
		return nil, fmt.Errorf("no analytics by %s", q.Column)
	}
	var (
		unique                              [5]map[string]bool
		byType, byDay, byStealer, byCountry = map[string]uint64{}, map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
		r                                   peers.Row
		latest                              uint32
		a                                   = new(stats.Analytics)
	)
	for i := range unique {
		unique[i] = map[string]bool{}
	}
	err := each(ctx, txn, appendPrefix(nil, byRoot, q.ID), func(_, value []byte) error {
		if err := peers.ReadFact(string(value), &r); err != nil {
			return err
		}
		password := ""
		if r.Text[peers.Mask] != "" {
			password = string(value[16:24])
		}
		for i, v := range [...]string{r.Text[peers.Username], password, string(r.Hash[:]), r.Text[peers.Source], r.Text[peers.Mail]} {
			if v != "" || i == 3 {
				unique[i][v] = true
			}
		}
		a.TotalLeaks++
		latest = max(latest, r.Seen)
		byType[r.Type()]++
		byDay[time.Unix(int64(r.Seen), 0).UTC().Format(time.DateOnly)]++
		if v := r.Text[peers.StealerName]; v != "" {
			byStealer[v]++
		}
		if v := r.Text[peers.Country]; v != "" {
			byCountry[v]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, to := range []*uint64{&a.UniqueUsernames, &a.UniquePasswords, &a.UniqueLeaks, &a.UniqueSources, &a.UniqueDomains} {
		*to = uint64(len(unique[i]))
	}
	if a.TotalLeaks > 0 {
		a.LatestLeakDate = leaks.Time{Time: time.Unix(int64(latest), 0)}.String()
	}
	a.LeaksByType = counts(byType, 20, func(name string, n uint64) stats.TypeCount { return stats.TypeCount{Type: name, Count: n} })
	a.LeaksByStealer = counts(byStealer, 20, func(name string, n uint64) stats.StealerCount {
		return stats.StealerCount{StealerName: name, Count: n}
	})
	a.LeaksByCountry = counts(byCountry, 20, func(name string, n uint64) stats.CountryCount {
		return stats.CountryCount{Country: name, Count: n}
	})
	a.LeaksByDay = counts(byDay, len(byDay), func(name string, n uint64) stats.DayCount { return stats.DayCount{Date: name, Count: n} })
	slices.SortFunc(a.LeaksByDay, func(x, y stats.DayCount) int { return strings.Compare(x.Date, y.Date) })
	return a, nil
}

// counts lists the greatest counts, ties by name.
func counts[T any](of map[string]uint64, most int, item func(string, uint64) T) []T {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		switch {
		case of[a] > of[b]:
			return -1
		case of[a] < of[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	out := []T{}
	for _, name := range names[:min(most, len(names))] {
		out = append(out, item(name, of[name]))
	}
	return out
}
