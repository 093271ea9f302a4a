package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// get asks with the key of that name; an empty name is no key.
func (hs *house) get(h http.Handler, key, target string) (int, string) {
	return hs.do(h, "GET", key, target)
}

func (hs *house) do(h http.Handler, method, key, target string) (int, string) {
	var header []string
	if key != "" {
		secret, ok := hs.keys[key]
		if !ok {
			secret = key
		}
		header = append(header, "X-Api-Key: "+secret)
	}
	w := ask(h, method, target, "", header...)
	return w.Code, strings.TrimSuffix(w.Body.String(), "\n")
}

// leaksTargets are requests of every route with a key, valid ones.
var leaksTargets = map[string]string{
	"/leaks/details":         "?identifier_column=root_domain",
	"/leaks/details/by-hash": "?identifier_column=root_domain&hash=" + noHash,
	"/leaks/details/export":  "?identifier_column=root_domain",
	"/leaks/stats":           "?identifier_column=root_domain",
	"/leaks/stats/analytics": "?identifier_column=root_domain&domain=acme.example",
	"/leaks/keyword/search":  "?keyword=acme-corp",
	"/leaks/keyword/stats":   "?keyword=acme-corp",
	"/leaks/keyword/preview": "?keyword=acme-corp",
	"/leaks/keyword/by-hash": "?keyword=acme-corp&hash=" + noHash,
	"/leaks/me":              "",
	"/api-keys/verify":       "",
}

const noHash = "0123456789abcdef0123456789abcdef"

// Every route, whoever asks: exactly this status and this body.
func TestLeaksKeys(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	forged := hs.keys["member"][:len(hs.keys["member"])-1] + "x"
	tried := map[string]bool{}
	for _, ep := range h.routes {
		if ep.api != leaksStyle || ep.access == public {
			continue
		}
		query, ok := leaksTargets[ep.path]
		if !ok {
			t.Errorf("%s is not tried", ep.path)
		}
		tried[ep.path] = true
		for _, c := range []struct {
			key    string
			status int
			want   string
		}{
			{"", 401, `{"detail":"Missing API key"}`},
			{"nonsense", 401, `{"detail":"Invalid or revoked API key"}`},
			{forged, 401, `{"detail":"Invalid or revoked API key"}`},
			{"revoked", 401, `{"detail":"Invalid or revoked API key"}`},
			{"expired", 401, `{"detail":"Invalid or revoked API key"}`},
			{"mssp", 200, ""},
			{"admin", 200, ""},
		} {
			if code, body := hs.do(h, ep.method, c.key, ep.path+query); code != c.status || c.want != "" && body != c.want {
				t.Errorf("%s with %s: %d %s", ep.path, c.key, code, body)
			}
		}
		code, body := hs.do(h, ep.method, "member", ep.path+query)
		if ep.access == msspKey {
			if code != 403 || body != `{"detail":"The API key's role does not permit this"}` {
				t.Errorf("%s with member: %d %s", ep.path, code, body)
			}
		} else if code != 200 {
			t.Errorf("%s with member: %d %s", ep.path, code, body)
		}
		// Another workspace is outside, whether there is one or not.
		if slices.ContainsFunc(ep.table(), func(p *param) bool { return p.name == "workspace" }) {
			for _, ws := range []string{hs.rival.ID, strings.Repeat("0", len(hs.rival.ID)), "nonsense"} {
				code, body := hs.do(h, ep.method, "mssp", ep.path+query+"&workspace="+ws)
				if code != 403 || body != `{"detail":"You don't have permission to view this"}` {
					t.Errorf("%s as %s: %d %s", ep.path, ws, code, body)
				}
			}
			if code, body := hs.do(h, ep.method, "admin", ep.path+query+"&workspace=nonsense"); code != 404 || body != `{"detail":"Not found"}` {
				t.Errorf("%s as nobody: %d %s", ep.path, code, body)
			}
			if code, body := hs.do(h, ep.method, "admin", ep.path+query+"&workspace="); code != 422 {
				t.Errorf("%s as empty: %d %s", ep.path, code, body)
			}
			if code, body := hs.do(h, ep.method, "admin", ep.path+query+"&workspace="+hs.acme.ID); code != 200 {
				t.Errorf("%s as Acme: %d %s", ep.path, code, body)
			}
		}
	}
	for path := range leaksTargets {
		if !tried[path] {
			t.Error("there is no route", path)
		}
	}
}

