package stats

import (
	"cmp"
	"slices"
	"time"
)

// topAnalytics is how many stealers and countries an [Analytics] lists.
const topAnalytics = 20

// The contract's spellings of times (UTC).
const (
	dateTimeLayout = "2006-01-02T15:04:05"
	dateLayout     = "2006-01-02"
)

// Analytics is the answer of GET /leaks/stats/analytics: one domain, from
// permanent aggregates, without any credential. Lists are never nil.
type Analytics struct {
	TotalLeaks uint64 `json:"total_leaks"` // occurrences, exact

	// Numbers of distinct values: estimates, see Estimate.
	UniqueUsernames uint64 `json:"unique_usernames"`
	UniquePasswords uint64 `json:"unique_passwords"`
	UniqueLeaks     uint64 `json:"unique_leaks"`
	UniqueSources   uint64 `json:"unique_sources"`
	UniqueDomains   uint64 `json:"unique_domains"` // of the inverse column

	LatestLeakDate string         `json:"latest_leak_date"` // 2006-01-02T15:04:05, empty without leaks
	LeaksByType    []TypeCount    `json:"leaks_by_type"`    // descending, ties by name
	LeaksByDay     []DayCount     `json:"leaks_by_day"`     // ascending, days with leaks only
	LeaksByStealer []StealerCount `json:"leaks_by_stealer"` // the first 20, descending, ties by name
	LeaksByCountry []CountryCount `json:"leaks_by_country"` // the first 20, descending, ties by name

	Estimate Estimate `json:"estimate"`
}

// An Estimate says how the unique numbers beside it were estimated.
type Estimate struct {
	Method        string  `json:"method"`         // "hyperloglog"
	Precision     int     `json:"precision"`      // log2 of the number of registers
	RelativeError float64 `json:"relative_error"` // standard error, a fraction; numbers up to ExactMembers are exact
}

// A TypeCount counts the occurrences of one type.
type TypeCount struct {
	Type  string `json:"type"`
	Count uint64 `json:"count"`
}

// A DayCount counts the occurrences detected on one day.
type DayCount struct {
	Date  string `json:"date"` // 2006-01-02
	Count uint64 `json:"count"`
}

// A StealerCount counts the occurrences one stealer took.
type StealerCount struct {
	StealerName string `json:"stealer_name"`
	Count       uint64 `json:"count"`
}

// A CountryCount counts the occurrences from machines in one country.
type CountryCount struct {
	Country string `json:"country"` // ISO 3166 alpha-2
	Count   uint64 `json:"count"`
}

// Analytics returns the contract's answer for what a holds. Like Add it may
// tidy the sketches inside, so it is no call for two goroutines at a time.
func (a *Aggregate) Analytics() Analytics {
	out := Analytics{
		TotalLeaks:      a.Total,
		UniqueUsernames: a.Usernames.Estimate(),
		UniquePasswords: a.Passwords.Estimate(),
		UniqueLeaks:     a.Leaks.Estimate(),
		UniqueSources:   a.Sources.Estimate(),
		UniqueDomains:   a.Inverse.Estimate(),
		LeaksByType:     typeCounts(a.ByType),
		LeaksByDay:      []DayCount{},
		LeaksByStealer:  []StealerCount{},
		LeaksByCountry:  []CountryCount{},
		Estimate:        Estimate{Method: "hyperloglog", Precision: Precision, RelativeError: RelativeError},
	}
	if a.Total > 0 {
		out.LatestLeakDate = formatUnix(int64(a.Latest), dateTimeLayout)
	}
	for _, day := range positive(a.ByDay) {
		out.LeaksByDay = append(out.LeaksByDay, DayCount{formatUnix(int64(day)*secondsPerDay, dateLayout), a.ByDay[day]})
	}
	for _, n := range top(a.ByStealer, topAnalytics) {
		out.LeaksByStealer = append(out.LeaksByStealer, StealerCount{n.name, n.count})
	}
	for _, n := range top(a.ByCountry, topAnalytics) {
		out.LeaksByCountry = append(out.LeaksByCountry, CountryCount{n.name, n.count})
	}
	return out
}

func formatUnix(seconds int64, layout string) string {
	return time.Unix(seconds, 0).UTC().Format(layout)
}

// typeCounts lists the types that occur, most frequent first, ties by name.
func typeCounts(byType [2]uint64) []TypeCount {
	out := []TypeCount{}
	for i, n := range byType {
		if n > 0 {
			out = append(out, TypeCount{typeNames[i], n})
		}
	}
	slices.SortFunc(out, func(a, b TypeCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Type, b.Type))
	})
	return out
}

// named is a name and how often it occurs.
type named struct {
	name  string
	count uint64
}

// compare orders by count, descending, then by name, ascending: the order of
// every list of counts.
func (a named) compare(b named) int {
	return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.name, b.name))
}

// top returns the n most frequent names of m.
func top(m map[string]uint64, n int) []named {
	all := make([]named, 0, len(m))
	for name, count := range m {
		if count > 0 {
			all = append(all, named{name, count})
		}
	}
	slices.SortFunc(all, named.compare)
	return all[:min(n, len(all))]
}
