package leaks

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/watchlist"
)

// A plan is a query in the store's own terms: every value normalised, nothing
// looked up yet. It is the same for all segments.
type plan struct {
	scope  watchlist.Scope
	column Column
	all    bool // the scope is without limits
	// byDomain says that column looks at the scope's domains and that it has
	// any; users are its usernames, if column looks at those.
	byDomain bool
	users    []userKey
	entries  *entrySet // of the domains

	// A plan byKeyword selects, in place of what column says, rows whose host
	// one of words matches and whose domain the scope does not cover.
	byKeyword bool
	words     []word // in order of preference

	// Values of the standard filters, sorted and distinct, nil when a filter is
	// not set. Those of stealer are folded.
	host, domain, localPart, protocol, emailDomain, rootDomain       []string
	machineID, computer, hwid, muser, ip, country, software, stealer []string
	username                                                         []userKey
	hash                                                             []hash128
	types                                                            []Type

	seenDays, uploadDays, logDays []uint32 // days since 1970
	// seenFrom and seenTo bound upload_stealed, both included.
	seenFrom, seenTo uint32

	search string
	// machine, if set, is the machine_id or hardware_id of the rows.
	machine string
}

// A userKey is a normalised username and its halves.
type userKey struct{ name, local, mail string }

func userKeys(ctx context.Context, names []string, norm *normalize.Normalizer) []userKey {
	var keys []userKey
	for name := range until(ctx, names) {
		k := userKey{name: name}
		if local, mail, ok := norm.SplitEmail(name); ok {
			k.local, k.mail = local, mail
		}
		keys = append(keys, k)
	}
	return keys
}

const secondsPerDay = 24 * 60 * 60

// compile validates and normalises a scope, its filters and a search text.
func compile(ctx context.Context, scope watchlist.Scope, column Column, f *Filters, search string) (*plan, error) {
	p := &plan{scope: scope, column: column, all: scope.All(), entries: new(entrySet), seenTo: maxTime}
	norm := normalize.NewNormalizer()
	if err := p.compileScope(ctx, norm); err != nil {
		return nil, err
	}
	if err := p.compileFilters(ctx, f, norm); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(search) > maxSearchBytes {
		return nil, paramErrorf("search", "must have at most %d bytes", maxSearchBytes)
	}
	p.search = search
	return p, nil
}

func (p *plan) compileScope(ctx context.Context, norm *normalize.Normalizer) error {
	switch p.column {
	case RootDomain, EmailDomain, Username, AnyColumn:
		p.byDomain = p.column != Username && p.scope.DomainCount() > 0
		if p.column == Username || p.column == AnyColumn {
			p.users = userKeys(ctx, p.scope.Usernames(), norm)
		}
	case "":
		return paramErrorf("identifier_column", "is required")
	default:
		return paramErrorf("identifier_column", "must be root_domain, email_domain, username or any")
	}
	return nil
}

