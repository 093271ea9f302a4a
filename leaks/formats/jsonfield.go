package formats

import "strings"

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
}

const (
	// maxMembers bounds how many members are remembered: what a record can
	// have, and some more.
	maxMembers = 40
	// maxLearned bounds how often: in a file without an order, learning
	// would cost more than it gives.
	maxLearned = 1000
)

// guess returns the field of member n, at the start of b, and where in b its
// value begins behind the quote; 0 when it is not the one expected.
func (l *layout) guess(b []byte, n int) (field, int) {
	if n >= len(l.members) {
		return fieldNone, 0
	}
	m := &l.members[n]
	if len(b) < len(m.text) || string(b[:len(m.text)]) != m.text {
		return fieldNone, 0
	}
	return m.field, len(m.text)
}

// learn remembers that member n was text. Keys of other bytes than ASCII are
// left out, as whoever guesses them would not look at whether they are UTF-8.
func (l *layout) learn(text []byte, f field, n int) {
	if n > len(l.members) || n >= maxMembers || l.learned >= maxLearned || len(text) > 64 {
		return
	}
	for _, c := range text {
		if c >= 0x80 {
			return
		}
	}
	l.learned++
	m := layoutMember{string(text), f}
	if n == len(l.members) {
		l.members = append(l.members, m)
	} else {
		l.members[n] = m
	}
}
