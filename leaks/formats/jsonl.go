package formats

import (
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks"
)

// jsonLine parses one line of JSONL into rec. An empty reason means success.
func jsonLine(line []byte, rec *leaks.Record) (leaks.RejectReason, string) {
	o := object{rec: rec}
	if !o.parse(line) {
		return leaks.RejectBadJSON, ""
	}
	if o.nonASCII && !utf8.Valid(line) {
		return leaks.RejectBadUTF8, ""
	}
	return o.finish()
}

// An object is the state of reading one JSON object into a record. It is our
// own reader because the shape is flat and known, and encoding/json needs ten
// times as long to find that out by reflection.
type object struct {
	rec      *leaks.Record
	kind     string // members that are no strings in a record
	dates    [3]string
	wrong    uint32 // bit per field: its last value was of a wrong JSON kind
	nonASCII bool   // some string has a byte above 0x7f
}

// parse reads line, which must be one object and nothing more.
func (o *object) parse(b []byte) bool {
	i := skipBlank(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	i = skipBlank(b, i+1)
	if i < len(b) && b[i] == '}' {
		return skipBlank(b, i+1) == len(b)
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return false
		}
		start := i + 1
		end, flags := scanString(b, start)
		if end < 0 {
			return false
		}
		key := o.value(b[start:end], flags)
		if i = skipBlank(b, end+1); i >= len(b) || b[i] != ':' {
			return false
		}
		if i = o.member(b, skipBlank(b, i+1), key); i < 0 {
			return false
		}
		if i = skipBlank(b, i); i >= len(b) {
			return false
		}
		switch b[i] {
		case ',':
			i = skipBlank(b, i+1)
		case '}':
			return skipBlank(b, i+1) == len(b)
		default:
			return false
		}
	}
}

// member reads the value at i for key and returns where it ends, or -1.
func (o *object) member(b []byte, i int, key string) int {
	if i >= len(b) {
		return -1
	}
	if b[i] == '"' {
		start := i + 1
		end, flags := scanString(b, start)
		if end < 0 {
			return -1
		}
		if to, f := o.field(key); to != nil {
			*to = o.value(b[start:end], flags)
			o.wrong &^= 1 << f
		} else {
			o.nonASCII = o.nonASCII || flags&flagNonASCII != 0
		}
		return end + 1
	}
	null := b[i] == 'n'
	end, nonASCII := skipValue(b, i)
	if end < 0 {
		return -1
	}
	o.nonASCII = o.nonASCII || nonASCII
	if to, f := o.field(key); to != nil {
		*to = ""
		o.wrong &^= 1 << f
		if !null {
			o.wrong |= 1 << f
		}
	}
	return end
}

// value returns the string whose scanned text is b.
func (o *object) value(b []byte, flags uint8) string {
	if flags&flagNonASCII != 0 {
		o.nonASCII = true
	}
	if flags&flagEscape != 0 {
		return unescape(b)
	}
	return text(b)
}

// field returns where the value of key goes and which field that is, or nil for
// a member we do not know.
func (o *object) field(key string) (*string, field) {
	r := o.rec
	switch key {
	case "username":
		return &r.Username, fieldUsername
	case "password":
		return &r.Password, fieldPassword
	case "host":
		return &r.Host, fieldHost
	case "domain":
		return &r.Domain, fieldDomain
	case "root_domain":
		return &r.Root, fieldRoot
	case "protocol":
		return &r.Protocol, fieldProtocol
	case "local_part":
		return &r.LocalPart, fieldLocalPart
	case "email_domain":
		return &r.EmailDomain, fieldEmailDomain
	case "source":
		return &r.Source, fieldSource
	case "stealer_name":
		return &r.StealerName, fieldStealerName
	case "country":
		return &r.Country, fieldCountry
	case "ip_address":
		return &r.IPAddress, fieldIPAddress
	case "computer_name":
		return &r.ComputerName, fieldComputerName
	case "machine_user":
		return &r.MachineUser, fieldMachineUser
	case "machine_id":
		return &r.MachineID, fieldMachineID
	case "hardware_id":
		return &r.HardwareID, fieldHardwareID
	case "software":
		return &r.Software, fieldSoftware
	case "type":
		return &o.kind, fieldType
	case "upload_stealed":
		return &o.dates[0], fieldUploadStealed
	case "upload_date":
		return &o.dates[1], fieldUploadDate
	case "log_date":
		return &o.dates[2], fieldLogDate
	}
	return nil, 0
}

// finish turns the members that are no strings in a record into what they are.
func (o *object) finish() (leaks.RejectReason, string) {
	if o.wrong != 0 {
		for f, name := range fieldNames {
			if o.wrong&(1<<f) != 0 {
				return leaks.RejectFieldType, name
			}
		}
	}
	if o.kind != "" {
		t, ok := leaks.ParseType(o.kind)
		if !ok {
			return leaks.RejectType, ""
		}
		o.rec.Type = t
	}
	for i := range o.dates {
		if o.dates[i] == "" {
			continue
		}
		t, ok := parseTime(o.dates[i])
		if !ok {
			return [...]leaks.RejectReason{leaks.RejectStealed, leaks.RejectUploadDate, leaks.RejectLogDate}[i], ""
		}
		switch i {
		case 0:
			o.rec.UploadStealed = t
		case 1:
			o.rec.UploadDate = t
		case 2:
			o.rec.LogDate = t
		}
	}
	return "", ""
}

// A field numbers the members we know.
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
)

var fieldNames = [...]string{
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
