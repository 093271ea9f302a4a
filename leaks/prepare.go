package leaks

import (
	"strings"
	"time"

	"github.com/leakscope/leakscope/internal/normalize"
)

// A preparer turns records into rows: it normalises, derives what is missing,
// and replaces the password by its mask, digest and hash. One goroutine each.
type preparer struct {
	norm   *normalize.Normalizer
	hasher *normalize.Hasher
	seen   uint32 // for records that bring no detection time
	source string // for records that bring no source
}

// preparer returns one for the use of one goroutine.
func (s *Store) preparer(seen uint32, source string) *preparer {
	return &preparer{norm: normalize.NewNormalizer(), hasher: s.hasher.Clone(), seen: seen, source: source}
}

// prepare fills out from rec. A reason other than "" says why rec is no row;
// detail never holds a value of rec.
func (p *preparer) prepare(rec *Record, out *row) (reason RejectReason, detail string) {
	if reason, detail = p.prepareLate(rec, out); reason == "" {
		p.settle(out)
	}
	return reason, detail
}

// settle finds out what prepareLate left open. What remains is what a table keeps
// of a row.
func (p *preparer) settle(r *row) {
	r.maskEnds = 0
	if !r.rootLate {
		return
	}
	r.rootLate = false
	switch root := p.norm.Root(r.domain); r.root {
	case root:
	case "":
		r.root = root
	default:
		r.ownRoot = true
	}
}

// prepareLate is prepare but for rows whose domain's root is left to a
// tableBuilder: it looks that up once for all rows of a domain.
func (p *preparer) prepareLate(rec *Record, out *row) (reason RejectReason, detail string) {
	if detail := tooLong(rec); detail != "" {
		return RejectTooLong, detail
	}
	*out = row{}
	if reason, detail := p.identity(rec, out); reason != "" {
		return reason, detail
	}
	if reason, detail := p.place(rec, out); reason != "" {
		return reason, detail
	}
	if reason := p.times(rec, out); reason != "" {
		return reason, "not from 1970-01-02 to 2106-02-07"
	}
	if reason, detail := p.facts(rec, out); reason != "" {
		return reason, detail
	}
	credential, digest := p.hasher.Hashes(out.username, rec.Password, out.domain)
	out.hash = credential
	if rec.Password != "" {
		shape := normalize.ShapeOf(rec.Password)
		out.hasPassword = true
		out.digest = digest
		out.mask, out.maskEnds, out.classes = shape.Mask, shape.Ends, shape.Classes
		out.pwLen = uint16(min(shape.Len, 1<<16-1))
	}
	return "", ""
}

// identity fills the username and its halves.
func (p *preparer) identity(rec *Record, out *row) (RejectReason, string) {
	login := rec.Username
	if login == "" && rec.LocalPart != "" && rec.EmailDomain != "" {
		login = rec.LocalPart + "@" + rec.EmailDomain
	}
	out.username, out.localPart, out.emailDomain = p.norm.Login(login)
	if out.username == "" && rec.Password == "" {
		return RejectURLOnly, "neither login nor password"
	}
	if rec.LocalPart != "" && rec.LocalPart != out.localPart && !strings.EqualFold(strings.TrimSpace(rec.LocalPart), out.localPart) {
		return RejectLocalPart, "is not that of the username"
	}
	if rec.EmailDomain != "" && rec.EmailDomain != out.emailDomain {
		d, err := p.norm.Domain(rec.EmailDomain)
		if err != nil {
			return RejectEmailDomain, "is no domain"
		}
		if d != out.emailDomain {
			return RejectEmailDomain, "is not that of the username"
		}
	}
	return "", ""
}

// place fills host, domain, root domain and protocol.
func (p *preparer) place(rec *Record, out *row) (RejectReason, string) {
	h, err := p.norm.HostOnly(rec.Host)
	if err != nil {
		return RejectHost, "holds no host name or address"
	}
	out.host, out.domain, out.protocol = h.Host, h.Domain, h.Protocol
	out.rootLate = rootMayWait(out.domain)
	if rec.Domain != "" && rec.Domain != out.domain {
		d, err := p.norm.Domain(rec.Domain)
		if err != nil {
			return RejectDomain, "is no domain"
		}
		if d != out.domain {
			out.domain, out.rootLate = d, false
		}
	}
	if reason, detail := p.root(rec.Root, out); reason != "" {
		return reason, detail
	}
	if rec.Protocol != "" {
		s := strings.ToLower(strings.TrimSpace(rec.Protocol))
		if !isScheme(s) {
			return RejectProtocol, "is no URL scheme"
		}
		out.protocol = s
	}
	return "", ""
}

// rootMayWait reports whether the root of a domain can be left open. It says no
// to all addresses, of which no part is a root.
func rootMayWait(domain string) bool {
	n := len(domain)
	return n > 0 && (domain[n-1] < '0' || domain[n-1] > '9') && strings.IndexByte(domain, ':') < 0
}

// root fills in the root domain, given that which the record brings.
func (p *preparer) root(brought string, out *row) (RejectReason, string) {
	if brought != "" && !(out.rootLate && domainCovers(brought, out.domain)) {
		r, err := p.norm.Domain(brought)
		if err != nil {
			return RejectRoot, "is no domain"
		}
		if out.domain != "" && !domainCovers(r, out.domain) {
			return RejectRoot, "is neither the domain nor above it"
		}
		brought = r
	}
	out.root = brought
	if out.rootLate {
		return "", ""
	}
	if out.domain != "" {
		root := p.norm.Root(out.domain)
		if brought == "" {
			out.root = root
		}
		out.ownRoot = out.root != root
	} else {
		out.ownRoot = brought != ""
	}
	return "", ""
}

