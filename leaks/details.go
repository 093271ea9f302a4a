package leaks

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
)

// detailsPlan is a compiled DetailsQuery.
type detailsPlan struct {
	*plan
	minSources uint32
	sort       Sort
	page       int
	size       int
}

func compileDetails(ctx context.Context, q *DetailsQuery) (*detailsPlan, error) {
	p, err := compile(ctx, q.Scope, q.Column, &q.Filters, q.Search)
	if err != nil {
		return nil, err
	}
	return p.details(q)
}

// details returns p with the order and the page of q.
func (p *plan) details(q *DetailsQuery) (*detailsPlan, error) {
	d := &detailsPlan{plan: p, sort: orDefault(q.SortBy, BySourceCount), page: orDefault(q.Page, 1), size: orDefault(q.PageSize, defaultPageSize)}
	switch {
	case d.sort != BySourceCount && d.sort != ByLastSeen:
		return nil, paramErrorf("sort_by", "must be source_count or last_seen")
	case d.size < 1 || d.size > maxPageSize:
		return nil, paramErrorf("page_size", "must be from 1 to %d", maxPageSize)
	case d.page < 1:
		return nil, paramErrorf("page", "must be at least 1")
	case q.MinOccurrences < 0:
		return nil, paramErrorf("min_occurrences", "must not be negative")
	case q.Cursor != "" && q.Page != 0:
		return nil, paramErrorf("page", "must be empty beside a cursor")
	}
	d.minSources = uint32(min(q.MinOccurrences, maxTime))
	return d, nil
}

// Details returns one page of the deduplicated credentials that q selects, and
// their exact number. A page past the end is empty. Errors match ErrInvalid,
// ErrCursor, ErrCorrupt, ErrClosed or those of ctx.
func (s *Store) Details(ctx context.Context, q DetailsQuery) (*DetailsPage, error) {
	defer s.asks()()
	d, err := compileDetails(ctx, &q)
	if err != nil {
		return nil, err
	}
	page, err := s.page(ctx, &q, d)
	if err != nil {
		return nil, fmt.Errorf("details: %w", err)
	}
	return page, nil
}

// page answers d, which is q, by number or by cursor.
func (s *Store) page(ctx context.Context, q *DetailsQuery, d *detailsPlan) (*DetailsPage, error) {
	if q.Cursor != "" {
		return s.detailsAfter(ctx, q, d)
	}
	return s.detailsPage(ctx, d)
}

func (s *Store) detailsPage(ctx context.Context, d *detailsPlan) (_ *DetailsPage, err error) {
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	defer sn.watch().end(&err)
	// The page is bounded by int, its product with the size need not be: what
	// is past all rows may be as far as it likes.
	first := min(d.page-1, maxPastEnd) * d.size
	var (
		rows  []result
		total int
	)
	if first+d.size <= nearPage {
		rows, total, err = firstResults(ctx, sn, d, first)
	} else {
		var w *window
		if w, err = s.windowAt(ctx, sn, d, first, d.size); err == nil {
			rows, total = w.slice(first, d.size), w.total
		}
	}
	if err != nil {
		return nil, err
	}
	page := &DetailsPage{Total: total, Page: d.page, PageSize: d.size, TotalPages: (total + d.size - 1) / d.size}
	page.Data, err = sn.credentials(ctx, rows)
	return page, err
}

// firstResults finds the page that begins with result number first, by keeping
// the best results while scanning, and the number of all.
func firstResults(ctx context.Context, sn *snapshot, d *detailsPlan, first int) ([]result, int, error) {
	if rows, total, ok, err := topResults(ctx, sn, d, first); ok || err != nil {
		return rows, total, err
	}
	top := newRanker(d.sort, d.minSources, first+d.size, nil)
	key, keep := sn.firstKey(d, first)
	if keep {
		if w := sn.store.results.find(key, func(w *window) bool { return w.covers(first, d.size) }); w != nil {
			return w.slice(first, d.size), w.total, nil
		}
		top.most = firstPlaces
	}
	if err := gather(ctx, sn, d.plan, top); err != nil {
		return nil, 0, err
	}
	if keep && top.k == firstPlaces {
		rows, err := top.sorted(ctx, 0)
		if err != nil {
			return nil, 0, err
		}
		w := &window{total: top.total, rows: append(make([]result, 0, len(rows)), rows...)}
		sn.store.results.put(key, w)
		return w.slice(first, d.size), w.total, nil
	}
	rows, err := top.sorted(ctx, first)
	return rows, top.total, err
}

// Where several tables share a domain, none of them has its first credentials
// in order, as a merged table that is alone has. They are found once for as long
// as nothing is published, if the domain is large.
//
// firstPlaces is how many are kept: some pages. Tests lower it.
var firstPlaces = 256

// firstMany is from how many groups on. Tests lower it.
var firstMany uint32 = 2048

