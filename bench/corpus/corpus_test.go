package corpus

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/leakscope/leakscope/leaks"
)

func jsonl(t testing.TB, c *Corpus, lo, hi int64) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteJSONL(&b, lo, hi); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDeterminism(t *testing.T) {
	const n = 5000
	all := jsonl(t, New(1, n), 0, n)
	if again := jsonl(t, New(1, n), 0, n); again != all {
		t.Error("the same corpus differs")
	}
	if parts := jsonl(t, New(1, n), 0, 1234) + jsonl(t, New(1, n), 1234, n+5); parts != all {
		t.Error("its parts are not the whole")
	}
	if other := jsonl(t, New(2, n), 0, n); other == all {
		t.Error("another seed gives the same")
	}
	// What was measured once must be what is measured later.
	const first = `{"type":"Combo","username":"mateo-eriksen8842@cloudisle104.test","password":"Meadow6427&","host":"https://accounts.northanchor248.test/owa/auth/logon.aspx","domain":"accounts.northanchor248.test","root_domain":"northanchor248.test","protocol":"https","local_part":"mateo-eriksen8842","email_domain":"cloudisle104.test","upload_stealed":"2025-04-19T22:16:53","upload_date":"2025-04-18T06:30:05","source":"market-b54a"}`
	if got, _, _ := strings.Cut(all, "\n"); got != first {
		t.Errorf("the first occurrence is\n%s", got)
	}
}

func TestForms(t *testing.T) {
	const n = 3000
	c := New(7, n)
	var ulp bytes.Buffer
	if err := c.WriteULP(&ulp, 0, n); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(ulp.String(), "\n"), "\n")
	objects := strings.Split(strings.TrimSuffix(jsonl(t, c, 0, n), "\n"), "\n")
	if len(lines) != n || len(objects) != n {
		t.Fatalf("%d lines, %d objects", len(lines), len(objects))
	}
	stamp := func(v time.Time) string {
		if v.IsZero() {
			return ""
		}
		return v.Format("2006-01-02T15:04:05")
	}
	i := 0
	for r := range Records(7, n) {
		if want := r.Host + ":" + r.Username + ":" + r.Password; lines[i] != want {
			t.Fatalf("line %d is %q, want %q", i, lines[i], want)
		}
		if got := c.Record(int64(i)); got != r {
			t.Fatalf("record %d is %+v alone, %+v in order", i, got, r)
		}
		var m map[string]string
		if err := json.Unmarshal([]byte(objects[i]), &m); err != nil {
			t.Fatalf("object %d: %v", i, err)
		}
		want := map[string]string{
			"type": r.Type.String(), "username": r.Username, "password": r.Password, "host": r.Host,
			"domain": r.Domain, "root_domain": r.Root, "protocol": r.Protocol, "local_part": r.LocalPart,
			"email_domain": r.EmailDomain, "upload_stealed": stamp(r.UploadStealed), "upload_date": stamp(r.UploadDate),
			"log_date": stamp(r.LogDate), "source": r.Source, "stealer_name": r.StealerName, "country": r.Country,
			"ip_address": r.IPAddress, "computer_name": r.ComputerName, "machine_user": r.MachineUser,
			"machine_id": r.MachineID, "hardware_id": r.HardwareID, "software": r.Software,
		}
		for k, v := range want {
			if m[k] != v {
				t.Fatalf("object %d: %s is %q, want %q", i, k, m[k], v)
			}
		}
		if keys := len(m); r.Type == leaks.Stealer && keys != len(want) || r.Type == leaks.Combo && keys != 12 {
			t.Fatalf("object %d has %d keys", i, keys)
		}
		i++
	}
	if i != n {
		t.Fatalf("%d records", i)
	}
}