// times fills the three instants.
func (p *preparer) times(rec *Record, out *row) RejectReason {
	var ok bool
	if out.seen, ok = unixSeconds(rec.UploadStealed); !ok {
		return RejectStealed
	}
	if out.seen == 0 {
		out.seen = p.seen
	}
	if out.upload, ok = unixSeconds(rec.UploadDate); !ok {
		return RejectUploadDate
	}
	if out.log, ok = unixSeconds(rec.LogDate); !ok {
		return RejectLogDate
	}
	return ""
}

// facts fills source, machine facts and type.
func (p *preparer) facts(rec *Record, out *row) (RejectReason, string) {
	if rec.Type == TypeUnknown && out.log == 0 && rec.bare() { // a line of a list
		out.source, out.typ = p.source, Combo
		return "", ""
	}
	var err error
	if out.country, err = normalize.Country(rec.Country); err != nil {
		return RejectCountry, "is no ISO 3166 alpha-2 code"
	}
	if out.ip, err = normalize.IP(rec.IPAddress); err != nil {
		return RejectIP, "is no IP address"
	}
	out.source = trimmed(rec.Source)
	if out.source == "" {
		out.source = p.source
	}
	out.stealer = trimmed(rec.StealerName)
	out.computer = trimmed(rec.ComputerName)
	out.muser = trimmed(rec.MachineUser)
	out.machineID = trimmed(rec.MachineID)
	out.hwid = trimmed(rec.HardwareID)
	out.software = trimmed(rec.Software)
	switch rec.Type {
	case Combo, Stealer:
		out.typ = rec.Type
	case TypeUnknown:
		out.typ = Combo
		if out.stealer != "" || out.country != "" || out.ip != "" || out.computer != "" ||
			out.muser != "" || out.machineID != "" || out.hwid != "" || out.log != 0 {
			out.typ = Stealer
		}
	default:
		return RejectType, "is neither Stealer nor Combo"
	}
	return "", ""
}

// bare reports whether the record has neither source nor software nor any fact
// of a machine.
func (rec *Record) bare() bool {
	return len(rec.Source)|len(rec.Software)|len(rec.StealerName)|len(rec.Country)|len(rec.IPAddress)|
		len(rec.ComputerName)|len(rec.MachineUser)|len(rec.MachineID)|len(rec.HardwareID) == 0
}

// trimmed is strings.TrimSpace, at once where a text begins and ends with what
// is surely no blank.
func trimmed(s string) string {
	if n := len(s); n == 0 || s[0]-'!' <= '~'-'!' && s[n-1]-'!' <= '~'-'!' {
		return s
	}
	return strings.TrimSpace(s)
}

// tooLong names the first field of rec that is above its ceiling.
func tooLong(rec *Record) string {
	switch {
	case len(rec.Host) > maxHostBytes:
		return "host"
	case len(rec.Username) > maxUsernameBytes:
		return "username"
	case len(rec.Password) > maxPasswordBytes:
		return "password"
	}
	// A union of lengths is at least the greatest of them.
	if len(rec.Domain)|len(rec.Root)|len(rec.Protocol)|len(rec.LocalPart)|len(rec.EmailDomain)|len(rec.Source)|
		len(rec.StealerName)|len(rec.Country)|len(rec.IPAddress)|len(rec.ComputerName)|len(rec.MachineUser)|
		len(rec.MachineID)|len(rec.HardwareID)|len(rec.Software) <= maxFactBytes {
		return ""
	}
	for _, f := range [...]struct{ name, value string }{
		{"domain", rec.Domain}, {"root_domain", rec.Root}, {"protocol", rec.Protocol},
		{"local_part", rec.LocalPart}, {"email_domain", rec.EmailDomain}, {"source", rec.Source},
		{"stealer_name", rec.StealerName}, {"country", rec.Country}, {"ip_address", rec.IPAddress},
		{"computer_name", rec.ComputerName}, {"machine_user", rec.MachineUser},
		{"machine_id", rec.MachineID}, {"hardware_id", rec.HardwareID}, {"software", rec.Software},
	} {
		if len(f.value) > maxFactBytes {
			return f.name
		}
	}
	return ""
}

// domainCovers reports whether domain is parent or below it.
func domainCovers(parent, domain string) bool {
	n := len(domain) - len(parent)
	return n == 0 && domain == parent ||
		n > 0 && parent != "" && domain[n-1] == '.' && domain[n:] == parent
}

// isScheme reports whether s, in lower case, is a URL scheme (RFC 3986, 3.1).
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z'
		other := '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

const (
	minTime = 24 * 60 * 60
	maxTime = 1<<32 - 1
)

// unixSeconds returns t as seconds since 1970, 0 for the zero time.
func unixSeconds(t time.Time) (uint32, bool) {
	if t.IsZero() {
		return 0, true
	}
	s := t.Unix()
	if s < minTime || s > maxTime {
		return 0, false
	}
	return uint32(s), true
}

// timeOf returns the instant of seconds since 1970; 0 is none.
func timeOf(s uint32) Time {
	if s == 0 {
		return Time{}
	}
	return Time{Time: time.Unix(int64(s), 0).UTC()}
}
