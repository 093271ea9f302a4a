package stats

import (
	"cmp"
	"maps"
	"math"
	"math/bits"
	"slices"
)

const (
	topReport    = 10  // names in a top list
	listAccounts = 100 // accounts listed
)

// Other is the name under which the top lists of a [Report] count everything
// that is not in them, and the occurrences without such a value. It comes last.
// A value that is itself spelled so is counted there too.
const Other = "other"

// A Report is the answer of GET /leaks/stats: exact, over the occurrences of a
// window. Lists are never nil; unless said otherwise they go by count,
// descending, ties by name, bytewise.
type Report struct {
	TotalLeaks      uint64 `json:"total_leaks"`      // occurrences
	UniqueUsernames uint64 `json:"unique_usernames"` // but the empty one
	UniqueDomains   uint64 `json:"unique_domains"`   // of the inverse column, but the empty one
	UniquePasswords uint64 `json:"unique_passwords"` // but the empty one
	UniqueLeaks     uint64 `json:"unique_leaks"`     // credentials
	UniqueSources   uint64 `json:"unique_sources"`   // all unnamed ones are one

	LeaksByType []TypeCount `json:"leaks_by_type"`
	// LeaksByDay is the timeline of the window's top 10 identifiers and Other:
	// by time, then in the order of LeaksByDomain. Steps without leaks are left
	// out; the counts sum to TotalLeaks.
	LeaksByDay []StepCount `json:"leaks_by_day"`
	// LeaksByDomain is the top 10 of the identifiers and Other, and sums to
	// TotalLeaks; LeaksByDomainAll is all identifiers. They are domains, or
	// usernames where the identifier column is username.
	LeaksByDomain    []DomainCount `json:"leaks_by_domain"`
	LeaksByDomainAll []DomainCount `json:"leaks_by_domain_all"`
	// LeaksByInverseIdentifier is the top 10 of the inverse column and Other,
	// and sums to TotalLeaks.
	LeaksByInverseIdentifier []IdentifierCount `json:"leaks_by_inverse_identifier"`
	TopDomains               []DomainCount     `json:"top_domains"` // hosts' domains, 10
	TopUsers                 []AccountCount    `json:"top_users"`   // 10

	// The passwords: each distinct one counts once.
	PasswordStrength PasswordStrength `json:"password_strength"`
	// PasswordReuse is the number of passwords used by two or more distinct
	// pairs of username and domain.
	PasswordReuse              uint64        `json:"password_reuse"`
	PasswordLengthDistribution []LengthCount `json:"password_length_distribution"` // ascending lengths

	// The accounts with an e-mail domain that is not in scope, and those with
	// an administrative name (see IsAdminName): the first 100, and how many
	// there are.
	ExternalAccounts      []AccountCount `json:"external_accounts"`
	ExternalAccountsCount uint64         `json:"external_accounts_count"`
	AdminAccounts         []AccountCount `json:"admin_accounts"`
	AdminAccountsCount    uint64         `json:"admin_accounts_count"`

	Trends Trends `json:"trends"`
}

// A StepCount counts the occurrences of one identifier in one step of time.
type StepCount struct {
	Date       string `json:"date"` // 2006-01-02; 2006-01-02T15:00:00 where steps are hours
	Identifier string `json:"identifier"`
	Count      uint64 `json:"count"`
}

// A DomainCount counts the occurrences of one domain.
type DomainCount struct {
	Domain string `json:"domain"`
	Count  uint64 `json:"count"`
}

// An IdentifierCount counts the occurrences of one identifier.
type IdentifierCount struct {
	Identifier string `json:"identifier"`
	Count      uint64 `json:"count"`
}

// An AccountCount counts the occurrences of one username.
type AccountCount struct {
	Username string `json:"username"`
	Count    uint64 `json:"count"`
}

// PasswordStrength says how strong the distinct passwords are.
type PasswordStrength struct {
	// AverageLength is in runes, rounded to two decimals; 0 without passwords.
	AverageLength float64 `json:"average_length"`
	// ByClasses counts passwords by how many classes of characters (lower
	// case, upper case, digits, symbols, others) they use, ascending.
	ByClasses []ClassesCount `json:"by_classes"`
}

// A ClassesCount counts the passwords that use so many classes of characters.
type ClassesCount struct {
	Classes int    `json:"classes"`
	Count   uint64 `json:"count"`
}

// A LengthCount counts the passwords of one length.
type LengthCount struct {
	Length int    `json:"length"` // runes
	Count  uint64 `json:"count"`
}

