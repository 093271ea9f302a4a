package formats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

func TestJSONLFields(t *testing.T) {
	const line = `{"type":"stealer","username":"u","password":"p","host":"h","domain":"d","root_domain":"r",` +
		`"protocol":"https","local_part":"l","email_domain":"e","upload_stealed":"2024-03-01T10:11:12",` +
		`"upload_date":"2024-03-02","log_date":"2024-03-03 01:02:03","source":"s","stealer_name":"n",` +
		`"country":"DE","ip_address":"192.0.2.1","computer_name":"c","machine_user":"m","machine_id":"i",` +
		`"hardware_id":"w","software":"f"}`
	want := leaks.Record{
		Type: leaks.Stealer, Username: "u", Password: "p", Host: "h", Domain: "d", Root: "r",
		Protocol: "https", LocalPart: "l", EmailDomain: "e",
		UploadStealed: time.Date(2024, 3, 1, 10, 11, 12, 0, time.UTC),
		UploadDate:    time.Date(2024, 3, 2, 0, 0, 0, 0, time.UTC),
		LogDate:       time.Date(2024, 3, 3, 1, 2, 3, 0, time.UTC),
		Source:        "s", StealerName: "n", Country: "DE", IPAddress: "192.0.2.1", ComputerName: "c",
		MachineUser: "m", MachineID: "i", HardwareID: "w", Software: "f",
		Place: leaks.Place{File: "f", Line: 1},
	}
	records, rejects := readAll(t, line, formats.Options{File: "f", Source: "other"})
	if len(rejects) != 0 || len(records) != 1 || records[0] != want {
		t.Errorf("got %+v, rejects %v", records, rejects)
	}
}

func TestJSONLValues(t *testing.T) {
	for _, c := range []struct{ line, username, password string }{
		{`{"username":"u","password":"p"}`, "u", "p"},
		{" \t{ \"username\" : \"u\" , \"password\" : \"p\" } \r", "u", "p"},
		{`{"password":"p","username":null}`, "", "p"},
		{`{"password":"p","username":""}`, "", "p"},
		{`{"username":"a","password":"p","username":"u"}`, "u", "p"},
		{`{"username":"a","password":"p","username":null}`, "", "p"},
		{`{"username":5,"password":"p","username":"u"}`, "u", "p"},
		{`{"us\u0065rname":"u","password":"\"\\\/\b\f\n\r\t"}`, "u", "\"\\/\b\f\n\r\t"},
		{`{"username":"\u00fc\ud83d\ude00","password":"\ud83dx\ude00\ud83d\ud83d\ude00"}`, "ü😀", "\ufffdx\ufffd\ufffd😀"},
		{`{"username":"ü😀","password":"p\u0000"}`, "ü😀", "p\x00"},
		{`{"x":[1,-0.5e+3,{"a":[[],{}],"b":null}],"username":"u","y":true,"z":false,"password":"p"}`, "u", "p"},
		{`{"Username":"x","username":"u","password":"p"}`, "u", "p"},
	} {
		records, rejects := readAll(t, c.line, formats.Options{Format: formats.JSONL})
		if len(records) != 1 || len(rejects) != 0 {
			t.Errorf("%s: %d records, rejects %v", c.line, len(records), rejects)
			continue
		}
		if r := records[0]; r.Username != c.username || r.Password != c.password {
			t.Errorf("%s: got %q %q", c.line, r.Username, r.Password)
		}
	}
}