// What a record brings is what leakscope would derive, so that peers, which
// derive nothing, hold the same rows.
func TestRecordsAreNormalised(t *testing.T) {
	for r := range Records(3, 20000) {
		u, err := url.Parse(r.Host)
		if err != nil || u.User != nil || u.Scheme != r.Protocol || u.Hostname() != r.Domain || strings.ToLower(r.Host) != r.Host {
			t.Fatalf("host %q, protocol %q, domain %q: %v", r.Host, r.Protocol, r.Domain, err)
		}
		if root, err := publicsuffix.EffectiveTLDPlusOne(r.Domain); err != nil || root != r.Root {
			t.Fatalf("domain %q, root domain %q, not %q: %v", r.Domain, r.Root, root, err)
		}
		local, mail, address := strings.Cut(r.Username, "@")
		if !address {
			local = ""
		}
		if local != r.LocalPart || mail != r.EmailDomain || strings.TrimSpace(strings.ToLower(r.Username)) != r.Username && address {
			t.Fatalf("login %q: %q %q", r.Username, r.LocalPart, r.EmailDomain)
		}
		if r.IPAddress != "" {
			if ip, err := netip.ParseAddr(r.IPAddress); err != nil || ip.String() != r.IPAddress {
				t.Fatalf("address %q: %v", r.IPAddress, err)
			}
		}
		if c := r.Country; c != "" && (len(c) != 2 || strings.ToUpper(c) != c) {
			t.Fatalf("country %q", c)
		}
		if !reserved(r.Domain) || r.EmailDomain != "" && !reserved(r.EmailDomain) {
			t.Fatalf("%q or %q is not reserved", r.Domain, r.EmailDomain)
		}
		if r.Password == "" || r.Source == "" {
			t.Fatalf("empty field in %+v", r)
		}
	}
}

func reserved(domain string) bool {
	return strings.HasSuffix(domain, ".example") || strings.HasSuffix(domain, ".test")
}

type credential struct{ username, password, domain string }

func TestDistribution(t *testing.T) {
	const n = 200000
	c := New(5, n)
	type sighting struct {
		source string
		seen   time.Time
	}
	first := map[credential]sighting{}
	type machine struct {
		stealer, country, ip, computer, user, hardware string
		log                                            time.Time
	}
	machines := map[string]machine{}
	counts := map[string]map[string]int{}
	count := func(what, name string) {
		if counts[what] == nil {
			counts[what] = map[string]int{}
		}
		counts[what][name]++
	}
	repeated, sameSource := 0, 0
	for r := range c.Range(0, n) {
		key := credential{r.Username, r.Password, r.Domain}
		if f, ok := first[key]; ok {
			repeated++
			if f.source == r.Source || f.seen.Equal(r.UploadStealed) {
				sameSource++
			}
		} else {
			first[key] = sighting{r.Source, r.UploadStealed}
		}
		if r.Type == leaks.Stealer {
			m := machine{r.StealerName, r.Country, r.IPAddress, r.ComputerName, r.MachineUser, r.HardwareID, r.LogDate}
			if old, ok := machines[r.MachineID]; ok && old != m {
				t.Fatalf("machine %s has two sets of facts", r.MachineID)
			}
			machines[r.MachineID] = m
			count("stealer", r.StealerName)
			count("country", r.Country)
			count("software", r.Software)
			if r.LogDate.After(r.UploadDate) {
				t.Fatal("put up before it was logged")
			}
		} else if r.MachineID != "" || r.Country != "" || r.Software != "" || !r.LogDate.IsZero() {
			t.Fatalf("a Combo with machine facts: %+v", r)
		}
		if u := r.UploadStealed.Unix(); u < Start || u >= End || r.UploadDate.After(r.UploadStealed) {
			t.Fatalf("received %v, put up %v", r.UploadStealed, r.UploadDate)
		}
		count("type", r.Type.String())
		count("root", r.Root)
		count("mail", r.EmailDomain)
		count("source", r.Source)
		count("month", r.UploadStealed.Format("2006-01"))
	}
	near := func(what string, got, want, off float64) {
		t.Helper()
		if math.Abs(got-want) > off {
			t.Errorf("%s: %.4f, want %.4f ± %.4f", what, got, want, off)
		}
	}
	near("repeats", float64(repeated)/n, 0.35, 0.005)
	near("repeats from the first source or at its time", float64(sameSource)/n, 0, 0.001)
	near("Stealer", float64(counts["type"]["Stealer"])/n, 0.65, 0.01)
	near("largest root", float64(counts["root"][c.RootDomain(0)])/n, largestRoot, 0.005)
	near("largest provider", float64(counts["mail"][c.MailProvider(0)])/n, 0.20, 0.015)
	near("logins that are no address", float64(counts["mail"][""])/n, 0.15, 0.02)
	near("rows of a machine", 0.65*n/float64(len(machines)), 65, 5)
	for what, want := range map[string]int{"stealer": Stealers, "software": Softwares, "source": Sources, "month": 24} {
		if got := len(counts[what]); got != want {
			t.Errorf("%d of %s, want %d", got, what, want)
		}
	}
	// The 2,000 machines of a corpus this small are not of every country.
	if got := len(counts["country"]); got > Countries || got < Countries*8/10 {
		t.Errorf("%d countries", got)
	}
	for _, what := range []string{"root", "source", "stealer", "country", "software"} {
		top := 0
		for _, v := range counts[what] {
			top = max(top, v)
		}
		if median := medianOf(counts[what]); top < 5*median {
			t.Errorf("%s is no Zipf: largest %d, median %d", what, top, median)
		}
	}
	if roots := len(counts["root"]); roots > c.Roots() || roots < c.Roots()*8/10 {
		t.Errorf("%d root domains of %d", roots, c.Roots())
	}
	if per := len(jsonl(t, c, 0, 20000)) / 20000; per < 560 || per > 600 {
		t.Errorf("%d bytes of JSON an occurrence", per)
	}
}

