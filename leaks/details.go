package leaks

import (
	"cmp"
	"context"
	"encoding/hex"
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

func compileDetails(q *DetailsQuery) (*detailsPlan, error) {
	p, err := compile(&q.Scope, &q.Filters, q.Search)
	if err != nil {
		return nil, err
	}
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
	d, err := compileDetails(&q)
	if err != nil {
		return nil, err
	}
	var page *DetailsPage
	if q.Cursor != "" {
		page, err = s.detailsAfter(ctx, &q, d)
	} else {
		page, err = s.detailsPage(ctx, d)
	}
	if err != nil {
		return nil, fmt.Errorf("details: %w", err)
	}
	return page, nil
}

func (s *Store) detailsPage(ctx context.Context, d *detailsPlan) (*DetailsPage, error) {
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	// The page is bounded by int, its product with the size need not be: what
	// is past all rows may be as far as it likes.
	first := uint64(min(d.page-1, maxPastEnd)) * uint64(d.size)
	var (
		rows  []result
		total int
	)
	if first+uint64(d.size) <= heapPage {
		top := newRanker(d.sort, d.minSources, int(first)+d.size)
		if err = gather(ctx, sn, d.plan, top); err == nil {
			rows, err = top.sorted(ctx)
		}
		total = top.total
	} else {
		rows, err = s.sortedResults(ctx, sn, d)
		total = len(rows)
	}
	if err != nil {
		return nil, err
	}
	rows = rows[min(first, uint64(len(rows))):]
	rows = rows[:min(d.size, len(rows))]
	page := &DetailsPage{Total: total, Page: d.page, PageSize: d.size, TotalPages: (total + d.size - 1) / d.size}
	page.Data, err = sn.credentials(rows)
	return page, err
}

// Walk yields every credential that q selects, in its order, from the snapshot
// at the first step: ingest and merging beside it change nothing. Page,
// PageSize and Cursor of q must be empty. It holds 40 bytes per credential
// while it runs.
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
	d, err := compileDetails(q)
	if err != nil {
		return err
	}
	sn, err := s.acquire()
	if err != nil {
		return err
	}
	defer s.release(sn)
	rows, err := s.sortedResults(ctx, sn, d)
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(rows), walkBatch)
		list, err := sn.credentials(rows[:n])
		if err != nil {
			return err
		}
		for _, c := range list {
			if !yield(c, nil) {
				return nil
			}
		}
		rows = rows[n:]
	}
	return nil
}

// walkBatch is how many credentials a walk fills in at a time.
const walkBatch = 4096

// sortedResults returns everything that d selects, sorted. The caller must not
// change it: it may be kept for the next page.
func (s *Store) sortedResults(ctx context.Context, sn *snapshot, d *detailsPlan) ([]result, error) {
	key := resultKey{snap: sn, query: d.digest(s.hasher.Clone())}
	if rows, ok := s.results.get(key); ok {
		return rows, nil
	}
	all := newRanker(d.sort, d.minSources, 0)
	if err := gather(ctx, sn, d.plan, all); err != nil {
		return nil, err
	}
	rows, err := all.sorted(ctx)
	if err != nil {
		return nil, err
	}
	s.results.put(key, rows)
	return rows, ctx.Err()
}

// credentials fills in the rows of results.
func (sn *snapshot) credentials(rows []result) ([]Credential, error) {
	out := make([]Credential, len(rows))
	cursors := make([]*tableCursor, len(sn.segments))
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
	for _, i := range order {
		r := rows[i] // a copy: results may be shared
		if cursors[r.table] == nil {
			cursors[r.table] = sn.segments[r.table].table.cursor()
		}
		c := cursors[r.table]
		r.complete(c)
		c.rowRecord(r.group, r.row, &f)
		hash := r.hash.bytes()
		out[i] = Credential{
			Username: f.username, Password: f.mask,
			Types: typeNames(r.types), Type: f.typ.String(),
			FirstSeen: timeOf(r.first), LastSeen: timeOf(r.last), SourceCount: int(r.sources),
			Host: f.host, Domain: f.domain, LocalPart: f.localPart, Protocol: f.protocol,
			EmailDomain: f.emailDomain, RootDomain: f.root,
			UploadDate: timeOf(f.upload), LogDate: timeOf(f.log),
			MachineID: f.machine[machineMachineID], ComputerName: f.machine[machineComputer],
			HardwareID: f.machine[machineHWID], MachineUser: f.machine[machineMUser],
			IPAddress: f.machine[machineIP], Country: f.machine[machineCountry],
			Software: f.software, StealerName: f.machine[machineStealer],
			Hash: hex.EncodeToString(hash[:]),
		}
		if err := c.err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// typeNames lists the types of a mask, sorted by name.
func typeNames(mask uint8) []string {
	names := []string{}
	for _, t := range [...]Type{Combo, Stealer} {
		if mask&(1<<t) != 0 {
			names = append(names, t.String())
		}
	}
	return names
}