// firstKey returns under what the first results of d are kept; false means that
// they are not: that is for plans that select domains and nothing else of them.
func (sn *snapshot) firstKey(d *detailsPlan, first int) (resultKey, bool) {
	if len(sn.segments) < 2 || first+d.size > firstPlaces || !d.byDomain || d.byKeyword || !d.unfiltered() {
		return resultKey{}, false
	}
	return resultKey{sn, d.digest(sn.store.hasher.Clone())}, true
}

// Walk yields every credential that q selects, in its order, from the snapshot
// at the first step: ingest and merging beside it change nothing. Page,
// PageSize and Cursor of q must be empty. What it holds in memory is bounded by
// [Options.MemoryBudget].
func (s *Store) Walk(ctx context.Context, q DetailsQuery) iter.Seq2[Credential, error] {
	return func(yield func(Credential, error) bool) {
		if err := s.walk(ctx, &q, yield); err != nil {
			yield(Credential{}, fmt.Errorf("walk: %w", err))
		}
	}
}

func (s *Store) walk(ctx context.Context, q *DetailsQuery, yield func(Credential, error) bool) error {
	if q.Page != 0 || q.PageSize != 0 || q.Cursor != "" {
		return paramErrorf("page", "must be empty in a walk, like page_size and cursor")
	}
	d, err := compileDetails(ctx, q)
	if err != nil {
		return err
	}
	sn, err := s.acquire()
	if err != nil {
		return err
	}
	defer s.release(sn)
	// The more are filled in at a time, the closer together lies what they are
	// made of; but the first ones are wanted soon.
	batch := walkFirst
	most := max(walkFirst, int(s.opts.MemoryBudget/8/walkBytes))
	for w := new(window); ; {
		// It asks while it computes, not while its caller looks at a row.
		done := s.asks()
		err := sn.watched(func() (err error) {
			w, err = s.gatherWindow(ctx, sn, d, w.before(w.end()))
			return err
		})
		if done(); err != nil {
			return err
		}
		for rows := w.rows; len(rows) > 0; {
			n := min(len(rows), batch)
			batch = min(4*batch, most)
			done := s.asks()
			var list []Credential
			err := sn.watched(func() (err error) {
				list, err = sn.credentials(ctx, rows[:n])
				return err
			})
			if done(); err != nil {
				return err
			}
			for _, c := range list {
				if !yield(c, nil) {
					return nil
				}
			}
			rows = rows[n:]
		}
		if w.complete() || len(w.rows) == 0 {
			return nil
		}
	}
}

const (
	// walkFirst is how many credentials a walk fills in at first.
	walkFirst = 256
	// walkBytes is about what a credential takes, with its strings.
	walkBytes = 640
)

// credentials fills in the rows of results.
func (sn *snapshot) credentials(ctx context.Context, rows []result) ([]Credential, error) {
	out := make([]Credential, len(rows))
	cursors := make([]*tableCursor, len(sn.segments))
	defer func() { giveBackAll(cursors) }()
	// In the order of the tables: neighbours share chunks and dictionary
	// blocks, and what is read once serves all of them.
	order := make([]uint32, len(rows))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(rows[a].table, rows[b].table), cmp.Compare(rows[a].group, rows[b].group))
	})
	var f rowFacts
	types := make([]string, 0, 2*len(rows))
	for n, i := range order {
		r := rows[i] // a copy: results may be shared
		if cursors[r.table] == nil {
			cursors[r.table] = sn.segments[r.table].table.borrow()
		}
		c := cursors[r.table]
		r.complete(c)
		c.rowRecord(r.group, r.row, &f)
		of := len(types)
		types = appendTypes(types, r.types)
		out[i] = Credential{
			Username: f.username, Password: f.mask,
			Types: types[of:len(types):len(types)], Type: f.typ.String(),
			FirstSeen: timeOf(r.first), LastSeen: timeOf(r.last), SourceCount: int(r.sources),
			Host: f.host, Domain: f.domain, LocalPart: f.localPart, Protocol: f.protocol,
			EmailDomain: f.emailDomain, RootDomain: f.root,
			UploadDate: timeOf(f.upload), LogDate: timeOf(f.log),
			MachineID: f.machine[machineMachineID], ComputerName: f.machine[machineComputer],
			HardwareID: f.machine[machineHWID], MachineUser: f.machine[machineMUser],
			IPAddress: f.machine[machineIP], Country: f.machine[machineCountry],
			Software: f.software, StealerName: f.machine[machineStealer],
			Hash: f.hex(),
		}
		if n%pollFilled == pollFilled-1 {
			if err := firstError(c.err(), ctx.Err()); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range cursors {
		if c != nil && c.err() != nil {
			return nil, c.err()
		}
	}
	return out, nil
}

// appendTypes appends the types of a mask, sorted by name.
func appendTypes(names []string, mask uint8) []string {
	for _, t := range [...]Type{Combo, Stealer} {
		if mask&(1<<t) != 0 {
			names = append(names, t.String())
		}
	}
	return names
}
