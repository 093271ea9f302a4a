package leaks

import (
	"context"
	"fmt"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/watchlist"
)

// DataStats says how much of each data set is in scope.
type DataStats struct {
	Domain      string    `json:"domain"`      // empty: the whole scope
	Credentials DataCount `json:"credentials"` // deduplicated, by [AnyColumn]
	Documents   DataCount `json:"documents"`
	// Cards are not counted for a domain, as they have none.
	Cards *DataCount `json:"cards,omitempty"`
}

// A DataCount counts the rows of one data set.
type DataCount struct {
	Total int `json:"total"` // exact
	// LatestDetectedAt is the last detection of a credential, and when the
	// newest document or card was first detected; none without rows.
	LatestDetectedAt Time `json:"latestDetectedAt"`
}

// DataStats counts what is in scope, below domain if that is not empty. A domain
// that is not in scope is ErrOutside.
func (s *Store) DataStats(ctx context.Context, scope watchlist.Scope, domain string) (*DataStats, error) {
	defer s.asks()()
	bins := scope
	out := &DataStats{}
	if domain != "" {
		d, err := normalize.NewNormalizer().Domain(domain)
		if err != nil {
			return nil, paramErrorf("domain", "must be a domain name")
		}
		if scope, err = scope.OnlyDomains(d); err != nil {
			return nil, fmt.Errorf("domain: %w", err)
		}
		out.Domain = d
	}
	p, err := compile(ctx, scope, AnyColumn, &Filters{}, "")
	if err != nil {
		return nil, err
	}
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	if out.Credentials, err = sn.countCredentials(ctx, p); err != nil {
		return nil, fmt.Errorf("data stats: %w", err)
	}
	whole, spans, err := domainSpans(scope, "")
	if err == nil {
		out.Documents, err = sn.countFlat(ctx, setDocuments, whole, spans)
	}
	if err == nil && domain == "" {
		out.Cards = new(DataCount)
		if whole, spans, err = binSpans(bins, ""); err == nil {
			*out.Cards, err = sn.countFlat(ctx, setCards, whole, spans)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("data stats: %w", err)
	}
	return out, nil
}

func (sn *snapshot) countCredentials(ctx context.Context, p *plan) (_ DataCount, err error) {
	defer sn.watch().end(&err)
	top := newRanker(ByLastSeen, 0, 1, nil)
	if err := gather(ctx, sn, p, top); err != nil {
		return DataCount{}, err
	}
	rows, err := top.sorted(ctx, 0)
	if err != nil || len(rows) == 0 {
		return DataCount{}, err
	}
	return DataCount{top.total, timeOf(rows[0].last)}, nil
}

func (sn *snapshot) countFlat(ctx context.Context, set dataset, whole bool, spans []flat.Span) (DataCount, error) {
	q, err := (&pageQuery{newest: set.schema().First, pageSize: 1}).compile()
	if err != nil {
		return DataCount{}, err
	}
	page, err := sn.queryFlat(ctx, set, whole, spans, q)
	if err != nil || len(page.Rows) == 0 {
		return DataCount{}, err
	}
	return DataCount{page.Total, timeOf(uint32(page.Rows[0].Cells[q.Sort].Number))}, nil
}
