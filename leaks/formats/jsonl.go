package formats

import (
	"bytes"
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks"
)

// A jsonReader reads lines of JSONL. It is not safe for concurrent use.
//
// It is our own reader because the objects are flat and their members known,
// and encoding/json needs ten times as long to find that out by reflection.
type jsonReader struct {
	layout layout
}

// parse reads one line into rec. An empty reason means success.
func (r *jsonReader) parse(line []byte, rec *leaks.Record) (leaks.RejectReason, string) {
	o := object{rec: rec, layout: &r.layout, plain: isPlainJSON(line)}
	if !o.parse(line) {
		return leaks.RejectBadJSON, ""
	}
	if o.nonASCII && !utf8.Valid(line) {
		return leaks.RejectBadUTF8, ""
	}
	return o.finish()
}

// An object is the state of reading one JSON object into a record.
type object struct {
	rec      *leaks.Record
	layout   *layout
	next     int    // the member of layout that is likely next
	plain    bool   // a string of the line ends at the next quote and is its text
	others   bool   // some of other was set
	kind     string // members that are no strings in a record
	dates    [3]string
	other    [fieldNone - numFields]string
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
		if i = o.member(b, i); i < 0 {
			return false
		}
		if i+1 < len(b) && b[i] == ',' && b[i+1] == '"' {
			i++
			continue
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

// member reads a member, key and value, which begins at i, and returns where it
// ends, or -1.
func (o *object) member(b []byte, i int) int {
	f, value := o.guess(b[i:])
	if value == 0 {
		start := i
		if i, f = o.key(b, i); i < 0 {
			return -1
		}
		if b[i] != '"' {
			return o.notString(b, i, f)
		}
		value = i + 1 - start
		i = start
		o.next = o.layout.learn(b[i:i+value], f, o.next)
	}
	i += value
	end, flags := i, uint8(0)
	if o.plain {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		end += n
	} else if end, flags = scanString(b, i); end < 0 {
		return -1
	}
	if f == fieldNone {
		o.nonASCII = o.nonASCII || flags&flagNonASCII != 0
	} else {
		*o.at(f) = o.value(b[i:end], flags)
		o.wrong &^= 1 << f
	}
	return end + 1
}

// guess returns the field of the member that b begins with, and where in b its
// value begins behind the quote; 0 when it is none that the layout knows.
func (o *object) guess(b []byte) (field, int) {
	known := o.layout.members
	if o.next < len(known) {
		if m := &known[o.next]; m.begins(b) {
			o.next++
			return m.field, len(m.text)
		}
	}
	for i := range known {
		if m := &known[i]; m.begins(b) {
			o.next = i + 1
			return m.field, len(m.text)
		}
	}
	return fieldNone, 0
}

// key reads a key at i and returns where its value begins, or -1, and the field.
func (o *object) key(b []byte, i int) (int, field) {
	if i >= len(b) || b[i] != '"' {
		return -1, fieldNone
	}
	start := i + 1
	end, flags := scanString(b, start)
	if end < 0 {
		return -1, fieldNone
	}
	f := fieldOf(o.value(b[start:end], flags))
	if i = skipBlank(b, end+1); i >= len(b) || b[i] != ':' {
		return -1, f
	}
	if i = skipBlank(b, i+1); i >= len(b) {
		return -1, f
	}
	return i, f
}

// notString reads a value that is no string and returns where it ends, or -1.
func (o *object) notString(b []byte, i int, f field) int {
	null := b[i] == 'n'
	end, nonASCII := skipValue(b, i)
	if end < 0 {
		return -1
	}
	o.nonASCII = o.nonASCII || nonASCII
	if f != fieldNone {
		*o.at(f) = ""
		o.wrong &^= 1 << f
		if !null && f < numFields {
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

// at returns where the value of a field goes.
func (o *object) at(f field) *string {
	r := o.rec
	switch f {
	case fieldUsername:
		return &r.Username
	case fieldPassword:
		return &r.Password
	case fieldHost:
		return &r.Host
	case fieldDomain:
		return &r.Domain
	case fieldRoot:
		return &r.Root
	case fieldProtocol:
		return &r.Protocol
	case fieldLocalPart:
		return &r.LocalPart
	case fieldEmailDomain:
		return &r.EmailDomain
	case fieldSource:
		return &r.Source
	case fieldStealerName:
		return &r.StealerName
	case fieldCountry:
		return &r.Country
	case fieldIPAddress:
		return &r.IPAddress
	case fieldComputerName:
		return &r.ComputerName
	case fieldMachineUser:
		return &r.MachineUser
	case fieldMachineID:
		return &r.MachineID
	case fieldHardwareID:
		return &r.HardwareID
	case fieldSoftware:
		return &r.Software
	case fieldUploadStealed:
		return &o.dates[0]
	case fieldUploadDate:
		return &o.dates[1]
	case fieldLogDate:
		return &o.dates[2]
	}
	if f > fieldLogDate && f < fieldNone {
		o.others = true
		return &o.other[f-numFields]
	}
	return &o.kind
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
	if o.others {
		o.otherNames()
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

// otherNames fills in what came by other tools' names where our own are missing.
func (o *object) otherNames() {
	for _, p := range [...]struct {
		to   *string
		from field
	}{
		{&o.rec.Host, fieldOtherHost}, {&o.rec.Username, fieldOtherLogin}, {&o.rec.Username, fieldOtherEmail},
		{&o.rec.Password, fieldOtherPassword}, {&o.rec.Software, fieldOtherSoftware}, {&o.rec.HardwareID, fieldOtherHardwareID},
	} {
		if *p.to == "" {
			*p.to = o.other[p.from-numFields]
		}
	}
}
