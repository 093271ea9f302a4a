package leaks

import "time"

// A Type says what kind of leak an occurrence comes from.
type Type uint8

// The types of CONTRACT section 1. The zero Type lets Ingest derive it: a
// record with any machine fact is a Stealer record, any other a Combo.
const (
	TypeUnknown Type = iota
	Combo
	Stealer
)

// String returns the contract's name of t.
func (t Type) String() string {
	switch t {
	case Combo:
		return "Combo"
	case Stealer:
		return "Stealer"
	}
	return ""
}

// ParseType returns the type of a name in any case.
func ParseType(s string) (Type, bool) {
	switch {
	case equalFoldASCII(s, "combo"):
		return Combo, true
	case equalFoldASCII(s, "stealer"):
		return Stealer, true
	}
	return TypeUnknown, false
}

// A Record is one raw occurrence as a reader found it: one credential seen in
// one place. Only Username or Password is required; what a record lacks is
// derived by Ingest, and what it brings malformed makes it a reject.
//
// Times are kept to the second, in UTC, from 1970-01-02 to 2106-02-07.
type Record struct {
	Type     Type
	Username string
	// Password is the plaintext. It lives in memory until Ingest has made the
	// mask, the digest and the hash of it, and goes nowhere else.
	Password string
	Host     string // full URL or host as found
	Domain   string
	Root     string // root_domain
	Protocol string

	LocalPart   string
	EmailDomain string

	UploadStealed time.Time // detection time; the zero time means IngestOptions.Seen
	UploadDate    time.Time
	LogDate       time.Time

	Source string

	StealerName  string
	Country      string
	IPAddress    string
	ComputerName string
	MachineUser  string
	MachineID    string
	HardwareID   string
	Software     string

	// Place is where the record stood. It is not stored; a reject carries it.
	Place Place
}

// A Place says where in its input a record or reject stood.
type Place struct {
	File string // as the caller named it; may be empty
	Line int64  // from 1; 0 when unknown
}

// A Reject is a record that could not be taken, and why. It holds nothing of
// the record itself, so it can be logged.
//
// Readers yield a *Reject as the error of their sequence for input that is no
// record; Ingest counts it and goes on. Any other error ends the ingest.
type Reject struct {
	Reason RejectReason
	Place  Place
	// Detail says more than the reason where that helps, without any value of
	// the record.
	Detail string
	// Excerpt is the shape of the line, where a reader had one: which
	// separators it has, with an x for all that stands between two. It has no
	// letter, digit or length of the record.
	Excerpt string
}

// Error describes the reject in one line.
func (r *Reject) Error() string {
	s := "rejected: " + string(r.Reason)
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	return s
}

// A RejectReason is a short, stable name under which rejects are counted.
type RejectReason string

// The reasons. A reason named after a field says that the record brought that
// field malformed.
const (
	RejectURLOnly      RejectReason = "url_only"      // neither login nor password
	RejectNotARecord   RejectReason = "not_a_record"  // a line in no known form
	RejectBadJSON      RejectReason = "bad_json"      // malformed or truncated JSON
	RejectLineTooLong  RejectReason = "line_too_long" // above the reader's bound
	RejectBadUTF8      RejectReason = "invalid_utf8"  // text that is not UTF-8
	RejectTooLong      RejectReason = "field_too_long"
	RejectType         RejectReason = "type"
	RejectHost         RejectReason = "host"
	RejectDomain       RejectReason = "domain"
	RejectRoot         RejectReason = "root_domain"
	RejectProtocol     RejectReason = "protocol"
	RejectLocalPart    RejectReason = "local_part"
	RejectEmailDomain  RejectReason = "email_domain"
	RejectStealed      RejectReason = "upload_stealed"
	RejectUploadDate   RejectReason = "upload_date"
	RejectLogDate      RejectReason = "log_date"
	RejectCountry      RejectReason = "country"
	RejectIP           RejectReason = "ip_address"
	RejectFieldType    RejectReason = "field_type" // a JSON value of the wrong kind
	RejectBinary       RejectReason = "binary"     // control bytes: not text
	RejectUnterminated RejectReason = "unterminated"
)