// Report answers for everything c has counted. The trends compare it with
// before, the collector of the preceding window; nil stands for an empty one.
// Neither changes.
func (c *Collector) Report(before *Collector) Report {
	n := c.counters()
	r := Report{
		TotalLeaks:      n.total,
		UniqueUsernames: n.usernames,
		UniqueDomains:   n.domains,
		UniquePasswords: n.passwords,
		UniqueLeaks:     n.leaks,
		UniqueSources:   n.sources,

		LeaksByType:              typeCounts(c.byType),
		LeaksByDay:               c.timeline(),
		LeaksByDomain:            withOther(&c.identifiers, c.total, domainCount),
		LeaksByDomainAll:         list(&c.identifiers, c.identifiers.sorted(), domainCount),
		LeaksByInverseIdentifier: withOther(&c.inverses, c.total, identifierCount),
		TopDomains:               list(&c.domains, c.domains.top(topReport, c.domains.isNamed), domainCount),
		TopUsers:                 list(&c.users, c.users.top(topReport, nil), accountCount),

		PasswordReuse:         n.reuse,
		ExternalAccounts:      c.accounts(userExternal),
		ExternalAccountsCount: n.external,
		AdminAccounts:         c.accounts(userAdmin),
		AdminAccountsCount:    n.admin,

		Trends: trends(n, before.counters()),
	}
	r.PasswordStrength, r.PasswordLengthDistribution = c.strength()
	return r
}

func domainCount(name string, n uint64) DomainCount         { return DomainCount{name, n} }
func identifierCount(name string, n uint64) IdentifierCount { return IdentifierCount{name, n} }
func accountCount(name string, n uint64) AccountCount       { return AccountCount{name, n} }

// list makes the entries of the names with the numbers ids.
func list[T any](t *tally, ids []uint32, entry func(string, uint64) T) []T {
	out := make([]T, len(ids))
	for i, id := range ids {
		out[i] = entry(t.names.name(id), t.counts[id])
	}
	return out
}

// withOther makes the top list of t and Other, which together are total.
func withOther[T any](t *tally, total uint64, entry func(string, uint64) T) []T {
	ids := t.ranked()
	out := list(t, ids, entry)
	for _, id := range ids {
		total -= t.counts[id]
	}
	if total > 0 {
		out = append(out, entry(Other, total))
	}
	return out
}

// timeline counts by step the identifiers that LeaksByDomain names, and Other.
func (c *Collector) timeline() []StepCount {
	ids := c.identifiers.ranked()
	rank := make(map[uint32]int, len(ids))
	for i, id := range ids {
		rank[id] = i
	}
	byStart := make(map[int64]*[topReport + 1]uint64)
	for at, n := range c.steps {
		row := byStart[at.start]
		if row == nil {
			row = new([topReport + 1]uint64)
			byStart[at.start] = row
		}
		i, ok := rank[at.identifier]
		if !ok {
			i = topReport
		}
		row[i] += n
	}
	names := make([]string, topReport+1)
	for i, id := range ids {
		names[i] = c.identifiers.names.name(id)
	}
	names[topReport] = Other
	out := []StepCount{}
	for _, start := range slices.Sorted(maps.Keys(byStart)) {
		date := formatUnix(start, c.options.Granularity.layout())
		for i, n := range byStart[start] {
			if n > 0 {
				out = append(out, StepCount{date, names[i], n})
			}
		}
	}
	return out
}

// accounts lists the first users with the flag.
func (c *Collector) accounts(flag uint8) []AccountCount {
	ids := c.users.top(listAccounts, func(id uint32) bool { return c.userFlags[id]&flag != 0 })
	return list(&c.users, ids, accountCount)
}

// strength describes the distinct passwords.
func (c *Collector) strength() (PasswordStrength, []LengthCount) {
	var sum, classes = uint64(0), [9]uint64{}
	lengths := make(map[uint32]uint64)
	for _, p := range c.passwords {
		sum += uint64(p.length)
		classes[bits.OnesCount8(p.classes)]++
		lengths[p.length]++
	}
	s := PasswordStrength{ByClasses: []ClassesCount{}}
	if n := len(c.passwords); n > 0 {
		s.AverageLength = round2(float64(sum) / float64(n))
	}
	for k, n := range classes {
		if n > 0 {
			s.ByClasses = append(s.ByClasses, ClassesCount{k, n})
		}
	}
	distribution := make([]LengthCount, 0, len(lengths))
	for length, n := range lengths {
		distribution = append(distribution, LengthCount{int(length), n})
	}
	slices.SortFunc(distribution, func(a, b LengthCount) int { return cmp.Compare(a.Length, b.Length) })
	return s, distribution
}

// round2 rounds to two decimals. Adding 0 makes a 0 of a negative one.
func round2(x float64) float64 { return math.Round(x*100)/100 + 0 }
