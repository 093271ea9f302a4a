package leaks

import "github.com/leakscope/leakscope/watchlist"

// A Column is the identifier column of a query: the one that decides which rows
// are in a [watchlist.Scope].
type Column string

// The identifier columns. To a scope without limits every row is in scope,
// whatever the column.
const (
	// RootDomain: a domain of the scope covers the domain of the login, which
	// may be the registrable domain or any below it.
	RootDomain Column = "root_domain"
	// EmailDomain: a domain of the scope covers the e-mail domain.
	EmailDomain Column = "email_domain"
	// Username: the username is one of the scope's.
	Username Column = "username"
	// AnyColumn: by any of these.
	AnyColumn Column = "any"
)

// A Day is a calendar day in UTC, written 2006-01-02; empty means none.
type Day string

// Filters are the contract's standard filters. Values of one filter are OR-ed,
// filters are AND-ed. They select occurrences, before any grouping.
type Filters struct {
	Username     []string
	Type         []string
	Hash         []string
	Host         []string
	Domain       []string
	LocalPart    []string
	Protocol     []string
	EmailDomain  []string
	RootDomain   []string
	MachineID    []string
	ComputerName []string
	HardwareID   []string
	MachineUser  []string
	IPAddress    []string
	Country      []string
	Software     []string
	StealerName  []string

	UploadStealed []Day
	UploadDate    []Day
	LogDate       []Day

	// StartDate and EndDate bound upload_stealed; both days are included.
	StartDate, EndDate Day
}

// A Sort orders a details page, always descending.
type Sort string

// The two orders. Ties fall to the other one, descending, then to the hash,
// ascending.
const (
	BySourceCount Sort = "source_count"
	ByLastSeen    Sort = "last_seen"
)

// A DetailsQuery asks for deduplicated credentials.
type DetailsQuery struct {
	Scope  watchlist.Scope
	Column Column
	Filters
	// Search is a substring, in any case, of username, host, domain,
	// email_domain, root_domain, ip_address, computer_name or machine_user.
	Search string
	// MinOccurrences keeps credentials seen in at least so many sources; 0
	// keeps all.
	MinOccurrences int
	SortBy         Sort // BySourceCount if empty
	Page           int  // from 1; 0 means 1
	PageSize       int  // 1 to 200; 0 means 50
	// Cursor continues after the last row of the page whose NextCursor it is,
	// in the same snapshot; Page must then be 0.
	Cursor string
}

// A StatsQuery asks for the statistics of a scope in a window of
// upload_stealed: from Filters.StartDate to EndDate, or the last 14 days.
type StatsQuery struct {
	Scope  watchlist.Scope
	Column Column
	Filters
	Granularity string // "day" (default) or "hour", of leaks_by_day
}
