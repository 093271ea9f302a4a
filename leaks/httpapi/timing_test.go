package httpapi

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// TestTimingOfExistence measures what the other tests count: whether the time of
// an answer tells what another tenant has from what nobody has. It wants a quiet
// machine, so it runs only where LEAKSCOPE_TIMING is set; bench/RESULTS.md has
// what it printed. Each pair of requests is told apart by time alone with a
// chance of "guess"; 50 % is by tossing a coin.
func TestTimingOfExistence(t *testing.T) {
	if os.Getenv("LEAKSCOPE_TIMING") == "" {
		t.Skip("LEAKSCOPE_TIMING is not set")
	}
	hs := newHouse(t)
	hs.fill(t)
	const bulk = 200_000
	if _, err := hs.store.Ingest(t.Context(), func(yield func(leaks.Record, error) bool) {
		for i := range bulk {
			org := []string{"rival", "nobody", "acme"}[i%3]
			r := leaks.Record{
				Username: fmt.Sprintf("bulk%d@%s.example", i, org), Password: "pw", Type: leaks.Stealer,
				Host: fmt.Sprintf("https://h%d.%s.example/", i%500, org), Source: "feed-1", UploadStealed: today,
				MachineID: fmt.Sprintf("%s-machine-%d", org, i/3), Country: "DE", StealerName: "RedLine", Software: org + "-software",
			}
			if !yield(r, nil) {
				return
			}
		}
	}, nil); err != nil {
		t.Fatal(err)
	}
	const values = 50
	var all, foreign, unknown []leaks.Credential
	for c, err := range hs.store.Walk(t.Context(), leaks.DetailsQuery{
		Scope: watchlist.Administrator(), Column: leaks.RootDomain, Search: "bulk", Filters: leaks.Filters{RootDomain: []string{"rival.example"}},
	}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range values { // any, for they come in the order of their hashes
		c := all[rng.IntN(len(all))]
		// Nobody's look like theirs: it is about what exists, not about lengths.
		u := c
		u.Hash = c.Hash[16:] + c.Hash[:16]
		u.Username = strings.Replace(c.Username, "bulk", "bu1k", 1)
		u.MachineID = strings.Replace(c.MachineID, "machine", "mach1ne", 1)
		u.Domain = strings.Replace(c.Domain, "rival", "rivam", 1)
		u.RootDomain, u.Software = "rivam.example", "rivam-software"
		c.Software = "rival-software"
		foreign, unknown = append(foreign, c), append(unknown, u)
	}
	theirs, err := hs.watch.Entries(t.Context(), hs.rival.ID, watchlist.ListQuery{Kind: watchlist.Domain})
	if err != nil {
		t.Fatal(err)
	}
	group, err := hs.watch.CreateGroup(t.Context(), hs.rival.ID, watchlist.GroupSpec{Name: "theirs"})
	if err != nil {
		t.Fatal(err)
	}
	entry := theirs.Items[0].ID
	nobody := group.ID[:len(group.ID)-4] + "aaaa"
	h := hs.handler(t, Options{})
	const details = "/leaks/details?identifier_column=root_domain&"
	for _, c := range []struct {
		name, method, body string
		target             func(c *leaks.Credential, foreign bool) string
	}{
		{"by-hash", "GET", "", func(c *leaks.Credential, _ bool) string {
			return "/leaks/details/by-hash?identifier_column=root_domain&hash=" + c.Hash
		}},
		{"details, hash", "GET", "", func(c *leaks.Credential, _ bool) string { return details + "hash=" + c.Hash }},
		{"details, username", "GET", "", func(c *leaks.Credential, _ bool) string { return details + "username=" + c.Username }},
		{"details, domain", "GET", "", func(c *leaks.Credential, _ bool) string { return details + "domain=" + c.Domain }},
		{"details, root_domain", "GET", "", func(c *leaks.Credential, _ bool) string { return details + "root_domain=" + c.RootDomain }},
		{"details, machine_id", "GET", "", func(c *leaks.Credential, _ bool) string { return details + "machine_id=" + c.MachineID }},
		{"details, software", "GET", "", func(c *leaks.Credential, _ bool) string { return details + "software=" + c.Software }},
		{"credentials of a domain", "GET", "", func(c *leaks.Credential, _ bool) string {
			return "/api/v1/dataleaks/credentials?domain=" + c.Domain
		}},
		{"documents", "GET", "", func(c *leaks.Credential, _ bool) string { return "/api/v1/dataleaks/documents?domain=" + c.RootDomain }},
		{"machine", "GET", "", func(c *leaks.Credential, _ bool) string { return "/api/v1/dataleaks/user?id=" + c.MachineID }},
		{"cards", "GET", "", func(_ *leaks.Credential, foreign bool) string {
			return "/api/v1/dataleaks/paymentcards/bins?bin=" + map[bool]string{true: "522222", false: "599999"}[foreign]
		}},
		{"entry", "PUT", "{}", func(_ *leaks.Credential, foreign bool) string {
			return "/api/v1/watchlists/domain/" + map[bool]string{true: entry, false: nobody}[foreign]
		}},
		{"group", "PUT", "{}", func(_ *leaks.Credential, foreign bool) string {
			return "/api/v1/watchlists/" + map[bool]string{true: group.ID, false: nobody}[foreign]
		}},
		{"workspace", "GET", "", func(_ *leaks.Credential, foreign bool) string {
			return "/api/v1/watchlists?workspace=" + map[bool]string{true: hs.rival.ID, false: nobody}[foreign]
		}},
	} {
		var took [2][]time.Duration
		answers := map[string]bool{}
		start := time.Now()
		for n := 0; n < 20_000 && time.Since(start) < 4*time.Second; n++ {
			i := rng.IntN(values)
			order := []bool{true, false}
			rng.Shuffle(2, func(a, b int) { order[a], order[b] = order[b], order[a] })
			for _, is := range order {
				from := &unknown[i]
				if is {
					from = &foreign[i]
				}
				target := c.target(from, is)
				begin := time.Now()
				w := ask(h, c.method, target, c.body, "X-Api-Key: "+hs.keys["member"], "Authorization: Bearer "+hs.keys["member"], isJSON, "X-Request-Id: 1")
				d := time.Since(begin)
				answers[fmt.Sprint(w.Code, w.Body.String())] = true
				if n >= values { // what is found out once has been
					took[map[bool]int{true: 0, false: 1}[is]] = append(took[map[bool]int{true: 0, false: 1}[is]], d)
				}
			}
		}
		if len(answers) != 1 {
			t.Errorf("%s: %v", c.name, answers)
		}
		guess := chance(took[0], took[1])
		slices.Sort(took[0])
		slices.Sort(took[1])
		f, u := took[0][len(took[0])/2], took[1][len(took[1])/2]
		t.Logf("%-24s %6d pairs  foreign %8.1f us  unknown %8.1f us  guess %.1f %%", c.name, len(took[0]), float64(f)/1e3, float64(u)/1e3, 100*guess)
		// By chance alone it deviates by 0.41 / sqrt(pairs).
		if guess > 0.53+3*0.41/math.Sqrt(float64(len(took[0]))) {
			t.Errorf("%s: time tells what exists", c.name)
		}
	}
}

// chance is how often who is shown one duration of each list guesses right which
// is which, if they know which list tends to be longer.
func chance(a, b []time.Duration) float64 {
	b = slices.Clone(b)
	slices.Sort(b)
	less := 0.0
	for _, d := range a {
		lo, _ := slices.BinarySearch(b, d)
		hi, _ := slices.BinarySearch(b, d+1)
		less += float64(lo) + float64(hi-lo)/2
	}
	p := less / float64(len(a)) / float64(len(b))
	return max(p, 1-p)
}
