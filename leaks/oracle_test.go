package leaks

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/watchlist"
)

// An oracle answers queries by a plain scan over every row, in the order they
// were ingested. It shares the normalisation of records with the store and
// nothing else.
type oracle struct {
	rows []row
}

// add ingests a record; false means that it is a reject.
func (o *oracle) add(p *preparer, rec Record) bool {
	var r row
	if reason, _ := p.prepare(&rec, &r); reason != "" {
		return false
	}
	o.rows = append(o.rows, r)
	return true
}

func has(values []string, norm func(string) string, v string) bool {
	return len(values) == 0 || slices.ContainsFunc(values, func(s string) bool { return norm(s) == v })
}

func hasDay(days []Day, t uint32) bool {
	return len(days) == 0 || t != 0 && slices.Contains(days, Day(timeOf(t).Format("2006-01-02")))
}

func normDomain(s string) string {
	d, err := normalize.NewNormalizer().Domain(s)
	if err != nil {
		return s // the empty value selects rows without a domain
	}
	return d
}

// coversDomain is what it means that a domain entry covers itself and all below.
func coversDomain(sc watchlist.Scope, domain string) bool {
	return sc.All() || domain != "" && slices.ContainsFunc(sc.Domains(), func(entry string) bool {
		return strings.HasSuffix("."+domain, "."+entry)
	})
}

func inScope(sc watchlist.Scope, col Column, r *row) bool {
	root, mail := coversDomain(sc, r.domain), coversDomain(sc, r.emailDomain)
	name := sc.All() || slices.Contains(sc.Usernames(), r.username)
	return map[Column]bool{RootDomain: root, EmailDomain: mail, Username: name, AnyColumn: root || mail || name}[col]
}

func selected(sc watchlist.Scope, col Column, f *Filters, search string, r *row) bool {
	same := func(s string) string { return s }
	hash := hex.EncodeToString(r.hash[:])
	day := timeOf(r.seen).Format("2006-01-02")
	if !inScope(sc, col, r) ||
		!has(f.Username, normalize.Username, r.username) ||
		!has(f.Type, func(s string) string { t, _ := ParseType(s); return t.String() }, r.typ.String()) ||
		!has(f.Hash, strings.ToLower, hash) ||
		!has(f.Host, func(s string) string { h, _ := normalize.NewNormalizer().Host(s); return h.Host }, r.host) ||
		!has(f.Domain, normDomain, r.domain) ||
		!has(f.LocalPart, strings.ToLower, r.localPart) ||
		!has(f.Protocol, strings.ToLower, r.protocol) ||
		!has(f.EmailDomain, normDomain, r.emailDomain) ||
		!has(f.RootDomain, normDomain, r.root) ||
		!has(f.MachineID, same, r.machineID) ||
		!has(f.ComputerName, same, r.computer) ||
		!has(f.HardwareID, same, r.hwid) ||
		!has(f.MachineUser, same, r.muser) ||
		!has(f.IPAddress, same, r.ip) ||
		!has(f.Country, strings.ToUpper, r.country) ||
		!has(f.Software, same, r.software) ||
		!has(f.StealerName, strings.ToLower, strings.ToLower(r.stealer)) ||
		!hasDay(f.UploadStealed, r.seen) || !hasDay(f.UploadDate, r.upload) || !hasDay(f.LogDate, r.log) ||
		f.StartDate != "" && day < string(f.StartDate) || f.EndDate != "" && day > string(f.EndDate) {
		return false
	}
	if search == "" {
		return true
	}
	for _, v := range []string{r.username, r.host, r.domain, r.emailDomain, r.root, r.ip, r.computer, r.muser} {
		if strings.Contains(index.Fold(v), index.Fold(search)) {
			return true
		}
	}
	return false
}

