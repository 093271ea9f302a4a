package formats_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// TestLines has what the shared cases have not, one line each.
func TestLines(t *testing.T) {
	for _, c := range []struct{ line, host, login, password string }{
		// Ports and logins that are numbers.
		{"https://a.example.com:8080:hunter2", "https://a.example.com", "8080", "hunter2"},
		{"https://a.example.com:8080:u:p", "https://a.example.com:8080", "u", "p"},
		{"https://a.example.com:0:p", "https://a.example.com", "0", "p"},
		{"https://a.example.com:65536:u:p", "https://a.example.com", "65536", "u:p"},
		{"https://a.example.com:/x:u:p", "https://a.example.com:/x", "u", "p"},
		{"https://a.example.com:443?q=1:u:p", "https://a.example.com:443?q=1", "u", "p"},
		{"192.0.2.7:22:root:t00r", "192.0.2.7:22", "root", "t00r"},
		{"192.0.2.7:root:t00r", "192.0.2.7", "root", "t00r"},
		{"localhost:8080/app:admin:pw", "localhost:8080/app", "admin", "pw"},
		{"[2001:db8::1]:22:root:pw", "[2001:db8::1]:22", "root", "pw"},
		{"http://[2001:db8::1]:root:pw", "http://[2001:db8::1]", "root", "pw"},
		// Colons inside URLs.
		{"https://a.example.com/?u=https://b.example.com/x:u:p", "https://a.example.com/?u=https://b.example.com/x", "u", "p"},
		{"https://a.example.com/r=b.example.com:8080/x:u:p", "https://a.example.com/r=b.example.com:8080/x", "u", "p"},
		{"https://a.example.com/oauth:callback:user:pw", "https://a.example.com/oauth", "callback", "user:pw"},
		{"https://admin:adm1n@192.0.2.1/:root:pw", "https://admin:adm1n@192.0.2.1/", "root", "pw"},
		{"https://me@a.example.com/x:u:p", "https://me@a.example.com/x", "u", "p"},
		{"https://host:me@example.org:pw", "https://host", "me@example.org", "pw"},
		{"file:///C:/x:u:p", "file:///C:/x", "u", "p"},
		{"https://https://a.example.com/x:u:p", "https://a.example.com/x", "u", "p"},
		{"android://Ab/c+d==@com.example.app/:u:p:q", "android://Ab/c+d==@com.example.app/", "u", "p:q"},
		{"android://Ab==@com.example.app:u:p", "android://Ab==@com.example.app", "u", "p"},
		// Other separators.
		{"https://a.example.com/x|u|p|q", "https://a.example.com/x", "u", "p|q"},
		{"https://a.example.com/x|u:p", "https://a.example.com/x", "u", "p"},
		{"https://a.example.com:8443|u|p", "https://a.example.com:8443", "u", "p"},
		{"https://a.example.com/x | u | p q", "https://a.example.com/x", "u", "p q"},
		{"https://a.example.com/x u p", "https://a.example.com/x", "u", "p"},
		{"https://a.example.com/x u:p", "https://a.example.com/x", "u", "p"},
		{"https://a.example.com/x;u;p:w", "https://a.example.com/x", "u", "p:w"},
		{"https://a.example.com/x,me@example.com,p,w", "https://a.example.com/x", "me@example.com", "p,w"},
		{"https://a.example.com/x: u: p", "https://a.example.com/x", "u", "p"},
		{"https://a.example.com/x:u: p", "https://a.example.com/x", "u", " p"},
		// One of the two is missing, or stands for nothing.
		{"https://a.example.com/x:u:", "https://a.example.com/x", "u", ""},
		{"https://a.example.com/x::p", "https://a.example.com/x", "", "p"},
		{"https://a.example.com/x:me@example.com", "https://a.example.com/x", "me@example.com", ""},
		{"https://a.example.com/x:UNKNOWN:p", "https://a.example.com/x", "", "p"},
		{"https://a.example.com/x:unknown:p", "https://a.example.com/x", "unknown", "p"},
		{"https://a.example.com/x:u:[not_saved]", "https://a.example.com/x", "u", ""},
		{"https://a.example.com/x:u:N/A", "https://a.example.com/x", "u", ""},
		{":pw", "", "", "pw"},
		{"me@example.com:", "", "me@example.com", ""},
		// The URL last.
		{"u:p:https://a.example.com:8443/x", "https://a.example.com:8443/x", "u", "p"},
		{"u|p|https://a.example.com/x", "https://a.example.com/x", "u", "p"},
		{"anna.berlin:pw:https://a.example.com", "https://a.example.com", "anna.berlin", "pw"},
		{"u:https://a.example.com", "", "u", "https://a.example.com"},
		// No scheme.
		{"a.example.com/login?next=https://b.example.com/:u:p", "a.example.com/login?next=https://b.example.com/", "u", "p"},
		{"a.example.com|u|p", "a.example.com", "u", "p"},
		{"anna.berlin:a:b", "anna.berlin", "a", "b"},
		// Logins.
		{"me@example.com:p:w", "", "me@example.com", "p:w"},
		{"me@example.com;pw", "", "me@example.com", "pw"},
		{"me@example.com | p w", "", "me@example.com", "p w"},
		{"me@example.com\tpw", "", "me@example.com", "pw"},
		{"John Doe:secret", "", "John Doe", "secret"},
		{"+49 30 1234:secret", "", "+49 30 1234", "secret"},
		{"ünal:secret", "", "ünal", "secret"},
		{"caf\xe9:gar\xe7on", "", "café", "garçon"},
		{"\ufeffme@example.com:pw", "", "me@example.com", "pw"},
		{`{"username":"u","password":"p","host":"a.example.com"}`, "a.example.com", "u", "p"},
	} {
		records, rejects := readAll(t, c.line+"\n", formats.Options{})
		if len(records) != 1 || len(rejects) != 0 {
			t.Errorf("%q: %d records, rejects %v", c.line, len(records), rejects)
			continue
		}
		if r := records[0]; r.Host != c.host || r.Username != c.login || r.Password != c.password {
			t.Errorf("%q: got %q %q %q", c.line, r.Host, r.Username, r.Password)
		}
	}
}

