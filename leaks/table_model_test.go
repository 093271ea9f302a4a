package leaks

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/stats"
)

// A rowMaker makes random rows of small alphabets, so that everything that can
// coincide does: credentials seen again, shared machines, domains below two
// roots, names that are no addresses, empty fields, text beyond ASCII.
type rowMaker struct {
	rng *rand.Rand
	// split lets a credential stand below two roots.
	split bool
	// creds keeps what belongs to a hash the same for all its rows.
	creds map[string]row
}

func newRowMaker(seed uint64, split bool) *rowMaker {
	return &rowMaker{rng: rand.New(rand.NewPCG(seed, 7)), split: split, creds: map[string]row{}}
}

func (m *rowMaker) pick(of ...string) string { return of[m.rng.IntN(len(of))] }

func (m *rowMaker) row() row {
	r := m.credential()
	r.seen = 1_700_000_000 + uint32(m.rng.IntN(40))*3607
	if m.rng.IntN(3) > 0 {
		r.upload = uint32(int(r.seen) + m.rng.IntN(200_000) - 150_000)
	}
	if m.rng.IntN(3) > 0 {
		r.log = r.seen / 86400 * 86400
	}
	if m.rng.IntN(50) == 0 {
		r.log, r.seen = ^uint32(0), cmp.Or(uint32(m.rng.IntN(3)), 1)*1_000_000_000
	}
	r.host = m.pick("https://", "http://", "") + r.domain + m.pick("", "/", "/login", ":8443/a?b=c", "/ü")
	if r.domain == "" {
		r.host = ""
	}
	r.protocol = m.pick("https", "http", "", "android")
	r.typ = Combo
	r.source = m.pick("", "tg:1", "tg:2", "tg:3", "forum")
	if m.rng.IntN(2) == 0 {
		r.typ = Stealer
		k := m.rng.IntN(12)
		r.machineID = fmt.Sprintf("machine-%d", k)
		r.hwid = fmt.Sprintf("hw-%d", k%5)
		r.computer = m.pick("DESKTOP-1", "")
		r.muser = m.pick("anna", "bob")
		r.ip = m.pick("192.0.2.1", "2001:db8::1", "")
		r.country = m.pick("DE", "FR", "", "US")
		r.stealer = m.pick("RedLine", "Lumma", "")
		r.software = m.pick("Chrome", "Firefox", "")
	}
	return r
}

// credential returns what a hash fixes, and a root.
func (m *rowMaker) credential() row {
	domain := m.pick("", "a.example", "www.a.example", "b.test", "mail.b.test", "xn--bcher-kva.example", "192.0.2.7", "c.example.org")
	root := domain
	if i := strings.IndexByte(domain, '.'); strings.Count(domain, ".") > 1 && domain[0] > '9' {
		root = domain[i+1:]
	}
	key := fmt.Sprint(domain, m.rng.IntN(30))
	r, ok := m.creds[key]
	if !ok {
		r.domain = domain
		r.root = root
		local := m.pick("anna", "anna.b", "ann", "zoë", "", "\x00x", "root")
		switch m.rng.IntN(4) {
		case 0:
			r.username = m.pick("", "+49301234", "login", "anna@", "\x00raw", "Über")
		default:
			mail := m.pick("mail.example", "example.net", "b.test")
			r.username, r.localPart, r.emailDomain = local+"@"+mail, local, mail
		}
		if m.rng.IntN(5) > 0 {
			r.hasPassword = true
			r.digest = m.rng.Uint64N(20)
			r.mask = m.pick("p****d", "****", "ä****ß")
			r.pwLen = uint16(m.rng.IntN(40))
			r.classes = uint8(m.rng.IntN(32))
		}
		// Few distinct high halves: equal ones with other low halves, too.
		binary.BigEndian.PutUint64(r.hash[:8], m.rng.Uint64N(200)<<(8*m.rng.IntN(8)))
		binary.BigEndian.PutUint64(r.hash[8:], m.rng.Uint64())
		m.creds[key] = r
	}
	if m.split && m.rng.IntN(6) == 0 {
		r.root = m.pick("", "b.test", "brought.example")
	}
	return r
}

