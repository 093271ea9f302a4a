package formats

import (
	"encoding/binary"
	"slices"
	"strings"
)

// A field numbers the members of a JSON object that we know.
type field uint8

const (
	fieldUsername field = iota
	fieldPassword
	fieldHost
	fieldDomain
	fieldRoot
	fieldProtocol
	fieldLocalPart
	fieldEmailDomain
	fieldSource
	fieldStealerName
	fieldCountry
	fieldIPAddress
	fieldComputerName
	fieldMachineUser
	fieldMachineID
	fieldHardwareID
	fieldSoftware
	fieldType
	fieldUploadStealed
	fieldUploadDate
	fieldLogDate

	// Fields by other tools' names, which count where our own are missing.
	fieldOtherHost
	fieldOtherLogin
	fieldOtherEmail
	fieldOtherPassword
	fieldOtherSoftware
	fieldOtherHardwareID

	fieldNone // any other
)

// numFields counts those with names of our own.
const numFields = fieldOtherHost

var fieldNames = [numFields]string{
	fieldUsername: "username", fieldPassword: "password", fieldHost: "host",
	fieldDomain: "domain", fieldRoot: "root_domain", fieldProtocol: "protocol",
	fieldLocalPart: "local_part", fieldEmailDomain: "email_domain",
	fieldSource: "source", fieldStealerName: "stealer_name", fieldCountry: "country",
	fieldIPAddress: "ip_address", fieldComputerName: "computer_name",
	fieldMachineUser: "machine_user", fieldMachineID: "machine_id",
	fieldHardwareID: "hardware_id", fieldSoftware: "software", fieldType: "type",
	fieldUploadStealed: "upload_stealed", fieldUploadDate: "upload_date",
	fieldLogDate: "log_date",
}

var fieldNumbers = func() map[string]field {
	m := make(map[string]field, len(fieldNames))
	for f, name := range fieldNames {
		m[name] = field(f)
	}
	for f, names := range map[field]string{
		fieldOtherHost:       "url uri link site website origin_url login_url login_uri hostname URL Url Host",
		fieldOtherLogin:      "login user user_name username_value userlogin user_login Username Login User",
		fieldOtherEmail:      "email mail email_address account Email",
		fieldOtherPassword:   "pass passwd pwd password_value user_password login_password Password Pass",
		fieldOtherSoftware:   "application browser soft app Application Browser",
		fieldOtherHardwareID: "hwid HWID",
	} {
		for name := range strings.FieldsSeq(names) {
			m[name] = f
		}
	}
	return m
}()

func fieldOf(name string) field {
	if f, ok := fieldNumbers[name]; ok {
		return f
	}
	return fieldNone
}

// A layout remembers how the members of the last objects were written. The
// lines of a file mostly agree in that, and to compare a key with the one
// expected is several times as fast as to read it.
type layout struct {
	members []layoutMember
	learned int
}

type layoutMember struct {
	text  string // from the key's first quote to the value's first quote
	field field
	// The first eight bytes of text and the last, where it has as many.
	head, tail uint64
}

const (
	// maxMembers bounds how many members are remembered: what a record can
	// have, and some more.
	maxMembers = 40
	// maxLearned bounds how often: in a file of ever new members, learning
	// would cost more than it gives.
	maxLearned = 1000
)

// begins reports whether b begins with the member's text.
func (m *layoutMember) begins(b []byte) bool {
	n := len(m.text)
	if n < 8 || len(b) < n {
		return n < 8 && len(b) >= n && string(b[:n]) == m.text
	}
	return binary.LittleEndian.Uint64(b) == m.head && binary.LittleEndian.Uint64(b[n-8:]) == m.tail &&
		(n <= 16 || string(b[8:n-8]) == m.text[8:n-8])
}

// learn remembers that a member begins with text where member at was expected,
// and returns which is likely next. Keys of other bytes than ASCII are left out,
// as whoever guesses them would not look at whether they are UTF-8.
func (l *layout) learn(text []byte, f field, at int) int {
	if l.learned >= maxLearned || len(text) > 64 || !isASCII(text) {
		return at
	}
	if len(l.members) >= maxMembers {
		l.members, at = l.members[:0], 0
	}
	l.learned++
	m := layoutMember{text: string(text), field: f}
	if len(text) >= 8 {
		m.head, m.tail = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[len(text)-8:])
	}
	at = min(at, len(l.members))
	l.members = slices.Insert(l.members, at, m)
	return at + 1
}
