package httpapi

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// What a tenant is answered does not depend on what else the store holds, not
// by a value, a count or a refusal: it is, byte for byte, what a store with the
// tenant's data alone answers.
func TestTenants(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 500
	}
	full := newHouse(t)
	full.fill(t)
	both := full.handler(t, Options{})
	pool := everyValue(t, full)
	for tenant, key := range map[string]string{"acme": "mssp", "rival": "rival"} {
		single := newHouseOf(t, tenant)
		single.fill(t)
		alone := single.handler(t, Options{})
		pool["workspace"] = []string{map[string]string{"acme": full.rival.ID, "rival": full.acme.ID}[tenant], "nonsense"}
		rng := rand.New(rand.NewPCG(3, uint64(len(tenant))))
		answered, rows := map[int]int{}, 0
		for range n {
			target := randomTarget(rng, both.routes, pool)
			code, body := full.any(both, key, target)
			code1, body1 := single.any(alone, key, target)
			if code != code1 || body != body1 {
				t.Errorf("%s asks %s:\nbeside the other %d %.400s\n         alone   %d %.400s", tenant, target, code, body, code1, body1)
			}
			answered[code]++
			rows += strings.Count(body, `"hash"`)
		}
		if answered[200] < n/4 || answered[403] < n/100 || rows < n/2 || answered[500] > 0 {
			t.Errorf("%s: %v, %d rows: that tried little", tenant, answered, rows)
		}
	}
}

// any asks with a key of either API.
func (hs *house) any(h *Handler, key, target string) (int, string) {
	w := ask(h, "GET", target, "", "X-Api-Key: "+hs.keys[key], "Authorization: Bearer "+hs.keys[key], "X-Request-Id: 1")
	return w.Code, w.Body.String()
}

// everyValue lists what the fields of all rows hold, whosever they are, by the
// name of the parameter that looks for it.
func everyValue(t *testing.T, hs *house) map[string][]string {
	pool := map[string][]string{}
	for c, err := range hs.store.Walk(t.Context(), leaks.DetailsQuery{Scope: watchlist.Administrator(), Column: leaks.RootDomain}) {
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string]string{
			"username": c.Username, "email": c.Username, "hash": c.Hash, "host": c.Host, "domain": c.Domain, "local_part": c.LocalPart,
			"email_domain": c.EmailDomain, "root_domain": c.RootDomain, "machine_id": c.MachineID, "id": c.MachineID,
			"computer_name": c.ComputerName, "ip_address": c.IPAddress, "country": c.Country, "stealer_name": c.StealerName,
			"search": c.Domain, "type": c.Type, "log_date": c.LogDate.String()[:min(10, len(c.LogDate.String()))],
			"upload_stealed": c.LastSeen.String()[:10], "start_date": c.FirstSeen.String()[:10], "end_date": c.LastSeen.String()[:10],
			"fromDate": c.FirstSeen.String()[:10], "toDate": c.LastSeen.String()[:10],
		} {
			if v != "" {
				pool[name] = append(pool[name], v)
			}
		}
	}
	pool["domain"] = append(pool["domain"], "acme.example", "rival.example", "nobody.example", "example", "acme.example", "rival.example")
	pool["bin"] = []string{"411111", "41111122", "522222", "555555", "4111"}
	pool["keyword"] = []string{"acme-corp", "rival", "vendor1"}
	pool["search"] = append(pool["search"], "user1", "rival", "acme", "nobody", "192.0.2", "a")
	pool["cursor"] = []string{leaks.StartCursor}
	return pool
}

// randomTarget makes a request of a route for leaked data. What has an id of its
// own in each store is left out, and so is what shows the whole store by
// contract.
func randomTarget(rng *rand.Rand, routes []*endpoint, pool map[string][]string) string {
	for {
		ep := routes[rng.IntN(len(routes))]
		if ep.method != "GET" || ep.path == "/leaks/me" || ep.path == "/leaks/keyword/preview" ||
			!strings.HasPrefix(ep.path, "/leaks/") && !strings.HasPrefix(ep.path, "/api/v1/dataleaks/") {
			continue
		}
		query := url.Values{}
		for _, p := range ep.table() {
			switch list := pool[p.name]; {
			case p.name == "workspace" && rng.IntN(40) != 0, p.name == "cursor" && rng.IntN(2) == 0:
			case p.name == "limit":
				query.Set("limit", "200") // one mark, the last: a cursor differs by chance
			case !p.must && rng.IntN(len(ep.table())) > 1:
			case p.choice != nil:
				query.Set(p.name, p.choice[rng.IntN(len(p.choice))])
			case p.kind == kindInteger:
				query.Set(p.name, fmt.Sprint(1+rng.IntN(9)))
			case list != nil:
				query.Add(p.name, list[rng.IntN(len(list))])
				if p.repeat && rng.IntN(2) == 0 {
					query.Add(p.name, list[rng.IntN(len(list))])
				}
			}
		}
		return ep.path + "?" + query.Encode()
	}
}