// Every parameter of every route, missing, malformed, at its limit and beyond.
func TestLeaksParameters(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	item := func(name, msg, typ string) string {
		return fmt.Sprintf(`{"loc":["query",%q],"msg":%q,"type":%q}`, name, msg, typ)
	}
	const day, integer = "must be a day written YYYY-MM-DD", "must be an integer"
	columns := []string{"root_domain", "email_domain", "username"}
	type try struct {
		value string
		want  []string // problems; none if it is valid
	}
	tries := map[string][]try{
		"page":              {{"1", nil}, {"9223372036854775807", nil}, {"0", []string{"must be at least 1", "greater_than_equal"}}, {"-1", []string{"must be at least 1", "greater_than_equal"}}, {"x", []string{integer, "int_parsing"}}, {"9223372036854775808", []string{"must be at most 9223372036854775807", "less_than_equal"}}},
		"page_size":         {{"1", nil}, {"200", nil}, {"0", []string{"must be at least 1", "greater_than_equal"}}, {"201", []string{"must be at most 200", "less_than_equal"}}, {"", []string{integer, "int_parsing"}}},
		"min_occurrences":   {{"0", nil}, {"9223372036854775807", nil}, {"-1", []string{"must be at least 0", "greater_than_equal"}}, {"1.5", []string{integer, "int_parsing"}}},
		"search":            {{"", nil}, {strings.Repeat("x", 1024), nil}, {strings.Repeat("x", 1025), []string{"must have at most 1024 bytes", "string_too_long"}}},
		"sort_by":           {{"source_count", nil}, {"last_seen", nil}, {"hash", []string{"must be source_count or last_seen", "enum"}}, {"", []string{"must be source_count or last_seen", "enum"}}},
		"cursor":            {{"*", nil}, {"", []string{"must have at least 1 bytes", "string_too_short"}}, {"x", []string{"is not one of this store", "value_error"}}, {strings.Repeat("x", 1025), []string{"must have at most 1024 bytes", "string_too_long"}}},
		"limit":             {{"1", nil}, {"9223372036854775807", nil}, {"0", []string{"must be at least 1", "greater_than_equal"}}},
		"keyword":           {{"acme-corp", nil}, {"ACME-Corp", nil}, {"ab", []string{"must have 3 to 100 characters", "value_error"}}, {strings.Repeat("x", 101), []string{"must have 3 to 100 characters", "value_error"}}, {"---", []string{"must contain a letter or digit", "value_error"}}, {"\xff\xfe\xfd", []string{"must be valid UTF-8", "string_unicode"}}},
		"granularity":       {{"day", nil}, {"hour", nil}, {"week", []string{"must be day or hour", "enum"}}},
		"hash":              {{noHash, nil}, {strings.ToUpper(noHash), nil}, {noHash[1:], []string{"must be 32 hex digits", "string_pattern_mismatch"}}, {noHash + "0", []string{"must be 32 hex digits", "string_pattern_mismatch"}}, {"g" + noHash[1:], []string{"must be 32 hex digits", "string_pattern_mismatch"}}},
		"type":              {{"stealer", nil}, {"COMBO", nil}, {"Other", []string{"must be Stealer or Combo", "value_error"}}, {"", []string{"must be Stealer or Combo", "value_error"}}},
		"identifier_column": {{"root_domain", nil}, {"email_domain", nil}, {"username", nil}, {"any", []string{"must be root_domain, email_domain or username", "enum"}}, {"", []string{"must be root_domain, email_domain or username", "enum"}}},
	}
	for _, name := range []string{"upload_stealed", "upload_date", "log_date", "start_date", "end_date"} {
		tries[name] = []try{{"2024-02-29", nil}, {"2023-02-29", []string{day, "date_parsing"}}, {"2024-1-2", []string{day, "date_parsing"}}, {"", []string{day, "date_parsing"}}, {"1969-12-31", []string{"must be from 1970-01-01 to 2106-02-07", "value_error"}}}
	}
	for _, ep := range h.routes {
		query, ok := leaksTargets[ep.path]
		if !ok {
			continue
		}
		values, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
		if err != nil {
			t.Fatal(err)
		}
		ask := func(change func(url.Values)) (int, string) {
			v := maps.Clone(values)
			change(v)
			return hs.do(h, ep.method, "mssp", ep.path+"?"+v.Encode())
		}
		for _, p := range ep.table() {
			list := tries[p.name]
			switch {
			case p.name == "identifier_column" && len(p.choice) == 2:
				list = []try{{"root_domain", nil}, {"email_domain", nil}, {"username", []string{"must be root_domain or email_domain", "enum"}}}
			case p.name == "identifier_column" && !slices.Equal(p.choice, columns):
				t.Errorf("%s: columns %q", ep.path, p.choice)
			case p.name == "workspace", p.name == "domain" && p.must:
				continue
			case list == nil && p.repeat && p.kind == kindText: // a filter of texts
				list = []try{{"x", nil}, {"", nil}, {"\xff", []string{"must be valid UTF-8", "string_unicode"}}}
			}
			if list == nil {
				t.Errorf("%s: %s is not tried", ep.path, p.name)
			}
			for _, c := range list {
				code, body := ask(func(v url.Values) { v.Set(p.name, c.value) })
				switch {
				case c.want == nil && code != 200:
					t.Errorf("%s %s=%.40s: %d %s", ep.path, p.name, c.value, code, body)
				case c.want != nil && (code != 422 || body != `{"detail":[`+item(p.name, c.want[0], c.want[1])+`]}`):
					t.Errorf("%s %s=%.40s: %d %s", ep.path, p.name, c.value, code, body)
				}
				if p.repeat && c.want != nil { // one bad among good ones
					if code, _ := ask(func(v url.Values) { v[p.name] = []string{list[0].value, c.value} }); code != 422 {
						t.Errorf("%s %s=...&%s=%.40s: %d", ep.path, p.name, p.name, c.value, code)
					}
				}
			}
			code, body := ask(func(v url.Values) { v[p.name] = []string{list[0].value, list[0].value} })
			if p.repeat && code != 200 || !p.repeat && (code != 422 || body != `{"detail":[`+item(p.name, "must be given once", "too_many_values")+`]}`) {
				t.Errorf("%s: %s twice: %d %s", ep.path, p.name, code, body)
			}
			if code, body := ask(func(v url.Values) { v.Del(p.name) }); p.must && (code != 422 || body != `{"detail":[`+item(p.name, "Field required", "missing")+`]}`) || !p.must && code != 200 {
				t.Errorf("%s without %s: %d %s", ep.path, p.name, code, body)
			}
		}
		if code, body := ask(func(v url.Values) { v.Set("contry", "DE") }); code != 422 || body != `{"detail":[`+item("contry", "There is no such parameter", "extra_forbidden")+`]}` {
			t.Errorf("%s: an unknown parameter: %d %s", ep.path, code, body)
		}
	}
	// What only two parameters together do wrong.
	if code, body := hs.get(h, "member", "/leaks/details?identifier_column=username&start_date=2026-01-02&end_date=2026-01-01"); code != 422 || body != `{"detail":[`+item("end_date", "must not be before start_date", "value_error")+`]}` {
		t.Error(code, body)
	}
	for _, domain := range []string{"no%20domain", "", "a..b"} {
		if code, body := hs.get(h, "mssp", "/leaks/stats/analytics?identifier_column=root_domain&domain="+domain); code != 422 || body != `{"detail":[`+item("domain", "must be a domain name", "value_error")+`]}` {
			t.Error(domain, code, body)
		}
	}
	// Outside is outside, whether it exists or not, whether it is a domain or
	// above all of them.
	for _, domain := range []string{"rival.example", "nowhere.example", "example", "acme.example.rival.example", "me.example"} {
		if code, body := hs.get(h, "mssp", "/leaks/stats/analytics?identifier_column=root_domain&domain="+domain); code != 403 || body != `{"detail":"You don't have permission to view this"}` {
			t.Error(domain, code, body)
		}
	}
}