// credentials returns every row of a details answer, sorted.
func (o *oracle) credentials(q *DetailsQuery) []Credential {
	groups := make(map[[16]byte][]*row)
	for i := range o.rows {
		if r := &o.rows[i]; selected(q.Scope, q.Column, &q.Filters, q.Search, r) {
			groups[r.hash] = append(groups[r.hash], r)
		}
	}
	var out []Credential
	for hash, rows := range groups {
		sources, types := map[string]bool{}, map[string]bool{}
		first, rep := rows[0].seen, rows[0]
		for _, r := range rows {
			sources[r.source], types[r.typ.String()] = true, true
			first = min(first, r.seen)
			if r.seen >= rep.seen { // of equal times, the one ingested last
				rep = r
			}
		}
		if len(sources) < q.MinOccurrences {
			continue
		}
		names := []string{}
		for t := range types {
			names = append(names, t)
		}
		slices.Sort(names)
		out = append(out, Credential{
			Username: rep.username, Password: rep.mask, Types: names, Type: rep.typ.String(),
			FirstSeen: timeOf(first), LastSeen: timeOf(rep.seen), SourceCount: len(sources),
			Host: rep.host, Domain: rep.domain, LocalPart: rep.localPart, Protocol: rep.protocol,
			EmailDomain: rep.emailDomain, RootDomain: rep.root, UploadDate: timeOf(rep.upload), LogDate: timeOf(rep.log),
			MachineID: rep.machineID, ComputerName: rep.computer, HardwareID: rep.hwid, MachineUser: rep.muser,
			IPAddress: rep.ip, Country: rep.country, Software: rep.software, StealerName: rep.stealer,
			Hash: hex.EncodeToString(hash[:]),
		})
	}
	slices.SortFunc(out, func(a, b Credential) int {
		bySources := cmp.Compare(b.SourceCount, a.SourceCount)
		byLast := b.LastSeen.Compare(a.LastSeen.Time)
		if q.SortBy == ByLastSeen {
			bySources, byLast = byLast, bySources
		}
		if bySources != 0 {
			return bySources
		}
		if byLast != 0 {
			return byLast
		}
		return strings.Compare(a.Hash, b.Hash)
	})
	return out
}

func (o *oracle) details(q DetailsQuery) *DetailsPage {
	all := o.credentials(&q)
	page, size := orDefault(q.Page, 1), orDefault(q.PageSize, 50)
	out := &DetailsPage{Data: []Credential{}, Total: len(all), Page: page, PageSize: size, TotalPages: (len(all) + size - 1) / size}
	if lo := (page - 1) * size; lo < len(all) {
		out.Data = all[lo:min(lo+size, len(all))]
	}
	return out
}

func (o *oracle) occurrences(sc watchlist.Scope, col Column, hash string) *Occurrences {
	out := &Occurrences{Data: []Occurrence{}}
	var rows []*row
	for i := range o.rows {
		if r := &o.rows[i]; inScope(sc, col, r) && hex.EncodeToString(r.hash[:]) == hash {
			rows = append(rows, r)
		}
	}
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(b.seen, a.seen) })
	for _, r := range rows {
		out.Data = append(out.Data, Occurrence{
			Type: r.typ.String(), Username: r.username, Password: r.mask, Host: r.host, Domain: r.domain,
			UploadStealed: timeOf(r.seen), UploadDate: timeOf(r.upload), LogDate: timeOf(r.log), Source: r.source,
			StealerName: r.stealer, Country: r.country, IPAddress: r.ip, ComputerName: r.computer, MachineUser: r.muser,
			MachineID: r.machineID, HardwareID: r.hwid, Software: r.software,
		})
	}
	return out
}

// aggregate returns what analytics counts exactly, and the number of distinct
// values that it estimates: exact for the small sets of these tests.
type oracleAnalytics struct {
	total, usernames, passwords, leaks, sources, inverse uint64
	latest                                               uint32
	byType, byDay, byStealer, byCountry                  map[string]uint64
}

func (o *oracle) analytics(col Column, domain string) *oracleAnalytics {
	a := &oracleAnalytics{byType: map[string]uint64{}, byDay: map[string]uint64{}, byStealer: map[string]uint64{}, byCountry: map[string]uint64{}}
	users, passwords, leaks, sources, inverse := map[string]bool{}, map[uint64]bool{}, map[[16]byte]bool{}, map[string]bool{}, map[string]bool{}
	for i := range o.rows {
		r := &o.rows[i]
		if col == RootDomain && r.root != normDomain(domain) || col == EmailDomain && r.emailDomain != normDomain(domain) {
			continue
		}
		a.total++
		a.latest = max(a.latest, r.seen)
		a.byType[r.typ.String()]++
		a.byDay[timeOf(r.seen).Format("2006-01-02")]++
		if r.stealer != "" {
			a.byStealer[r.stealer]++
		}
		if r.country != "" {
			a.byCountry[r.country]++
		}
		if r.username != "" {
			users[r.username] = true
		}
		if r.hasPassword {
			passwords[r.digest] = true
		}
		leaks[r.hash] = true
		sources[r.source] = true
		other := r.emailDomain
		if col == EmailDomain {
			other = r.root
		}
		if other != "" {
			inverse[other] = true
		}
	}
	a.usernames, a.passwords, a.leaks = uint64(len(users)), uint64(len(passwords)), uint64(len(leaks))
	a.sources, a.inverse = uint64(len(sources)), uint64(len(inverse))
	return a
}
