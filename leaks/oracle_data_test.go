package leaks

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/leakscope/leakscope/watchlist"
)

// A world makes random records over small alphabets, so that everything
// repeats: credentials, machines, sources, instants.
type world struct {
	rng   *rand.Rand
	roots []string
	users []string
	span  int // days
	// deep: some domains lie below others, and some root domains are brought
	// that lie above those of the public suffix list. Of a fixture they do not.
	deep bool
}

var everything = watchlist.Administrator()

func only(domains ...string) watchlist.Scope {
	s, err := Narrow(everything, RootDomain, domains...)
	if err != nil {
		panic(err)
	}
	return s
}

func onlyUsers(names ...string) watchlist.Scope {
	s, err := Narrow(everything, Username, names...)
	if err != nil {
		panic(err)
	}
	return s
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 1))}
	for i := range 1 + w.rng.IntN(8) {
		w.roots = append(w.roots, fmt.Sprintf("org%d.%s", i, w.pick("example", "test", "example.co.uk")))
	}
	mails := []string{"mail.example", "Post.Example", "müller.example.de", "org0.example"}
	for i := range 2 + w.rng.IntN(40) {
		name := w.pick("anna", "bob", "Çelik", "x", "admin", "j.doe", "Ünal") + fmt.Sprint(i%13)
		if w.chance(3, 4) {
			name += "@" + w.pick(mails...)
		}
		w.users = append(w.users, name)
	}
	w.users = append(w.users, "", "+4930123456", "ACME\\heidi")
	w.span = 1 + w.rng.IntN(60)
	return w
}

func (w *world) pick(v ...string) string  { return v[w.rng.IntN(len(v))] }
func (w *world) chance(n, of int) bool    { return w.rng.IntN(of) < n }
func (w *world) maybe(v ...string) string { return w.pick(append(v, "")...) }

var worldStart = time.Date(2024, 5, 30, 0, 0, 0, 0, time.UTC)

func (w *world) instant() time.Time {
	t := worldStart.AddDate(0, 0, w.rng.IntN(w.span))
	switch w.rng.IntN(3) {
	case 0:
		return t.Add(time.Duration(w.rng.IntN(3)) * time.Hour)
	case 1:
		return t.Add(time.Duration(w.rng.IntN(86400)) * time.Second)
	}
	return t
}

func (w *world) record() Record {
	r := Record{
		Username:      w.pick(w.users...),
		Password:      w.maybe("hunter2", "Winter!2024", "pass:word", "пароль", "a", "ab"),
		UploadStealed: w.instant(),
		Source:        w.maybe("feed-1", "feed-2", "feed-3", "chat-9"),
		Software:      w.maybe("Chrome", "Firefox"),
	}
	root := w.pick(w.roots...)
	sub := w.maybe("www.", "vpn.", "a.b.")
	if w.chance(9, 10) {
		r.Host = w.maybe("https://", "HTTP://", "ftp://") + sub + root + w.maybe("/login", "/Login", ":8443/x")
	}
	if w.chance(1, 12) {
		r.Domain = sub + root
		if w.chance(1, 2) {
			r.Root = root
			if sub != "" && w.chance(1, 2) {
				r.Root = sub + root // another registrable name than the list's
			}
		}
	}
	if w.deep && w.chance(1, 8) {
		r.Domain, r.Root = sub+root, root
		for n := w.rng.IntN(3); n > 0 && strings.Contains(r.Root, "."); n-- {
			_, r.Root, _ = strings.Cut(r.Root, ".")
		}
	}
	if w.deep && r.Host != "" && w.chance(1, 3) {
		r.Host += w.pick("/offer/acme-corp/1", "/acmecorp", "/Acme/Corp", "?x=ACME.CORP&y", "/ÄÖÜ-Straße", "/äöü", "#corp-acme")
	}
	if w.deep && w.chance(1, 6) {
		r.Username = w.pick("anna", "bob") + "@" + w.pick("a.", "b.a.") + w.pick(append(w.roots, "mail.example")...)
	}
	if w.chance(1, 2) {
		r.UploadDate = w.instant()
	}
	if w.chance(1, 2) {
		n := w.rng.IntN(6)
		r.MachineID = fmt.Sprintf("machine-%d", n)
		r.HardwareID = fmt.Sprintf("HW%d", n%4)
		r.ComputerName = w.maybe("DESKTOP-1", "laptop-ÄÖ", "PC")
		r.MachineUser = w.maybe("Anna", "bob")
		r.IPAddress = w.maybe("192.0.2.1", "198.51.100.7", "2001:db8::1")
		r.Country = w.maybe("de", "FR", "us")
		r.StealerName = w.maybe("RedLine", "redline", "Vidar", "Lumma")
		if w.chance(1, 2) {
			r.LogDate = w.instant()
		}
	}
	if w.chance(1, 10) {
		r.Type = Combo
	}
	return r
}

func (w *world) records(n int) []Record {
	out := make([]Record, 0, n)
	for range n {
		if len(out) > 0 && w.chance(1, 3) { // an earlier one, seen again
			r := out[w.rng.IntN(len(out))]
			r.Source = w.maybe("feed-1", "feed-2", "feed-3", "chat-9")
			if w.chance(2, 3) {
				r.UploadStealed = w.instant()
			}
			out = append(out, r)
			continue
		}
		out = append(out, w.record())
	}
	return out
}

