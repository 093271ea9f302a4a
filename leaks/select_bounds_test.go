package leaks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// A lateContext ends after it was asked so many times whether it has.
type lateContext struct {
	context.Context
	asked, after int
}

func (c *lateContext) Err() error {
	if c.asked++; c.asked > c.after {
		return context.Canceled
	}
	return nil
}

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("d%d.example", i)
	}
	return list
}

// However many values a filter has, and however few rows, a query looks at its
// context all along.
func TestManyValuesHonourContext(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, numbered(10))
	all := everything
	many := names(20 * pollLookups)
	for name, q := range map[string]DetailsQuery{
		"root_domain identifiers":   {Scope: only(many...), Column: RootDomain},
		"email_domain identifiers":  {Scope: only(many...), Column: EmailDomain},
		"username identifiers":      {Scope: onlyUsers(many...), Column: Username},
		"identifiers of any column": {Scope: only(many...), Column: AnyColumn},
		"username":                  {Scope: all, Column: RootDomain, Filters: Filters{Username: many}},
		"email_domain":              {Scope: all, Column: RootDomain, Filters: Filters{EmailDomain: many}},
		"root_domain":               {Scope: all, Column: RootDomain, Filters: Filters{RootDomain: many}},
		"machine_id":                {Scope: all, Column: RootDomain, Filters: Filters{MachineID: many}},
		"software":                  {Scope: all, Column: RootDomain, Filters: Filters{Software: many}},
	} {
		ctx := &lateContext{t.Context(), 0, 5}
		if _, err := s.Details(ctx, q); !errors.Is(err, context.Canceled) || ctx.asked > 10 {
			t.Errorf("%s: %v after %d looks", name, err, ctx.asked)
		}
	}
}

func TestStatsHonourContext(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, numbered(10*pollRows))
	ctx := &lateContext{t.Context(), 0, 5}
	_, err := s.Stats(ctx, StatsQuery{Scope: everything, Column: RootDomain, Filters: Filters{StartDate: "2024-01-01"}})
	if !errors.Is(err, context.Canceled) || ctx.asked > 10 {
		t.Errorf("%v after %d looks", err, ctx.asked)
	}
}

func TestFiltersAreBounded(t *testing.T) {
	few, over := Filters{}, maxIdentifiers+1
	few.Type = slices.Repeat([]string{"Combo", "stealer"}, 1000)
	few.Hash = slices.Repeat([]string{"0123456789abcdef0123456789abcdef"}, 1000)
	few.StealerName = []string{"VIDAR", "vidar", "Vidar"}
	p, err := compile(t.Context(), everything, RootDomain, &few, "")
	if err != nil || len(p.types) != 2 || len(p.hash) != 1 || len(p.stealer) != 1 {
		t.Errorf("repeated values stay: %v, %v", p, err)
	}
	for name, f := range map[string]Filters{
		"type":        {Type: slices.Repeat([]string{"Combo"}, over)},
		"hash":        {Hash: slices.Repeat([]string{"0123456789abcdef0123456789abcdef"}, over)},
		"upload_date": {UploadDate: slices.Repeat([]Day{"2024-01-01"}, over)},
		"host":        {Host: slices.Repeat([]string{""}, over)},
	} {
		var param *ParamError
		if _, err := compile(t.Context(), everything, RootDomain, &f, ""); !errors.As(err, &param) || param.Param != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The window before one that reaches to the end of time is none.
func TestTrendsOfAllTime(t *testing.T) {
	s := openTest(t, testDir(t), testOptions())
	ingestAll(t, s, numbered(20))
	r, err := s.Stats(t.Context(), StatsQuery{
		Scope: everything, Column: RootDomain,
		Filters: Filters{StartDate: "1970-01-01", EndDate: "2106-02-07"},
	})
	if err != nil || r.Trends.TotalLeaks.Current != 20 || r.Trends.TotalLeaks.Previous != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
