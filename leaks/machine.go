package leaks

import (
	"context"
	"fmt"
	"strings"

	"github.com/leakscope/leakscope/watchlist"
)

// A Machine is the profile of one infected machine, over its occurrences in
// scope. Of several values of a fact, as of a machine that was infected twice,
// it has that of the credential detected last.
type Machine struct {
	ID           string `json:"id"` // as asked for
	MachineID    string `json:"machine_id"`
	HardwareID   string `json:"hardware_id"`
	ComputerName string `json:"computer_name"`
	MachineUser  string `json:"machine_user"`
	IPAddress    string `json:"ip_address"`
	Country      string `json:"country"`
	StealerName  string `json:"stealer_name"`
	LogDate      Time   `json:"log_date"`
	FirstSeen    Time   `json:"first_seen"`
	LastSeen     Time   `json:"last_seen"`
	// Total is how many credentials of the machine are in scope. Credentials
	// are those detected last, at most 10,000; what they say is over their
	// occurrences on this machine.
	Total       int          `json:"total"`
	Credentials []Credential `json:"credentials"`
}

// Machine returns the profile of the machine whose machine_id or hardware_id is
// id, exactly: each is unique by itself where a stealer gives it, and a log often
// has but one. An occurrence is in scope by [AnyColumn]. A machine without one is
// ErrNotFound, as is one that nobody knows.
func (s *Store) Machine(ctx context.Context, scope watchlist.Scope, id string) (*Machine, error) {
	defer s.asks()()
	id = strings.TrimSpace(id)
	switch {
	case id == "":
		return nil, paramErrorf("id", "must not be empty")
	case len(id) > maxFactBytes:
		return nil, paramErrorf("id", "must have at most %d bytes", maxFactBytes)
	}
	p, err := compile(ctx, scope, AnyColumn, &Filters{}, "")
	if err != nil {
		return nil, err
	}
	p.machine = id
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	m, err := sn.machine(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("machine: %w", err)
	}
	return m, nil
}

func (sn *snapshot) machine(ctx context.Context, p *plan) (_ *Machine, err error) {
	defer sn.watch().end(&err)
	all := newRanker(ByLastSeen, 0, 0, nil)
	if err := gather(ctx, sn, p, all); err != nil {
		return nil, err
	}
	rows, err := all.sorted(ctx, 0)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	m := &Machine{ID: p.machine, Total: len(rows), LastSeen: timeOf(rows[0].last)}
	first := uint32(maxTime)
	for i := range rows {
		first = min(first, rows[i].first) // known: not all rows of a group are selected
	}
	m.FirstSeen = timeOf(first)
	if m.Credentials, err = sn.credentials(ctx, rows[:min(len(rows), maxMachineRows)]); err != nil {
		return nil, err
	}
	for i := range m.Credentials {
		c := &m.Credentials[i]
		for _, f := range [...]struct{ to, from *string }{
			{&m.MachineID, &c.MachineID}, {&m.HardwareID, &c.HardwareID}, {&m.ComputerName, &c.ComputerName},
			{&m.MachineUser, &c.MachineUser}, {&m.IPAddress, &c.IPAddress}, {&m.Country, &c.Country}, {&m.StealerName, &c.StealerName},
		} {
			if *f.to == "" {
				*f.to = *f.from
			}
		}
		if m.LogDate.IsZero() {
			m.LogDate = c.LogDate
		}
	}
	return m, nil
}
