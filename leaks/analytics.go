package leaks

import (
	"context"
	"fmt"
	"slices"

	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

// maxCachedAnalytics bounds the answers a snapshot remembers.
const maxCachedAnalytics = 1024

type analyticsKey struct {
	column Column
	domain string
}

// Analytics returns the permanent aggregates of a root domain or an e-mail
// domain. They stay complete when Expire drops occurrences. A domain never
// seen has zeros; one that the scope does not cover is [ErrOutside].
func (s *Store) Analytics(ctx context.Context, scope watchlist.Scope, column Column, domain string) (*stats.Analytics, error) {
	defer s.asks()()
	switch column {
	case RootDomain, EmailDomain:
	case "":
		return nil, paramErrorf("identifier_column", "is required")
	default:
		return nil, paramErrorf("identifier_column", "must be root_domain or email_domain")
	}
	name, err := NormalizeDomain(domain)
	if err != nil {
		return nil, err
	}
	if !scope.CoversDomain(name) {
		return nil, fmt.Errorf("analytics: %w", ErrOutside)
	}
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	a, err := sn.analyticsOf(ctx, analyticsKey{column, name})
	if err != nil {
		return nil, fmt.Errorf("analytics: %w", err)
	}
	return a, nil
}

// analyticsOf merges the aggregates of all segments, once per snapshot.
func (sn *snapshot) analyticsOf(ctx context.Context, key analyticsKey) (*stats.Analytics, error) {
	sn.analyticsMu.Lock()
	cached := sn.analytics[key]
	sn.analyticsMu.Unlock()
	if cached != nil {
		return cloneAnalytics(cached), nil
	}
	a, err := sn.sumAnalytics(ctx, key)
	if err != nil {
		return nil, err
	}
	sn.analyticsMu.Lock()
	defer sn.analyticsMu.Unlock()
	if sn.analytics == nil || len(sn.analytics) >= maxCachedAnalytics {
		sn.analytics = make(map[analyticsKey]*stats.Analytics)
	}
	sn.analytics[key] = a
	return cloneAnalytics(a), nil
}

// sumAnalytics adds up what the segments know of a domain. Where one of them
// holds all of it, as in a store that is compact, its aggregate is the answer
// as it stands.
func (sn *snapshot) sumAnalytics(ctx context.Context, key analyticsKey) (_ *stats.Analytics, err error) {
	defer sn.watch().end(&err)
	type holder struct {
		c      *tableCursor
		stored uint32
		has    bool // an aggregate is stored
	}
	var holders []holder
	for _, h := range sn.segments {
		c := h.table.cursor()
		i, has := c.findAggregate(key.column, key.domain)
		if has || c.knows(key.column, key.domain) {
			holders = append(holders, holder{c, i, has})
		}
		if err := firstError(c.err(), ctx.Err()); err != nil {
			return nil, err
		}
	}
	if len(holders) == 1 && holders[0].has {
		return holders[0].c.readAnalytics(holders[0].stored)
	}
	var sum stats.Aggregate
	for _, h := range holders {
		var err error
		if h.has {
			err = h.c.readAggregate(h.stored, &sum)
		} else {
			err = h.c.computeAggregate(ctx, key.column, key.domain, &sum)
		}
		if err != nil {
			return nil, err
		}
	}
	a := sum.Analytics()
	return &a, nil
}

// cloneAnalytics copies an answer, so that its receiver may change it.
func cloneAnalytics(a *stats.Analytics) *stats.Analytics {
	c := *a
	c.LeaksByType = slices.Clone(a.LeaksByType)
	c.LeaksByDay = slices.Clone(a.LeaksByDay)
	c.LeaksByStealer = slices.Clone(a.LeaksByStealer)
	c.LeaksByCountry = slices.Clone(a.LeaksByCountry)
	return &c
}