func TestJSONLRejects(t *testing.T) {
	for _, c := range []struct {
		line   string
		reason leaks.RejectReason
		detail string
	}{
		{`{"username":"u"`, leaks.RejectBadJSON, ""},
		{`{"username":"u","password":"p`, leaks.RejectBadJSON, ""},
		{`{"username":"u"} x`, leaks.RejectBadJSON, ""},
		{`{"username":"u"}{"username":"v"}`, leaks.RejectBadJSON, ""},
		{`{"username":"u",}`, leaks.RejectBadJSON, ""},
		{`{"username":"u" "password":"p"}`, leaks.RejectBadJSON, ""},
		{`{username:"u"}`, leaks.RejectBadJSON, ""},
		{`{"username":'u'}`, leaks.RejectBadJSON, ""},
		{`{"username":"u","x":01}`, leaks.RejectBadJSON, ""},
		{`{"username":"u","x":1.}`, leaks.RejectBadJSON, ""},
		{`{"username":"u","x":nul}`, leaks.RejectBadJSON, ""},
		{`{"username":"u","x":[1,]}`, leaks.RejectBadJSON, ""},
		{`{"username":"u","x":[}`, leaks.RejectBadJSON, ""},
		{`{"username":"u","x":{"a"}}`, leaks.RejectBadJSON, ""},
		{`{"username":"a\qb"}`, leaks.RejectBadJSON, ""},
		{`{"username":"\u12g4"}`, leaks.RejectBadJSON, ""},
		{"{\"username\":\"a\tb\"}", leaks.RejectBadJSON, ""},
		{`["username"]`, leaks.RejectBadJSON, ""},
		{`"username"`, leaks.RejectBadJSON, ""},
		{`null`, leaks.RejectBadJSON, ""},
		{`{"username":"u","x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`, leaks.RejectBadJSON, ""},
		{"{\"username\":\"caf\xe9\"}", leaks.RejectBadUTF8, ""},
		{"{\"username\":\"u\",\"note\":[\"caf\xe9\"]}", leaks.RejectBadUTF8, ""},
		{"{\"caf\xe9\":1,\"username\":\"u\"}", leaks.RejectBadUTF8, ""},
		{`{"username":5}`, leaks.RejectFieldType, "username"},
		{`{"username":"u","country":["DE"]}`, leaks.RejectFieldType, "country"},
		{`{"username":"u","log_date":{"a":1}}`, leaks.RejectFieldType, "log_date"},
		{`{"username":"u","password":true}`, leaks.RejectFieldType, "password"},
		{`{"username":"u","type":"Other"}`, leaks.RejectType, ""},
		{`{"username":"u","upload_stealed":"yesterday"}`, leaks.RejectStealed, ""},
		{`{"username":"u","upload_date":"2024-02-30"}`, leaks.RejectUploadDate, ""},
		{`{"username":"u","log_date":"2024-02-03T24:00:00"}`, leaks.RejectLogDate, ""},
		{`{}`, leaks.RejectURLOnly, ""},
		{`{"host":"https://a.example.com"}`, leaks.RejectURLOnly, ""},
	} {
		records, rejects := readAll(t, c.line, formats.Options{Format: formats.JSONL, File: "f"})
		if len(records) != 0 || len(rejects) != 1 {
			t.Errorf("%q: %d records, rejects %v", c.line, len(records), rejects)
			continue
		}
		want := leaks.Reject{Reason: c.reason, Detail: c.detail, Place: leaks.Place{File: "f", Line: 1}}
		rejects[0].Excerpt = "" // has a test of its own
		if *rejects[0] != want {
			t.Errorf("%q: got %+v", c.line, *rejects[0])
		}
	}
}

func TestDates(t *testing.T) {
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	noon := day.Add(12*time.Hour + 34*time.Minute + 56*time.Second)
	for _, c := range []struct {
		text string
		want time.Time // zero: a reject
	}{
		{"2024-02-29", day},
		{"2024-02-29T12:34:56", noon},
		{"2024-02-29 12:34:56", noon},
		{"2024-02-29T12:34:56Z", noon},
		{"2024-02-29T12:34:56.789", noon},
		{"2024-02-29T12:34:56.123456789Z", noon},
		{"2024-02-29T14:34:56+02:00", noon},
		{"2024-02-29T07:04:56.5-05:30", noon},
		{"1970-01-02", time.Unix(86400, 0).UTC()},
		{"1970-01-01T23:59:59", time.Time{}},
		{"2106-02-07T06:28:15", time.Unix(1<<32-1, 0).UTC()},
		{"2106-02-07T06:28:16", time.Time{}},
		{"0001-01-01T00:00:00", time.Time{}},
		{"2023-02-29", time.Time{}},
		{"2100-02-29", time.Time{}},
		{"2024-13-01", time.Time{}},
		{"2024-00-01", time.Time{}},
		{"2024-01-00", time.Time{}},
		{"2024-04-31", time.Time{}},
		{"24-01-01", time.Time{}},
		{"2024-1-1", time.Time{}},
		{"2024/01/01", time.Time{}},
		{"2024-01-01T", time.Time{}},
		{"2024-01-01T12:34", time.Time{}},
		{"2024-01-01T25:00:00", time.Time{}},
		{"2024-01-01T12:60:00", time.Time{}},
		{"2024-01-01T12:00:60", time.Time{}},
		{"2024-01-01T12:00:00.", time.Time{}},
		{"2024-01-01T12:00:00z", time.Time{}},
		{"2024-01-01T12:00:00+0200", time.Time{}},
		{"2024-01-01T12:00:00+24:00", time.Time{}},
		{"2024-01-01T12:00:00Zx", time.Time{}},
		{"2024-01-01x12:00:00", time.Time{}},
		{" 2024-01-01", time.Time{}},
		{"1709210096", time.Time{}},
	} {
		records, rejects := readAll(t, `{"username":"u","upload_date":"`+c.text+`"}`, formats.Options{})
		switch {
		case c.want.IsZero() && (len(rejects) != 1 || rejects[0].Reason != leaks.RejectUploadDate):
			t.Errorf("%q: got %v, want a reject", c.text, records)
		case !c.want.IsZero() && (len(records) != 1 || records[0].UploadDate != c.want):
			t.Errorf("%q: got %v %v, want %v", c.text, records, rejects, c.want)
		}
	}
	// Every day agrees with the standard library.
	for at := time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC); at.Year() < 2106; at = at.AddDate(0, 0, 1) {
		text := at.Format(time.DateOnly)
		records, _ := readAll(t, `{"username":"u","log_date":"`+text+`"}`, formats.Options{Workers: 1})
		if len(records) != 1 || !records[0].LogDate.Equal(at) {
			t.Fatalf("%s: got %v", text, records)
		}
		if at.Year() < 2020 || at.Year() > 2030 {
			at = at.AddDate(0, 0, 24)
		}
	}
}
