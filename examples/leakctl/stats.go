package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

type analyticsCmd struct {
	IdentifierColumn string `required:"" enum:"root_domain,email_domain" placeholder:"COLUMN" help:"Column that the domain is matched against: ${enum}."`
	Domain           string `required:"" help:"The domain."`
}

func (c *analyticsCmd) Run(ctx context.Context, e *env) error {
	return e.query(func(s *leaks.Store) error {
		answer, err := s.Analytics(ctx, watchlist.Administrator(), leaks.Column(c.IdentifierColumn), c.Domain)
		if err != nil {
			return err
		}
		return e.print(answer, func(p *page) { analyticsTable(p, c.Domain, answer) })
	})
}

func analyticsTable(p *page, domain string, a *stats.Analytics) {
	p.line("%s: %s occurrences, the latest of %s", domain, number(a.TotalLeaks), dash(a.LatestLeakDate))
	p.line("distinct (%s, ±%.2g %%):", a.Estimate.Method, 100*a.Estimate.RelativeError)
	p.table([]string{"USERNAMES", "PASSWORDS", "CREDENTIALS", "SOURCES", "DOMAINS"}, [][]string{{
		number(a.UniqueUsernames), number(a.UniquePasswords), number(a.UniqueLeaks), number(a.UniqueSources), number(a.UniqueDomains),
	}})
	counts(p, "TYPE", a.LeaksByType, func(c stats.TypeCount) (string, uint64) { return c.Type, c.Count })
	counts(p, "STEALER", a.LeaksByStealer, func(c stats.StealerCount) (string, uint64) { return c.StealerName, c.Count })
	counts(p, "COUNTRY", a.LeaksByCountry, func(c stats.CountryCount) (string, uint64) { return c.Country, c.Count })
	counts(p, "DAY", a.LeaksByDay, func(c stats.DayCount) (string, uint64) { return c.Date, c.Count })
}

// counts prints a list of names and numbers, if it has any, with bars.
func counts[T any](p *page, head string, list []T, of func(T) (string, uint64)) {
	if len(list) == 0 {
		return
	}
	var most uint64 = 1
	for _, item := range list {
		_, n := of(item)
		most = max(most, n)
	}
	rows := make([][]string, len(list))
	for i, item := range list {
		name, n := of(item)
		const longest = 30
		rows[i] = []string{shorten(dash(name), 40), number(n), strings.Repeat("#", int((n*longest+most-1)/most))}
	}
	p.line("")
	p.table([]string{head, ">COUNT", ""}, rows)
}

type statsCmd struct {
	columnFlag
	identifierFlags
	filterFlags
	Granularity string `enum:"day,hour" default:"day" help:"Steps of leaks_by_day: ${enum}."`
}

// Help is the long text of leakctl stats --help.
func (*statsCmd) Help() string {
	return `Without --start-date and --end-date the window is the last 14 days.`
}

func (c *statsCmd) Run(ctx context.Context, e *env) error {
	scope, err := c.scope(c.column(), false)
	if err != nil {
		return err
	}
	return e.query(func(s *leaks.Store) error {
		answer, err := s.Stats(ctx, leaks.StatsQuery{Scope: scope, Column: c.column(), Filters: c.filters(), Granularity: c.Granularity})
		if err != nil {
			return err
		}
		return e.print(answer, func(p *page) { statsTable(p, answer) })
	})
}

func statsTable(p *page, r *stats.Report) {
	var rows [][]string
	for _, c := range []struct {
		name  string
		trend stats.Trend
	}{
		{"occurrences", r.Trends.TotalLeaks},
		{"usernames", r.Trends.UniqueUsernames},
		{"domains", r.Trends.UniqueDomains},
		{"passwords", r.Trends.UniquePasswords},
		{"credentials", r.Trends.UniqueLeaks},
		{"sources", r.Trends.UniqueSources},
		{"reused passwords", r.Trends.PasswordReuse},
		{"external accounts", r.Trends.ExternalAccountsCount},
		{"admin accounts", r.Trends.AdminAccountsCount},
	} {
		change := "-"
		if c.trend.Change != nil {
			change = fmt.Sprintf("%+.1f %%", *c.trend.Change)
		}
		rows = append(rows, []string{c.name, number(c.trend.Current), number(c.trend.Previous), change})
	}
	p.table([]string{"IN THIS WINDOW", ">COUNT", ">BEFORE", ">CHANGE"}, rows)
	p.line("average password length: %.1f", r.PasswordStrength.AverageLength)

	domain := func(c stats.DomainCount) (string, uint64) { return c.Domain, c.Count }
	account := func(c stats.AccountCount) (string, uint64) { return c.Username, c.Count }
	counts(p, "TYPE", r.LeaksByType, func(c stats.TypeCount) (string, uint64) { return c.Type, c.Count })
	counts(p, "IDENTIFIER", r.LeaksByDomain, domain)
	counts(p, "INVERSE", r.LeaksByInverseIdentifier, func(c stats.IdentifierCount) (string, uint64) { return c.Identifier, c.Count })
	counts(p, "DOMAIN", r.TopDomains, domain)
	counts(p, "USER", r.TopUsers, account)
	counts(p, "EXTERNAL ACCOUNT", head(r.ExternalAccounts), account)
	counts(p, "ADMIN ACCOUNT", head(r.AdminAccounts), account)
	counts(p, "STEP", r.LeaksByDay, func(c stats.StepCount) (string, uint64) {
		return c.Date + "  " + shorten(c.Identifier, 28), c.Count
	})
}

// head is as much of a long list as a table shows.
func head[T any](list []T) []T { return list[:min(len(list), 10)] }
