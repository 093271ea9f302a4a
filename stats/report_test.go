package stats

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// observations makes n of them from small alphabets, so that everything
// repeats. Equal (username, password, domain) share a hash.
func observations(rng *rand.Rand, n int) []Observation {
	pick := func(values ...string) string { return values[rng.IntN(len(values))] }
	out := make([]Observation, n)
	for i := range out {
		o := Observation{
			Seen:    1_700_000_000 + int64(rng.IntN(5*secondsPerDay)),
			Stealer: rng.IntN(3) == 0,
			Domain:  pick("", "example.com", "www.example.com", fmt.Sprint("h", rng.IntN(15), ".example.org")),
			Source:  pick("", "a", "b", "c"),
		}
		o.Identifier = pick("", Other, fmt.Sprint("i", rng.IntN(1+n/5), ".example"))
		switch rng.IntN(4) {
		case 0:
			o.Username = pick("", "root", "CORP\\Administrator", "anna", "Ådmin")
		default:
			o.LocalPart = pick("admin", "Webmaster", "info", fmt.Sprint("u", rng.IntN(1+n/3)))
			o.Inverse = pick("example.net", "mail.test", fmt.Sprint("m", rng.IntN(20), ".test"))
			o.Username = o.LocalPart + "@" + o.Inverse
			o.ExternalAccount = o.Inverse != "mail.test"
		}
		if rng.IntN(5) > 0 {
			o.HasPassword = true
			o.Password = uint64(rng.IntN(1 + n/2))
			o.PasswordLen = int(o.Password % 13)
			o.Classes = uint8(o.Password % 31)
		}
		h := Hash(fmt.Appendf(nil, "%q %v %d %q", o.Username, o.HasPassword, o.Password, o.Domain))
		binary.LittleEndian.PutUint64(o.Hash[:], h)
		out[i] = o
	}
	return out
}

// tallyOf counts the values get gives, in a plain map.
func tallyOf(all []Observation, get func(Observation) string) map[string]uint64 {
	m := map[string]uint64{}
	for _, o := range all {
		m[get(o)]++
	}
	return m
}

func descending(m map[string]uint64, drop ...string) []named {
	out := []named{}
	for name, n := range m {
		if !slices.Contains(drop, name) {
			out = append(out, named{name, n})
		}
	}
	slices.SortFunc(out, named.compare)
	return out
}

func convert[T any](in []named, entry func(string, uint64) T) []T {
	out := []T{}
	for _, n := range in {
		out = append(out, entry(n.name, n.count))
	}
	return out
}

// topAndOther is the plain way to a top list.
func topAndOther[T any](m map[string]uint64, total int, entry func(string, uint64) T) []T {
	best := descending(m, "", Other)
	best = best[:min(10, len(best))]
	rest := uint64(total)
	for _, n := range best {
		rest -= n.count
	}
	out := convert(best, entry)
	if rest > 0 {
		out = append(out, entry(Other, rest))
	}
	return out
}

