package main

import (
	"fmt"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// columnFlag chooses the identifier column.
type columnFlag struct {
	IdentifierColumn string `required:"" enum:"root_domain,email_domain,username,any" placeholder:"COLUMN" help:"Column that identifiers are matched against: ${enum}. A domain covers those below it."`
}

// column returns the column as the library knows it.
func (f *columnFlag) column() leaks.Column { return leaks.Column(f.IdentifierColumn) }

// identifierFlags say whose rows may be seen.
type identifierFlags struct {
	Identifier []string `sep:"none" placeholder:"V" help:"Domain, user name or e-mail address whose rows may be seen; repeatable."`
	All        bool     `help:"See the whole store instead: an administrator's view."`
}

// scope builds the scope. Without identifiers the caller must have asked for
// all, unless optional says that none means all.
func (f *identifierFlags) scope(column leaks.Column, optional bool) (watchlist.Scope, error) {
	switch {
	case f.All && len(f.Identifier) > 0:
		return watchlist.Scope{}, usageErrorf("--all and --identifier exclude each other")
	case !f.All && !optional && len(f.Identifier) == 0:
		return watchlist.Scope{}, usageErrorf("missing flags: --identifier=V (repeatable), or --all for the whole store")
	}
	// Who has the store's key may see all of it.
	everything := watchlist.Administrator()
	if len(f.Identifier) == 0 {
		return everything, nil
	}
	return leaks.Narrow(everything, column, f.Identifier...)
}

// filterFlags are the contract's standard filters.
type filterFlags struct {
	Username     []string `sep:"none" group:"filters" placeholder:"V" help:"User name."`
	Type         []string `sep:"none" group:"filters" placeholder:"V" help:"Stealer or Combo."`
	Hash         []string `sep:"none" group:"filters" placeholder:"V" help:"Credential hash, 32 hex digits."`
	Host         []string `sep:"none" group:"filters" placeholder:"V" help:"Host or URL as found."`
	Domain       []string `sep:"none" group:"filters" placeholder:"V" help:"Domain of the host."`
	LocalPart    []string `sep:"none" group:"filters" placeholder:"V" help:"Local part of the e-mail address."`
	Protocol     []string `sep:"none" group:"filters" placeholder:"V" help:"URL scheme."`
	EmailDomain  []string `sep:"none" group:"filters" placeholder:"V" help:"Domain of the e-mail address."`
	RootDomain   []string `sep:"none" group:"filters" placeholder:"V" help:"Registrable domain of the host."`
	MachineID    []string `sep:"none" group:"filters" placeholder:"V" name:"machine-id" help:"Machine id."`
	ComputerName []string `sep:"none" group:"filters" placeholder:"V" help:"Computer name."`
	HardwareID   []string `sep:"none" group:"filters" placeholder:"V" name:"hardware-id" help:"Hardware id."`
	MachineUser  []string `sep:"none" group:"filters" placeholder:"V" help:"User of the machine."`
	IPAddress    []string `sep:"none" group:"filters" placeholder:"V" name:"ip-address" help:"IP address of the machine."`
	Country      []string `sep:"none" group:"filters" placeholder:"V" help:"Country, ISO 3166 alpha-2."`
	Software     []string `sep:"none" group:"filters" placeholder:"V" help:"Software the password was taken from."`
	StealerName  []string `sep:"none" group:"filters" placeholder:"V" help:"Name of the stealer."`

	UploadStealed []string `sep:"none" group:"filters" placeholder:"DAY" help:"Day of detection, 2006-01-02."`
	UploadDate    []string `sep:"none" group:"filters" placeholder:"DAY" help:"Day of upload on the source platform."`
	LogDate       []string `sep:"none" group:"filters" placeholder:"DAY" help:"Day the device was compromised."`
	StartDate     string   `group:"filters" placeholder:"DAY" help:"First day of detection; included."`
	EndDate       string   `group:"filters" placeholder:"DAY" help:"Last day of detection; included."`
}

func (f *filterFlags) filters() leaks.Filters {
	return leaks.Filters{
		Username:      f.Username,
		Type:          f.Type,
		Hash:          f.Hash,
		Host:          f.Host,
		Domain:        f.Domain,
		LocalPart:     f.LocalPart,
		Protocol:      f.Protocol,
		EmailDomain:   f.EmailDomain,
		RootDomain:    f.RootDomain,
		MachineID:     f.MachineID,
		ComputerName:  f.ComputerName,
		HardwareID:    f.HardwareID,
		MachineUser:   f.MachineUser,
		IPAddress:     f.IPAddress,
		Country:       f.Country,
		Software:      f.Software,
		StealerName:   f.StealerName,
		UploadStealed: days(f.UploadStealed),
		UploadDate:    days(f.UploadDate),
		LogDate:       days(f.LogDate),
		StartDate:     leaks.Day(f.StartDate),
		EndDate:       leaks.Day(f.EndDate),
	}
}

func days(in []string) []leaks.Day {
	var out []leaks.Day
	for _, d := range in {
		out = append(out, leaks.Day(d))
	}
	return out
}

// instant is a flag that takes a time or a day, in UTC unless it says
// otherwise.
type instant struct{ time.Time }

// UnmarshalText reads 2006-01-02, 2006-01-02T15:04:05 or RFC 3339.
func (t *instant) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.RFC3339} {
		if v, err := time.Parse(layout, string(text)); err == nil {
			t.Time = v.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is no time: write 2006-01-02, 2006-01-02T15:04:05 or RFC 3339", text)
}
