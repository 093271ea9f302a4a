package corpus

import (
	"bufio"
	"io"
	"time"
)

// WriteJSONL writes the occurrences lo to hi-1 as JSON, one a line, with the
// fields of the contract's occurrence in its order. log_date, the machine's
// facts and software are missing from a Combo; local_part and email_domain of
// a login that is no address are empty.
func (c *Corpus) WriteJSONL(w io.Writer, lo, hi int64) error {
	return c.write(w, lo, hi, appendJSON)
}

// WriteULP writes the occurrences lo to hi-1 as url:user:pass, one a line.
func (c *Corpus) WriteULP(w io.Writer, lo, hi int64) error {
	return c.write(w, lo, hi, appendULP)
}

func (c *Corpus) write(w io.Writer, lo, hi int64, form func([]byte, *row) []byte) error {
	bw := bufio.NewWriterSize(w, 1<<20)
	var r row
	var line []byte
	for i := max(lo, 0); i < min(hi, c.n); i++ {
		c.make(&r, i)
		line = form(line[:0], &r)
		if _, err := bw.Write(line); err != nil {
			return err
		}
	}
	return bw.Flush()
}

func appendULP(b []byte, r *row) []byte {
	b = append(append(b, r.field(fHost)...), ':')
	b = append(append(b, r.field(fUsername)...), ':')
	return append(append(b, r.field(fPassword)...), '\n')
}

func appendJSON(b []byte, r *row) []byte {
	b = append(b, `{"type":"`...)
	b = append(b, r.typeName()...)
	b = append(append(b, `","username":"`...), r.field(fUsername)...)
	b = appendEscaped(append(b, `","password":"`...), r.field(fPassword))
	b = append(append(b, `","host":"`...), r.field(fHost)...)
	b = append(append(b, `","domain":"`...), r.field(fDomain)...)
	b = append(append(b, `","root_domain":"`...), r.field(fRoot)...)
	b = append(append(b, `","protocol":"`...), r.field(fProtocol)...)
	b = append(append(b, `","local_part":"`...), r.field(fLocal)...)
	b = append(append(b, `","email_domain":"`...), r.field(fMail)...)
	b = appendTime(append(b, `","upload_stealed":"`...), r.seen)
	b = appendTime(append(b, `","upload_date":"`...), r.upload)
	if r.stealer {
		b = appendTime(append(b, `","log_date":"`...), r.log)
	}
	b = append(append(b, `","source":"`...), r.field(fSource)...)
	if r.stealer {
		b = appendMachine(b, r)
	}
	return append(b, "\"}\n"...)
}

func appendMachine(b []byte, r *row) []byte {
	b = append(append(b, `","stealer_name":"`...), r.stealerName...)
	b = append(append(b, `","country":"`...), r.country...)
	b = append(append(b, `","ip_address":"`...), r.field(fIP)...)
	b = append(append(b, `","computer_name":"`...), r.field(fComputer)...)
	b = append(append(b, `","machine_user":"`...), r.field(fUser)...)
	b = append(append(b, `","machine_id":"`...), r.field(fMachine)...)
	b = append(append(b, `","hardware_id":"`...), r.field(fHardware)...)
	return append(append(b, `","software":"`...), r.software...)
}

func (r *row) typeName() string {
	if r.stealer {
		return "Stealer"
	}
	return "Combo"
}

// appendEscaped writes what stands between the quotes of a JSON string. Only
// passwords have characters that need it, and no control characters.
func appendEscaped(b, s []byte) []byte {
	for _, c := range s {
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return b
}

// dates spells each day a corpus has.
var dates = func() (t [days + 1]string) {
	for i := range t {
		t[i] = time.Unix(Start+int64(i)*daySeconds, 0).UTC().Format(time.DateOnly)
	}
	return t
}()

// appendTime writes unix seconds as 2006-01-02T15:04:05.
func appendTime(b []byte, unix int64) []byte {
	since := uint32(unix - Start)
	s := since % daySeconds
	b = append(b, dates[since/daySeconds]...)
	h, m := s/3600, s/60%60
	s %= 60
	return append(b, 'T', digit(h/10), digit(h%10), ':', digit(m/10), digit(m%10), ':', digit(s/10), digit(s%10))
}

func digit(v uint32) byte { return byte('0' + v) }