// plainReport computes a report from the definitions, without trends.
func plainReport(all []Observation, layout string) Report {
	distinct := func(get func(Observation) string) uint64 {
		m := tallyOf(all, get)
		delete(m, "")
		return uint64(len(m))
	}
	identifier := func(o Observation) string { return o.Identifier }
	inverse := func(o Observation) string { return o.Inverse }
	user := func(o Observation) string { return o.Username }
	domain := func(o Observation) string { return o.Domain }

	r := Report{
		TotalLeaks:      uint64(len(all)),
		UniqueUsernames: distinct(user),
		UniqueDomains:   distinct(inverse),
		UniqueLeaks:     distinct(func(o Observation) string { return fmt.Sprintf("%x", o.Hash) }),
		UniqueSources:   uint64(len(tallyOf(all, func(o Observation) string { return o.Source }))),
	}
	for _, n := range descending(tallyOf(all, func(o Observation) string {
		if o.Stealer {
			return "Stealer"
		}
		return "Combo"
	})) {
		r.LeaksByType = append(r.LeaksByType, TypeCount{n.name, n.count})
	}
	if r.LeaksByType == nil {
		r.LeaksByType = []TypeCount{}
	}
	r.LeaksByDomain = topAndOther(tallyOf(all, identifier), len(all), domainCount)
	r.LeaksByDomainAll = convert(descending(tallyOf(all, identifier), ""), domainCount)
	r.LeaksByInverseIdentifier = topAndOther(tallyOf(all, inverse), len(all), identifierCount)
	domains := descending(tallyOf(all, domain), "")
	r.TopDomains = convert(domains[:min(10, len(domains))], domainCount)
	users := descending(tallyOf(all, user), "")
	r.TopUsers = convert(users[:min(10, len(users))], accountCount)

	rank := map[string]int{}
	for i, d := range r.LeaksByDomain {
		rank[d.Domain] = i
	}
	steps := map[[2]string]uint64{}
	for _, o := range all {
		name := o.Identifier
		if _, ok := rank[name]; !ok {
			name = Other
		}
		steps[[2]string{time.Unix(o.Seen, 0).UTC().Format(layout), name}]++
	}
	r.LeaksByDay = []StepCount{}
	for k, n := range steps {
		r.LeaksByDay = append(r.LeaksByDay, StepCount{k[0], k[1], n})
	}
	slices.SortFunc(r.LeaksByDay, func(a, b StepCount) int {
		return cmp.Or(strings.Compare(a.Date, b.Date), cmp.Compare(rank[a.Identifier], rank[b.Identifier]))
	})

	pairs := map[uint64]map[[2]string]bool{}
	lengths, classes, sum := map[int]uint64{}, map[int]uint64{}, 0
	for _, o := range all {
		if !o.HasPassword {
			continue
		}
		if pairs[o.Password] == nil {
			pairs[o.Password] = map[[2]string]bool{}
			lengths[o.PasswordLen]++
			sum += o.PasswordLen
			n := 0
			for bit := range 8 {
				n += int(o.Classes >> bit & 1)
			}
			classes[n]++
		}
		pairs[o.Password][[2]string{o.Username, o.Domain}] = true
	}
	r.UniquePasswords = uint64(len(pairs))
	for _, p := range pairs {
		if len(p) >= 2 {
			r.PasswordReuse++
		}
	}
	if len(pairs) > 0 {
		r.PasswordStrength.AverageLength = math.Round(100*float64(sum)/float64(len(pairs))) / 100
	}
	r.PasswordStrength.ByClasses = []ClassesCount{}
	for _, k := range slices.Sorted(maps.Keys(classes)) {
		r.PasswordStrength.ByClasses = append(r.PasswordStrength.ByClasses, ClassesCount{k, classes[k]})
	}
	r.PasswordLengthDistribution = []LengthCount{}
	for _, k := range slices.Sorted(maps.Keys(lengths)) {
		r.PasswordLengthDistribution = append(r.PasswordLengthDistribution, LengthCount{k, lengths[k]})
	}

	external, admin := map[string]uint64{}, map[string]uint64{}
	for _, o := range all {
		if o.Username == "" {
			continue
		}
		if o.ExternalAccount {
			external[o.Username]++
		}
		login := strings.ToLower(cmp.Or(o.LocalPart, o.Username))
		if _, after, ok := strings.Cut(login, `\`); ok {
			login = after
		}
		if slices.Contains(AdminNames(), login) {
			admin[o.Username]++
		}
	}
	r.ExternalAccountsCount, r.AdminAccountsCount = uint64(len(external)), uint64(len(admin))
	e, a := descending(external), descending(admin)
	r.ExternalAccounts = convert(e[:min(100, len(e))], accountCount)
	r.AdminAccounts = convert(a[:min(100, len(a))], accountCount)
	return r
}

// The collector's report is what the definitions say, in any order of
// observations, at both granularities.
func TestReportEqualsPlainReport(t *testing.T) {
	for round := range 60 {
		rng := rand.New(rand.NewPCG(uint64(round), 1))
		all := observations(rng, []int{0, 1, 2, 10, 50, 400, 3000}[round%7])
		g, layout := Daily, "2006-01-02"
		if round%2 == 1 {
			g, layout = Hourly, "2006-01-02T15:00:00"
		}
		var reports [2]Report
		for i := range reports {
			c := NewCollector(CollectorOptions{Granularity: g})
			for _, o := range all {
				c.Add(o)
			}
			reports[i] = c.Report(c)
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
		if !reflect.DeepEqual(reports[0], reports[1]) {
			t.Fatalf("round %d: the order of observations shows", round)
		}
		got, want := reports[0], plainReport(all, layout)
		if got.Trends.TotalLeaks.Current != got.Trends.TotalLeaks.Previous {
			t.Errorf("round %d: %+v", round, got.Trends)
		}
		got.Trends = Trends{}
		if !reflect.DeepEqual(got, want) {
			g, _ := json.MarshalIndent(got, "", " ")
			w, _ := json.MarshalIndent(want, "", " ")
			t.Fatalf("round %d: got %s\nwant %s", round, g, w)
		}
	}
}

func TestReportJSON(t *testing.T) {
	const noTrend = `{"current":0,"previous":0,"change":null}`
	empty := `{"total_leaks":0,"unique_usernames":0,"unique_domains":0,"unique_passwords":0,"unique_leaks":0,"unique_sources":0,` +
		`"leaks_by_type":[],"leaks_by_day":[],"leaks_by_domain":[],"leaks_by_domain_all":[],"leaks_by_inverse_identifier":[],` +
		`"top_domains":[],"top_users":[],"password_strength":{"average_length":0,"by_classes":[]},"password_reuse":0,` +
		`"password_length_distribution":[],"external_accounts":[],"external_accounts_count":0,"admin_accounts":[],"admin_accounts_count":0,` +
		`"trends":{"total_leaks":T,"unique_usernames":T,"unique_domains":T,"unique_passwords":T,"unique_leaks":T,"unique_sources":T,` +
		`"password_reuse":T,"external_accounts_count":T,"admin_accounts_count":T}}`
	empty = strings.ReplaceAll(empty, "T,", noTrend+",")
	empty = strings.ReplaceAll(empty, "T}", noTrend+"}")
	c := NewCollector(CollectorOptions{})
	if got, _ := json.Marshal(c.Report(nil)); string(got) != empty {
		t.Errorf("empty:\n%s\n%s", got, empty)
	}
	c.Add(Observation{Seen: 1_700_000_000, Username: "admin@example.net", LocalPart: "admin", Domain: "www.example.com",
		Identifier: "example.com", Inverse: "example.net", Hash: [16]byte{1}, Password: 1, HasPassword: true, PasswordLen: 8, Classes: 5, ExternalAccount: true})
	before := NewCollector(CollectorOptions{CountersOnly: true})
	for range 3 {
		before.Add(Observation{})
	}
	got, _ := json.Marshal(c.Report(before))
	for _, part := range []string{
		`"leaks_by_type":[{"type":"Combo","count":1}]`,
		`"leaks_by_day":[{"date":"2023-11-14","identifier":"example.com","count":1}]`,
		`"leaks_by_domain":[{"domain":"example.com","count":1}]`,
		`"leaks_by_inverse_identifier":[{"identifier":"example.net","count":1}]`,
		`"top_domains":[{"domain":"www.example.com","count":1}]`,
		`"top_users":[{"username":"admin@example.net","count":1}]`,
		`"password_strength":{"average_length":8,"by_classes":[{"classes":2,"count":1}]}`,
		`"password_length_distribution":[{"length":8,"count":1}]`,
		`"external_accounts":[{"username":"admin@example.net","count":1}],"external_accounts_count":1`,
		`"admin_accounts":[{"username":"admin@example.net","count":1}],"admin_accounts_count":1`,
		`"trends":{"total_leaks":{"current":1,"previous":3,"change":-66.67},"unique_usernames":{"current":1,"previous":0,"change":null}`,
	} {
		if !strings.Contains(string(got), part) {
			t.Errorf("no %s in\n%s", part, got)
		}
	}
}

func TestAdminNames(t *testing.T) {
	if !slices.IsSorted(AdminNames()) {
		t.Error("not ascending")
	}
	for _, name := range AdminNames() {
		if name != strings.ToLower(name) || len(name) > 32 || !IsAdminName(strings.ToUpper(name)) {
			t.Errorf("%q is not found", name)
		}
	}
	for _, name := range []string{"", "admin2", "anna", `admin\anna`, strings.Repeat("admin", 9)} {
		if IsAdminName(name) {
			t.Errorf("%q is taken for an administrative name", name)
		}
	}
	if !IsAdminName(`CORP\Root`) {
		t.Error("Windows domain not taken off")
	}
}

func TestParseGranularity(t *testing.T) {
	for s, want := range map[string]Granularity{"": Daily, "day": Daily, "hour": Hourly} {
		if got, ok := ParseGranularity(s); !ok || got != want {
			t.Errorf("%q: %v %v", s, got, ok)
		}
	}
	if _, ok := ParseGranularity("week"); ok {
		t.Error("week taken")
	}
}

func TestInterner(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var n interner
	want := map[string]uint32{}
	for range 20_000 {
		s := strings.Repeat("x", rng.IntN(3)) + fmt.Sprint(rng.IntN(4000))
		if rng.IntN(50) == 0 {
			s = ""
		}
		id, known := want[s]
		if !known {
			id = uint32(len(want))
			want[s] = id
		}
		if got := n.id(s); got != id || n.name(got) != s {
			t.Fatalf("%q: %d, want %d", s, got, id)
		}
	}
	if n.count() != len(want) {
		t.Errorf("%d strings, want %d", n.count(), len(want))
	}
}

// million is the shape of a large domain: a third repeats.
func million() []Observation {
	rng := rand.New(rand.NewPCG(4, 4))
	all := make([]Observation, 1_000_000)
	for i := range all {
		u := rng.IntN(500_000)
		user := fmt.Sprint("user.", u, "@mail", u%5000, ".example")
		o := Observation{
			Seen: 1_700_000_000 + int64(rng.IntN(14*secondsPerDay)), Username: user, LocalPart: fmt.Sprint("user.", u),
			Domain: fmt.Sprint("host", u%40, ".example.com"), Identifier: "example.com", Inverse: fmt.Sprint("mail", u%5000, ".example"),
			Password: uint64(u)<<1 | uint64(rng.IntN(2)), HasPassword: true, PasswordLen: 9, Source: fmt.Sprint("s", rng.IntN(100)),
		}
		binary.LittleEndian.PutUint64(o.Hash[:], Hash(fmt.Append(nil, u, o.Password)))
		all[i] = o
	}
	slices.SortFunc(all, func(a, b Observation) int { return slices.Compare(a.Hash[:], b.Hash[:]) })
	return all
}

func BenchmarkCollectorMillion(b *testing.B) {
	all := million()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var c *Collector
	for b.Loop() {
		c = NewCollector(CollectorOptions{})
		for _, o := range all {
			c.Add(o)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/observation")
	runtime.KeepAlive(all)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(c.leaks)), "B/credential")
	start := time.Now()
	c.Report(nil)
	b.ReportMetric(float64(time.Since(start).Microseconds())/1e3, "report-ms")
}