func (m *rowMaker) rows(n int) []row {
	out := make([]row, n)
	for i := range out {
		out[i] = m.row()
	}
	return out
}

// A stored is a segment in memory.
type stored struct {
	data []byte
	sum  tableSummary
}

func encodeRows(t testing.TB, rows []row) stored {
	t.Helper()
	b := newTableBuilder(len(rows))
	for i := range rows {
		b.add(&rows[i])
	}
	return encodeBuilder(t, b)
}

func encodeBuilder(t testing.TB, b *tableBuilder) stored {
	t.Helper()
	var buf bytes.Buffer
	sum, err := b.encode(context.Background(), segment.NewWriter(&buf))
	if err != nil {
		t.Fatal(err)
	}
	return stored{buf.Bytes(), sum}
}

func (s stored) open(t testing.TB) *table {
	t.Helper()
	tab, err := s.tryOpen()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func (s stored) tryOpen() (*table, error) {
	r, err := segment.Open(bytes.NewReader(s.data), int64(len(s.data)), "test", segment.NewCache(64<<20))
	if err != nil {
		return nil, err
	}
	return openTable(r)
}

// sortModel orders rows as a table does; the sort is stable: arrival decides.
func sortModel(rows []row) []row {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.root, b.root), bytes.Compare(a.hash[:], b.hash[:]), cmp.Compare(a.seen, b.seen))
	})
	return out
}

// normal is what a table keeps of a row.
func normal(r row) row {
	if !r.hasPassword {
		r.digest = 0
	}
	r.ownRoot = false // kept for the table as a whole
	return r
}

