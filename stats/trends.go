package stats

// Trends compare the counters of a window with those of the window of equal
// length before it.
type Trends struct {
	TotalLeaks            Trend `json:"total_leaks"`
	UniqueUsernames       Trend `json:"unique_usernames"`
	UniqueDomains         Trend `json:"unique_domains"`
	UniquePasswords       Trend `json:"unique_passwords"`
	UniqueLeaks           Trend `json:"unique_leaks"`
	UniqueSources         Trend `json:"unique_sources"`
	PasswordReuse         Trend `json:"password_reuse"`
	ExternalAccountsCount Trend `json:"external_accounts_count"`
	AdminAccountsCount    Trend `json:"admin_accounts_count"`
}

// A Trend is a counter now and in the window before.
type Trend struct {
	Current  uint64 `json:"current"`
	Previous uint64 `json:"previous"`
	// Change is (Current - Previous) / Previous in percent, rounded to two
	// decimals: 50 is half as many again, -100 is none left. It is null where
	// Previous is 0.
	Change *float64 `json:"change"`
}

func trends(now, before counters) Trends {
	return Trends{
		TotalLeaks:            trend(now.total, before.total),
		UniqueUsernames:       trend(now.usernames, before.usernames),
		UniqueDomains:         trend(now.domains, before.domains),
		UniquePasswords:       trend(now.passwords, before.passwords),
		UniqueLeaks:           trend(now.leaks, before.leaks),
		UniqueSources:         trend(now.sources, before.sources),
		PasswordReuse:         trend(now.reuse, before.reuse),
		ExternalAccountsCount: trend(now.external, before.external),
		AdminAccountsCount:    trend(now.admin, before.admin),
	}
}

func trend(current, previous uint64) Trend {
	t := Trend{Current: current, Previous: previous}
	if previous > 0 {
		change := round2(100 * (float64(current) - float64(previous)) / float64(previous))
		t.Change = &change
	}
	return t
}
