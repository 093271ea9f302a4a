package leaks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/leakscope/leakscope/watchlist"
)

var _ watchlist.MonitorSource = (*Store)(nil)

// NextSequence returns the ingest sequence number from which on nothing is
// published yet: a mark for monitors. Those of merged segments are kept, so it
// never goes back.
func (s *Store) NextSequence(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	// That of the catalogue may be ahead of what queries see by a publication.
	sn, err := s.acquire()
	if err != nil {
		return 0, err
	}
	defer s.release(sn)
	return sn.contents().seq, nil
}

// NewCredentials yields, in no order and each once, the hashes of the credentials
// that have an occurrence within scope and filter, and of whose occurrences in the
// whole store, whoever may see them, the first was published in [from, to); both
// are values of NextSequence. So a credential is new once and for all monitors at
// the same time: one that was there before and comes up again, even in what only
// now matches, is not.
//
// An occurrence is in scope by [AnyColumn]; if the filter has keywords that are
// in the scope, also for its host. Filter domains are compared with the domains of
// logins and of e-mail addresses. What the filter has that is malformed is
// ErrInvalid, see [CheckMonitorFilter].
//
// What [Store.Expire] has dropped whole is forgotten: it is new when it comes
// again. Of what it has left something of, the first is that which is left, or
// what it was merged with and has been dropped; so it never becomes new for that.
func (s *Store) NewCredentials(ctx context.Context, scope watchlist.Scope, filter watchlist.MonitorFilter, from, to uint64) iter.Seq2[watchlist.Hash, error] {
	return func(yield func(watchlist.Hash, error) bool) {
		err := s.newCredentials(ctx, scope, &filter, from, to, func(h watchlist.Hash) bool { return yield(h, nil) })
		if err != nil {
			yield(watchlist.Hash{}, fmt.Errorf("new credentials: %w", err))
		}
	}
}

// CheckMonitorFilter tells whether a store can use a monitor's filter: domains and
// keywords must be well-formed, types known. Otherwise it is ErrInvalid.
func CheckMonitorFilter(filter watchlist.MonitorFilter) error {
	_, err := compileMonitor(context.Background(), watchlist.Administrator(), &filter)
	return err
}

// A monitorPlan is what a monitor looks for.
type monitorPlan struct {
	// views are queries of which one must select a row. The last may be by
	// keyword; the rows of the others must have a host that one of words
	// matches, if there are any.
	views []*plan
	words []word
	// domains, if not nil, selects the groups that the filter's domains cover.
	domains *plan
}

func compileMonitor(ctx context.Context, scope watchlist.Scope, f *watchlist.MonitorFilter) (*monitorPlan, error) {
	filters := Filters{Username: f.Usernames, Type: f.Types, Country: f.Countries, StealerName: f.Stealers}
	m := new(monitorPlan)
	within := scope // of rows that are in it by their domain or user
	if len(f.Domains) > 0 {
		domains, err := Narrow(watchlist.Administrator(), RootDomain, f.Domains...)
		if err != nil {
			return nil, monitorParam(err, "identifier", "filter.domains")
		}
		only, err := scope.OnlyDomains(domains.Domains()...)
		if err == nil {
			within = only // which is what the filter's domains cover, by AnyColumn
		}
		if err != nil || len(f.Keywords) > 0 {
			if m.domains, err = compile(ctx, domains, AnyColumn, &Filters{}, ""); err != nil {
				return nil, err
			}
		}
	}
	var granted []string
	for _, k := range f.Keywords {
		name, err := NormalizeKeyword(k)
		if err != nil {
			return nil, monitorParam(err, "keyword", "filter.keywords")
		}
		m.words = append(m.words, newWord(name))
		if scope.CoversKeyword(name) {
			granted = append(granted, name)
		}
	}
	// Where everything is in scope, all rows that keywords select are.
	if len(m.words) == 0 || !scope.All() {
		p, err := compile(ctx, within, AnyColumn, &filters, "")
		if err != nil {
			return nil, monitorParam(err, "", "filter.")
		}
		m.views = append(m.views, p)
	}
	if len(granted) > 0 {
		p, err := compileKeywords(ctx, scope, granted, &filters, "")
		if err != nil {
			return nil, monitorParam(err, "", "filter.")
		}
		m.views = append(m.views, p)
	}
	return m, nil
}

// monitorParam gives the parameter of an error the name it has in a filter.
func monitorParam(err error, param, name string) error {
	var p *ParamError
	if errors.As(err, &p) {
		if param == "" {
			name += p.Param + "s"
		}
		return &ParamError{Param: name, Msg: p.Msg}
	}
	return err
}

