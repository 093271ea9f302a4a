package leaks

import (
	"context"
	"fmt"

	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

// defaultWindowDays is the window of statistics where none is given.
const defaultWindowDays = 14

// Stats returns the statistics of a scope, exact, in a window of detection
// times, and how its counters compare with those of the window of equal length
// before it. A window given by one end only ends today, or is 14 days long.
func (s *Store) Stats(ctx context.Context, q StatsQuery) (*stats.Report, error) {
	defer s.asks()()
	p, err := compile(ctx, q.Scope, q.Column, &q.Filters, "")
	if err != nil {
		return nil, err
	}
	return s.report(ctx, p, &q.Filters, q.Granularity)
}

// report returns the statistics of what p selects in the window of f.
func (s *Store) report(ctx context.Context, p *plan, f *Filters, granularity string) (*stats.Report, error) {
	gran, ok := stats.ParseGranularity(granularity)
	if !ok {
		return nil, paramErrorf("granularity", "must be hour or day")
	}
	from, to := s.window(f, p)
	if from > to {
		return nil, paramErrorf("start_date", "must not be after the end of the window")
	}
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	now := stats.NewCollector(stats.CollectorOptions{Granularity: gran})
	before := stats.NewCollector(stats.CollectorOptions{Granularity: gran, CountersOnly: true})
	if err := sn.observe(ctx, p.within(from, to), now); err != nil {
		return nil, fmt.Errorf("stats: %w", err)
	}
	if length := uint64(to) - uint64(from) + 1; uint64(from) >= length {
		if err := sn.observe(ctx, p.within(from-uint32(length), from-1), before); err != nil {
			return nil, fmt.Errorf("stats: %w", err)
		}
	}
	r := now.Report(before)
	return &r, nil
}

// window returns the first and last second of the window of f.
func (s *Store) window(f *Filters, p *plan) (from, to uint32) {
	today := uint32(s.now().Unix()/secondsPerDay) * secondsPerDay
	to = today + secondsPerDay - 1
	if f.EndDate != "" {
		to = p.seenTo
	}
	if f.StartDate != "" {
		return p.seenFrom, to
	}
	if first := uint32(defaultWindowDays*secondsPerDay - 1); to > first {
		from = to - first
	}
	return from, to
}

// within returns p with its window replaced.
func (p *plan) within(from, to uint32) *plan {
	v := *p
	v.seenFrom, v.seenTo = from, to
	return &v
}

// observe hands every occurrence that p selects to a collector.
func (sn *snapshot) observe(ctx context.Context, p *plan, to *stats.Collector) (err error) {
	defer sn.watch().end(&err)
	polled := 0
	for _, h := range sn.segments {
		sel, err := newSelection(ctx, p, h.table)
		if err != nil {
			return err
		}
		if sel == nil {
			continue
		}
		defer sel.giveBack()
		ob := &observer{sel: sel, external: externalTo(p.scope)}
		err = sel.each(func(group uint32) error {
			polled++
			if sel.group(group) {
				polled += ob.group(group, to)
			}
			if polled < pollRows {
				return nil
			}
			polled = 0
			return ctx.Err()
		})
		if err = firstError(err, sel.c.err()); err != nil {
			return err
		}
	}
	return nil
}

// An observer turns the selected rows of one table into observations.
type observer struct {
	sel      *selection
	external func(emailDomain string) bool
}

// group hands the selected rows of one group over and returns how many rows
// it looked at.
func (ob *observer) group(group uint32, to *stats.Collector) int {
	c := ob.sel.c
	lo, hi := c.groupRows(group)
	var o stats.Observation
	filled := false
	for r := lo; r < hi; r++ {
		if !ob.sel.every && !ob.sel.row(r, true) {
			continue
		}
		if !filled {
			filled = true
			ob.fill(group, &o)
		}
		o.Seen = int64(c.seen(r))
		o.Stealer = c.typ(r) == Stealer
		o.Source = c.str(dictSource, c.source(r))
		to.Add(o)
	}
	return int(hi - lo)
}

// fill sets what the rows of a group share.
func (ob *observer) fill(group uint32, o *stats.Observation) {
	c := ob.sel.c
	user := c.groupUser(group)
	mail := c.str(dictMail, c.userMail(user))
	root := c.str(dictRoot, c.groupRoot(group))
	o.Username = c.username(user)
	o.LocalPart = c.localPart(user)
	o.Domain = c.str(dictDomain, c.groupDomain(group))
	switch ob.sel.p.column {
	case RootDomain, AnyColumn:
		o.Identifier, o.Inverse = root, mail
	case EmailDomain:
		o.Identifier, o.Inverse = mail, root
	case Username:
		o.Identifier, o.Inverse = o.Username, root
	}
	o.Hash = c.groupHash(group).bytes()
	o.Password, o.HasPassword = c.digest(group)
	o.PasswordLen, o.Classes = int(c.pwLen(group)), c.classes(group)
	o.ExternalAccount = mail != "" && ob.external(mail)
}

// externalTo returns whether an e-mail domain is outside a scope. It remembers
// the one it was asked for last.
func externalTo(scope watchlist.Scope) func(string) bool {
	var last string
	external := !scope.CoversDomain(last)
	return func(mail string) bool {
		if mail != last {
			last, external = mail, !scope.CoversDomain(mail)
		}
		return external
	}
}