// An answer is what the Go API answers, as JSON.
func TestLeaksEqualGo(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	acme, err := hs.watch.Scope(t.Context(), hs.acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	rival, err := hs.watch.Scope(t.Context(), hs.rival.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	same := func(key, target string, want any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := hs.get(h, key, target); code != 200 || body != string(b) {
			t.Errorf("%s %s: %d\n got %.300s\nwant %.300s", key, target, code, body, b)
		}
	}
	for _, c := range []struct {
		key, suffix string
		scope       watchlist.Scope
	}{
		{"member", "", acme}, {"mssp", "&workspace=" + hs.acme.ID, acme}, {"rival", "", rival},
		{"admin", "", watchlist.Administrator()}, {"admin", "&workspace=" + hs.rival.ID, rival},
	} {
		for _, column := range []leaks.Column{leaks.RootDomain, leaks.EmailDomain, leaks.Username} {
			suffix := "identifier_column=" + string(column) + c.suffix
			page, err := hs.store.Details(ctx, leaks.DetailsQuery{Scope: c.scope, Column: column})
			same(c.key, "/leaks/details?"+suffix, page, err)
			if len(page.Data) == 0 && c.key != "rival" && c.suffix == "" {
				t.Errorf("%s sees nothing by %s", c.key, column)
			}
			hash := noHash
			if len(page.Data) > 0 {
				hash = page.Data[0].Hash
			}
			found, err := hs.store.Occurrences(ctx, c.scope, column, hash)
			same(c.key, "/leaks/details/by-hash?hash="+hash+"&"+suffix, found, err)
			report, err := hs.store.Stats(ctx, leaks.StatsQuery{Scope: c.scope, Column: column})
			same(c.key, "/leaks/stats?"+suffix, report, err)
			report, err = hs.store.Stats(ctx, leaks.StatsQuery{Scope: c.scope, Column: column, Granularity: "hour", Filters: leaks.Filters{Country: []string{"de"}, StartDate: "2026-11-01"}})
			same(c.key, "/leaks/stats?granularity=hour&country=de&start_date=2026-11-01&"+suffix, report, err)
		}
	}
	scope := "identifier_column=root_domain"
	for query, q := range map[string]leaks.DetailsQuery{
		"page=2&page_size=7&sort_by=last_seen&search=USER1&min_occurrences=2": {Page: 2, PageSize: 7, SortBy: leaks.ByLastSeen, Search: "USER1", MinOccurrences: 2},
		"page=999999": {Page: 999999},
		"username=user1@acme.example&username=user2@acme.example": {Filters: leaks.Filters{Username: []string{"user1@acme.example", "user2@acme.example"}}},
		"type=stealer":   {Filters: leaks.Filters{Type: []string{"stealer"}}},
		"hash=" + noHash: {Filters: leaks.Filters{Hash: []string{noHash}}},
		"host=https://vpn.acme.example/login?a=%3Cb%3E%26c": {Filters: leaks.Filters{Host: []string{"https://vpn.acme.example/login?a=<b>&c"}}},
		"domain=vpn.acme.example":                           {Filters: leaks.Filters{Domain: []string{"vpn.acme.example"}}},
		"local_part=user3":                                  {Filters: leaks.Filters{LocalPart: []string{"user3"}}},
		"protocol=https":                                    {Filters: leaks.Filters{Protocol: []string{"https"}}},
		"email_domain=mail.example":                         {Filters: leaks.Filters{EmailDomain: []string{"mail.example"}}},
		"root_domain=rival.example":                         {Filters: leaks.Filters{RootDomain: []string{"rival.example"}}},
		"machine_id=m4":                                     {Filters: leaks.Filters{MachineID: []string{"m4"}}},
		"computer_name=PC-4":                                {Filters: leaks.Filters{ComputerName: []string{"PC-4"}}},
		"hardware_id=":                                      {Filters: leaks.Filters{HardwareID: []string{""}}},
		"machine_user=Anna":                                 {Filters: leaks.Filters{MachineUser: []string{"Anna"}}},
		"ip_address=192.0.2.4":                              {Filters: leaks.Filters{IPAddress: []string{"192.0.2.4"}}},
		"country=fr&country=DE":                             {Filters: leaks.Filters{Country: []string{"fr", "DE"}}},
		"software=":                                         {Filters: leaks.Filters{Software: []string{""}}},
		"stealer_name=redline":                              {Filters: leaks.Filters{StealerName: []string{"redline"}}},
		"upload_stealed=2026-11-20":                         {Filters: leaks.Filters{UploadStealed: []leaks.Day{"2026-11-20"}}},
		"upload_date=2026-11-20":                            {Filters: leaks.Filters{UploadDate: []leaks.Day{"2026-11-20"}}},
		"log_date=2026-11-10&log_date=2026-11-11":           {Filters: leaks.Filters{LogDate: []leaks.Day{"2026-11-10", "2026-11-11"}}},
		"start_date=2026-11-10&end_date=2026-11-15":         {Filters: leaks.Filters{StartDate: "2026-11-10", EndDate: "2026-11-15"}},
	} {
		q.Scope, q.Column = acme, leaks.RootDomain
		page, err := hs.store.Details(ctx, q)
		same("member", "/leaks/details?"+scope+"&"+query, page, err)
	}
	for _, column := range []leaks.Column{leaks.RootDomain, leaks.EmailDomain} {
		for _, domain := range []string{"acme.example", "VPN.acme.example"} {
			a, err := hs.store.Analytics(ctx, acme, column, domain)
			same("mssp", fmt.Sprintf("/leaks/stats/analytics?identifier_column=%s&domain=%s", column, domain), a, err)
		}
	}
}

// What the keys' own routes say.
func TestLeaksMe(t *testing.T) {
	hs := newHouse(t)
	h := hs.handler(t, Options{})
	key := func(name string) watchlist.Key {
		who, err := hs.watch.Verify(t.Context(), hs.keys[name])
		if err != nil {
			t.Fatal(err)
		}
		return who.Key
	}
	member := fmt.Sprintf(`"organisation":{"id":%q,"name":"Acme","created_at":"2026-11-22T12:00:00"},"key":{"id":%q,"name":"member","role":"member","created_at":"2026-11-22T12:00:00","expires_at":""}}`, hs.acme.ID, key("member").ID)
	admin := fmt.Sprintf(`"organisation":null,"key":{"id":%q,"name":"admin","role":"admin","created_at":"2026-11-22T12:00:00","expires_at":""}}`, key("admin").ID)
	for name, want := range map[string]string{"member": member, "admin": admin} {
		if code, body := hs.get(h, name, "/leaks/me"); code != 200 || body != "{"+want {
			t.Error(code, body, want)
		}
		if code, body := hs.do(h, "POST", name, "/api-keys/verify"); code != 200 || body != `{"valid":true,`+want {
			t.Error(code, body, want)
		}
	}
	// Revocation is felt at once.
	if err := hs.watch.RevokeKey(t.Context(), key("member").ID); err != nil {
		t.Fatal(err)
	}
	if code, body := hs.get(h, "member", "/leaks/me"); code != 401 || body != `{"detail":"Invalid or revoked API key"}` {
		t.Error(code, body)
	}
}