// scope returns a random scope and column, and the domains the scope is of:
// those of rows, domains above and below them, and some of nothing.
func (w *world) scope(o *oracle) (watchlist.Scope, Column, []string) {
	col := []Column{RootDomain, EmailDomain, Username, AnyColumn}[w.rng.IntN(4)]
	if w.chance(1, 6) {
		return everything, col, nil
	}
	var domains, ids []string
	n := 1 + w.rng.IntN(3)
	if w.chance(1, 8) {
		n = 20 + w.rng.IntN(20)
	}
	for range n {
		id := w.pick("nobody.example", "example", "org0.example", "example.co.uk")
		if len(o.rows) > 0 && w.chance(9, 10) {
			r := &o.rows[w.rng.IntN(len(o.rows))]
			switch {
			case col == Username, col == AnyColumn && r.emailDomain != "" && w.chance(1, 3):
				if r.username != "" {
					ids = append(ids, r.username)
				}
				continue
			case col == EmailDomain, col == AnyColumn && w.chance(1, 2):
				id = r.emailDomain
			case w.chance(1, 2):
				id = r.root
			default:
				id = r.domain
			}
		}
		for w.chance(1, 6) {
			_, id, _ = strings.Cut(id, ".")
		}
		if id != "" && w.chance(1, 10) {
			id = w.pick("www.", "a.", "b.") + id
		}
		if w.chance(1, 3) {
			id = strings.ToUpper(id)
		}
		if id != "" {
			domains, ids = append(domains, id), append(ids, id)
		}
	}
	sc, err := Narrow(everything, col, ids...)
	if err != nil {
		panic(err)
	}
	return sc, col, domains
}

func (w *world) days() []Day {
	var out []Day
	for range 1 + w.rng.IntN(4) {
		out = append(out, Day(worldStart.AddDate(0, 0, w.rng.IntN(w.span)).Format("2006-01-02")))
	}
	return out
}

// filters sets each filter now and then, to values of random rows.
func (w *world) filters(o *oracle) Filters {
	var f Filters
	if len(o.rows) == 0 || w.chance(1, 3) {
		return f
	}
	one := func(dst *[]string, of func(*row) string) {
		if !w.chance(1, 12) {
			return
		}
		for range 1 + w.rng.IntN(2) {
			*dst = append(*dst, of(&o.rows[w.rng.IntN(len(o.rows))]))
		}
	}
	one(&f.Username, func(r *row) string { return r.username })
	one(&f.Type, func(r *row) string { return strings.ToLower(r.typ.String()) })
	one(&f.Hash, func(r *row) string { return fmt.Sprintf("%x", r.hash) })
	one(&f.Host, func(r *row) string { return r.host })
	one(&f.Domain, func(r *row) string { return r.domain })
	one(&f.LocalPart, func(r *row) string { return r.localPart })
	one(&f.Protocol, func(r *row) string { return r.protocol })
	one(&f.EmailDomain, func(r *row) string { return r.emailDomain })
	one(&f.RootDomain, func(r *row) string { return r.root })
	one(&f.MachineID, func(r *row) string { return r.machineID })
	one(&f.ComputerName, func(r *row) string { return r.computer })
	one(&f.HardwareID, func(r *row) string { return r.hwid })
	one(&f.MachineUser, func(r *row) string { return r.muser })
	one(&f.IPAddress, func(r *row) string { return r.ip })
	one(&f.Country, func(r *row) string { return strings.ToLower(r.country) })
	one(&f.Software, func(r *row) string { return r.software })
	one(&f.StealerName, func(r *row) string { return strings.ToUpper(r.stealer) })
	if w.chance(1, 12) {
		f.UploadStealed = w.days()
	}
	if w.chance(1, 12) {
		f.UploadDate = w.days()
	}
	if w.chance(1, 12) {
		f.LogDate = w.days()
	}
	if w.chance(1, 6) {
		f.StartDate = w.days()[0]
	}
	if w.chance(1, 6) {
		f.EndDate = w.days()[0]
	}
	if f.StartDate != "" && f.EndDate != "" && f.StartDate > f.EndDate {
		f.StartDate, f.EndDate = f.EndDate, f.StartDate
	}
	return f
}

func (w *world) query(o *oracle) DetailsQuery {
	q := DetailsQuery{Filters: w.filters(o)}
	q.Scope, q.Column, _ = w.scope(o)
	if len(o.rows) > 0 && w.chance(1, 4) {
		r := &o.rows[w.rng.IntN(len(o.rows))]
		text := []rune(w.pick(r.username, r.host, r.domain, r.emailDomain, r.root, r.ip, r.computer, r.muser, "zzz"))
		if len(text) > 0 {
			lo := w.rng.IntN(len(text))
			hi := lo + 1 + w.rng.IntN(min(len(text)-lo, 6))
			q.Search = string(text[lo:hi])
			if w.chance(1, 2) {
				q.Search = strings.ToUpper(q.Search)
			}
		}
	}
	if w.chance(1, 4) {
		q.MinOccurrences = w.rng.IntN(4)
	}
	q.SortBy = []Sort{"", BySourceCount, ByLastSeen}[w.rng.IntN(3)]
	q.PageSize = []int{0, 1, 2, 7, 200}[w.rng.IntN(5)]
	if w.chance(1, 3) {
		q.Page = 1 + w.rng.IntN(4)
	}
	return q
}
