package leaks

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/leakscope/leakscope/watchlist"
)

// Occurrences returns every raw occurrence of a credential in scope, newest
// detection first; of those detected at once, the one ingested last first. A
// hash that is unknown or outside the scope has none; a malformed one is
// ErrInvalid.
func (s *Store) Occurrences(ctx context.Context, scope watchlist.Scope, column Column, hash string) (*Occurrences, error) {
	return s.occurrencesOf(ctx, "occurrences", hash, func() (*plan, error) {
		return compile(ctx, scope, column, &Filters{}, "")
	})
}

// occurrencesOf answers a by-hash query, called what in its errors, over the rows
// of a plan.
func (s *Store) occurrencesOf(ctx context.Context, what, hash string, compile func() (*plan, error)) (*Occurrences, error) {
	defer s.asks()()
	h, err := parseHash("hash", hash)
	if err != nil {
		return nil, err
	}
	p, err := compile()
	if err != nil {
		return nil, err
	}
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	list, err := sn.occurrences(ctx, p, h)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &Occurrences{Data: list}, nil
}

// An occurrenceRef is a row and what orders it among those of its credential.
type occurrenceRef struct {
	seen       uint32
	ordinal    uint64
	table      int
	group, row uint32
}

func (sn *snapshot) occurrences(ctx context.Context, p *plan, hash hash128) (_ []Occurrence, err error) {
	defer sn.watch().end(&err)
	if p.empty() {
		return []Occurrence{}, nil
	}
	var (
		refs    []occurrenceRef
		groups  []uint32
		cursors = make([]*tableCursor, len(sn.segments))
	)
	defer func() { giveBackAll(cursors) }()
	for ti, h := range sn.segments {
		c := h.table.borrow()
		cursors[ti] = c
		var near uint32
		if groups, near = c.findHashNear(hash, groups[:0]); len(groups) == 0 && c.t.groups > 0 {
			// Time does not tell a hash that is nobody's from one that is
			// somebody else's: a group beside it is looked at in its place.
			p.inScope(c, near)
		}
		for _, g := range groups {
			if !p.inScope(c, g) {
				continue
			}
			lo, hi := c.groupRows(g)
			for r := lo; r < hi; r++ {
				if p.byKeyword {
					if _, ok := p.keywordOf(c.bytes(dictHost, c.host(r))); !ok {
						continue
					}
				}
				refs = append(refs, occurrenceRef{c.seen(r), c.ordinal(r), ti, g, r})
			}
		}
		if err := firstError(c.err(), ctx.Err()); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(refs, func(a, b occurrenceRef) int {
		if c := cmp.Compare(b.seen, a.seen); c != 0 {
			return c
		}
		if c := cmp.Compare(b.table, a.table); c != 0 {
			return c
		}
		return cmp.Compare(b.ordinal, a.ordinal)
	})
	out := make([]Occurrence, len(refs))
	var f rowFacts
	for i, ref := range refs {
		c := cursors[ref.table]
		if i == 0 || ref.table != refs[i-1].table || ref.group != refs[i-1].group {
			c.credentialFacts(ref.group, &f)
		}
		c.occurrenceFacts(ref.row, &f)
		out[i] = Occurrence{
			Type: f.typ.String(), Username: f.username, Password: f.mask, Host: f.host, Domain: f.domain,
			UploadStealed: timeOf(f.seen), UploadDate: timeOf(f.upload), LogDate: timeOf(f.log),
			Source: c.sourceOf(ref.row, &f), StealerName: f.machine[machineStealer], Country: f.machine[machineCountry],
			IPAddress: f.machine[machineIP], ComputerName: f.machine[machineComputer],
			MachineUser: f.machine[machineMUser], MachineID: f.machine[machineMachineID],
			HardwareID: f.machine[machineHWID], Software: f.software,
		}
		if i%pollFilled == pollFilled-1 {
			if err := firstError(c.err(), ctx.Err()); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range cursors {
		if err := c.err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// inScope reports whether the rows of a group are in the scope of p, except for
// keywords: all else that it looks at is the same throughout a group.
func (p *plan) inScope(c *tableCursor, group uint32) bool {
	if p.byKeyword {
		return !p.own(c.str(dictDomain, c.groupDomain(group)))
	}
	if p.all {
		return true
	}
	user := c.groupUser(group)
	var root, mail, name bool // each is looked at, whatever the others say
	if p.column == RootDomain || p.column == AnyColumn {
		root = p.scope.CoversDomain(c.str(dictDomain, c.groupDomain(group)))
	}
	if p.column == EmailDomain || p.column == AnyColumn {
		mail = p.scope.CoversDomain(c.str(dictMail, c.userMail(user)))
	}
	if p.column == Username || p.column == AnyColumn {
		name = p.scope.CoversUsername(c.username(user))
	}
	return root || mail || name
}

// Exposed reports whether the credential is known: this username with exactly
// this password at this domain, which may also be given as a host or URL. The
// password is hashed under the store's key and forgotten.
func (s *Store) Exposed(ctx context.Context, username, password, domain string) (_ bool, err error) {
	defer s.asks()()
	pr := s.preparer(0, "")
	var r row
	if reason, detail := pr.prepare(&Record{Username: username, Password: password, Host: domain}, &r); reason != "" {
		return false, exposedError(reason, detail)
	}
	sn, err := s.acquire()
	if err != nil {
		return false, err
	}
	defer s.release(sn)
	defer sn.watch().end(&err)
	hash := hashOf(r.hash)
	var groups []uint32
	for _, h := range sn.segments {
		c := h.table.borrow()
		groups = c.findHash(hash, groups[:0])
		err := firstError(c.err(), ctx.Err())
		c.giveBack()
		if err != nil {
			return false, fmt.Errorf("exposed: %w", err)
		}
		if len(groups) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// exposedError says which parameter of Exposed a reject is about. Like the
// reject, it holds no value.
func exposedError(reason RejectReason, detail string) error {
	switch reason {
	case RejectHost:
		return paramErrorf("domain", "%s", detail)
	case RejectTooLong:
		if detail == "host" {
			detail = "domain"
		}
		return paramErrorf(detail, "is too long")
	}
	return paramErrorf("username", "%s", detail)
}