// selections returns the selections of a plan in one table.
func (m *monitorPlan) selections(ctx context.Context, t *table) ([]*selection, error) {
	var in *selection
	if m.domains != nil {
		var err error
		if in, err = newSelection(ctx, m.domains, t); err != nil || in == nil {
			return nil, err
		}
	}
	var out []*selection
	for _, p := range m.views {
		sel, err := newSelection(ctx, p, t)
		if err != nil {
			return nil, err
		}
		if sel == nil {
			continue
		}
		if len(m.words) > 0 && !p.byKeyword {
			hosts, err := sel.c.wordsHosts(ctx, m.words)
			if err != nil {
				return nil, err
			}
			sel.rowTests, sel.every = append(sel.rowTests, sel.c.hostTest(hosts)), false
		}
		if in != nil {
			sel.groupTests, sel.every = append(sel.groupTests, in.has), false
		}
		out = append(out, sel)
	}
	return out, nil
}

// selects reports whether some row of a group is selected.
func (s *selection) selects(g uint32) bool {
	if s.every {
		return true
	}
	if !s.group(g) {
		return false
	}
	lo, hi := s.c.groupRows(g)
	for r := lo; r < hi; r++ {
		if s.row(r, false) {
			return true
		}
	}
	return false
}

// A newcomers tells which credentials are new in a span of sequence numbers.
type newcomers struct {
	from, to uint64
	origins  [][]uint64 // per segment
	cursors  []*tableCursor
	found    map[hash128]struct{}
	scratch  []uint32
}

func (s *Store) newCredentials(ctx context.Context, scope watchlist.Scope, f *watchlist.MonitorFilter, from, to uint64, yield func(watchlist.Hash) bool) (err error) {
	defer s.asks()()
	m, err := compileMonitor(ctx, scope, f)
	if err != nil || from >= to {
		return err
	}
	sn, err := s.acquire()
	if err != nil {
		return err
	}
	defer s.release(sn)
	w := sn.watch()
	defer w.end(&err)
	theirs := func(h watchlist.Hash) (more bool) {
		w.aside(func() { more = yield(h) })
		return more
	}
	n := &newcomers{from: from, to: to, found: make(map[hash128]struct{})}
	for _, h := range sn.segments {
		c := h.table.cursor()
		n.cursors = append(n.cursors, c)
		n.origins = append(n.origins, c.origins(h.meta.FirstSeq))
		if err := c.err(); err != nil {
			return err
		}
	}
	for i, h := range sn.segments {
		if h.meta.EndSeq <= from {
			continue // nothing in it is new
		}
		sels, err := m.selections(ctx, h.table)
		if err != nil {
			return err
		}
		for _, sel := range sels {
			more, err := n.scan(ctx, i, sel, theirs)
			if err != nil || !more {
				return err
			}
		}
	}
	return nil
}

var errStop = errors.New("no more is wanted")

// scan yields the new credentials of which a selection of a segment selects an
// occurrence; false says that yield wants no more.
func (n *newcomers) scan(ctx context.Context, segment int, sel *selection, yield func(watchlist.Hash) bool) (more bool, err error) {
	first := originsSince(n.origins[segment], n.from)
	polled := 0
	err = sel.each(func(g uint32) error {
		if polled++; polled%pollRows == 0 {
			if err := firstError(ctx.Err(), sel.c.err()); err != nil {
				return err
			}
		}
		if sel.c.groupOrigin(g) < first || !sel.selects(g) {
			return nil
		}
		hash := sel.c.groupHash(g)
		if err := sel.c.err(); err != nil {
			return err
		}
		fresh, err := n.fresh(hash)
		if err != nil || !fresh {
			return err
		}
		var h watchlist.Hash
		binary.BigEndian.PutUint64(h[:8], hash.hi)
		binary.BigEndian.PutUint64(h[8:], hash.lo)
		if !yield(h) {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		return false, nil
	}
	return true, firstError(err, sel.c.err())
}

// fresh reports whether a credential of some segment is new and was not found
// before. One hash may have several groups: in other segments, and below other
// roots. The oldest segment that has one has its first occurrence.
func (n *newcomers) fresh(hash hash128) (bool, error) {
	if _, ok := n.found[hash]; ok {
		return false, nil
	}
	for i, c := range n.cursors {
		n.scratch = c.findHash(hash, n.scratch[:0])
		first := ^uint64(0)
		for _, g := range n.scratch {
			first = min(first, n.origins[i][c.groupOrigin(g)])
		}
		if err := c.err(); err != nil {
			return false, err
		}
		if len(n.scratch) == 0 {
			continue
		}
		if first < n.from || first >= n.to {
			return false, nil
		}
		n.found[hash] = struct{}{}
		return true, nil
	}
	return false, nil
}
