package formats

import (
	"fmt"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

// An Item is one thing read from the files of an input. Exactly one of Record,
// Machine, Card and Cookies is set. What the pointers point to is the caller's
// until the next item is asked for; who keeps it longer copies it.
type Item struct {
	// Record is a credential, its machine's facts joined. Its Place says where
	// it stood.
	Record *leaks.Record
	// Machine is a victim's machine whose log held no credential.
	Machine *Machine
	// Card is a payment card.
	Card *Card
	// Cookies is a number of cookies counted in the file.
	Cookies int64

	File    string // path of the file in the input or archive
	Line    int64  // from 1; 0 for what no line gives (cookies)
	Archive string // archive path, as in [Entry.Archive]
}

// A Machine is what a victim's log says of its machine.
type Machine struct {
	Country      string    // two letters
	IP           string    // address
	ComputerName string    //
	User         string    // account on the machine
	MachineID    string    //
	HardwareID   string    //
	Stealer      string    // family: "redline", "vidar"; "" when not known
	LogDate      time.Time // zero when not known or ambiguous
	// LogDates are the readings of an ambiguous date, ascending: 03/04/2024 is
	// in March or in April. Empty when LogDate is set.
	LogDates []time.Time
}

// A Card is a payment card: all that leaves the parser of its number is how it
// begins and ends.
type Card struct {
	BIN     string // first six digits
	Last4   string // last four digits
	Expiry  string // "2027-09", "" when not known
	Country string // of the victim's machine, "" when not known
	LogDate time.Time
}

// String describes an item without any value of it.
func (it Item) String() string {
	what := "record"
	switch {
	case it.Machine != nil:
		what = "machine"
	case it.Card != nil:
		what = "card"
	case it.Cookies > 0:
		what = fmt.Sprintf("%d cookies", it.Cookies)
	}
	return fmt.Sprintf("%s line %d: %s", Entry{Path: it.File, Archive: it.Archive}.Place(), it.Line, what)
}
