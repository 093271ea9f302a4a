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
	s := summary{total: a.Total, latest: a.Latest, byType: a.ByType, stealers: namedOf(a.ByStealer), countries: namedOf(a.ByCountry)}
	for i, sketch := range a.sketches() {
		s.distinct[i] = sketch.Estimate()
	}
	for _, day := range positive(a.ByDay) {
		s.days = append(s.days, dayTotal{day, a.ByDay[day]})
	}
	return s.analytics()
}

// A summary is what analytics are made of.
type summary struct {
	total               uint64
	latest              uint32
	byType              [2]uint64
	days                []dayTotal // ascending
	stealers, countries []named
	distinct            [5]uint64 // in the order of Aggregate.sketches
}

type dayTotal struct {
	day   uint16
	count uint64
}

func (s *summary) analytics() Analytics {
	out := Analytics{
		TotalLeaks:      s.total,
		UniqueUsernames: s.distinct[0],
		UniquePasswords: s.distinct[1],
		UniqueLeaks:     s.distinct[2],
		UniqueSources:   s.distinct[3],
		UniqueDomains:   s.distinct[4],
		LeaksByType:     typeCounts(s.byType),
		LeaksByDay:      dayCounts(s.days),
		LeaksByStealer:  []StealerCount{},
		LeaksByCountry:  []CountryCount{},
		Estimate:        Estimate{Method: "hyperloglog", Precision: Precision, RelativeError: RelativeError},
	}
	if s.total > 0 {
		out.LatestLeakDate = formatUnix(int64(s.latest), dateTimeLayout)
	}
	for _, n := range top(s.stealers, topAnalytics) {
		out.LeaksByStealer = append(out.LeaksByStealer, StealerCount{n.name, n.count})
	}
	for _, n := range top(s.countries, topAnalytics) {
		out.LeaksByCountry = append(out.LeaksByCountry, CountryCount{n.name, n.count})
	}
	return out
}

func formatUnix(seconds int64, layout string) string {
	return time.Unix(seconds, 0).UTC().Format(layout)
}

// dayCounts spells the days. All dates are parts of one string: a timeline of
// years has hundreds.
func dayCounts(days []dayTotal) []DayCount {
	text := make([]byte, 0, (len(days)+1)*len(dateLayout))
	for _, d := range days {
		// The layout that begins with a date, and that package time is quick at.
		whole := time.Unix(int64(d.day)*secondsPerDay, 0).UTC().AppendFormat(text, time.RFC3339)
		text = whole[:len(text)+len(dateLayout)]
	}
	dates := string(text)
	out := make([]DayCount, len(days))
	for i, d := range days {
		out[i] = DayCount{dates[:len(dateLayout)], d.count}
		dates = dates[len(dateLayout):]
	}
	return out
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

// namedOf returns the names that occur, in no order.
func namedOf(m map[string]uint64) []named {
	all := make([]named, 0, len(m))
	for name, count := range m {
		if count > 0 {
			all = append(all, named{name, count})
		}
	}
	return all
}

// top returns the n most frequent names of a list, which it rearranges.
func top(all []named, n int) []named {
	kept := all[:0]
	for _, x := range all {
		switch {
		case len(kept) < n:
			kept = append(kept, x)
		case x.count < kept[n-1].count || x.compare(kept[n-1]) >= 0:
			continue
		default:
			kept[n-1] = x
		}
		// The few kept are in order but for the last.
		for i := len(kept) - 1; i > 0 && kept[i].compare(kept[i-1]) < 0; i-- {
			kept[i], kept[i-1] = kept[i-1], kept[i]
		}
	}
	return kept
}