func TestRejectedLines(t *testing.T) {
	for _, c := range []struct {
		line   string
		reason leaks.RejectReason
	}{
		{"just words", leaks.RejectNotARecord},
		{"user: text", leaks.RejectNotARecord},
		{"Password: secret", leaks.RejectNotARecord},
		{"URL:https://a.example.com/", leaks.RejectNotARecord},
		{"url:username:password", leaks.RejectNotARecord},
		{"=====x:y", leaks.RejectNotARecord},
		{"===============", leaks.RejectNotARecord},
		{"**** : ****", leaks.RejectNotARecord},
		{"::::: LOGS :::::", leaks.RejectNotARecord},
		{"# free: logs", leaks.RejectNotARecord},
		{"2001:db8::1:u:p", leaks.RejectNotARecord},
		{"http://2001:db8::1/x:u:p", leaks.RejectNotARecord},
		{"https://:u:p", leaks.RejectNotARecord},
		{"https://a.example.com", leaks.RejectURLOnly},
		{"https://a.example.com/x:u", leaks.RejectURLOnly},
		{"https://a.example.com/x::", leaks.RejectURLOnly},
		{"https://a.example.com/x:UNKNOWN:[NOT_SAVED]", leaks.RejectURLOnly},
		{"https://a.example.com/;a=1;b=2;c=3", leaks.RejectURLOnly},
		{"https://a.example.com/@48.1,11.5,17z", leaks.RejectURLOnly},
		{"https://a.example.com/channel Join us today", leaks.RejectURLOnly},
		{`{"username":"u","password":`, leaks.RejectBadJSON},
	} {
		records, rejects := readAll(t, c.line, formats.Options{})
		if len(records) != 0 || len(rejects) != 1 || rejects[0].Reason != c.reason {
			t.Errorf("%q: records %+v, rejects %v, want %s", c.line, records, rejects, c.reason)
		}
	}
}

// TestDialect: what a line alone leaves open, its file decides.
func TestDialect(t *testing.T) {
	last := strings.Repeat("kim@example.org:secret:shop.example.net/account\n", 10)
	records, _ := readAll(t, last+"lee:p:w:www.example.net:8443/x\n", formats.Options{})
	if r := records[10]; r.Host != "www.example.net:8443/x" || r.Username != "lee" || r.Password != "p:w" {
		t.Errorf("URL last: got %q %q %q", r.Host, r.Username, r.Password)
	}
	combo := strings.Repeat("kim@example.org:secret\n", 10)
	records, _ = readAll(t, combo+"anna.berlin:a:b\nmail.example.com:c:d\nhttps://a.example.com:e:f", formats.Options{})
	var got []string
	for _, r := range records[10:] {
		got = append(got, r.Host+" "+r.Username+" "+r.Password)
	}
	want := []string{" anna.berlin a:b", "mail.example.com c d", "https://a.example.com e f"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("combo file: got %q", got)
	}
}

func TestEmptyLines(t *testing.T) {
	for _, f := range []formats.Format{formats.Auto, formats.JSONL, formats.ULP, formats.Combo} {
		for _, input := range []string{"", "\n", "\r\n \t\r\n\n", "\ufeff", "\ufeff\n"} {
			records, rejects := readAll(t, input, formats.Options{Format: f})
			if len(records)+len(rejects) != 0 {
				t.Errorf("%s %q: %d records, %d rejects", f, input, len(records), len(rejects))
			}
		}
	}
}

// TestHostileLines: no line takes more than time linear in its length.
func TestHostileLines(t *testing.T) {
	for _, prefix := range []string{"", "https://", "https://a.example.com/", "a.example.com:", "user:", "android://", "{\"a\":", "1:"} {
		for _, unit := range []string{":", "::1", "https://", "a:", "@", "@a.example.com:", ":80/", ";", ",", "|", " ", "\t", ".", "a.", "[", "://", "\x00", "{\"a\":", "\\u00fc", "\xff", "a:b ", "1:2:3:4:"} {
			line := prefix + strings.Repeat(unit, (1<<20)/len(unit)-100)
			start := time.Now()
			for range formats.Read(t.Context(), strings.NewReader(line), formats.Options{Format: formats.ULP}) {
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%d bytes of %q behind %q took %v", len(line), unit, prefix, took)
			}
		}
	}
}