// readRows takes all rows of a table back.
func readRows(t testing.TB, c *tableCursor) []row {
	t.Helper()
	var out []row
	for g := range c.t.groups {
		lo, hi := c.groupRows(g)
		for i := lo; i < hi; i++ {
			var f rowFacts
			c.rowRecord(g, i, &f)
			r := row{
				typ: f.typ, username: f.username, localPart: f.localPart, emailDomain: f.emailDomain,
				mask: f.mask, hash: f.hash.bytes(), pwLen: c.pwLen(g), classes: c.classes(g),
				host: f.host, domain: f.domain, root: f.root, protocol: f.protocol,
				seen: f.seen, upload: f.upload, log: f.log, source: c.sourceOf(i, &f), software: f.software,
				machineID: f.machine[machineMachineID], hwid: f.machine[machineHWID],
				computer: f.machine[machineComputer], muser: f.machine[machineMUser], ip: f.machine[machineIP],
				country: f.machine[machineCountry], stealer: f.machine[machineStealer],
			}
			r.digest, r.hasPassword = c.digest(g)
			out = append(out, r)
		}
	}
	if err := c.err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// checkTable compares a table with a plain list of its rows, by every way in.
func checkTable(t testing.TB, tab *table, rows []row) {
	t.Helper()
	c := tab.cursor()
	want := sortModel(rows)
	for i := range want {
		want[i] = normal(want[i])
	}
	got := readRows(t, c)
	if len(got) != len(want) || int(tab.rows) != len(want) {
		t.Fatalf("%d rows (meta says %d), want %d", len(got), tab.rows, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("row %d:\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
	checkGroups(t, c, want)
	checkLookups(t, c, want)
	checkBitmaps(t, c, want)
	checkMeta(t, tab, want)
	if err := c.err(); err != nil {
		t.Fatal(err)
	}
}

func checkMeta(t testing.TB, tab *table, want []row) {
	t.Helper()
	var lo, hi uint32
	roots := map[hash128]string{}
	split := false
	for i, r := range want {
		if i == 0 {
			lo = r.seen
		}
		lo, hi = min(lo, r.seen), max(hi, r.seen)
		if have, ok := roots[hashOf(r.hash)]; ok && have != r.root {
			split = true
		}
		roots[hashOf(r.hash)] = r.root
	}
	if tab.minSeen != lo || tab.maxSeen != hi || split && !tab.splitHash {
		t.Fatalf("meta: seen %d to %d, split %v; want %d to %d, split %v", tab.minSeen, tab.maxSeen, tab.splitHash, lo, hi, split)
	}
}

func checkGroups(t testing.TB, c *tableCursor, want []row) {
	t.Helper()
	byUser := map[string][]uint32{}
	byMail := map[string][]uint32{}
	byHash := map[hash128][]uint32{}
	g := uint32(0)
	for lo := 0; lo < len(want); g++ {
		first := want[lo]
		hi := lo + 1
		for hi < len(want) && want[hi].root == first.root && want[hi].hash == first.hash {
			hi++
		}
		sources := map[string]bool{}
		for i := lo; i < hi; i++ {
			sources[want[i].source] = true
			if got := c.groupOfRow(uint32(i)); got != g {
				t.Fatalf("group of row %d: %d, want %d", i, got, g)
			}
			if got := c.str(dictHost, c.host(uint32(i))); got != want[i].host {
				t.Fatal("host")
			}
			if d := c.hostDomain(c.host(uint32(i))); c.str(dictDomain, d) != first.domain || c.str(dictRoot, c.domainRoot(d)) != first.root {
				t.Fatal("hosts do not lead to their domain and root")
			}
		}
		if a, b := c.groupRows(g); a != uint32(lo) || b != uint32(hi) {
			t.Fatalf("group %d: rows %d to %d, want %d to %d", g, a, b, lo, hi)
		}
		if got := c.groupSources(g); int(got) != len(sources) {
			t.Fatalf("group %d: %d sources, want %d", g, got, len(sources))
		}
		if c.groupHash(g) != hashOf(first.hash) || c.rootName(c.groupRoot(g)) != first.root {
			t.Fatalf("group %d: hash or root", g)
		}
		if c.username(c.groupUser(g)) != first.username || c.localPart(c.groupUser(g)) != first.localPart {
			t.Fatalf("group %d: user", g)
		}
		byUser[first.username+"\n"+first.emailDomain] = append(byUser[first.username+"\n"+first.emailDomain], g)
		byMail[first.emailDomain] = append(byMail[first.emailDomain], g)
		byHash[hashOf(first.hash)] = append(byHash[hashOf(first.hash)], g)
		lo = hi
	}
	if g != c.t.groups {
		t.Fatalf("%d groups, want %d", c.t.groups, g)
	}
	for h, groups := range byHash {
		if got := c.findHash(h, nil); !slices.Equal(got, groups) {
			t.Fatalf("hash: groups %v, want %v", got, groups)
		}
		for _, other := range []hash128{{h.hi, h.lo + 1}, {h.hi + 1, h.lo}, {h.hi - 1, h.lo}, {}, {^uint64(0), 0}} {
			if got := c.findHash(other, nil); !slices.Equal(got, byHash[other]) {
				t.Fatalf("absent hash: groups %v, want %v", got, byHash[other])
			}
		}
	}
	for key, groups := range byUser {
		name, mail, _ := strings.Cut(key, "\n")
		local := strings.TrimSuffix(name, "@"+mail)
		u, ok := c.findUser(name, local, mail)
		if got := c.userGroupsOf(u, u+1, nil); !ok || !slices.Equal(got, groups) {
			t.Fatalf("user %q: found %v, groups %v, want %v", name, ok, got, groups)
		}
	}
	for mail, groups := range byMail {
		m, ok := c.findMail(mail)
		lo, hi := c.mailUsers(m)
		got := c.userGroupsOf(lo, hi, nil)
		slices.Sort(got)
		if !ok || !slices.Equal(got, groups) || int(c.userGroupCount(lo, hi)) != len(groups) {
			t.Fatalf("mail %q: groups %v, want %v", mail, got, groups)
		}
	}
	if _, ok := c.findUser("nobody@mail.example", "nobody", "mail.example"); ok {
		t.Fatal("found a user who is not there")
	}
	if _, ok := c.findMail("nowhere.example"); ok {
		t.Fatal("found a mail domain that is not there")
	}
}

func checkLookups(t testing.TB, c *tableCursor, want []row) {
	t.Helper()
	byRoot := map[string]int{}
	hosts := map[string]map[[2]string]bool{}
	for _, r := range want {
		byRoot[r.root]++
		if hosts[r.root] == nil {
			hosts[r.root] = map[[2]string]bool{}
		}
		hosts[r.root][[2]string{r.domain, r.host}] = true
	}
	for root, n := range byRoot {
		ord, ok := c.findRoot(root)
		if !ok {
			t.Fatalf("root %q is not found", root)
		}
		lo, hi := c.rootGroups(ord)
		from, _ := c.groupRows(lo)
		_, to := c.groupRows(hi - 1)
		if int(to-from) != n {
			t.Fatalf("root %q: %d rows, want %d", root, to-from, n)
		}
		if seen := c.seenRange(from, to, nil); len(seen) != n || seen[0] != c.seen(from) {
			t.Fatal("seenRange")
		}
		a, b := c.hostRange(ord, ord+1)
		if int(b-a) != len(hosts[root]) {
			t.Fatalf("root %q: %d hosts, want %d", root, b-a, len(hosts[root]))
		}
		for pair := range hosts[root] {
			d, ok := c.findDomain(ord, pair[0])
			if !ok {
				t.Fatal("domain")
			}
			if h, ok := c.findHost(d, pair[1]); !ok || h < a || h >= b {
				t.Fatal("host")
			}
		}
		if hs := c.groupHashes(lo, hi, nil); len(hs) != int(hi-lo) || hs[0] != c.groupHash(lo) || hs[len(hs)-1] != c.groupHash(hi-1) {
			t.Fatal("groupHashes")
		}
	}
	if _, ok := c.findRoot("nowhere.example"); ok {
		t.Fatal("found a root that is not there")
	}
	if int(c.t.tableMeta.dicts[dictRoot]) != len(byRoot) {
		t.Fatalf("%d roots, want %d", c.t.tableMeta.dicts[dictRoot], len(byRoot))
	}
}

func checkBitmaps(t testing.TB, c *tableCursor, want []row) {
	t.Helper()
	for k := range bitmapKinds {
		rows := map[string][]uint32{}
		for i, r := range want {
			v := [...]string{r.typ.String(), r.country, r.stealer, r.software, r.protocol}[k]
			rows[v] = append(rows[v], uint32(i))
		}
		for v, list := range rows {
			var ord uint32
			if d, ok := k.dict(); ok {
				if ord, ok = c.find(d, v); !ok {
					t.Fatalf("%q is not in the dictionary of %s", v, d)
				}
			} else {
				typ, _ := ParseType(v)
				ord = uint32(typ)
			}
			set, err := c.t.bitmap(k, ord)
			if err != nil {
				t.Fatal(err)
			}
			if got := set.Append(nil, 0, c.t.rows); !slices.Equal(got, list) || c.t.bitmapLen(k, ord) != uint64(len(list)) {
				t.Fatalf("%s %q: rows %v, want %v", sectionName(sectionBitmap+uint16(k)), v, got, list)
			}
		}
	}
}

// modelAggregate counts a domain's rows the plain way.
func modelAggregate(rows []row, col Column, name string) *stats.Aggregate {
	agg := new(stats.Aggregate)
	for _, r := range rows {
		mine, inverse := r.root, r.emailDomain
		if col == EmailDomain {
			mine, inverse = inverse, mine
		}
		if mine != name {
			continue
		}
		typ := stats.TypeCombo
		if r.typ == Stealer {
			typ = stats.TypeStealer
		}
		agg.Count(typ, r.seen, r.stealer, r.country)
		agg.Leaks.Add(stats.Hash(r.hash[:]))
		agg.Sources.Add(stats.HashString(r.source))
		if r.username != "" {
			agg.Usernames.Add(stats.HashString(r.username))
		}
		if inverse != "" {
			agg.Inverse.Add(stats.HashString(inverse))
		}
		if r.hasPassword {
			var d [8]byte
			binary.LittleEndian.PutUint64(d[:], r.digest)
			agg.Passwords.Add(stats.Hash(d[:]))
		}
	}
	return agg
}
