package leaks

import "context"

// A search text is looked for in strings, not in rows: in the root domains,
// domains, usernames and e-mail domains of groups, of which all rows match then,
// and in the hosts and machines of rows. Where the groups in scope are few of
// the table's, it is looked for in the strings that these refer to
// (search_scope.go): that costs the more the larger the scope is, however large
// the table. Else it is looked for in whole dictionaries, by their text indexes
// (search_eager.go). Both leave in scope only the groups that match.
var (
	// ownSearch is up to how many groups in scope are few, whatever the table's
	// number, and nothing but strings of their own is looked at, so that time
	// tells nothing of others'. Tests change it.
	ownSearch uint32 = 4096
	// scopeShare: one group in so many of a table's is few, too. Tests change it.
	scopeShare uint32 = 16
)

// searchFor narrows the scope to the groups that match the search text.
func (s *selection) searchFor(ctx context.Context) error {
	few := max(ownSearch, s.t.groups/scopeShare)
	if len(s.groupTests) > 0 && s.len() <= few {
		var kept []uint32
		if err := s.each(func(g uint32) error {
			if s.group(g) {
				kept = append(kept, g)
			}
			return nil
		}); err != nil {
			return err
		}
		s.groupSet, s.groupTests = groupSet{list: kept}, nil
	}
	switch n := s.len(); {
	case n == 0:
		return firstError(ctx.Err(), s.c.err())
	case n <= few:
		return s.searchScope(ctx, n <= ownSearch)
	}
	return s.searchAll(ctx)
}

// A searcher knows of the groups and rows in scope which match.
type searcher struct {
	c     *tableCursor
	whole *numberSet // groups of which every row matches
	// Of hosts and machines those may be missing that occur only in groups that
	// match as a whole.
	host, facts *numberSet
}

// group reports whether all rows of a group match.
func (sr *searcher) group(g uint32) bool { return sr.whole.has(g) }

// row reports whether a row matches by what is its own.
func (sr *searcher) row(r uint32) bool {
	return sr.host.has(sr.c.host(r)) || sr.facts.has(sr.c.machine(r))
}