func (p *plan) compileFilters(ctx context.Context, f *Filters, norm *normalize.Normalizer) error {
	var (
		err       error
		usernames []string
	)
	same := func(s string) string { return s }
	lower := strings.ToLower
	domain := func(s string) string {
		if d, err := norm.Domain(s); err == nil {
			return d
		}
		return s // no stored domain equals a malformed one
	}
	for _, v := range []struct {
		name string
		in   []string
		out  *[]string
		norm func(string) string
	}{
		{"username", f.Username, &usernames, normalize.Username},
		{"host", f.Host, &p.host, func(s string) string {
			if h, err := norm.Host(s); err == nil {
				return h.Host
			}
			return s
		}},
		{"domain", f.Domain, &p.domain, domain},
		{"local_part", f.LocalPart, &p.localPart, lower},
		{"protocol", f.Protocol, &p.protocol, lower},
		{"email_domain", f.EmailDomain, &p.emailDomain, domain},
		{"root_domain", f.RootDomain, &p.rootDomain, domain},
		{"machine_id", f.MachineID, &p.machineID, same},
		{"computer_name", f.ComputerName, &p.computer, same},
		{"hardware_id", f.HardwareID, &p.hwid, same},
		{"machine_user", f.MachineUser, &p.muser, same},
		{"ip_address", f.IPAddress, &p.ip, func(s string) string {
			if a, err := normalize.IP(s); err == nil {
				return a
			}
			return s
		}},
		{"country", f.Country, &p.country, strings.ToUpper},
		{"software", f.Software, &p.software, same},
		{"stealer_name", f.StealerName, &p.stealer, index.Fold},
	} {
		if len(v.in) > maxIdentifiers {
			return paramErrorf(v.name, "must have at most %d values", maxIdentifiers)
		}
		for s := range until(ctx, v.in) {
			*v.out = append(*v.out, v.norm(s))
		}
		*v.out = sortedSet(*v.out)
	}
	p.username = userKeys(ctx, usernames, norm)
	if len(f.Type) > maxIdentifiers {
		return paramErrorf("type", "must have at most %d values", maxIdentifiers)
	}
	for s := range until(ctx, f.Type) {
		t, ok := ParseType(s)
		if !ok {
			return paramErrorf("type", "must be Stealer or Combo")
		}
		p.types = append(p.types, t)
	}
	slices.Sort(p.types)
	p.types = slices.Compact(p.types)
	if len(f.Hash) > maxIdentifiers {
		return paramErrorf("hash", "must have at most %d values", maxIdentifiers)
	}
	for s := range until(ctx, f.Hash) {
		h, err := parseHash("hash", s)
		if err != nil {
			return err
		}
		p.hash = append(p.hash, h)
	}
	slices.SortFunc(p.hash, compareHash)
	p.hash = slices.Compact(p.hash)
	if p.seenDays, err = compileDays("upload_stealed", f.UploadStealed); err != nil {
		return err
	}
	if p.uploadDays, err = compileDays("upload_date", f.UploadDate); err != nil {
		return err
	}
	if p.logDays, err = compileDays("log_date", f.LogDate); err != nil {
		return err
	}
	if f.StartDate != "" {
		d, err := parseDay("start_date", f.StartDate)
		if err != nil {
			return err
		}
		p.seenFrom = d * secondsPerDay
	}
	if f.EndDate != "" {
		d, err := parseDay("end_date", f.EndDate)
		if err != nil {
			return err
		}
		p.seenTo = uint32(min(uint64(d)*secondsPerDay+secondsPerDay-1, maxTime))
	}
	if f.StartDate != "" && f.EndDate != "" && p.seenFrom > p.seenTo {
		return paramErrorf("end_date", "must not be before start_date")
	}
	return nil
}

// empty reports whether no row can be in scope.
func (p *plan) empty() bool {
	if p.byKeyword {
		return len(p.words) == 0
	}
	return !p.all && !p.byDomain && len(p.users) == 0
}

func compileDays(param string, days []Day) ([]uint32, error) {
	if len(days) > maxIdentifiers {
		return nil, paramErrorf(param, "must have at most %d values", maxIdentifiers)
	}
	var out []uint32
	for _, d := range days {
		n, err := parseDay(param, d)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// parseDay returns a day's number since 1970-01-01.
func parseDay(param string, d Day) (uint32, error) {
	t, err := time.ParseInLocation(time.DateOnly, string(d), time.UTC)
	if err != nil {
		return 0, paramErrorf(param, "must be a day written YYYY-MM-DD")
	}
	s := t.Unix()
	if s < 0 || s > maxTime {
		return 0, paramErrorf(param, "must be from 1970-01-01 to 2106-02-07")
	}
	return uint32(s / secondsPerDay), nil
}

// parseHash reads the 32 hex digits of a credential hash.
func parseHash(param, s string) (hash128, error) {
	var b [16]byte
	if len(s) != 32 {
		return hash128{}, paramErrorf(param, "must be 32 hex digits")
	}
	if _, err := hex.Decode(b[:], []byte(s)); err != nil {
		return hash128{}, paramErrorf(param, "must be 32 hex digits")
	}
	return hashOf(b), nil
}

func sortedSet(v []string) []string {
	slices.Sort(v)
	return slices.Compact(v)
}
