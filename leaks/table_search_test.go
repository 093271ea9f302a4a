package leaks

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/index"
)

// lowerTextStrings makes dictionaries of so many strings have a text index.
func lowerTextStrings(t testing.TB, n uint32) {
	old := textStrings
	textStrings = n
	t.Cleanup(func() { textStrings = old })
}

// searchRows makes rows whose usernames and hosts are hard to search: at signs
// in local parts, addresses spelled otherwise than their mail domain, folding
// beyond ASCII, zero bytes, bytes that are not UTF-8.
func searchRows(rng *rand.Rand, n int) []row {
	atoms := []string{"anna", "Ben", "k", "\u212a", "ſ", "S", "é", "É", "ж", "@", "@@", ".", "x", "1", "23", "mail", "ma", "\xff", "\xc3", "le", "ex", "日本"}
	word := func(most int) string {
		var b strings.Builder
		for range rng.IntN(most + 1) {
			b.WriteString(atoms[rng.IntN(len(atoms))])
		}
		return b.String()
	}
	mails := []string{"mail.example", "example.net", "max.test", "kelvin.example", "xn--bcher-kva.example", "e.x"}
	for i := range 300 {
		mails = append(mails, fmt.Sprintf("%s%d.example", []string{"mail", "host", "anna"}[i%3], i))
	}
	rows := make([]row, n)
	for i := range rows {
		r := row{typ: Combo, seen: 1_700_000_000, domain: "a.example", root: "a.example", host: "https://a.example/" + word(6), source: "s"}
		local := word(4)
		mail := mails[min(rng.IntN(len(mails)), rng.IntN(len(mails)))]
		switch rng.IntN(8) {
		case 0:
			r.username = word(5) // no address
		case 1:
			r.username = "\x00" + word(3)
		case 2: // spelled otherwise
			r.username, r.localPart, r.emailDomain = local+"@BÜCHER.example", local, "xn--bcher-kva.example"
		case 3: // a local part that begins as whole usernames do
			r.username, r.localPart, r.emailDomain = "\x00"+local+"@"+mail, "\x00"+local, mail
		default:
			r.username, r.localPart, r.emailDomain = local+"@"+mail, local, mail
		}
		binary.BigEndian.PutUint64(r.hash[:8], rng.Uint64())
		rows[i] = r
	}
	return rows
}

// TestSearchUsers: the ranges are those of a look at every username and
// e-mail domain, with a text index and without, before and after a merge.
func TestSearchUsers(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 41))
		rows := searchRows(rng, []int{1, 300, 3000, 6000, 6000, 6000}[seed])
		lowerTextStrings(t, []uint32{1, 1, 1 << 30, 1, 1, 1}[seed])
		s := encodeRows(t, rows)
		if seed >= 4 {
			s = mergeStored(t, mergeOptions{}, encodeRows(t, rows[:len(rows)/3]), encodeRows(t, rows[len(rows)/3:]))
		}
		tab := s.open(t)
		if have := tab.texts[dictUser] != nil && tab.texts[dictHost] != nil; have != (textStrings == 1) {
			t.Fatalf("text: %v", have)
		}
		checkSearch(t, rng, tab, rows)
	}
}

func checkSearch(t *testing.T, rng *rand.Rand, tab *table, rows []row) {
	c := tab.cursor()
	n := tab.dictLen(dictUser)
	names, mails := make([]string, n), make([]string, n)
	for user := range n {
		names[user] = index.Fold(c.username(user))
		mails[user] = index.Fold(c.str(dictMail, c.userMail(user)))
	}
	hosts := make([]string, tab.dictLen(dictHost))
	for h := range hosts {
		hosts[h] = index.Fold(c.str(dictHost, uint32(h)))
	}
	needles := []string{"", "@", "@@", "a@", "@m", "@mail", "anna@mail", "@x@", "example", "mail.example", "\x00", "\x00a", "@\x00", "bücher", "XN--b", "a@b", "nothing at all", "s@e", "k@"}
	for range 300 {
		s := rows[rng.IntN(len(rows))].username
		if rng.IntN(4) == 0 {
			s = rows[rng.IntN(len(rows))].host
		}
		from := rng.IntN(len(s) + 1)
		if at := strings.LastIndexByte(s, '@'); at >= 0 && rng.IntN(2) == 0 {
			from = max(at-rng.IntN(5), 0)
		}
		s = s[from : from+rng.IntN(len(s)-from+1)]
		if rng.IntN(3) == 0 {
			s = strings.ToUpper(s)
		}
		needles = append(needles, s)
	}
	for _, needle := range needles {
		m, folded := index.NewMatcher(needle), index.Fold(needle)
		var want, got []uint32
		for user := range n {
			if strings.Contains(names[user], folded) || strings.Contains(mails[user], folded) {
				want = append(want, user)
			}
		}
		ranges, end := 0, uint32(0)
		c.searchUsers(m, needle, func(lo, hi uint32) bool {
			if lo >= hi || ranges > 0 && lo <= end {
				t.Fatalf("needle %q: range %d..%d behind %d", needle, lo, hi, end)
			}
			for user := lo; user < hi; user++ {
				got = append(got, user)
			}
			ranges++
			end = hi
			return true
		})
		if !slices.Equal(got, want) {
			t.Fatalf("needle %q: %d users, want %d", needle, len(got), len(want))
		}
		if ranges > 1 {
			calls := 0
			c.searchUsers(m, needle, func(uint32, uint32) bool { calls++; return calls < 2 })
			if calls != 2 {
				t.Fatalf("needle %q: %d calls, wanted to stop at 2", needle, calls)
			}
		}
		lo := rng.Uint32N(uint32(len(hosts)) + 1)
		hi := lo + rng.Uint32N(uint32(len(hosts))-lo+1)
		want, got = nil, nil
		for h := lo; h < hi; h++ {
			if strings.Contains(hosts[h], folded) {
				want = append(want, h)
			}
		}
		c.search(dictHost, lo, hi, m, func(h uint32) bool { got = append(got, h); return true })
		if !slices.Equal(got, want) {
			t.Fatalf("needle %q: %d hosts, want %d", needle, len(got), len(want))
		}
	}
	if err := c.err(); err != nil {
		t.Fatal(err)
	}
}