func medianOf(m map[string]int) int {
	var all []int
	for _, v := range m {
		all = append(all, v)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func TestFind(t *testing.T) {
	const n = 300000
	c := New(9, n)
	rows := map[string]int64{}
	for r := range c.Range(0, n) {
		rows[r.Root]++
	}
	ranks := []int{0, 1, 10, 100, 1000, c.Roots() - 1}
	for i, got := range c.CountRows(ranks...) {
		if want := rows[c.RootDomain(ranks[i])]; got != want {
			t.Errorf("rank %d: %d rows counted, %d there", ranks[i], got, want)
		}
	}
	for _, want := range []int64{600, 2000, 50} { // 600 is 10,000 in 5,000,000
		rank, really := c.FindRows(want)
		if really != rows[c.RootDomain(rank)] || abs(really-want)*50 > want {
			t.Errorf("looked for %d rows, found %d at rank %d (%d there)", want, really, rank, rows[c.RootDomain(rank)])
		}
	}
	if r := c.RankOfRows(n); r != 0 {
		t.Errorf("rank %d has all rows", r)
	}
}

func TestRootNamesDiffer(t *testing.T) {
	for _, n := range []int64{1, 1000000, 40000000} {
		c := New(uint64(n), n)
		seen := make(map[string]struct{}, c.Roots())
		for rank := range c.Roots() {
			seen[c.RootDomain(rank)] = struct{}{}
		}
		if len(seen) != c.Roots() {
			t.Errorf("n = %d: %d names for %d roots", n, len(seen), c.Roots())
		}
	}
}

func TestVocabulariesHaveNoTwins(t *testing.T) {
	check := func(what string, words []string, want int) {
		s := slices.Clone(words)
		slices.SortFunc(s, cmp.Compare[string])
		if got := len(slices.Compact(s)); got != want {
			t.Errorf("%d different %s, want %d", got, what, want)
		}
	}
	check("sources", sourceNames[:], Sources)
	check("stealers", stealers, Stealers)
	check("countries", countries, Countries)
	check("softwares", softwares, Softwares)
	check("words", words, 1<<wordBits)
}

func TestSmallestCorpora(t *testing.T) {
	for n := int64(1); n < 60; n++ {
		for r := range New(0, n).Range(-1, n+1) {
			if r.Username == "" || !reserved(r.Root) {
				t.Fatalf("n = %d: %+v", n, r)
			}
		}
	}
}

func BenchmarkJSONL(b *testing.B) {
	c := New(1, 5000000)
	b.ResetTimer()
	if err := c.WriteJSONL(io.Discard, 0, int64(b.N)); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkULP(b *testing.B) {
	c := New(1, 5000000)
	b.ResetTimer()
	if err := c.WriteULP(io.Discard, 0, int64(b.N)); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRecords(b *testing.B) {
	c := New(1, 5000000)
	b.ReportAllocs()
	b.ResetTimer()
	for range c.Range(0, int64(b.N)) {
	}
}

// What a corpus goes on with leaves what it has as it is, and repeats some of it.
func TestExtended(t *testing.T) {
	const n = 2_000
	c := New(3, n)
	more := c.Extended(2 * n)
	if jsonl(t, more, 0, n) != jsonl(t, c, 0, n) {
		t.Error("the first records are others")
	}
	repeats := 0
	for i := int64(n); i < more.Len(); i++ {
		if more.credential(i) < n {
			repeats++
		}
	}
	if repeats < n/10 || repeats > n/2 || more.Len() != 2*n || more.Roots() != c.Roots() {
		t.Errorf("%d of %d more repeat one that was there", repeats, n)
	}
}
